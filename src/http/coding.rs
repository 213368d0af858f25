//! Content codings (RFC 9110 sections 8.4 and 12.5.3; gzip is RFC 1952, deflate is RFC 1950): what a client accepts, gzip out,
//! and both back in under a hard bound.

use super::Request;
use miniz_oxide::deflate::compress_to_vec;
use miniz_oxide::inflate::{TINFLStatus, decompress_to_vec_with_limit, decompress_to_vec_zlib_with_limit};

/// How hard we squeeze: zlib's own default, beyond which time grows and size hardly shrinks.
const LEVEL: u8 = 6;

/// A gzip header of ours: magic, deflate, no flags, no time, no extra flags, no operating system.
const HEADER: [u8; 10] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 0xFF];

/// Why bytes could not be inflated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InflateError {
    /// They would be larger than allowed.
    TooLarge,
    /// They are not what their coding says, or were cut off.
    Corrupt,
}

/// Whether the client accepts gzip: `gzip`, `x-gzip` or `*` with a weight above 0. A name outranks the star.
pub fn accepts_gzip(request: &Request) -> bool {
    let mut named = None;
    let mut star = None;
    let values = request.headers.iter().filter(|(name, _)| name == "accept-encoding").map(|(_, value)| value);
    for coding in values.flat_map(|value| value.split(',')) {
        let mut parts = coding.split(';').map(str::trim);
        let name = parts.next().unwrap_or_default();
        let accepted = parts.all(|parameter| weight(parameter).is_none_or(|weight| weight > 0.0));
        if name.eq_ignore_ascii_case("gzip") || name.eq_ignore_ascii_case("x-gzip") {
            named = Some(named.unwrap_or(true) && accepted);
        } else if name == "*" {
            star = Some(accepted);
        }
    }
    named.or(star).unwrap_or(false)
}

/// The `q` of a parameter: what cannot be read weighs nothing, what is no `q` has none.
fn weight(parameter: &str) -> Option<f32> {
    let (name, value) = parameter.split_once('=')?;
    name.trim().eq_ignore_ascii_case("q").then(|| value.trim().parse().unwrap_or(0.0))
}

/// The bytes as one gzip member.
pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut member = HEADER.to_vec();
    member.extend(compress_to_vec(bytes, LEVEL));
    member.extend(crc32fast::hash(bytes).to_le_bytes());
    // RFC 1952: the size modulo 2^32.
    member.extend((bytes.len() as u32).to_le_bytes());
    member
}

/// The content of one gzip member that fills all of `bytes`, at most `bytes_max` long.
pub fn gunzip(bytes: &[u8], bytes_max: usize) -> Result<Vec<u8>, InflateError> {
    let (rest, trailer) =
        after_header(bytes).and_then(<[u8]>::split_last_chunk::<8>).ok_or(InflateError::Corrupt)?;
    let content = decompress_to_vec_with_limit(rest, bytes_max).map_err(|error| why(error.status))?;
    let sum = crc32fast::hash(&content).to_le_bytes();
    let size = (content.len() as u32).to_le_bytes();
    // One checksum at the very end: a second member, or anything after the first, does not match it.
    let whole = trailer.iter().eq(sum.iter().chain(&size));
    if whole { Ok(content) } else { Err(InflateError::Corrupt) }
}

/// The content of a `deflate` body, at most `bytes_max` long: zlib as the standard says, or bare as some clients send it.
pub fn inflate(bytes: &[u8], bytes_max: usize) -> Result<Vec<u8>, InflateError> {
    match decompress_to_vec_zlib_with_limit(bytes, bytes_max) {
        Ok(content) => Ok(content),
        Err(error) if error.status == TINFLStatus::HasMoreOutput => Err(InflateError::TooLarge),
        Err(_) => decompress_to_vec_with_limit(bytes, bytes_max).map_err(|error| why(error.status)),
    }
}

fn why(status: TINFLStatus) -> InflateError {
    if status == TINFLStatus::HasMoreOutput { InflateError::TooLarge } else { InflateError::Corrupt }
}

/// What follows a gzip header and its optional fields (RFC 1952 section 2.3).
fn after_header(bytes: &[u8]) -> Option<&[u8]> {
    const HEADER_CRC: u8 = 2;
    const EXTRA: u8 = 4;
    const NAME: u8 = 8;
    const COMMENT: u8 = 16;
    let [0x1F, 0x8B, 8, flags, _, _, _, _, _, _, rest @ ..] = bytes else { return None };
    let mut rest = rest;
    if flags & EXTRA != 0 {
        let (length, after) = rest.split_first_chunk::<2>()?;
        rest = after.get(usize::from(u16::from_le_bytes(*length))..)?;
    }
    for text in [NAME, COMMENT] {
        if flags & text != 0 {
            let end = rest.iter().position(|byte| *byte == 0)?;
            rest = rest.get(end + 1..)?;
        }
    }
    if flags & HEADER_CRC != 0 { rest.get(2..) } else { Some(rest) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepts(values: &[&str]) -> bool {
        let headers =
            values.iter().map(|value| ("accept-encoding".to_owned(), (*value).to_owned())).collect();
        accepts_gzip(&Request { headers, ..Request::default() })
    }

    #[test]
    fn accept_encoding_is_read_with_its_weights() {
        for yes in [
            "gzip",
            "GZIP",
            "deflate, gzip;q=0.5",
            "x-gzip",
            "*",
            "br;q=1.0, *;q=0.1",
            " gzip ; q=1 ",
            "gzip;level=9",
        ] {
            assert!(accepts(&[yes]), "{yes}");
        }
        for no in [
            "",
            "identity",
            "gzip;q=0",
            "gzip;q=0.000",
            "gzip; Q=0",
            "*, gzip;q=0",
            "*;q=0",
            "gzip;q=no",
            "gzipped",
            "br",
        ] {
            assert!(!accepts(&[no]), "{no}");
        }
        assert!(accepts(&["br", "gzip"]), "a header may come in several lines");
        assert!(!accepts(&[]));
    }

    #[test]
    fn gzip_comes_back_whole() {
        for size in [0, 1, 1025, 300_000] {
            let bytes: Vec<u8> = (0..size).map(|n: u32| (n.wrapping_mul(n) >> 3) as u8).collect();
            assert_eq!(gunzip(&gzip(&bytes), size as usize), Ok(bytes));
        }
    }

    #[test]
    fn a_bomb_is_stopped_at_the_bound() {
        let bomb = gzip(&vec![0; 50_000_000]);
        assert!(bomb.len() < 100_000);
        assert_eq!(gunzip(&bomb, 1_000_000), Err(InflateError::TooLarge));
        assert_eq!(gunzip(&gzip(&[7; 1001]), 1000), Err(InflateError::TooLarge));
        let bomb = miniz_oxide::deflate::compress_to_vec_zlib(&vec![0; 5_000_000], 6);
        assert_eq!(inflate(&bomb, 1_000_000), Err(InflateError::TooLarge));
    }

    #[test]
    fn what_is_cut_or_lengthened_or_changed_is_refused() {
        let whole = gzip(b"the quick brown fox jumps over the lazy dog");
        for end in 0..whole.len() {
            assert_eq!(gunzip(&whole[..end], 1000), Err(InflateError::Corrupt), "cut at {end}");
        }
        let mut longer = whole.clone();
        longer.push(0);
        assert_eq!(gunzip(&longer, 1000), Err(InflateError::Corrupt));
        for at in 10..whole.len() {
            let mut changed = whole.clone();
            changed[at] ^= 0x40;
            let read = gunzip(&changed, 1000);
            assert!(read.is_err() || read == gunzip(&whole, 1000), "changed at {at}");
        }
    }

    #[test]
    fn a_header_with_every_optional_field_is_read() {
        let plain = gzip(b"hello");
        let mut full = vec![0x1F, 0x8B, 8, 0x1F, 1, 2, 3, 4, 0, 3, 3, 0, b'x', b'y', b'z'];
        full.extend(b"name\0comment\0\x12\x34");
        full.extend(&plain[10..]);
        assert_eq!(gunzip(&full, 100).as_deref(), Ok(b"hello".as_slice()));
    }

    #[test]
    fn deflate_is_zlib_or_bare() {
        let text = b"hello hello hello";
        assert_eq!(
            inflate(&miniz_oxide::deflate::compress_to_vec_zlib(text, 6), 100).as_deref(),
            Ok(text.as_slice())
        );
        assert_eq!(
            inflate(&miniz_oxide::deflate::compress_to_vec(text, 6), 100).as_deref(),
            Ok(text.as_slice())
        );
        assert_eq!(inflate(b"not deflate at all", 100), Err(InflateError::Corrupt));
    }
}

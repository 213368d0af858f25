//! Content codings (RFC 9110 sections 8.4 and 12.5.3; gzip is RFC 1952, deflate is RFC 1950): what a client accepts, gzip out,
//! and both back in under a hard bound.

use super::Request;
use miniz_oxide::MZFlush;
use miniz_oxide::deflate::core::{CompressorOxide, create_comp_flags_from_zip_params};
use miniz_oxide::deflate::stream::deflate;
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

/// Whether gzip is what the client likes best of what there is: named, and ranked (by weight, then by place) before `br` and
/// `identity`. Where it is accepted but not the first choice, or only meant by a `*`, the local runtime's entry would inflate
/// the answer or squeeze it anew, and drop its length: such a client is answered plainly.
pub fn accepts_gzip(request: &Request) -> bool {
    let values = request.headers.iter().filter(|(name, _)| name == "accept-encoding").map(|(_, value)| value);
    let (mut heaviest, mut gzip) = (0.0, false);
    for coding in values.flat_map(|value| value.split(',')) {
        let mut parts = coding.split(';').map(str::trim);
        let name = parts.next().unwrap_or_default();
        let is = |known: &str| name.eq_ignore_ascii_case(known);
        let weight = parts.find_map(weight).unwrap_or(1.0);
        if weight > heaviest && (is("gzip") || is("br") || is("identity")) {
            (heaviest, gzip) = (weight, is("gzip"));
        }
    }
    gzip
}

/// The `q` of a parameter: what cannot be read weighs nothing, what is no `q` has none.
fn weight(parameter: &str) -> Option<f32> {
    let (name, value) = parameter.split_once('=')?;
    name.trim().eq_ignore_ascii_case("q").then(|| value.trim().parse().unwrap_or(0.0))
}

/// The bytes as one gzip member.
pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut member = Gzip::new();
    member.push(bytes);
    member.finish()
}

/// One gzip member, written piece by piece, so that a long answer need not be held in full.
pub struct Gzip {
    compressor: Box<CompressorOxide>,
    sum: crc32fast::Hasher,
    /// How many bytes have been pushed, modulo 2^32 (RFC 1952).
    size: u32,
    member: Vec<u8>,
}

impl Gzip {
    /// A member without content.
    pub fn new() -> Self {
        // A negative window means no zlib header around the deflate stream.
        let flags = create_comp_flags_from_zip_params(LEVEL.into(), -15, 0);
        let compressor = Box::new(CompressorOxide::new(flags));
        Self { compressor, sum: crc32fast::Hasher::new(), size: 0, member: HEADER.to_vec() }
    }

    /// Adds content.
    pub fn push(&mut self, bytes: &[u8]) {
        self.sum.update(bytes);
        self.size = self.size.wrapping_add(bytes.len() as u32);
        self.squeeze(bytes, MZFlush::None);
    }

    /// The whole member.
    pub fn finish(mut self) -> Vec<u8> {
        self.squeeze(&[], MZFlush::Finish);
        self.member.extend(self.sum.finalize().to_le_bytes());
        self.member.extend(self.size.to_le_bytes());
        self.member
    }

    fn squeeze(&mut self, mut bytes: &[u8], flush: MZFlush) {
        let mut piece = [0; 8 * 1024];
        loop {
            let step = deflate(&mut self.compressor, bytes, &mut piece, flush);
            self.member.extend(piece.iter().take(step.bytes_written));
            bytes = bytes.get(step.bytes_consumed..).unwrap_or_default();
            // A piece that is not full means that nothing more is waiting; an error, that nothing more can be done.
            if step.status.is_err() || (bytes.is_empty() && step.bytes_written < piece.len()) {
                return;
            }
        }
    }
}

impl Default for Gzip {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Debug for Gzip {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Gzip of {} bytes so far", self.size)
    }
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
            "gzip, deflate, br, zstd",
            "br;q=0.8, gzip",
            "identity;q=0.5, *;q=0, gzip",
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
            "*",
            "br, gzip",
            "gzip;q=0.5, br;q=0.6",
            "identity, gzip",
            "br;q=1.0, *;q=0.1",
        ] {
            assert!(!accepts(&[no]), "{no}");
        }
        assert!(accepts(&["deflate", "gzip"]), "a header may come in several lines");
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
    fn pieces_make_the_same_content_as_the_whole() {
        let mut noise = 1_u32;
        let random = std::iter::repeat_with(|| {
            noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (noise >> 24) as u8
        });
        let bytes: Vec<u8> = random.take(200_000).collect();
        for piece in [1000, 8192, 65_536, 199_999] {
            let mut member = Gzip::new();
            member.push(&[]);
            bytes.chunks(piece).for_each(|piece| member.push(piece));
            assert_eq!(gunzip(&member.finish(), 200_000).as_ref(), Ok(&bytes), "{piece}");
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

//! Bytes that mean harm: every one is an error with a reason or a message, in linear time, and nothing falls over.

use super::{BOTH, W1, decode, encode, everything, hex};
use anchorage::limits::{DEPTH_MAX, SYNCML_MESSAGE_BYTES_MAX};
use anchorage::syncml::codec::DecodeError;
use std::path::Path;
use std::time::{Duration, Instant};

/// Far more than a debug build on a busy machine needs, far less than anything quadratic takes.
const PATIENCE: Duration = Duration::from_secs(20);

fn error(bytes: &[u8]) -> DecodeError {
    let error = decode(bytes).unwrap_err();
    assert!(error.offset <= bytes.len() && error.reason.chars().count() <= 200, "{error:?}");
    error
}

fn reason(bytes: &[u8], part: &str) {
    let error = error(bytes);
    assert!(error.reason.contains(part), "{error:?} does not say {part:?}");
}

/// A few recorded messages, both encodings, and one with everything in it.
fn samples() -> Vec<Vec<u8>> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/syncevolution");
    let recorded = ["slow-all-wbxml/01-req.wbxml", "slow-all-wbxml/01-resp.wbxml", "syncml11-xml/02-req.xml"];
    let recorded = recorded.map(|name| std::fs::read(corpus.join(name)).unwrap());
    let everything = everything::message();
    recorded.into_iter().chain(BOTH.map(|encoding| encode(&everything, encoding))).chain([hex(W1)]).collect()
}

#[test]
fn nonsense_is_refused_with_its_reason() {
    reason(b"", "neither XML nor WBXML");
    reason(b"hello", "neither");
    reason(b"{}", "neither");
    reason(&[0xFF, 0xFE, b'<', 0], "neither");
    reason(b"\x04\xA4\x01\x6A\x00", "neither");
    reason(b" \n ", "no element");
    reason(b"<", "well-formed");
    reason(b"<?xml version='1.0'?>", "no element");
    reason(b"<SyncML>", "ends inside");
    reason(b"<SyncML></SyncHdr></SyncML>", "well-formed");
    reason(b"</SyncML>", "well-formed");
    reason("<SyncML a=\u{2019}b\u{2019}/>".as_bytes(), "well-formed");
    reason(b"<SyncML>&bogus;</SyncML>", "five");
    reason(b"<SyncML>a & b</SyncML>", "well-formed");
    reason(b"<SyncML><!-- </SyncML>", "well-formed");
    reason(b"<SyncML><![CDATA[ </SyncML>", "well-formed");
    for reference in
        ["#0", "#xD800", "#xDFFF", "#x110000", "#99999999999", "#", "#x", "#-1", "#+65", "#x+41", "#xFFFE"]
    {
        reason(format!("<SyncML>&{reference};</SyncML>").as_bytes(), "no character");
    }
    reason(&[b'<', 0xFF, 0xFE], "not UTF-8");
}

#[test]
fn an_internal_subset_is_refused_before_anything_expands() {
    let laughs = "<!DOCTYPE lolz [<!ENTITY lol \"lol\"><!ENTITY lol2 \"&lol;&lol;&lol;&lol;\">]><SyncML>&lol2;</SyncML>";
    reason(laughs.as_bytes(), "internal subset");
    let file =
        "<?xml version='1.0'?><!DOCTYPE S [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><SyncML>&x;</SyncML>";
    reason(file.as_bytes(), "internal subset");
    reason(b"<!DOCTYPE SyncML SYSTEM 'x'><SyncML>&x;</SyncML>", "five");
    reason(b"<!DOCTYPE SyncML [", "well-formed");
}

#[test]
fn wbxml_is_checked_token_by_token() {
    let after = |body: &str| [hex("02 A4 01 6A 00"), hex(body)].concat();
    reason(&hex("02"), "ends too early");
    reason(&hex("02 A4 01 6A 05 41"), "5 bytes are announced and 1 are left");
    reason(&hex("02 8F FF FF FF FF FF 00"), "32 bits");
    reason(&hex("02 90 80 80 80 00 6A 00"), "32 bits");
    reason(&hex("02 8F FF FF FF"), "ends too early");
    reason(&hex("02 00 05 6A 00 6D"), "no string 5");
    reason(&after(""), "no element");
    reason(&after("01"), "END without a tag");
    reason(&after("6D"), "ends inside");
    reason(&after("6D 6C 4F C3 8F FF FF FF 7F 41"), "announced");
    reason(&after("6D 6C 4F C3 02 41"), "2 bytes are announced and 1 are left");
    reason(&after("6D 6C 4F 03 41 42"), "without its NUL");
    reason(&after("6D 6C 4F 83 00"), "no string 0");
    reason(&after("44 00"), "no string 0");
    reason(&after("6D 02 00"), "0 is no character");
    reason(&after("6D 02 83 B0 00"), "no character");
    reason(&after("6D 00"), "ends too early");
    reason(&after("ED 05 06 07"), "ends too early");
    reason(&after("2D"), "there is no SyncBody");
    reason(&after("45 01"), "the root is Add, not SyncML");
    assert_eq!(error(&after("6D 6C 83 00")).offset, 7);
}

#[test]
fn deep_nesting_is_refused() {
    let deep = 100_000;
    reason(&[&b"<SyncML>"[..], &b"<a>".repeat(deep)].concat(), "deeper than");
    reason(&[hex("02 A4 01 6A 00"), vec![0x48; deep]].concat(), "deeper than");
    let just = |depth: usize| [b"<SyncML>".repeat(depth), b"</SyncML>".repeat(depth)].concat();
    reason(&just(DEPTH_MAX), "there is no SyncBody");
    reason(&just(DEPTH_MAX + 1), "deeper than");
}

#[test]
fn too_many_elements_and_too_many_bytes_are_refused() {
    let many = [hex("02 A4 01 6A 00 6D"), vec![0x05; 250_000]].concat();
    reason(&many, "more than 200000 elements");
    let long = [&b"<SyncML>"[..], &b" ".repeat(SYNCML_MESSAGE_BYTES_MAX)].concat();
    reason(&long, "500008 bytes are more than 500000");
    reason(format!("<{}>", "a".repeat(400_000)).as_bytes(), "");
    reason(format!("<SyncML></{}>", "a".repeat(400_000)).as_bytes(), "well-formed");
}

/// Two bytes can name a string of 400,000; all of them together stay bounded.
#[test]
#[allow(clippy::disallowed_methods)]
fn a_string_table_is_no_amplifier() {
    let table = 400_000_usize;
    let mut start = hex("02 A4 01 6A");
    start.extend_from_slice(&[
        0x80 | (table >> 14) as u8,
        0x80 | (table >> 7) as u8 & 0x7F,
        table as u8 & 0x7F,
    ]);
    start.extend(std::iter::repeat_n(b'x', table));
    let began = Instant::now();
    reason(&[start.clone(), hex("6D"), hex("83 00").repeat(20_000)].concat(), "bytes of text");
    reason(&[start.clone(), hex("83 00").repeat(20_000)].concat(), "bytes of text");
    reason(&[start, hex("6D"), hex("04 00").repeat(40_000)].concat(), "ends inside");
    assert!(began.elapsed() < PATIENCE, "{:?}", began.elapsed());
}

/// Shapes in which a careless reader is quadratic, at the size limit.
#[test]
#[allow(clippy::disallowed_methods)]
fn reading_takes_linear_time() {
    let attributes: String = (0..45_000).map(|n| format!(" a{n}='1'")).collect();
    let same = " a='1'".repeat(80_000);
    let nested = format!("{}<x/>{}", "<Data>".repeat(60), "</Data>".repeat(60));
    let siblings = "<Item/>".repeat(70_000);
    let shapes = [
        format!("<SyncML{attributes}/>"),
        format!("<SyncML{same}/>"),
        format!("<SyncML>{}", "&amp;".repeat(99_000)),
        format!("<SyncML>{}", "<![CDATA[x]]>".repeat(38_000)),
        format!("<SyncML>{}", "<!---->".repeat(70_000)),
        format!("<SyncML><SyncHdr/><SyncBody><Add>{siblings}</Add></SyncBody></SyncML>"),
        format!("<SyncML><SyncHdr/><SyncBody>{}</SyncBody></SyncML>", "<Add/>".repeat(80_000)),
        format!("<SyncML>{}", nested.repeat(600)),
        "<".repeat(499_000),
        format!("<SyncML>{}", "]]>".repeat(160_000)),
        format!("<!DOCTYPE {}", "<".repeat(499_000)),
    ];
    for shape in shapes {
        let began = Instant::now();
        assert!(shape.len() <= SYNCML_MESSAGE_BYTES_MAX, "{}", shape.len());
        let _ = decode(shape.as_bytes());
        assert!(began.elapsed() < PATIENCE, "{:?} for {:.60}", began.elapsed(), shape);
    }
}

/// The same in WBXML, inside the data of an item and right in the body.
#[test]
#[allow(clippy::disallowed_methods)]
fn reading_wbxml_takes_linear_time() {
    let start = hex("02 A4 01 6A 00 6D");
    let units = [
        "00 00",
        "00 01 00 00",
        "05",
        "45 01",
        "03 00",
        "03 41 00",
        "02 41",
        "02 81 00",
        "C3 00",
        "C3 01 41",
        "40 41 00",
        "43 01",
        "4F 01",
        "47 4B 03 31 00 01 01",
        "6B 46 01 01",
        "4F C3 03 02 01 6A 01",
        "69 4B 03 31 00 01 01",
    ];
    for inside in ["", "6B", "6B 6A", "6B 45 54 4F"] {
        for unit in units {
            let (inside, unit) = (hex(inside), hex(unit));
            let room = SYNCML_MESSAGE_BYTES_MAX - start.len() - inside.len();
            let bytes = [start.clone(), inside, unit.repeat(room / unit.len())].concat();
            let began = Instant::now();
            let _ = decode(&bytes);
            assert!(began.elapsed() < PATIENCE, "{:?} for {unit:02X?}", began.elapsed());
        }
    }
}

/// Every offset of the short messages, and of the long ones a sample with all of the end.
#[test]
fn a_message_cut_anywhere_is_an_error() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/syncevolution");
    let short = ["slow-all-wbxml/02-resp.wbxml", "slow-all-wbxml/03-req.wbxml", "syncml11-xml/03-resp.xml"];
    let short = short.map(|name| std::fs::read(corpus.join(name)).unwrap());
    for sample in samples().into_iter().chain(short) {
        assert!(decode(&sample).is_ok());
        for length in 0..sample.len() {
            if sample.len() < 3_000 || sample.len() - length < 200 || length % 97 == 0 {
                error(&sample[..length]);
            }
        }
    }
}

struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound as u64) as usize
    }
}

/// Flipped bits, lost, doubled and foreign bytes: whatever is still a message can be written and read again.
#[test]
fn damaged_messages_do_no_damage() {
    let samples = samples();
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    let (mut read, mut refused) = (0, 0);
    for _ in 0..50_000 {
        let sample = &samples[random.below(samples.len())];
        // A window keeps the cases short and fast; the start keeps them interesting.
        let mut bytes = sample[..sample.len().min(1_500)].to_vec();
        if random.below(3) == 0 {
            bytes = sample.clone();
            bytes.truncate(6_000);
        }
        for _ in 0..=random.below(4) {
            let at = random.below(bytes.len());
            match random.below(5) {
                0 => bytes[at] ^= 1 << random.below(8),
                1 => bytes[at] = random.below(256) as u8,
                2 => drop(bytes.remove(at)),
                3 => bytes.insert(at, random.below(256) as u8),
                _ => {
                    let end = (at + random.below(40)).min(bytes.len());
                    let copy = bytes[at..end].to_vec();
                    bytes.splice(at..at, copy);
                }
            }
        }
        match decode(&bytes) {
            Ok((message, encoding)) => {
                read += 1;
                decode(&encode(&message, encoding)).unwrap();
            }
            Err(_) => {
                refused += 1;
                error(&bytes);
            }
        }
    }
    println!("{read} read, {refused} refused");
    assert!(read > 1_000 && refused > 1_000);
}

/// Pure noise behind every first byte that chooses a reader.
#[test]
fn noise_is_survived() {
    let mut random = Random(42);
    for round in 0..20_000 {
        let first = [b'<', b' ', 0xEF, 0, 1, 2, 3][round % 7];
        let mut bytes = vec![first];
        if first <= 3 && round % 2 == 0 {
            bytes.extend_from_slice(&hex("A4 01 6A 00 6D 6C 01 6B"));
        }
        bytes.extend((0..random.below(300)).map(|_| random.below(256) as u8).collect::<Vec<_>>());
        if let Ok((message, encoding)) = decode(&bytes) {
            decode(&encode(&message, encoding)).unwrap();
        }
    }
}

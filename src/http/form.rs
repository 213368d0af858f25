//! `application/x-www-form-urlencoded`, read as the URL standard says (section 5.1), but keeping the bytes: the standard
//! replaces what is not UTF-8, and a server that keeps records must refuse it instead.

/// The pairs of a URL's query. What is not UTF-8 is replaced (U+FFFD): nothing in a query is kept.
pub fn query(text: &str) -> Vec<(String, String)> {
    let lossy = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    pairs(text.as_bytes()).map(|(name, value)| (lossy(name), lossy(value))).collect()
}

/// The pairs of a body; `None` where a name or a value is not UTF-8.
pub fn body(bytes: &[u8]) -> Option<Vec<(String, String)>> {
    pairs(bytes)
        .map(|(name, value)| Some((String::from_utf8(name).ok()?, String::from_utf8(value).ok()?)))
        .collect()
}

/// `%41` is `A`, and a percent sign that begins no such thing is itself.
pub fn percent_decode(text: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [byte, after @ ..] = rest {
        let escaped = match after {
            [high, low, ..] if *byte == b'%' => digit(*high).zip(digit(*low)),
            _ => None,
        };
        decoded.push(escaped.map_or(*byte, |(high, low)| high << 4 | low));
        rest = if escaped.is_some() { after.get(2..).unwrap_or_default() } else { after };
    }
    decoded
}

/// Pairs as a query or a body carries them.
pub fn write<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let pair = |(name, value)| format!("{}={}", encode(name), encode(value));
    pairs.into_iter().map(pair).collect::<Vec<_>>().join("&")
}

/// Text with everything percent-encoded but what no URL gives a meaning (RFC 3986, section 2.3).
pub fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                encoded.push(char::from(byte))
            }
            _ => {
                encoded.push('%');
                encoded.extend([byte >> 4, byte & 15].iter().filter_map(|half| {
                    char::from_digit(u32::from(*half), 16).map(|digit| digit.to_ascii_uppercase())
                }));
            }
        }
    }
    encoded
}

fn pairs(text: &[u8]) -> impl Iterator<Item = (Vec<u8>, Vec<u8>)> {
    text.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()).map(|pair| {
        let mut halves = pair.splitn(2, |byte| *byte == b'=');
        let mut half = || decode(halves.next().unwrap_or_default());
        (half(), half())
    })
}

fn decode(text: &[u8]) -> Vec<u8> {
    let spaced: Vec<u8> = text.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
    percent_decode(&spaced)
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn plus_and_percent_twenty_are_both_a_space_and_percent_2b_is_a_plus() {
        assert_eq!(body(b"a=1+2%202%2B3").unwrap(), of(&[("a", "1 2 2+3")]));
    }

    #[test]
    fn what_is_written_reads_the_same() {
        let all: Vec<(String, String)> =
            of(&[("a b", "1+2&3=4%"), ("é\u{1f600}", "\r\n\0~"), ("", ""), ("x", "")]);
        let text = write(all.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        assert!(text.starts_with("a%20b=1%2B2%263%3D4%25&%C3%A9"), "{text}");
        assert_eq!(body(text.as_bytes()).unwrap(), all);
    }

    #[test]
    fn empty_pairs_are_skipped_and_a_lone_name_has_an_empty_value() {
        assert_eq!(body(b"&&a&b=&=c&d=e=f&").unwrap(), of(&[("a", ""), ("b", ""), ("", "c"), ("d", "e=f")]));
    }

    #[test]
    fn a_percent_sign_that_begins_nothing_is_itself() {
        assert_eq!(body(b"a=100%&b=%zz&c=%4").unwrap(), of(&[("a", "100%"), ("b", "%zz"), ("c", "%4")]));
        assert_eq!(body(b"a=%C3%A9%00").unwrap(), of(&[("a", "\u{e9}\0")]));
    }

    #[test]
    fn a_body_that_is_not_utf8_is_refused_and_a_query_is_mended() {
        assert_eq!(body(b"a=%FF"), None);
        assert_eq!(body(b"%C3=x"), None);
        assert_eq!(query("a=%FF"), of(&[("a", "\u{fffd}")]));
    }
}

//! Answers of every kind, and of none.

use super::*;

fn answer(status: u16, headers: &[(&str, &str)], body: &str) -> Response {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Response { status, headers, body: body.into() }
}

#[test]
fn a_channel_is_read_in_any_order_with_anything_else_in_it() {
    let text = "\u{feff}<?xml version='1.0'?><!-- hello --><rss version=\"2.0\"><other><channel/></other><channel>\
                <item><_deleted>1</_deleted><id>a&#13;&amp;</id></item><ttl>5</ttl>\
                <lastBuildDate> 17 </lastBuildDate><item/>\
                <item><x><![CDATA[1 < 2]]> &lt; <b>3</b></x><id> b</id><y/></item><title>t</title></channel>\
                <channel><lastBuildDate>99</lastBuildDate><item><id>no</id></item></channel></rss>";
    let channel = read(text.as_bytes()).unwrap();
    assert_eq!((channel.stamp.as_deref(), channel.more.as_str(), &channel.error), (Some("17"), "", &None));
    let of = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(channel.items.len(), 3);
    assert_eq!(channel.items[0], [of("_deleted", "1"), of("id", "a\r&")]);
    assert!(channel.items[1].is_empty());
    assert_eq!(channel.items[2], [of("x", "1 < 2 < 3"), of("id", " b"), of("y", "")]);
}

#[test]
fn what_is_no_channel_says_why() {
    for (text, why) in [
        ("", "no MAX channel"),
        ("hello", "no MAX channel"),
        ("<html><channel/></html>", "no MAX channel"),
        ("<rss><channel><item>", "cut off"),
        ("<rss><channel></rss>", "no XML"),
        ("<!DOCTYPE rss [<!ENTITY a 'b'>]><rss/>", "DOCTYPE"),
        ("<rss><channel><title>&bomb;</title></channel></rss>", "&bomb;"),
    ] {
        let error = read(text.as_bytes()).unwrap_err();
        assert!(error.contains(why), "{text}: {error}");
    }
    assert!(read(b"<rss>\xFF</rss>").is_err());
    assert!(read("<rss>".repeat(200).as_bytes()).unwrap_err().contains("deeper"));
}

#[test]
fn a_large_nest_and_a_bomb_are_refused_in_words() {
    let bomb = coding::gzip(&vec![b' '; limits::UPSTREAM_ANSWER_BYTES_MAX + 1]);
    let Verdict::Broken(error) = judge(&Response { status: 200, headers: Vec::new(), body: bomb }) else {
        panic!()
    };
    assert!(error.message.contains("more than"), "{}", error.message);
}

#[test]
fn every_way_of_refusing_is_understood() {
    let kind = |response: &Response| match judge(response) {
        Verdict::Fine(_) => "fine",
        Verdict::Reset => "reset",
        Verdict::Unauthorized(_) => "unauthorized",
        Verdict::Busy(..) => "busy",
        Verdict::NotFound(_) => "not found",
        Verdict::Refused(_) => "refused",
        Verdict::Broken(_) => "broken",
    };
    const ERROR: &str = "<rss><channel><title>t</title><error>no</error></channel></rss>";
    type Case = (u16, &'static [(&'static str, &'static str)], &'static str, &'static str);
    let cases: [Case; 20] = [
        (200, &[], "", "fine"),
        (201, &[], "<rss/>", "fine"),
        (200, &[("x-status-code", "200")], "", "fine"),
        (200, &[("X-Status-Code", "600")], "", "reset"),
        (200, &[("x-status-code", "601")], "", "unauthorized"),
        (401, &[], "", "unauthorized"),
        (401, &[("x-status-code", "602")], "", "unauthorized"),
        (429, &[("x-status-code", "602"), ("retry-after", "7")], "", "busy"),
        (200, &[("x-status-code", "404")], "", "not found"),
        (404, &[], "gone", "not found"),
        (200, &[("x-status-code", "403")], "", "refused"),
        (200, &[("x-error", "no")], "", "refused"),
        (200, &[], ERROR, "refused"),
        (200, &[], "ERROR 601", "unauthorized"),
        (200, &[], "ERROR 600 reset", "reset"),
        (400, &[], "", "refused"),
        (413, &[], "", "refused"),
        (503, &[("retry-after", "2")], "", "busy"),
        (500, &[], "", "busy"),
        (302, &[("location", "/x")], "", "broken"),
    ];
    for (status, headers, body, expected) in cases {
        assert_eq!(kind(&answer(status, headers, body)), expected, "{status} {headers:?} {body}");
    }
    let busy = judge(&answer(503, &[("retry-after", "7")], ""));
    assert!(matches!(busy, Verdict::Busy(Some(7), _)));
}

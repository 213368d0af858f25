//! Match keys.

use crate::{body, card, event};
use anchorage::journal::matching::key;
use anchorage::record::{Body, Form};

fn same(a: &Body, b: &Body) {
    assert!(key(a).is_some());
    assert_eq!(key(a), key(b), "{}\n{}", crate::text(a), crate::text(b));
}

fn different(a: &Body, b: &Body) {
    assert_ne!(key(a), key(b), "{}\n{}", crate::text(a), crate::text(b));
}

#[test]
fn spelling_order_and_bookkeeping_do_not_matter() {
    let a = card(
        "3.0",
        &[
            "PRODID:x",
            "REV:1",
            "UID:1",
            "N:Doe;John;;;",
            "FN:John Doe",
            "TEL;TYPE=WORK,VOICE:1",
            "BDAY:1981-09-25",
            "NOTE:a\\nb",
            "X-EMPTY:",
            "TITLE:",
        ],
    );
    let b = card(
        "3.0",
        &[
            "UID:2",
            "FN:John Doe  ",
            "N:Doe;John",
            "BDAY;VALUE=date:19810925",
            "tel;type=VOICE;type=work:1",
            "NOTE:a\\nb\\n",
        ],
    );
    same(&a, &b);
    same(&a, &body(Form::Vcard30, String::from_utf8(b.bytes.clone()).unwrap().replace("\r\n", "\n")));
    same(
        &a,
        &card(
            "2.1",
            &[
                "NOTE;ENCODING=QUOTED-PRINTABLE:a=0D=0Ab",
                "N;CHARSET=UTF-8:Doe;John;;",
                "FN:John Doe",
                "TEL;WORK:1",
                "BDAY:19810925T000000Z",
            ],
        ),
    );
}

#[test]
fn content_matters() {
    let a = card("3.0", &["FN:John Doe", "TEL;TYPE=WORK:1"]);
    different(&a, &card("3.0", &["FN:John Doe", "TEL;TYPE=HOME:1"]));
    different(&a, &card("3.0", &["FN:John Doe", "TEL;TYPE=WORK:2"]));
    different(&a, &card("3.0", &["FN:John Doe"]));
    different(&a, &card("3.0", &["FN:John Doe", "TEL;TYPE=WORK:1", "TEL;TYPE=WORK:1"]));
    different(&a, &card("3.0", &["FN:John Doe", "TEL;TYPE=WORK:1", "X-A:b"]));
    different(&event("2.0", &["DTSTART:20240101T100000"]), &event("2.0", &["DTSTART:20240101T100000Z"]));
    different(&event("2.0", &["TRIGGER:1"]), &event("2.0", &["BEGIN:VALARM", "TRIGGER:1", "END:VALARM"]));
}

#[test]
fn all_days_and_zones_have_many_spellings() {
    let day = event("2.0", &["SUMMARY:x", "DTSTART;VALUE=DATE:20240101", "DTEND;VALUE=DATE:20240102"]);
    for (start, end) in [
        ("20240101", "20240102"),
        ("20240101T000000", "20240102T000000"),
        ("20240101T000000", "20240101T235900"),
        ("20240101T000000", "20240101T235959"),
        ("20240101T000000", "20240101T240000"),
        ("2024-01-01", "2024-01-02T00:00:00"),
    ] {
        same(
            &day,
            &event("1.0", &["SUMMARY:x", &format!("DTSTART:{start}"), &format!("DTEND:{end}"), "TRANSP:0"]),
        );
    }
    let here = event("2.0", &["DTSTART;TZID=Europe/Berlin:20240701T100000"]);
    same(&here, &event("2.0", &["DTSTART:20240701T080000Z"]));
    same(&here, &event("2.0", &["DTSTART;TZID=/x.example/20240101/Europe/Berlin:20240701T100000"]));
    same(
        &event("2.0", &["RRULE:FREQ=WEEKLY;BYDAY=MO;INTERVAL=1"]),
        &event("2.0", &["RRULE:BYDAY=MO;FREQ=WEEKLY"]),
    );
}

#[test]
fn a_zone_that_nobody_knows_is_part_of_the_time() {
    let mine = event("2.0", &["DTSTART;TZID=Mine:20240701T100000"]);
    different(&mine, &event("2.0", &["DTSTART;TZID=Yours:20240701T100000"]));
    different(&mine, &event("2.0", &["DTSTART:20240701T100000"]));
}

#[test]
fn nothing_is_like_nothing_and_what_cannot_be_read_like_nothing_at_all() {
    for junk in [body(Form::Vcard30, "junk"), body(Form::Vcard30, "BEGIN:VCARD\r\njunk\r\nEND:VCARD\r\n")] {
        assert_eq!(key(&junk), None, "{junk:?}");
    }
    let nothing = card("2.1", &["N:", "FN:"]);
    for empty in [
        card("3.0", &["UID:1", "N:;;;;", "NOTE: "]),
        body(Form::Plain, " \r\n"),
        body(Form::Opaque("x/y".into()), ""),
        body(Form::Table, "[]"),
        body(Form::Vcard30, ""),
    ] {
        same(&empty, &nothing);
    }
    let note =
        |lines: &str| body(Form::Vnote11, format!("BEGIN:VNOTE\r\nVERSION:1.1\r\n{lines}\r\nEND:VNOTE\r\n"));
    same(&note("BODY:\r\nX-EMPTY:"), &nothing);
    same(&note("BODY: \r\nSUMMARY:Milk"), &body(Form::Plain, "Milk"));
    for lines in ["CATEGORIES:HOME", "BODY:\r\nX-OWN:1", "BODY:\r\nof lines"] {
        assert_eq!(key(&note(lines)), None, "{lines}");
    }
    assert!(key(&body(Form::Opaque("x/y".into()), "a")).is_some());
    different(&body(Form::Opaque("x/y".into()), "a"), &body(Form::Opaque("x/z".into()), "a"));
    same(&body(Form::Plain, "a\r\nb\n"), &body(Form::Plain, "a\nb"));
    same(&body(Form::Table, r#"[["a","1"],["b",""]]"#), &body(Form::Table, r#"[["a","1"]]"#));
}

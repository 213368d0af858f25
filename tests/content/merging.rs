//! Where two edits meet.

use crate::{body, card, event, text};
use anchorage::journal::merge::{Supported, merge, part, replace};
use anchorage::record::{Body, Form};

fn supported(names: &[&str]) -> Supported {
    Supported::new(names.iter().map(|name| (*name).to_owned()).collect())
}

#[test]
fn what_says_the_same_keeps_the_bytes_it_has() {
    let stored =
        card("3.0", &["PRODID:me", "UID:1", "TEL;TYPE=CELL:1", "BDAY:1981-09-25", "N:Doe;John;;;", "NOTE:x"]);
    let arriving = card(
        "3.0",
        &["PRODID:you", "REV:2", "N:Doe;John", "BDAY:19810925", "TEL;TYPE=VOICE,CELL:1", "NOTE:x"],
    );
    assert_eq!(replace(&stored, &arriving, None), stored);
    let changed = card(
        "3.0",
        &["PRODID:you", "REV:2", "N:Doe;John", "BDAY:19810925", "TEL;TYPE=VOICE,CELL:1", "NOTE:y", "TITLE:t"],
    );
    let expected = card(
        "3.0",
        &[
            "PRODID:me",
            "UID:1",
            "TEL;TYPE=CELL:1",
            "BDAY:1981-09-25",
            "N:Doe;John;;;",
            "NOTE:y",
            "REV:2",
            "TITLE:t",
        ],
    );
    assert_eq!(text(&replace(&stored, &changed, None)), text(&expected));
}

#[test]
fn removed_and_not_supported_are_two_facts() {
    let stored =
        card("3.0", &["UID:1", "N:Doe;John", "NICKNAME:Jo", "PHOTO;ENCODING=b:/9j/", "X-A:b", "NOTE:n"]);
    let arriving = card("3.0", &["N:Doe;John"]);
    let kept = replace(&stored, &arriving, Some(&supported(&["N", "NOTE"])));
    assert_eq!(
        text(&kept),
        text(&card("3.0", &["UID:1", "N:Doe;John", "NICKNAME:Jo", "PHOTO;ENCODING=b:/9j/", "X-A:b"]))
    );
    assert_eq!(text(&replace(&stored, &arriving, None)), text(&card("3.0", &["UID:1", "N:Doe;John"])));
}

#[test]
fn numbers_find_their_own() {
    let stored = card("3.0", &["TEL;TYPE=HOME:1", "TEL;TYPE=CELL;X-A=b:2", "TEL;TYPE=WORK:3"]);
    let arriving = card("2.1", &["TEL;WORK:3", "TEL;CELL:22", "TEL;HOME:1"]);
    assert_eq!(
        text(&replace(&stored, &arriving, None)),
        text(&card("3.0", &["TEL;TYPE=HOME:1", "TEL;TYPE=CELL:22", "TEL;TYPE=WORK:3"]))
    );
    let arriving = card("3.0", &["TEL;TYPE=CELL:2", "TEL;TYPE=PAGER:4"]);
    let expected = card("3.0", &["TEL;TYPE=PAGER:4", "TEL;TYPE=CELL;X-A=b:2"]);
    assert_eq!(text(&replace(&stored, &arriving, None)), text(&expected));
}

struct Row<'a> {
    what: &'a str,
    base: Option<&'a [&'a str]>,
    stored: &'a [&'a str],
    arriving: &'a [&'a str],
    merged: &'a [&'a str],
    clashes: &'a [&'a str],
}

#[test]
fn three_ways() {
    let base: &[&str] = &["FN:A", "TITLE:t", "TEL;TYPE=CELL:1", "TEL;TYPE=HOME:2", "NOTE:n"];
    let rows = [
        Row { what: "nothing", base: Some(base), stored: base, arriving: base, merged: base, clashes: &[] },
        Row {
            what: "different properties",
            base: Some(base),
            stored: &["FN:B", "TITLE:t", "TEL;TYPE=CELL:1", "TEL;TYPE=HOME:2", "NOTE:n"],
            arriving: &["FN:A", "TITLE:t", "TEL;TYPE=CELL:1", "TEL;TYPE=HOME:2", "NOTE:m"],
            merged: &["FN:B", "TITLE:t", "TEL;TYPE=CELL:1", "TEL;TYPE=HOME:2", "NOTE:m"],
            clashes: &[],
        },
        Row {
            what: "the same property, differently",
            base: Some(base),
            stored: &["FN:B", "TITLE:t", "TEL;TYPE=CELL:1", "TEL;TYPE=HOME:2", "NOTE:n"],
            arriving: &["FN:C", "TITLE:t", "TEL;TYPE=CELL:1", "TEL;TYPE=HOME:2", "NOTE:n"],
            merged: &["FN:C", "TITLE:t", "TEL;TYPE=CELL:1", "TEL;TYPE=HOME:2", "NOTE:n"],
            clashes: &["FN"],
        },
        Row {
            what: "the same property, alike",
            base: Some(base),
            stored: &["FN:B"],
            arriving: &["FN:B"],
            merged: &["FN:B"],
            clashes: &[],
        },
        Row {
            what: "each its own number",
            base: Some(base),
            stored: &["FN:A", "TITLE:t", "TEL;TYPE=CELL:11", "TEL;TYPE=HOME:2", "NOTE:n"],
            arriving: &["FN:A", "TITLE:t", "TEL;TYPE=CELL:1", "TEL;TYPE=HOME:22", "NOTE:n"],
            merged: &["FN:A", "TITLE:t", "TEL;TYPE=CELL:11", "TEL;TYPE=HOME:22", "NOTE:n"],
            clashes: &[],
        },
        Row {
            what: "each adds a number, and one adds a common one",
            base: Some(&["FN:A", "TEL:1"]),
            stored: &["FN:A", "TEL:1", "TEL:2", "TEL:9"],
            arriving: &["FN:A", "TEL:1", "TEL:9", "TEL:3"],
            merged: &["FN:A", "TEL:1", "TEL:2", "TEL:9", "TEL:3"],
            clashes: &[],
        },
        Row {
            what: "one removes, the other leaves",
            base: Some(base),
            stored: &["FN:A", "TEL;TYPE=CELL:1", "TEL;TYPE=HOME:2", "NOTE:n"],
            arriving: &["FN:A", "TITLE:t", "TEL;TYPE=CELL:1", "NOTE:n"],
            merged: &["FN:A", "TEL;TYPE=CELL:1", "NOTE:n"],
            clashes: &[],
        },
        Row {
            what: "an edit here outlives a removal there",
            base: Some(&["FN:A", "NOTE:n"]),
            stored: &["FN:A", "NOTE:m"],
            arriving: &["FN:A"],
            merged: &["FN:A", "NOTE:m"],
            clashes: &["NOTE"],
        },
        Row {
            what: "an edit there outlives a removal here",
            base: Some(&["FN:A", "NOTE:n"]),
            stored: &["FN:A"],
            arriving: &["FN:A", "NOTE:m"],
            merged: &["FN:A", "NOTE:m"],
            clashes: &["NOTE"],
        },
        Row {
            what: "without a base nothing is taken away",
            base: None,
            stored: &["FN:A", "TITLE:t", "TEL;TYPE=CELL:1"],
            arriving: &["FN:B", "NOTE:n", "TEL;TYPE=CELL:2"],
            merged: &["FN:B", "TITLE:t", "TEL;TYPE=CELL:1", "TEL;TYPE=CELL:2", "NOTE:n"],
            clashes: &["FN"],
        },
        Row {
            what: "an empty line is filled and not doubled",
            base: Some(&["FN:A", "NOTE:"]),
            stored: &["FN:A", "NOTE:"],
            arriving: &["FN:A", "NOTE:n"],
            merged: &["FN:A", "NOTE:n"],
            clashes: &[],
        },
    ];
    for row in rows {
        let base = row.base.map(|base| card("3.0", base));
        let (stored, arriving) = (card("3.0", row.stored), card("3.0", row.arriving));
        let merged = merge(base.as_ref(), &stored, &arriving, None);
        assert_eq!(text(&merged.body), text(&card("3.0", row.merged)), "{}", row.what);
        assert_eq!(merged.clashes, row.clashes, "{}", row.what);
        assert_eq!(merged.differs_from_stored, merged.body != stored, "{}", row.what);
        assert_eq!(merged.differs_from_arriving, merged.body != arriving, "{}", row.what);
        let old = anchorage::content::convert(&arriving, &Form::Vcard21);
        let crossed = merge(base.as_ref(), &stored, &old, None);
        assert_eq!(crossed.body.form, Form::Vcard30);
        let keyed = |body: &Body| anchorage::journal::matching::key(body);
        assert_eq!(keyed(&crossed.body), keyed(&merged.body), "{}", row.what);
        assert_eq!(crossed.clashes, row.clashes, "{}", row.what);
    }
}

#[test]
fn a_device_need_not_be_told_what_it_cannot_hold() {
    let stored = card("3.0", &["FN:A", "X-A:b"]);
    let merged = merge(Some(&stored), &stored, &card("3.0", &["FN:B"]), Some(&supported(&["FN"])));
    assert_eq!(text(&merged.body), text(&card("3.0", &["FN:B", "X-A:b"])));
    assert!(merged.differs_from_stored && !merged.differs_from_arriving);
}

#[test]
fn zones_alarms_and_exceptions_are_units() {
    let zone = "BEGIN:VTIMEZONE\r\nTZID:Mine\r\nBEGIN:STANDARD\r\nDTSTART:19700101T000000\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n";
    let around = |zone: &str, inside: &str| {
        body(Form::Icalendar20, format!("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{zone}{inside}END:VCALENDAR\r\n"))
    };
    let master = "BEGIN:VEVENT\r\nUID:1\r\nSUMMARY:x\r\nDTSTART;TZID=Mine:20240101T100000\r\nBEGIN:VALARM\r\nACTION:AUDIO\r\nTRIGGER:-PT5M\r\nEND:VALARM\r\nEND:VEVENT\r\n";
    let exception = "BEGIN:VEVENT\r\nUID:1\r\nRECURRENCE-ID:20240108T100000Z\r\nSUMMARY:y\r\nEND:VEVENT\r\n";
    let stored = around(zone, &format!("{master}{exception}"));
    let arriving = around("", &format!("{exception}{}", master.replace("SUMMARY:x", "SUMMARY:z")));
    let expected = around(zone, &format!("{}{exception}", master.replace("SUMMARY:x", "SUMMARY:z")));
    assert_eq!(text(&replace(&stored, &arriving, None)), text(&expected));
    let bare = around("", "BEGIN:VEVENT\r\nUID:1\r\nSUMMARY:x\r\nDTSTART:20240101T100000Z\r\nEND:VEVENT\r\n");
    assert_eq!(text(&replace(&stored, &bare, None)), text(&bare));
    let kept = replace(&stored, &bare, Some(&supported(&["SUMMARY", "DTSTART"])));
    let expected = around(
        "",
        &format!("{}{exception}", master.replace(";TZID=Mine:20240101T100000", ":20240101T100000Z")),
    );
    assert_eq!(text(&kept), text(&expected));
    let changed =
        replace(&stored, &around(zone, &format!("{}{exception}", master.replace("PT5M", "PT9M"))), None);
    assert_eq!(text(&changed), text(&stored).replace("PT5M", "PT9M"));
}

#[test]
fn a_utc_spelling_of_our_time_keeps_our_zone() {
    let stored = event("2.0", &["SUMMARY:x", "DTSTART;TZID=Europe/Berlin:20240701T100000"]);
    assert_eq!(replace(&stored, &event("2.0", &["DTSTART:20240701T080000Z", "SUMMARY:x"]), None), stored);
}

#[test]
fn a_vcalendar_phone_does_not_take_rules_and_alarms_away() {
    let stored =
        event("2.0", &["SUMMARY:x", "RRULE:FREQ=DAILY", "BEGIN:VALARM", "TRIGGER:-PT5M", "END:VALARM"]);
    let after = replace(&stored, &event("1.0", &["SUMMARY:y"]), None);
    assert_eq!(text(&after), text(&stored).replace("SUMMARY:x", "SUMMARY:y"));
    let after = replace(&stored, &event("1.0", &["SUMMARY:y", "RRULE:D1 #0"]), None);
    assert_eq!(text(&after), text(&stored).replace("SUMMARY:x", "SUMMARY:y"));
}

#[test]
fn notes_rows_and_strangers() {
    let note = body(Form::Vnote11, "BEGIN:VNOTE\r\nVERSION:1.1\r\nBODY:a\r\nX-IRMC-LUID:7\r\nEND:VNOTE\r\n");
    let after = replace(&note, &body(Form::Plain, "b"), None);
    assert_eq!(text(&after), text(&note).replace("BODY:a", "BODY:b"));
    assert_eq!(replace(&note, &body(Form::Plain, "a\r\n"), None), note);
    let plain = |text: &str| body(Form::Plain, text);
    let merged = merge(Some(&plain("a")), &plain("b"), &plain("c"), None);
    assert_eq!(
        (text(&merged.body).as_str(), merged.clashes.as_slice()),
        ("c", ["BODY".to_owned()].as_slice())
    );
    let row = |text: &str| body(Form::Table, text);
    let merged = merge(
        Some(&row(r#"[["N","1"],["b","1"]]"#)),
        &row(r#"[["N","2"],["b","1"]]"#),
        &row(r#"[["N","1"],["b","2"]]"#),
        None,
    );
    assert_eq!(text(&merged.body), r#"[["N","2"],["b","2"]]"#);
    let opaque = |bytes: &str| body(Form::Opaque("x/y".into()), bytes);
    assert_eq!(replace(&opaque("a"), &opaque("b"), None), opaque("b"));
    let merged = merge(Some(&opaque("a")), &opaque("b"), &opaque("a"), None);
    assert_eq!(
        (text(&merged.body).as_str(), merged.clashes.len(), merged.differs_from_arriving),
        ("b", 0, true)
    );
    let contact = card("3.0", &["FN:A"]);
    assert_eq!(replace(&contact, &plain("x"), None), plain("x"));
}

#[test]
fn the_line_ends_of_the_stored_card_survive() {
    let stored = body(Form::Vcard30, "BEGIN:VCARD\nVERSION:3.0\nFN:A\nNOTE:n\nEND:VCARD");
    let after = replace(
        &stored,
        &body(Form::Vcard30, "BEGIN:VCARD\rVERSION:3.0\rFN:B\rNOTE:n\rTITLE:t\rEND:VCARD"),
        None,
    );
    assert_eq!(after.bytes, b"BEGIN:VCARD\nVERSION:3.0\nFN:B\r\nNOTE:n\nTITLE:t\r\nEND:VCARD");
}

#[test]
fn a_part_takes_the_place_of_what_it_lists() {
    let stored = card("3.0", &["N:Doe;John;;;", "TEL;TYPE=HOME:1", "X-A:kept", "TEL;TYPE=CELL:2", "NOTE:x"]);
    let laid = |lines: &[&str]| text(&part(&stored, &card("3.0", lines)).unwrap());
    assert_eq!(
        laid(&["TEL;TYPE=WORK:3", "TITLE:t"]),
        text(&card("3.0", &["N:Doe;John;;;", "TEL;TYPE=WORK:3", "X-A:kept", "NOTE:x", "TITLE:t"]))
    );
    assert_eq!(laid(&["TEL:", "N:;;;;"]), text(&card("3.0", &["X-A:kept", "NOTE:x"])));
    // A part in another version of the same.
    let old = card("2.1", &["NOTE;ENCODING=QUOTED-PRINTABLE:a=0D=0Ab", "TEL;CELL:4"]);
    assert_eq!(
        text(&part(&stored, &old).unwrap()),
        text(&card("3.0", &["N:Doe;John;;;", "TEL;TYPE=CELL:4", "X-A:kept", "NOTE:a\\nb"]))
    );
    assert_eq!(part(&stored, &card("3.0", &[])), None);
    let plain = |text: &str| body(Form::Plain, text);
    assert_eq!(part(&plain("a"), &plain("b")), None);
    assert_eq!(part(&stored, &plain("b")), None);
}

#[test]
fn a_part_of_an_event_leaves_its_alarm_its_zone_and_its_exceptions_alone() {
    let whole = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VTIMEZONE\r\nTZID:Z\r\nEND:VTIMEZONE\r\nBEGIN:VEVENT\r\nUID:1\r\n\
        SUMMARY:old\r\nDTSTART;TZID=Z:20260101T100000\r\nBEGIN:VALARM\r\nTRIGGER:-PT5M\r\nEND:VALARM\r\nEND:VEVENT\r\n\
        BEGIN:VEVENT\r\nUID:1\r\nRECURRENCE-ID;TZID=Z:20260102T100000\r\nSUMMARY:other\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
    let some = |lines: &str| {
        let text = format!(
            "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\n{lines}END:VEVENT\r\nEND:VCALENDAR\r\n"
        );
        body(Form::Icalendar20, &text)
    };
    let stored = body(Form::Icalendar20, whole);
    let laid = part(&stored, &some("SUMMARY:new\r\nLOCATION:here\r\n")).unwrap();
    let expected = whole
        .replace("SUMMARY:old", "SUMMARY:new")
        .replace("100000\r\nBEGIN:VALARM", "100000\r\nLOCATION:here\r\nBEGIN:VALARM");
    assert_eq!(text(&laid), expected);
    let laid = part(&stored, &some("BEGIN:VALARM\r\nTRIGGER:-PT9M\r\nEND:VALARM\r\n")).unwrap();
    assert_eq!(text(&laid), whole.replace("-PT5M", "-PT9M"));
}

#[test]
fn a_part_of_many_lines_is_laid_over_in_time() {
    let lines: Vec<String> = (0..40_000).map(|number| format!("X-{number}:1")).collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let started = std::time::Instant::now();
    assert!(part(&card("3.0", &lines), &card("3.0", &lines)).is_some());
    assert!(started.elapsed().as_secs() < 10);
}

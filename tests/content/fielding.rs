//! Plain fields, read and written.

use crate::{body, card, event, text};
use anchorage::content::fields::{Field, FieldKind, patch, project, standard};
use anchorage::record::{Body, Form, Kind};

fn shown(body: &Body, kind: Kind, name: &str) -> String {
    let all = project(body, &standard(kind));
    all.into_iter().find(|(known, _)| known == name).unwrap_or_else(|| panic!("no field {name}")).1
}

fn patched(body: Option<&Body>, kind: Kind, values: &[(&str, &str)]) -> Body {
    let values: Vec<(String, String)> = values.iter().map(|(n, v)| ((*n).into(), (*v).into())).collect();
    patch(body, kind, &standard(kind), &values).unwrap()
}

fn rich() -> Body {
    card(
        "3.0",
        &[
            "FN:John Doe",
            "N:Doe;John;M\\;x;Dr;",
            "ORG:A\\, Inc;Dept",
            "TEL;TYPE=WORK,VOICE:1",
            "TEL;TYPE=CELL,VOICE;X-P=q:2",
            "TEL;TYPE=HOME,FAX:3",
            "TEL:4",
            "EMAIL;TYPE=INTERNET:a@b",
            "EMAIL:c@d",
            "ADR;TYPE=WORK:;;Street 1;City;;123;Land",
            "BDAY:1981-09-25",
            "NOTE:one\\ntwo",
            "CATEGORIES:x,y",
            "PHOTO;ENCODING=b;TYPE=JPEG:/9j/",
            "X-THING;a=b:odd;,\\",
            "stray line",
        ],
    )
}

#[test]
fn a_card_shows_its_fields() {
    let card = rich();
    let expected = [
        ("name", "John Doe"),
        ("firstname", "John"),
        ("lastname", "Doe"),
        ("middlename", "M;x"),
        ("prefix", "Dr"),
        ("suffix", ""),
        ("nickname", ""),
        ("company", "A, Inc"),
        ("department", "Dept"),
        ("title", ""),
        ("phone", "4"),
        ("workphone", "1"),
        ("mobile", "2"),
        ("fax", "3"),
        ("pager", ""),
        ("email", "a@b"),
        ("email2", "c@d"),
        ("street", "Street 1"),
        ("city", "City"),
        ("state", ""),
        ("zip", "123"),
        ("country", "Land"),
        ("web", ""),
        ("birthday", "370224000000"),
        ("note", "one\ntwo"),
        ("categories", "x,y"),
    ];
    let all = project(&card, &standard(Kind::Contacts));
    assert_eq!(all, expected.map(|(n, v)| (n.to_owned(), v.to_owned())));
    for form in [Form::Vcard21, Form::Vcard40] {
        let other = anchorage::content::convert(&card, &form);
        assert_eq!(project(&other, &standard(Kind::Contacts)), all, "{}", text(&other));
    }
}

#[test]
fn a_patch_changes_its_line_and_no_other() {
    let before = rich();
    let table: &[(&[(&str, &str)], &[(&str, &str)])] = &[
        (&[("firstname", "Jané; x")], &[("N:Doe;John;M\\;x;Dr;", "N:Doe;Jané\\; x;M\\;x;Dr;")]),
        (&[("mobile", "22")], &[("TEL;TYPE=CELL,VOICE;X-P=q:2", "TEL;TYPE=CELL,VOICE;X-P=q:22")]),
        (&[("mobile", "")], &[("TEL;TYPE=CELL,VOICE;X-P=q:2\r\n", "")]),
        (&[("phone", "44")], &[("TEL:4", "TEL:44")]),
        (&[("pager", "5")], &[("TEL:4\r\n", "TEL:4\r\nTEL;TYPE=PAGER:5\r\n")]),
        (&[("email2", "z@z")], &[("EMAIL:c@d", "EMAIL:z@z")]),
        (&[("department", "")], &[("ORG:A\\, Inc;Dept", "ORG:A\\, Inc;")]),
        (&[("birthday", "-86400000")], &[("1981-09-25", "1969-12-31")]),
        (&[("birthday", "0")], &[("BDAY:1981-09-25\r\n", "")]),
        (&[("categories", "x,z")], &[("CATEGORIES:x,y", "CATEGORIES:x,z")]),
        (&[("city", "Köln")], &[("Street 1;City", "Street 1;Köln")]),
        (&[("note", "1\r\n2, 3")], &[("one\\ntwo", "1\\n2\\, 3")]),
        (&[("name", "Else; x")], &[("FN:John Doe", "FN:Else\\; x")]),
        (&[("name", "John Doe"), ("note", "one\ntwo"), ("pager", ""), ("birthday", "370224000000")], &[]),
    ];
    for (values, changes) in table {
        let after = patched(Some(&before), Kind::Contacts, values);
        let expected = changes.iter().fold(text(&before), |sum, (old, new)| {
            assert!(sum.contains(old), "{old}");
            sum.replacen(old, new, 1)
        });
        assert_eq!(text(&after), expected, "{values:?}");
        for (name, value) in *values {
            let value = value.replace("\r\n", "\n");
            let value = if value.is_empty() && *name == "birthday" { "0".into() } else { value };
            assert_eq!(shown(&after, Kind::Contacts, name), value, "{name}");
        }
    }
}

#[test]
fn a_patch_speaks_the_dialect_of_the_card() {
    let old = card("2.1", &["N:Doe;John", "TEL;CELL:1", "PHOTO;BASE64:/9j/", "", "X-A;B:c"]);
    let new = patched(
        Some(&old),
        Kind::Contacts,
        &[("firstname", "Jörg"), ("note", "a\nb"), ("fax", "9"), ("mobile", "2")],
    );
    let expected = card(
        "2.1",
        &[
            "N;ENCODING=QUOTED-PRINTABLE;CHARSET=UTF-8:Doe;J=C3=B6rg",
            "TEL;CELL:2",
            "TEL;FAX:9",
            "PHOTO;BASE64:/9j/",
            "",
            "X-A;B:c",
            "NOTE;ENCODING=QUOTED-PRINTABLE;CHARSET=UTF-8:a=0D=0Ab",
        ],
    );
    assert_eq!(text(&new), text(&expected));
}

#[test]
fn a_new_contact_is_a_valid_card() {
    let new = patched(
        None,
        Kind::Contacts,
        &[("id", "x1"), ("firstname", "Ann"), ("lastname", "Lee"), ("mobile", "1"), ("country", "DE")],
    );
    assert_eq!(
        text(&new),
        text(&card("3.0", &["N:Lee;Ann", "TEL;TYPE=CELL:1", "ADR;TYPE=HOME:;;;;;;DE", "FN:Ann Lee"]))
    );
    let new = patched(None, Kind::Contacts, &[("name", "Ann B. Lee")]);
    assert_eq!(text(&new), text(&card("3.0", &["FN:Ann B. Lee", "N:Lee;Ann B.;;;"])));
}

#[test]
fn an_event_keeps_its_zone_and_its_days() {
    let zoned = event(
        "2.0",
        &["SUMMARY:x", "DTSTART;TZID=Europe/Berlin:20240701T100000", "DURATION:PT1H30M", "RRULE:FREQ=DAILY"],
    );
    assert_eq!(shown(&zoned, Kind::Calendar, "start"), "1719820800000");
    assert_eq!(shown(&zoned, Kind::Calendar, "end"), "1719826200000");
    assert_eq!(shown(&zoned, Kind::Calendar, "rrule"), "FREQ=DAILY");
    assert_eq!(shown(&zoned, Kind::Calendar, "allday"), "0");
    let moved =
        patched(Some(&zoned), Kind::Calendar, &[("start", "1704096000000"), ("end", "1704099600000")]);
    assert_eq!(
        text(&moved),
        text(&event(
            "2.0",
            &[
                "SUMMARY:x",
                "DTSTART;TZID=Europe/Berlin:20240101T090000",
                "RRULE:FREQ=DAILY",
                "DTEND;TZID=Europe/Berlin:20240101T100000"
            ]
        ))
    );
    let day = event("2.0", &["DTSTART;VALUE=DATE:20240701"]);
    assert_eq!(
        (shown(&day, Kind::Calendar, "start"), shown(&day, Kind::Calendar, "allday")),
        ("1719792000000".into(), "1".into())
    );
    assert_eq!(
        text(&patched(Some(&day), Kind::Calendar, &[("start", "1704096000000")])),
        text(&event("2.0", &["DTSTART;VALUE=DATE:20240101"]))
    );
    let timed = patched(Some(&day), Kind::Calendar, &[("allday", "0"), ("start", "1704096000000")]);
    assert_eq!(text(&timed), text(&event("2.0", &["DTSTART:20240101T080000Z"])));
    let whole = patched(Some(&zoned), Kind::Calendar, &[("allday", "1")]);
    assert!(text(&whole).contains("DTSTART;VALUE=DATE:20240701\r\n"), "{}", text(&whole));
    let unknown = event("2.0", &["DTSTART;TZID=Mine:20240701T100000"]);
    assert_eq!(
        text(&patched(Some(&unknown), Kind::Calendar, &[("start", "1704096000000")])),
        text(&event("2.0", &["DTSTART:20240101T080000Z"]))
    );
    let exact = event("1.0", &["DTSTART:20240701T100000", "DTEND:20240701T110000"]);
    assert_eq!(
        text(&patched(Some(&exact), Kind::Calendar, &[("start", "1704096000000")])),
        text(&event("1.0", &["DTSTART:20240101T080000", "DTEND:20240701T110000"]))
    );
}

#[test]
fn a_new_event_and_a_task() {
    let new = patched(
        None,
        Kind::Calendar,
        &[
            ("id", "e,1"),
            ("title", "A; b"),
            ("allday", "1"),
            ("start", "1719792000000"),
            ("end", "1719878400000"),
        ],
    );
    assert_eq!(
        text(&new),
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Anchorage//Anchorage//EN\r\nBEGIN:VEVENT\r\nUID:e\\,1\r\nSUMMARY:A\\; b\r\n\
         DTSTART;VALUE=DATE:20240701\r\nDTEND;VALUE=DATE:20240702\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    );
    let task = patched(None, Kind::Todo, &[("title", "T"), ("due", "1719792000000"), ("priority", "5")]);
    assert!(
        text(&task)
            .contains("BEGIN:VTODO\r\nSUMMARY:T\r\nDUE:20240701T000000Z\r\nPRIORITY:5\r\nEND:VTODO\r\n"),
        "{}",
        text(&task)
    );
    assert_eq!(shown(&task, Kind::Todo, "done"), "0");
    let done = patched(Some(&task), Kind::Todo, &[("done", "1")]);
    assert_eq!(
        (shown(&done, Kind::Todo, "done"), shown(&done, Kind::Todo, "status")),
        ("1".into(), "COMPLETED".into())
    );
    let undone = patched(Some(&done), Kind::Todo, &[("done", "0")]);
    assert_eq!(
        (shown(&undone, Kind::Todo, "done"), shown(&undone, Kind::Todo, "status")),
        ("0".into(), "NEEDS-ACTION".into())
    );
}

#[test]
fn notes_have_a_title_and_a_body() {
    let note = patched(None, Kind::Notes, &[("title", "Shop"), ("body", "milk\neggs")]);
    assert_eq!(text(&note), "Shop\nmilk\neggs");
    assert_eq!(text(&patched(Some(&note), Kind::Notes, &[("title", "Buy")])), "Buy\nmilk\neggs");
    assert_eq!(text(&patched(Some(&note), Kind::Notes, &[("body", "a;b\\,c")])), "a;b\\,c");
    let exact = body(Form::Plain, "a\r\nb\r\n");
    assert_eq!(patched(Some(&exact), Kind::Notes, &[("body", "a\nb\n"), ("title", "a")]), exact);
    let old = body(Form::Vnote11, "BEGIN:VNOTE\r\nVERSION:1.1\r\nBODY:a\r\nX-IRMC-LUID:7\r\nEND:VNOTE\r\n");
    let new = patched(Some(&old), Kind::Notes, &[("body", "ä")]);
    assert_eq!(
        text(&new),
        text(&old).replace("BODY:a", "BODY;ENCODING=QUOTED-PRINTABLE;CHARSET=UTF-8:=C3=A4")
    );
}

fn field(name: &str, kind: FieldKind) -> Field {
    Field { name: name.into(), kind, path: String::new() }
}

#[test]
fn a_table_row_keeps_its_order() {
    let fields = [
        field("id", FieldKind::PrimaryKey),
        field("a", FieldKind::String),
        field("n", FieldKind::Integer),
        field("r", FieldKind::Real),
        field("N", FieldKind::String),
    ];
    let set = |body: Option<&Body>, values: &[(&str, &str)]| {
        let values: Vec<(String, String)> = values.iter().map(|(n, v)| ((*n).into(), (*v).into())).collect();
        patch(body, Kind::Table, &fields, &values)
    };
    let row = set(None, &[("id", "1"), ("n", "-5"), ("a", "x;\\,\"")]).unwrap();
    assert_eq!(text(&row), r#"[["n","-5"],["a","x;\\,\""]]"#);
    let row = set(Some(&row), &[("a", "y"), ("r", "1.5"), ("n", "")]).unwrap();
    assert_eq!(text(&row), r#"[["n",""],["a","y"],["r","1.5"]]"#);
    let expected =
        [("a", "y"), ("n", "0"), ("r", "1.5"), ("N", "")].map(|(n, v)| (n.to_owned(), v.to_owned()));
    assert_eq!(project(&row, &fields), expected);
    for (name, value) in [
        ("x", "1"),
        ("n", "1.5"),
        ("n", "+1"),
        ("n", "9223372036854775808"),
        ("n", "--1"),
        ("r", "1,5"),
        ("r", "inf"),
        ("a", "\u{1}"),
    ] {
        let error = set(Some(&row), &[(name, value)]).unwrap_err();
        assert_eq!(error.field, name, "{value}");
        assert!(!error.reason.is_empty());
    }
    let dates = [field("d", FieldKind::Date)];
    for bad in ["tomorrow", "99999999999999999", "1.5"] {
        assert!(patch(None, Kind::Table, &dates, &[("d".into(), bad.into())]).is_err(), "{bad}");
    }
    let spaced = body(Form::Table, "[ [\"a\", \"1\"] ]");
    assert_eq!(project(&spaced, &fields)[0].1, "1");
    assert_eq!(set(Some(&spaced), &[("a", "1")]).unwrap(), spaced);
}

#[test]
fn an_operator_can_declare_paths_of_his_own() {
    let fields = [
        Field { name: "spouse".into(), kind: FieldKind::String, path: "X-SPOUSE".into() },
        Field { name: "office".into(), kind: FieldKind::String, path: "ADR;TYPE=WORK[1]".into() },
        Field { name: "broken".into(), kind: FieldKind::String, path: "ADR[".into() },
    ];
    let after = patch(
        Some(&card("3.0", &["FN:x"])),
        Kind::Contacts,
        &fields,
        &[("spouse".into(), "a;b".into()), ("office".into(), "7".into()), ("broken".into(), "7".into())],
    )
    .unwrap();
    assert_eq!(text(&after), text(&card("3.0", &["FN:x", "X-SPOUSE:a;b", "ADR;TYPE=WORK:;7"])));
}

#[test]
fn an_empty_name_is_made_of_its_parts_and_strangers_are_refused() {
    assert_eq!(shown(&card("3.0", &["FN:", "N:Doe;John;;Dr;"]), Kind::Contacts, "name"), "Dr John Doe");
    let home = card("3.0", &["ADR;TYPE=WORK:;;;City", "ADR;TYPE=HOME:;;Street"]);
    assert_eq!(
        (shown(&home, Kind::Contacts, "city"), shown(&home, Kind::Contacts, "street")),
        (String::new(), "Street".into())
    );
    let opaque = body(Form::Opaque("x/y".into()), "x");
    let values = [("name".to_owned(), "y".to_owned())];
    assert_eq!(
        patch(Some(&opaque), Kind::Contacts, &standard(Kind::Contacts), &values).unwrap_err().field,
        "name"
    );
}

#[test]
fn what_xml_cannot_carry_is_not_shown() {
    assert_eq!(shown(&card("3.0", &["NOTE:a\u{1}b\0"]), Kind::Contacts, "note"), "ab");
}

//! Filters read, and records held against them.
#![allow(clippy::unwrap_used, clippy::panic)]

use super::*;
use crate::content::fields::standard;
use crate::record::{Body, CollectionId, Content, Form, Kind, Record, RecordId};
use crate::syncml::message::{Data, Meta};

fn collection(kind: Kind) -> Collection {
    Collection { id: CollectionId("it".into()), kind, fields: standard(kind), ..Collection::default() }
}

fn record(form: Form, lines: &str) -> Record {
    Record {
        collection: CollectionId("it".into()),
        id: RecordId::new("r1").unwrap(),
        seq: 1_767_225_600_000,
        origin: String::new(),
        parent: None,
        content: Content::Body(Body { form, bytes: lines.replace('|', "\r\n").into_bytes() }),
    }
}

fn card(lines: &str) -> Record {
    record(Form::Vcard30, &format!("BEGIN:VCARD|VERSION:3.0|{lines}|END:VCARD|"))
}

fn event(lines: &str) -> Record {
    let text = format!("BEGIN:VCALENDAR|VERSION:2.0|BEGIN:VEVENT|{lines}|END:VEVENT|END:VCALENDAR|");
    record(Form::Icalendar20, &text)
}

fn admits(kind: Kind, query: &str, record: &Record) -> bool {
    let criteria = Criteria::of(query, &collection(kind));
    criteria.unwrap_or_else(|why| panic!("{query}: {why:?}")).admits(record, Some("luid/7"))
}

fn item(media_type: &str, data: &str) -> Option<Item> {
    let meta = Meta { media_type: Some(media_type.into()), ..Meta::default() };
    Some(Item { meta, data: Some(Data::Bytes(data.into())), ..Item::default() })
}

fn asked(element: Element) -> Result<Option<Filter>, Refusal> {
    let location = Location { filter: Some(Box::new(element)), ..Location::of("./contacts") };
    Filter::of(&location, &collection(Kind::Contacts))
}

fn code(element: Element) -> u16 {
    asked(element).unwrap_err().code
}

fn jane() -> Record {
    card(
        "N:Doe;Jane;;Dr.;|FN:Jane Doe|ORG:Acme\\, Inc.;Sales|TEL;TYPE=CELL:+49 170 1|TEL;TYPE=WORK:0228|\
         EMAIL:jane@example.org|EMAIL:doe@example.com|BDAY:1980-05-17|CATEGORIES:Friends,Work|NOTE:Likes \\; tea|X-ZODIAC:Taurus",
    )
}

#[test]
fn a_card_is_held_against_its_fields_and_its_properties() {
    let jane = jane();
    let yes = [
        "name&EQ;Jane Doe",
        "lastname&EQ;Doe",
        "firstname&iCON;jan",
        "company&EQ;Acme, Inc.",
        "company&CON;Acme%2C",
        "department&NE;Purchase",
        "mobile&CON;170",
        "workphone&EQ;0228",
        "email2&EQ;doe@example.com",
        "birthday&LT;19810101",
        "birthday&EQ;1980-05-17",
        "categories&CON;Work",
        "nickname&EQ;&NULL;",
        "note&NE;&NULL;",
        "FN&EQ;Jane Doe",
        "N&EQ;Doe;Jane;;Dr.",
        "N&CON;Jane Doe",
        "n&iCON;DOE",
        "TEL&EQ;0228",
        "EMAIL&CON;example.com",
        "NOTE&CON;; tea",
        "BDAY&GE;19800517",
        "X-ZODIAC&EQ;Taurus",
        "X-NOTHING&NE;a",
        "CompanyName&iEQ;acme%2c inc.&AND;FirstName&CON;an",
        "GROUP&EQ;Friends",
        "GROUP&iEQ;WORK",
        "GROUP&NE;Family",
        "SINCE&EQ;20300101T000000Z",
        "UNSEEN&EQ;true",
        "&LUID;&EQ;luid/7",
        "&LUID;&EQ;r1",
        "id&EQ;r1",
        "modified&iGE;20260101T000000Z",
        "lastname&EQ;Roe&OR;lastname&EQ;Doe",
        "lastname&GE;D&lastname&LT;E",
    ];
    for query in yes {
        assert!(admits(Kind::Contacts, query, &jane), "{query}");
    }
}

#[test]
fn a_card_that_is_otherwise_is_left_out() {
    let jane = jane();
    let no = [
        "name&EQ;jane doe",
        "lastname&NE;Doe",
        "company&NCON;Acme",
        "nickname&CON;a",
        "nickname&GT;a",
        "nickname&NE;&NULL;",
        "birthday&GT;19810101",
        "TEL&NE;0228",
        "EMAIL&NCON;example.com",
        "X-NOTHING&EQ;a",
        "GROUP&EQ;Friend",
        "GROUP&NE;Work",
        "modified&GT;20260101T000000Z",
        "&LUID;&EQ;7",
        "lastname&EQ;Doe&firstname&EQ;John",
    ];
    for query in no {
        assert!(!admits(Kind::Contacts, query, &jane), "{query}");
    }
    let versit =
        "BEGIN:VCARD|VERSION:2.1|N;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:M=C3=BCller;J=C3=B6rg|END:VCARD|";
    assert!(admits(Kind::Contacts, "lastname&EQ;M%C3%BCller", &record(Form::Vcard21, versit)));
    assert!(admits(Kind::Contacts, "N&iCON;J%C3%96RG", &record(Form::Vcard21, versit)));
}

#[test]
fn every_declared_field_can_be_asked_for() {
    for kind in [Kind::Contacts, Kind::Calendar, Kind::Todo, Kind::Notes] {
        for field in standard(kind) {
            let query = format!("{}&NE;x", field.name);
            assert!(Criteria::of(&query, &collection(kind)).is_ok(), "{kind:?} {query}");
        }
    }
    let mut own = collection(Kind::Contacts);
    let path = "X-SPOUSE".to_owned();
    own.fields.push(crate::content::fields::Field {
        name: "spouse".into(),
        kind: crate::content::fields::FieldKind::String,
        path,
    });
    let criteria = Criteria::of("spouse&EQ;John", &own).unwrap();
    assert!(criteria.admits(&card("N:Doe|X-SPOUSE:John"), None));
    assert!(!criteria.admits(&card("N:Doe|X-SPOUSE:Jim"), None));
}

#[test]
fn an_event_is_held_against_a_window() {
    let window = "SINCE&EQ;20260601T000000Z&AND;BEFORE&EQ;20260701T000000Z";
    let inside = |lines: &str| admits(Kind::Calendar, window, &event(lines));
    assert!(inside("DTSTART:20260615T100000Z|DTEND:20260615T110000Z"));
    assert!(inside("DTSTART:20260520T100000Z|DTEND:20260602T110000Z"), "it is still going on");
    assert!(inside("DTSTART;VALUE=DATE:20260601"));
    assert!(inside("DTSTART:20200101T100000Z|RRULE:FREQ=YEARLY"));
    assert!(inside("SUMMARY:some day"));
    assert!(!inside("DTSTART:20260520T100000Z|DTEND:20260520T110000Z"));
    assert!(!inside("DTSTART:20260801T100000Z|DTEND:20260801T110000Z"));
    assert!(!inside("DTSTART:20200101T100000Z|RRULE:FREQ=DAILY;UNTIL=20200301T000000Z"));
    assert!(!inside("DTSTART:20270101T100000Z|RRULE:FREQ=YEARLY"));
    let lunch = event("DTSTART:20260615T100000Z|SUMMARY:Lunch|CATEGORIES:Food");
    for query in
        ["SINCE&GE;20260601", "SINCE&gt;2026-06-01", "BEFORE&LE;20260701", "BEFORE&LT;20260701T000000"]
    {
        assert!(admits(Kind::Calendar, query, &lunch), "{query}");
    }
    assert!(admits(Kind::Calendar, "GROUP&EQ;Food&title&EQ;Lunch&Subject&iCON;LUN", &lunch));
    assert!(admits(Kind::Calendar, "DTSTART&GE;20260615T100000Z&start&LT;20260615T100001Z", &lunch));
    assert!(!admits(Kind::Calendar, "start&GT;20260615T100000Z", &lunch));
    let versit = "BEGIN:VCALENDAR|VERSION:1.0|BEGIN:VEVENT|DTSTART:20260520T100000Z|DTEND:20260520T110000Z|END:VEVENT|END:VCALENDAR|";
    assert!(!admits(Kind::Calendar, window, &record(Form::Vcalendar10, versit)));
    let note = record(Form::Plain, "Milk|Eggs");
    assert!(admits(Kind::Notes, "title&EQ;Milk&body&CON;Eggs&BODY&CON;Eggs&SINCE&EQ;20260601", &note));
}

#[test]
fn a_query_that_is_not_understood_is_refused() {
    let refusal = |query: &str| Criteria::of(query, &collection(Kind::Contacts)).unwrap_err();
    for malformed in
        ["N", "N&EQ;(", "SINCE&EQ;soon", "SINCE&LT;20260101", "BEFORE&CON;2026", "SINCE&EQ;&NULL;"]
    {
        assert_eq!(refusal(malformed).code, 422, "{malformed}");
    }
    assert_eq!(refusal("NOATT&EQ;1"), Refusal { code: 406, why: "filter by NOATT".into() });
    assert_eq!(refusal("lastname&EQ;a&AND;age&GT;7").why, "filter by age");
    assert_eq!(refusal(&vec!["N&EQ;1"; 65].join("&")).code, 413);
}

#[test]
fn the_element_is_read() {
    let record = || item("syncml:filtertype-cgi", "N&CON;Doe");
    let excluded = asked(Element { record: record(), ..Element::default() }).unwrap().unwrap();
    assert_eq!((excluded.exclusive, excluded.query.as_str(), excluded.fields), (true, "N&CON;Doe", None));
    let kind =
        |kind: &str| Element { record: record(), filter_type: Some(kind.into()), ..Element::default() };
    assert!(!asked(kind(" inclusive")).unwrap().unwrap().exclusive);
    assert!(asked(kind("")).unwrap().unwrap().exclusive);
    let refusal = asked(kind("SOMETIMES")).unwrap_err();
    assert_eq!((refusal.code, refusal.why.as_str()), (406, "FilterType SOMETIMES"));
    let with = |record: Option<Item>| Element { record, ..Element::default() };
    assert!(asked(with(item("syncml::filtertype-cgi", "N&EQ;a"))).is_ok(), "S60");
    assert_eq!(code(with(item("text/sql", "SELECT"))), 406);
    assert_eq!(code(with(item("", "N&EQ"))), 422);
    assert_eq!(code(with(item("", &format!("N&EQ;{}", "a".repeat(2_000))))), 413);
    assert_eq!(asked(with(item("", " "))), Ok(None));
    assert_eq!(asked(Element::default()), Ok(None));
    let field =
        |data: &str| Element { field: item("application/vnd.syncml-devinf+xml", data), ..Element::default() };
    let named = asked(field("<Property><PropName>tel</PropName></Property>")).unwrap().unwrap();
    assert_eq!((named.query.as_str(), named.fields), ("", Some(Names::from(["TEL".into()]))));
    assert_eq!(asked(field("")), Ok(None));
    let many: String = (0..400).map(|number| format!("<PropName>X-{number:05}</PropName>")).collect();
    assert_eq!(code(field(&many)), 413);
}

#[test]
fn a_query_behind_a_path_takes_nothing_away() {
    let of = |uri: &str| Filter::of(&Location::of(uri), &collection(Kind::Calendar));
    let filter = of("./cal?SINCE&EQ;20250101T000000Z").unwrap().unwrap();
    assert_eq!((filter.exclusive, filter.query.as_str()), (false, "SINCE&EQ;20250101T000000Z"));
    assert_eq!((of("./cal"), of("./cal?"), of("./cal?/dr(-1,30)")), (Ok(None), Ok(None), Ok(None)));
    assert_eq!(of("./cal?SINCE&EQ;").unwrap_err().code, 422);
}

#[test]
fn what_was_left_out_is_remembered() {
    let filter = |exclusive, query: &str, fields: Option<&[&str]>| Filter {
        exclusive,
        query: query.into(),
        fields: fields.map(|names| names.iter().map(|name| (*name).to_owned()).collect()),
    };
    let by = |filter: &Filter| LeftOut::by(Some(filter));
    assert_eq!((LeftOut::by(None).text(), LeftOut::of_text("")), (String::new(), LeftOut::default()));
    let one = by(&filter(true, "N&EQ;a", Some(&["N", "TEL"])));
    assert_eq!(LeftOut::of_text(&one.text()), one);
    assert_ne!(one.filter, by(&filter(false, "N&EQ;a", None)).filter);
    assert_eq!(LeftOut::of_text("{").filter, LeftOut::UNKNOWN);
    let other = by(&filter(true, "", Some(&["N", "NOTE"])));
    assert_eq!(one.fields_with(&other), Some(Names::from(["N".into()])));
    assert_eq!(one.fields_with(&LeftOut::default()), one.fields);
    assert!(one.is_narrower_than(&other) && one.is_narrower_than(&LeftOut::default()));
    assert!(!LeftOut::default().is_narrower_than(&one) && !one.is_narrower_than(&one));
    assert!(one.lacks_of(&other, "NOTE") && !one.lacks_of(&other, "N") && !one.lacks_of(&other, "ROLE"));
}

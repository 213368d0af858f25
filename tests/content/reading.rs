//! Reading and writing.

use crate::{body, cases, named, text};
use anchorage::content::value::{self, Shape};
use anchorage::content::{media_type, read, recognise, write};
use anchorage::record::{Entry, Form, Properties};

#[test]
fn the_hard_cases_say_what_they_say_and_keep_their_bytes() {
    for case in cases::all() {
        let object = body(case.form.clone(), cases::object(&case));
        let properties = read(&object);
        assert_eq!(write(&properties), object, "{}", case.what);
        let mut found = Vec::new();
        named(&properties.entries, case.name, &mut found);
        let [property] = found.as_slice() else { panic!("{}: {} of {}", case.what, found.len(), case.name) };
        let dialect = value::dialect(&case.form);
        let said = match value::shape(case.name) {
            Shape::Compound => value::compound(&value::text(property).unwrap(), dialect),
            Shape::List => value::list(&value::text(property).unwrap(), dialect),
            Shape::Binary => vec![String::from_utf8_lossy(&property.value).into_owned()],
            _ => vec![value::plain(property, dialect)],
        };
        assert_eq!(said, case.says, "{}", case.what);
        assert_eq!(value::types(&property.parameters).collect::<Vec<_>>(), case.types, "{}", case.what);
        assert_eq!(recognise(None, &object.bytes), case.form, "{}", case.what);
    }
}

#[test]
fn any_bytes_come_back_as_they_were() {
    let long = "BEGIN:VEVENT\r\n".repeat(5_000);
    let shapes: Vec<&[u8]> = vec![
        b"",
        b"\r\n",
        b"\0",
        b"BEGIN:VCARD",
        b"END:VCARD\r\nEND:VCARD",
        b"BEGIN:VCARD\r\nBEGIN:VCARD\r\nEND:VCARD",
        b"BEGIN:A\nBEGIN:B\nEND:A\nX:1\nEND:B\n",
        b" folded from nothing\r\nN:x\r\n",
        b"a\rb\nc\r",
        b"\n\n\n:::;;;===\n",
        b"N;ENCODING=QUOTED-PRINTABLE:=\r\n=\r\n=",
        b"P;BASE64:\r\n\r\n\r\n",
        b"AGENT:\r\nBEGIN:VCARD\r\nAGENT:\r\nBEGIN:VCARD\r\n",
        b"[[\"a\",\"b\"]]",
        b"[ [\"a\" , 1] ]",
        b"[]",
        b"[1]",
        b"\xEF\xBB\xBF",
        long.as_bytes(),
    ];
    for form in every_form() {
        for bytes in &shapes {
            let object = body(form.clone(), bytes);
            assert_eq!(write(&read(&object)), object, "{form:?} {:?}", String::from_utf8_lossy(bytes));
        }
    }
}

pub fn every_form() -> Vec<Form> {
    let labels = [
        "table",
        "vcard2.1",
        "vcard3.0",
        "vcard4.0",
        "vcalendar1.0",
        "icalendar2.0",
        "vnote1.1",
        "plain",
        "opaque:x/y",
    ];
    labels.iter().map(|label| Form::of_label(label)).collect()
}

#[test]
fn components_nest_and_close() {
    let properties = read(&body(Form::Icalendar20, "BEGIN:A\r\nbegin:b\r\nX:1\r\nEND:A\r\nY:2\r\n"));
    let [Entry::Component(outer), Entry::Property(after)] = properties.entries.as_slice() else { panic!() };
    assert_eq!((outer.name.as_str(), after.name.as_str()), ("A", "Y"));
    assert!(
        matches!(outer.entries.as_slice(), [Entry::Component(inner)] if inner.name == "B" && inner.end.is_empty())
    );
}

#[test]
fn a_changed_property_is_written_in_its_dialect() {
    let long = "Grüße aus Zürich, ".repeat(8);
    for (form, must) in
        [(Form::Vcard21, ";ENCODING=QUOTED-PRINTABLE;CHARSET=UTF-8:Gr=C3=BC"), (Form::Vcard30, "NOTE:Gr")]
    {
        let version = media_type(&form).1.to_owned();
        let object = crate::card(&version, &["NOTE:x", "TITLE:y"]);
        let mut properties = read(&object);
        let dialect = value::dialect(&form);
        change(&mut properties, "NOTE", &value::escaped(&long, dialect, false), dialect);
        let written = write(&properties);
        assert!(text(&written).contains(must), "{}", text(&written));
        assert!(text(&written).lines().all(|line| line.len() <= 76), "{}", text(&written));
        let mut found = Vec::new();
        let again = read(&written);
        named(&again.entries, "NOTE", &mut found);
        assert_eq!(value::plain(found[0], dialect), long);
        assert!(text(&written).ends_with("TITLE:y\r\nEND:VCARD\r\n"));
    }
}

fn change(properties: &mut Properties, name: &str, to: &str, dialect: value::Dialect) {
    let Some(Entry::Component(card)) = properties.entries.first_mut() else { panic!() };
    for entry in &mut card.entries {
        if let Entry::Property(property) = entry
            && property.name == name
        {
            value::put(property, dialect, to);
        }
    }
}

#[test]
fn forms_are_told_by_label_and_by_bytes() {
    let v30 = b"BEGIN:VCARD\r\nVERSION:3.0\r\n".as_slice();
    let table: Vec<(Option<&str>, &[u8], Form)> = vec![
        (Some("text/x-vcard"), v30, Form::Vcard30),
        (Some("text/x-vcard"), b"BEGIN:VCARD\r\nN:x", Form::Vcard21),
        (Some("text/vcard; charset=UTF-8"), b"BEGIN:VCARD\r\nN:x", Form::Vcard30),
        (Some("TEXT/VCARD"), b"\r\n begin:vcard\nversion : 4", Form::Vcard30),
        (Some("text/directory;profile=vCard"), b"BEGIN:VCARD\nVERSION:4.0\n", Form::Vcard40),
        (Some("text/x-vcalendar"), b"BEGIN:VCALENDAR\r\nVERSION:2.0", Form::Icalendar20),
        (Some("text/x-vcalendar"), b"BEGIN:VCALENDAR\r\n", Form::Vcalendar10),
        (Some("text/calendar"), b"BEGIN:VCALENDAR\r\n", Form::Icalendar20),
        (Some("text/plain"), v30, Form::Plain),
        (Some("text/x-vnote"), b"anything", Form::Vnote11),
        (None, b"BEGIN:VNOTE\r\n", Form::Vnote11),
        (None, b"hello", Form::Opaque(String::new())),
        (Some("image/png;x=y"), b"hello", Form::Opaque("image/png".into())),
        (Some("application/octet-stream"), v30, Form::Vcard30),
        (Some("text/x-vcard"), b"<?xml version=\"1.0\"?><contact/>", Form::Opaque("text/x-vcard".into())),
    ];
    for (label, bytes, form) in table {
        assert_eq!(recognise(label, bytes), form, "{label:?} {:?}", String::from_utf8_lossy(bytes));
    }
}

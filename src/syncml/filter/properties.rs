//! Field filters: the properties a device wants to have, and content without the others (DS 1.2 section 6.14; `syncml.md` 4.13).

use crate::content;
use crate::record::{Body, Entry, Form, Properties};
use crate::syncml::message::{Data, Item};
use std::collections::BTreeSet;

/// Names of properties, in upper case.
pub type Names = BTreeSet<String>;

/// The names in a `Field`: `PropName`s of the markup in its text, or of a DevInf that stands there whole.
pub fn names(item: &Item) -> Names {
    let found: Vec<String> = match &item.data {
        Some(Data::Device(device)) => {
            let of_stores = device.datastores.iter().flat_map(|store| &store.capabilities);
            let properties = of_stores.chain(&device.capabilities).flat_map(|one| &one.properties);
            properties.map(|property| property.name.clone()).collect()
        }
        data => prop_names(&String::from_utf8_lossy(data.as_ref().map(Data::bytes).unwrap_or_default())),
    };
    found.iter().map(|name| name.trim().to_ascii_uppercase()).filter(|name| !name.is_empty()).collect()
}

/// What stands in `PropName`s, whatever their prefix.
fn prop_names(markup: &str) -> Vec<String> {
    let elements = markup.split('<').filter_map(|piece| {
        let (tag, text) = piece.split_once('>')?;
        let name = tag.split(|c: char| c.is_ascii_whitespace() || c == '/').next()?;
        let local = name.rsplit(':').next()?;
        (local == "PropName").then(|| text.to_owned())
    });
    elements.collect()
}

/// A body without the properties that are not wanted. What makes it an object of its form stays.
pub fn narrowed(body: &Body, wanted: &Names) -> Body {
    let Properties { form, mut entries } = content::read(body);
    if matches!(form, Form::Plain | Form::Table | Form::Opaque(_)) {
        return body.clone();
    }
    narrow(&mut entries, wanted);
    content::write(&Properties { form, entries })
}

/// Whether a body holds a property that one of these devices gets and the other does not.
pub fn holds_any(body: &Body, is_meant: &dyn Fn(&str) -> bool) -> bool {
    fn any(entries: &[Entry], is_meant: &dyn Fn(&str) -> bool) -> bool {
        entries.iter().any(|entry| match entry {
            Entry::Property(property) => !is_structure(&property.name) && is_meant(&property.name),
            Entry::Component(component) => any(&component.entries, is_meant),
            Entry::Stray(_) => false,
        })
    }
    any(&content::read(body).entries, is_meant)
}

fn narrow(entries: &mut Vec<Entry>, wanted: &Names) {
    entries.retain_mut(|entry| match entry {
        Entry::Property(property) => is_structure(&property.name) || wanted.contains(&property.name),
        Entry::Component(component) => {
            match component.name.as_str() {
                "VALARM" => return ["VALARM", "TRIGGER", "ACTION"].iter().any(|name| wanted.contains(*name)),
                "VTIMEZONE" => {}
                _ => narrow(&mut component.entries, wanted),
            }
            true
        }
        Entry::Stray(_) => true,
    });
}

/// What no card or calendar object is one without.
fn is_structure(name: &str) -> bool {
    matches!(name, "BEGIN" | "END" | "VERSION" | "PRODID" | "N" | "FN" | "UID" | "RECURRENCE-ID")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names_of(text: &str) -> Vec<String> {
        let data = Some(Data::Bytes(text.as_bytes().to_vec()));
        names(&Item { data, ..Item::default() }).into_iter().collect()
    }

    #[test]
    fn names_are_found_in_whatever_wrapping() {
        let plain = "<Property><PropName>n</PropName></Property><Property><PropName> TEL </PropName><MaxSize>9</MaxSize></Property>";
        assert_eq!(names_of(plain), ["N", "TEL"]);
        assert_eq!(names_of("<d:Property xmlns:d='x'><d:PropName a='b'>NOTE</d:PropName>"), ["NOTE"]);
        assert!(names_of("N TEL").is_empty() && names_of("<PropName").is_empty() && names_of("").is_empty());
    }

    #[test]
    fn what_is_not_wanted_goes_and_the_rest_stays_byte_by_byte() {
        let text = "BEGIN:VCARD\r\nVERSION:3.0\r\nN:Doe;Jane\r\nitem1.TEL:1\r\nNOTE:a\r\n b\r\nX-Y:1\r\nEND:VCARD\r\n";
        let body = Body { form: Form::Vcard30, bytes: text.into() };
        let narrow = narrowed(&body, &Names::from(["TEL".into()]));
        assert_eq!(narrow.bytes, b"BEGIN:VCARD\r\nVERSION:3.0\r\nN:Doe;Jane\r\nitem1.TEL:1\r\nEND:VCARD\r\n");
        assert!(holds_any(&body, &|name| name == "NOTE") && !holds_any(&body, &|name| name == "N"));
        let event = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VTIMEZONE\r\nTZID:x\r\nEND:VTIMEZONE\r\nBEGIN:VEVENT\r\nSUMMARY:a\r\nDTSTART:20260101T000000Z\r\nBEGIN:VALARM\r\nACTION:AUDIO\r\nEND:VALARM\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
        let body = Body { form: Form::Icalendar20, bytes: event.into() };
        let narrow = String::from_utf8(narrowed(&body, &Names::from(["DTSTART".into()])).bytes).unwrap();
        assert!(narrow.contains("TZID:x") && narrow.contains("DTSTART") && !narrow.contains("SUMMARY"));
        assert!(!narrow.contains("VALARM"));
    }
}

//! Objects that a real client sent, where the recordings are at hand; and calcard as a second reader.

use anchorage::content::fields::{patch, project, standard};
use anchorage::content::{convert, read, recognise, write};
use anchorage::journal::matching::key;
use anchorage::journal::merge::replace;
use anchorage::record::{Body, Form, Kind};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The recordings: `ANCHORAGE_SHARED/corpus`, or beside the repository.
fn corpus() -> Option<PathBuf> {
    let shared = std::env::var_os("ANCHORAGE_SHARED").map(PathBuf::from);
    let shared = shared.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared"));
    let corpus = shared.join("corpus/syncevolution");
    corpus.is_dir().then_some(corpus)
}

fn files(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(directory).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "xml") {
            found.push(path);
        }
    }
}

/// Every object between `<Data>` and its end.
fn objects() -> BTreeSet<String> {
    let mut found = Vec::new();
    let Some(corpus) = corpus() else { return BTreeSet::new() };
    files(&corpus, &mut found);
    let mut objects = BTreeSet::new();
    for file in found {
        let text = String::from_utf8_lossy(&std::fs::read(file).unwrap()).into_owned();
        for piece in text.split("<Data>").skip(1) {
            let piece = piece.split("</Data>").next().unwrap_or_default();
            let object = match piece.strip_prefix("<![CDATA[") {
                Some(rest) => rest.split("]]>").next().unwrap_or_default().to_owned(),
                None => piece
                    .replace("&#13;", "\r")
                    .replace("&lt;", "<")
                    .replace("&gt;", ">")
                    .replace("&amp;", "&"),
            };
            if object.starts_with("BEGIN:") && object.contains("END:") {
                objects.insert(object);
            }
        }
    }
    objects
}

#[test]
fn recorded_objects_survive_everything() {
    let objects = objects();
    if objects.is_empty() {
        println!("skipped: no recordings (set ANCHORAGE_SHARED)");
        return;
    }
    assert!(objects.len() > 300, "{}", objects.len());
    for object in &objects {
        let body = Body { form: recognise(None, object.as_bytes()), bytes: object.clone().into_bytes() };
        assert!(!matches!(body.form, Form::Opaque(_)), "{object}");
        assert_eq!(write(&read(&body)), body);
        let others: &[Form] = match body.form {
            Form::Vcard21 | Form::Vcard30 => &[Form::Vcard21, Form::Vcard30, Form::Vcard40],
            _ => &[Form::Vcalendar10, Form::Icalendar20],
        };
        for other in others {
            let there = convert(&body, other);
            assert_eq!(there.form, *other);
            assert_eq!(key(&there), key(&body), "{object}\n{}", String::from_utf8_lossy(&there.bytes));
            assert_eq!(key(&convert(&there, &body.form)), key(&body), "{object}");
            assert_eq!(replace(&body, &there, None), body, "{}", String::from_utf8_lossy(&there.bytes));
        }
        let kind = if object.starts_with("BEGIN:VCARD") { Kind::Contacts } else { Kind::Calendar };
        let shown = project(&body, &standard(kind));
        assert_eq!(patch(Some(&body), kind, &standard(kind), &shown).unwrap(), body);
        assert!(
            shown.iter().any(|(name, value)| (name == "name" || name == "title") && !value.is_empty()),
            "{object}"
        );
    }
    println!("{} recorded objects", objects.len());
}

/// One contact in two dialects, recorded in two sessions, is one contact.
#[test]
fn dialects_of_one_recorded_client_match() {
    let objects = objects();
    let keys = |prefix: &str| -> BTreeSet<String> {
        let of = |text: &String| {
            key(&Body { form: recognise(None, text.as_bytes()), bytes: text.clone().into_bytes() })
        };
        objects.iter().filter(|object| object.starts_with(prefix)).filter_map(of).collect()
    };
    if objects.is_empty() {
        println!("skipped: no recordings (set ANCHORAGE_SHARED)");
        return;
    }
    let (old, new) = (keys("BEGIN:VCARD\r\nVERSION:2.1"), keys("BEGIN:VCARD\r\nVERSION:3.0"));
    assert!(!old.is_empty() && old.is_subset(&new), "{}", old.difference(&new).count());
    let (old, new) = (keys("BEGIN:VCALENDAR\r\nVERSION:1.0"), keys("BEGIN:VCALENDAR\r\nVERSION:2.0"));
    println!("{} of {} vCalendars match their iCalendar twins", old.intersection(&new).count(), old.len());
    // The rest has another scale of priorities, or a rule in the other grammar.
    assert!(old.intersection(&new).count() >= 4);
}

/// calcard is right about 3.0 and 4.0; it knows nothing of what this layer adds.
#[test]
fn calcard_reads_the_same_texts() {
    use calcard::vcard::{VCard, VCardProperty, VCardValue};
    let cases: [&[&str]; 3] = [
        &["FN:a\\, b\\; c\\nd", "NOTE:x\\\\y", "N:Doe;John;;;"],
        &["FN:Grüße", "item1.TEL;TYPE=\"home,voice\":+1", "NOTE:folded", " line", "N:Ö;Ä;;;"],
        &["FN:x", "N:A;B;C;D;E", "CATEGORIES:a\\,b,c"],
    ];
    for lines in cases {
        let ours = crate::card("3.0", lines);
        let theirs = VCard::parse(std::str::from_utf8(&ours.bytes).unwrap()).unwrap();
        let shown = project(&ours, &standard(Kind::Contacts));
        let field = |name: &str| shown.iter().find(|(known, _)| known == name).unwrap().1.clone();
        let text = |property: &VCardProperty| {
            let entry = theirs.entries.iter().find(|entry| entry.name == *property);
            let values = entry.map(|entry| entry.values.as_slice()).unwrap_or_default();
            let texts = values.iter().map(|value| match value {
                VCardValue::Text(text) => text.clone(),
                VCardValue::Component(parts) => parts.join(","),
                other => panic!("{other:?}"),
            });
            texts.collect::<Vec<_>>()
        };
        assert_eq!(text(&VCardProperty::Fn).concat(), field("name"));
        assert_eq!(text(&VCardProperty::Note).concat(), field("note"));
        assert_eq!(text(&VCardProperty::N).first().cloned().unwrap_or_default(), field("lastname"));
        assert_eq!(text(&VCardProperty::N).get(1).cloned().unwrap_or_default(), field("firstname"));
    }
}

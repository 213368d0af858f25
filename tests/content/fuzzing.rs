//! Mutated inputs, always the same ones: nothing panics, nothing is lost.

use crate::cases;
use crate::reading::every_form;
use anchorage::content::fields::{patch, project, standard};
use anchorage::content::{convert, read, recognise, write};
use anchorage::journal::matching::key;
use anchorage::journal::merge::merge;
use anchorage::record::{Body, Form, Kind};

struct Xorshift(u64);

impl Xorshift {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound.max(1) as u64) as usize
    }
}

const SCRAPS: &[&[u8]] = &[
    b"\r\n",
    b"\n",
    b"\r",
    b"\r\n ",
    b"=\r\n",
    b"=3D",
    b"=C3=",
    b"\\",
    b"\\;",
    b"\\n",
    b";",
    b",",
    b":",
    b"\"",
    b"\0",
    b"\xC3",
    b"\xEF\xBB\xBF",
    b"BEGIN:VCARD\r\n",
    b"END:VCARD\r\n",
    b"BEGIN:VEVENT\r\n",
    b"END:VEVENT\r\n",
    b"AGENT:\r\n",
    b";ENCODING=QUOTED-PRINTABLE",
    b";BASE64:",
    b"TEL;CELL:1\r\n",
    b"N:a;b\r\n",
    b"TZID=Europe/Berlin",
    b"DTSTART:99999999T999999Z\r\n",
    b"BDAY:00000000\r\n",
    b"--",
    b"T240000",
    b"99991231",
];

fn mutate(seed: &mut Xorshift, bytes: &mut Vec<u8>) {
    for _ in 0..=seed.below(6) {
        let at = seed.below(bytes.len() + 1);
        match seed.below(5) {
            0 if at < bytes.len() => bytes[at] = seed.next() as u8,
            1 => drop(bytes.splice(at..at, SCRAPS[seed.below(SCRAPS.len())].iter().copied())),
            2 => {
                let end = (at + seed.below(20)).min(bytes.len());
                bytes.drain(at..end);
            }
            3 => {
                let end = (at + seed.below(60)).min(bytes.len());
                let copy = bytes[at..end].to_vec();
                let to = seed.below(bytes.len() + 1);
                bytes.splice(to..to, copy);
            }
            _ => bytes.truncate(bytes.len() - seed.below(4).min(bytes.len())),
        }
    }
}

#[test]
fn mutated_objects_break_nothing() {
    let mut seed = Xorshift(0x9E37_79B9_7F4A_7C15);
    let forms = every_form();
    let cases: Vec<(Form, Vec<u8>)> =
        cases::all().iter().map(|case| (case.form.clone(), cases::object(case))).collect();
    let values = [
        ("name", "x;\\y\nz"),
        ("firstname", "é"),
        ("mobile", "1"),
        ("birthday", "-1"),
        ("categories", "a,b"),
    ];
    let dates = [("title", "ö"), ("start", "86400000"), ("end", "999999999"), ("allday", "1")];
    let owned = |values: &[(&str, &str)]| -> Vec<(String, String)> {
        values.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect()
    };
    let (values, dates) = (owned(&values), owned(&dates));
    let mut last = Body { form: Form::Plain, bytes: Vec::new() };
    for round in 0..20_000 {
        let (form, mut bytes) = cases[seed.below(cases.len())].clone();
        mutate(&mut seed, &mut bytes);
        let body =
            Body { form: if round % 10 == 0 { forms[seed.below(forms.len())].clone() } else { form }, bytes };
        let shown = || format!("{round} {:?} {:?}", body.form, String::from_utf8_lossy(&body.bytes));
        assert_eq!(write(&read(&body)), body, "{}", shown());
        let _ = recognise(None, &body.bytes);
        let other = convert(&body, &forms[seed.below(forms.len())]);
        assert_eq!(write(&read(&other)), other, "{}", shown());
        let (kind, values) =
            if seed.below(2) == 0 { (Kind::Contacts, &values) } else { (Kind::Calendar, &dates) };
        let now = project(&body, &standard(kind));
        if body.form != Form::Table {
            assert_eq!(patch(Some(&body), kind, &standard(kind), &now).unwrap(), body, "{}", shown());
        }
        if matches!(body.form, Form::Opaque(_)) {
            continue;
        }
        let patched = patch(Some(&body), kind, &standard(kind), values).unwrap();
        let again = patch(Some(&patched), kind, &standard(kind), values).unwrap();
        assert_eq!(again.form, body.form);
        let _ = key(&patched);
        let merged = merge((round % 3 == 0).then_some(&last), &body, &patched, None);
        assert_eq!(
            merged.differs_from_stored,
            merged.body != body || key(&merged.body) != key(&body),
            "{}",
            shown()
        );
        let merged = merge(Some(&body), &last, &body, None);
        assert!(merged.clashes.is_empty() && !merged.differs_from_stored, "{}", shown());
        let merged = merge(Some(&body), &body, &body, None);
        assert_eq!(merged.body, body, "{}", shown());
        last = body;
    }
}

/// Bytes of no form at all, and scraps of every form in any order.
#[test]
fn noise_is_survived() {
    let mut seed = Xorshift(0x0DDB_1A5E_5BAD_5EED);
    let forms = every_form();
    for round in 0..10_000 {
        let mut bytes = Vec::new();
        for _ in 0..seed.below(40) {
            match seed.below(3) {
                0 => bytes.push(seed.next() as u8),
                _ => bytes.extend_from_slice(SCRAPS[seed.below(SCRAPS.len())]),
            }
        }
        let _ = recognise(None, &bytes);
        let body = Body { form: forms[round % forms.len()].clone(), bytes };
        assert_eq!(write(&read(&body)), body, "{round}");
        let other = convert(&body, &forms[seed.below(forms.len())]);
        let _ = (key(&body), key(&other), merge(None, &body, &other, None));
        let _ = (project(&body, &standard(Kind::Contacts)), project(&body, &standard(Kind::Calendar)));
    }
}

/// What a hostile device may send in one item, in time that grows with its size.
#[test]
fn large_objects_take_linear_time() {
    let shapes = [
        "TEL;CELL:1\r\n",
        " \r\n",
        "N;ENCODING=QUOTED-PRINTABLE:= \r\n",
        "BEGIN:A\r\n",
        "A;B;C;D;E\r\n",
        "X:\\;\\;\r\n",
        "=\r\n",
        "\"",
        "AGENT:\r\nBEGIN:VCARD\r\n",
    ];
    let calendar = [
        "DTSTART:20260101T000000Z\r\n",
        "RRULE:FREQ=DAILY;COUNT=9\r\n",
        "EXDATE:20260101,20260102\r\n",
        "BEGIN:VEVENT\r\n",
        "BEGIN:VALARM\r\nEND:VALARM\r\n",
        "BEGIN:VEVENT\r\nUID:1\r\nEND:VEVENT\r\n",
        "BEGIN:VTIMEZONE\r\nTZID:X\r\nEND:VTIMEZONE\r\n",
        "DALARM:20260101T000000;;;\r\n",
        "ATTENDEE;CN=\"a\":x\r\n",
        "CATEGORIES:a,b,c\r\n",
    ];
    let forms = [(Form::Icalendar20, Form::Vcalendar10), (Form::Vcalendar10, Form::Icalendar20)];
    for (form, other) in forms {
        for shape in calendar.iter().chain(&shapes) {
            let mut bytes = b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nSUMMARY:x\r\n".to_vec();
            while bytes.len() < 50_000 {
                bytes.extend_from_slice(shape.as_bytes());
            }
            let body = Body { form: form.clone(), bytes };
            let start = std::time::SystemTime::now();
            assert_eq!(write(&read(&body)), body);
            let other = convert(&body, &other);
            let _ = (key(&body), project(&body, &standard(Kind::Calendar)), merge(None, &body, &other, None));
            let took = start.elapsed().unwrap_or_default().as_millis();
            assert!(took < 5_000, "{form:?} {shape:?} took {took} ms");
        }
    }
    for shape in shapes {
        let mut bytes = b"BEGIN:VCARD\r\nVERSION:2.1\r\nNOTE;QUOTED-PRINTABLE:x\r\n".to_vec();
        while bytes.len() < 150_000 {
            bytes.extend_from_slice(shape.as_bytes());
        }
        let body = Body { form: Form::Vcard21, bytes };
        let start = std::time::SystemTime::now();
        assert_eq!(write(&read(&body)), body);
        let other = convert(&body, &Form::Vcard30);
        let _ = (key(&body), project(&body, &standard(Kind::Contacts)), merge(None, &body, &other, None));
        let took = start.elapsed().unwrap_or_default().as_millis();
        assert!(took < 10_000, "{shape:?} took {took} ms");
    }
}

//! From one form to another.

use crate::{body, card, event, text};
use anchorage::content::convert;
use anchorage::journal::matching::key;
use anchorage::record::Form;

#[test]
fn a_card_of_version_2_1_becomes_one_of_3_0() {
    let old = card(
        "2.1",
        &[
            "N;ENCODING=QUOTED-PRINTABLE;CHARSET=UTF-8:M=C3=BCller;J=C3=B6rg;;;",
            "ORG:A\\;B;C, D",
            "TEL;CELL;PREF:+1,2",
            "EMAIL;INTERNET:a@b.example",
            "NOTE;ENCODING=QUOTED-PRINTABLE:one; two=0D=0Athree, C:\\x",
            "PHOTO;ENCODING=BASE64;TYPE=JPEG:",
            " /9j/",
            " 4AAQ",
            "",
            "URL:http://a.example/?a=b,c;d",
            "X-FOO;BAR:a;b,c",
            "CATEGORIES:a;b",
        ],
    );
    let new = convert(&old, &Form::Vcard30);
    let expected = card(
        "3.0",
        &[
            "N:Müller;Jörg;;;",
            "ORG:A\\;B;C\\, D",
            "TEL;TYPE=CELL,PREF:+1\\,2",
            "EMAIL;TYPE=INTERNET:a@b.example",
            "NOTE:one\\; two\\nthree\\, C:\\\\x",
            "PHOTO;ENCODING=b;TYPE=JPEG:/9j/4AAQ",
            "URL:http://a.example/?a=b,c;d",
            "X-FOO;TYPE=BAR:a;b,c",
            "CATEGORIES:a,b",
        ],
    );
    assert_eq!(text(&new), text(&expected));
    assert_eq!(key(&old), key(&new));
}

#[test]
fn a_card_of_version_3_0_becomes_one_of_2_1() {
    let old = card(
        "3.0",
        &[
            "N:Doe;John;Philip\\,Paul;;",
            "item1.TEL;type=cell,voice:+1",
            "item1.X-ABLabel:Größe",
            "NOTE:a\\nb",
            "PHOTO;ENCODING=b;TYPE=JPEG:/9j/4AAQ",
            "BDAY;VALUE=date:1981-09-25",
            "PHOTO;VALUE=uri:http://a.example/x.jpg",
        ],
    );
    let new = convert(&old, &Form::Vcard21);
    let expected = card(
        "2.1",
        &[
            "N:Doe;John;Philip,Paul;;",
            "item1.TEL;CELL;VOICE:+1",
            "item1.X-ABLABEL;ENCODING=QUOTED-PRINTABLE;CHARSET=UTF-8:Gr=C3=B6=C3=9Fe",
            "NOTE;ENCODING=QUOTED-PRINTABLE;CHARSET=UTF-8:a=0D=0Ab",
            "PHOTO;ENCODING=BASE64;TYPE=JPEG:",
            " /9j/4AAQ",
            "",
            "BDAY:1981-09-25",
            "PHOTO;VALUE=URL:http://a.example/x.jpg",
        ],
    );
    assert_eq!(text(&new), text(&expected));
    assert_eq!(key(&old), key(&new));
    assert_eq!(key(&convert(&new, &Form::Vcard30)), key(&old));
}

#[test]
fn cards_of_3_0_and_4_0() {
    let old = card(
        "3.0",
        &["TEL;TYPE=home,pref:1", "PHOTO;ENCODING=b;TYPE=JPEG:/9j/", "NOTE:a\\, b;", "N:A,B;C;;;"],
    );
    let new = convert(&old, &Form::Vcard40);
    let expected = card(
        "4.0",
        &["TEL;TYPE=home;PREF=1:1", "PHOTO:data:image/jpeg;base64,/9j/", "NOTE:a\\, b;", "N:A,B;C;;;"],
    );
    assert_eq!(text(&new), text(&expected));
    assert_eq!(key(&old), key(&new));
    let uri = card("4.0", &["TEL;VALUE=uri;TYPE=cell:tel:+1-2", "KIND:individual"]);
    assert_eq!(
        text(&convert(&uri, &Form::Vcard30)),
        text(&card("3.0", &["TEL;TYPE=cell:+1-2", "KIND:individual"]))
    );
    assert!(text(&convert(&uri, &Form::Vcard21)).contains("TEL;CELL:+1-2\r\n"));
    assert_eq!(key(&uri), key(&convert(&uri, &Form::Vcard21)));
}

#[test]
fn a_card_in_a_card() {
    let old = card(
        "2.1",
        &[
            "AGENT:",
            "BEGIN:VCARD",
            "VERSION:2.1",
            "FN;CHARSET=UTF-8:Jörg, A",
            "TEL;CELL:1",
            "END:VCARD",
            "NOTE:x",
        ],
    );
    let new = convert(&old, &Form::Vcard30);
    let expected =
        "AGENT:BEGIN:VCARD\\nVERSION:3.0\\nFN:Jörg\\\\\\, A\\nTEL\\;TYPE=CELL:1\\nEND:VCARD\r\n \\n\r\n";
    assert!(text(&new).contains(expected), "{}", text(&new));
    assert_eq!(key(&old), key(&new));
    let back = convert(&new, &Form::Vcard21);
    assert!(text(&back).contains("AGENT:\r\nBEGIN:VCARD\r\nVERSION:2.1\r\n"), "{}", text(&back));
    assert!(text(&back).ends_with("END:VCARD\r\nNOTE:x\r\nEND:VCARD\r\n"), "{}", text(&back));
    assert_eq!(key(&old), key(&back));
}

#[test]
fn events_convert_what_is_safe_and_carry_the_rest() {
    let old = event(
        "1.0",
        &[
            "SUMMARY;ENCODING=QUOTED-PRINTABLE;CHARSET=UTF-8:Z=C3=BCrich, x",
            "DTSTART:20240101",
            "DTEND:20240102T100000Z",
            "CATEGORIES:A;B",
            "EXDATE:20240101T080000Z;20240102T080000Z",
            "STATUS:NEEDS ACTION",
            "TRANSP:1",
            "RRULE:W1 MO #0",
            "AALARM:20240101T080000Z;;0;x",
            "DCREATED:20230101T000000Z",
        ],
    );
    let new = convert(&old, &Form::Icalendar20);
    let expected = event(
        "2.0",
        &[
            "SUMMARY:Zürich\\, x",
            "DTSTART;VALUE=DATE:20240101",
            "DTEND:20240102T100000Z",
            "CATEGORIES:A,B",
            "EXDATE:20240101T080000Z,20240102T080000Z",
            "STATUS:NEEDS-ACTION",
            "TRANSP:TRANSPARENT",
            "RRULE:W1 MO #0",
            "AALARM:20240101T080000Z;;0;x",
            "CREATED:20230101T000000Z",
        ],
    );
    assert_eq!(text(&new), text(&expected));
    assert_eq!(key(&old), key(&new));
    assert_eq!(text(&convert(&new, &Form::Vcalendar10)), text(&old));
}

#[test]
fn zones_and_alarms_are_carried_to_vcalendar() {
    let old = event(
        "2.0",
        &[
            "DTSTART;TZID=Europe/Berlin:20240101T100000",
            "BEGIN:VALARM",
            "ACTION:AUDIO",
            "TRIGGER:-PT5M",
            "END:VALARM",
        ],
    );
    let new = convert(&old, &Form::Vcalendar10);
    assert!(
        text(&new).contains("DTSTART;TZID=Europe/Berlin:20240101T100000\r\nBEGIN:VALARM\r\n"),
        "{}",
        text(&new)
    );
    assert_eq!(key(&old), key(&new));
}

#[test]
fn notes_convert_both_ways() {
    let plain = body(Form::Plain, "Einkauf\nMilch, Öl\n");
    let note = convert(&plain, &Form::Vnote11);
    assert_eq!(
        text(&note),
        "BEGIN:VNOTE\r\nVERSION:1.1\r\nBODY;ENCODING=QUOTED-PRINTABLE;CHARSET=UTF-8:Einkauf=0D=0AMilch, =C3=96l=\r\n=0D=0A\r\nEND:VNOTE\r\n"
    );
    assert_eq!(convert(&note, &Form::Plain), plain);
    assert_eq!(key(&note), key(&plain));
}

#[test]
fn a_form_of_another_family_is_refused_by_leaving_the_body_alone() {
    let contact = card("3.0", &["FN:x"]);
    assert_eq!(convert(&contact, &Form::Icalendar20), contact);
    assert_eq!(convert(&contact, &Form::Plain), contact);
}

#[test]
fn what_was_written_by_hand_to_break_a_line_does_not() {
    let evil = card(
        "2.1",
        &[
            "NOTE;ENCODING=QUOTED-PRINTABLE:x=0D=0AEND:VCARD=0D=0ABEGIN:VCARD",
            "X-A;ENCODING=QUOTED-PRINTABLE:x=0AY:z",
        ],
    );
    let new = convert(&evil, &Form::Vcard30);
    assert_eq!(text(&new), text(&card("3.0", &["NOTE:x\\nEND:VCARD\\nBEGIN:VCARD", "X-A:x\\nY:z"])));
    assert_eq!(key(&new), key(&evil));
}

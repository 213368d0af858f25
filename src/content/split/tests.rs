//! Splitting: every byte of a record comes out as it went in, and what is no record is named by its line.

use super::*;

fn texts(file: &[u8], pieces: &[Piece]) -> Vec<Result<String, String>> {
    pieces
        .iter()
        .map(|piece| match &piece.parts {
            Ok(_) => Ok(String::from_utf8(piece.bytes(file)).unwrap()),
            Err(reason) => Err(format!("{}: {reason}", piece.line)),
        })
        .collect()
}

#[test]
fn cards_come_apart_with_their_own_line_ends() {
    let file = b"\xEF\xBB\xBFBEGIN:VCARD\r\nFN:A\r\nEND:VCARD\r\n\r\nbegin:vcard\nFN:B\nend:vcard";
    let pieces = objects(file, "VCARD");
    let expected = ["BEGIN:VCARD\r\nFN:A\r\nEND:VCARD\r\n", "begin:vcard\nFN:B\nend:vcard"];
    assert_eq!(texts(file, &pieces), expected.map(|text| Ok(text.to_owned())));
    assert_eq!(pieces[1].line, 5);
}

#[test]
fn an_agent_stays_in_its_card_and_a_cut_card_spoils_only_itself() {
    let file = b"BEGIN:VCARD\nAGENT:\nBEGIN:VCARD\nFN:In\nEND:VCARD\nEND:VCARD\nBEGIN:VCARD\nFN:Cut\nBEGIN:VCARD\nFN:C\nEND:VCARD\n";
    let got = texts(file, &objects(file, "VCARD"));
    assert_eq!(got[0], Ok("BEGIN:VCARD\nAGENT:\nBEGIN:VCARD\nFN:In\nEND:VCARD\nEND:VCARD\n".into()));
    assert_eq!(got[1], Err("7: its END:VCARD is missing".into()));
    assert_eq!(got[2], Ok("BEGIN:VCARD\nFN:C\nEND:VCARD\n".into()));
    assert_eq!(got.len(), 3);
}

#[test]
fn quoted_printable_text_that_looks_like_an_end_is_text() {
    let file = b"BEGIN:VCARD\nNOTE;ENCODING=QUOTED-PRINTABLE:one=\nEND:VCARD=\nstill\nFN:A\nEND:VCARD\n";
    let pieces = objects(file, "VCARD");
    assert_eq!(pieces.len(), 1);
    assert_eq!(pieces[0].bytes(file), file);
}

#[test]
fn what_is_no_card_is_named_by_its_line() {
    let file =
        b"hello\nthere\nBEGIN:VCALENDAR\nEND:VCALENDAR\nBEGIN:VCARD\nBEGIN:X\nEND:Y\nFN:A\nEND:VCARD\n";
    let reasons: Vec<String> =
        texts(file, &objects(file, "VCARD")).into_iter().map(Result::unwrap_err).collect();
    assert_eq!(
        reasons,
        [
            "1: text outside of any VCARD",
            "3: a VCALENDAR, where VCARDs are wanted",
            "5: END:Y on line 7 closes nothing"
        ]
    );
}

const TWO: &str = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\n\
BEGIN:VTIMEZONE\r\nTZID:Europe/Oslo\r\nBEGIN:STANDARD\r\nTZNAME:CET\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n\
BEGIN:VTIMEZONE\r\nTZID:Unused\r\nEND:VTIMEZONE\r\n\
BEGIN:VEVENT\r\nUID:on\r\n e\r\nDTSTART;TZID=Europe/Oslo:20260101T100000\r\nEND:VEVENT\r\n\
BEGIN:VEVENT\r\nUID:two\r\nBEGIN:VALARM\r\nUID:not this\r\nEND:VALARM\r\nEND:VEVENT\r\n\
BEGIN:VEVENT\r\nUID:one\r\nRECURRENCE-ID:20260102T100000\r\nEND:VEVENT\r\n\
BEGIN:VTODO\r\nUID:three\r\nEND:VTODO\r\n\
X-LAST:y\r\nEND:VCALENDAR\r\n";

#[test]
fn events_of_one_uid_stay_together_with_the_zones_they_name() {
    let got = texts(TWO.as_bytes(), &calendar(TWO.as_bytes(), &["VEVENT"]));
    let one = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nX-LAST:y\r\n\
BEGIN:VTIMEZONE\r\nTZID:Europe/Oslo\r\nBEGIN:STANDARD\r\nTZNAME:CET\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n\
BEGIN:VEVENT\r\nUID:on\r\n e\r\nDTSTART;TZID=Europe/Oslo:20260101T100000\r\nEND:VEVENT\r\n\
BEGIN:VEVENT\r\nUID:one\r\nRECURRENCE-ID:20260102T100000\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
    assert_eq!(got[0], Ok(one.into()));
    let two = got[1].as_ref().unwrap();
    assert!(two.contains("UID:two") && !two.contains("VTIMEZONE") && two.contains("not this"), "{two}");
    assert_eq!(got[2], Err("28: a VTODO, where VEVENTs are wanted".into()));
    let todo = texts(TWO.as_bytes(), &calendar(TWO.as_bytes(), &["VTODO"]));
    assert_eq!(todo.iter().filter(|piece| piece.is_ok()).count(), 1);
}

#[test]
fn a_calendar_of_one_event_stays_as_it_is() {
    let file = "BEGIN:VCALENDAR\nVERSION:2.0\nBEGIN:VEVENT\nUID:1\nEND:VEVENT\nX-AFTER:1\nEND:VCALENDAR\n";
    assert_eq!(texts(file.as_bytes(), &calendar(file.as_bytes(), &["VEVENT"])), [Ok(file.to_owned())]);
    let two = file.repeat(2);
    assert_eq!(calendar(two.as_bytes(), &["VEVENT"]).len(), 2);
}

#[test]
fn events_without_a_uid_are_records_of_their_own() {
    let file = b"BEGIN:VCALENDAR\nVERSION:1.0\nBEGIN:VEVENT\nSUMMARY:a\nEND:VEVENT\nBEGIN:VEVENT\nSUMMARY:b\nEND:VEVENT\nEND:VCALENDAR\n";
    assert_eq!(calendar(file, &["VEVENT"]).iter().filter(|piece| piece.parts.is_ok()).count(), 2);
}

#[test]
fn zones_are_found_quoted_and_in_any_case() {
    let line = |text: &str| logical_lines(text.as_bytes()).remove(0).zone_named();
    assert_eq!(line("DTSTART;tzid=\"A:B\";VALUE=X:1"), Some(b"A:B".to_vec()));
    assert_eq!(line("DTSTART;X=1;TZID=C;VALUE=X:1"), Some(b"C".to_vec()));
    assert_eq!(line("DESCRIPTION:;TZID=D"), None);
}

#[test]
fn any_bytes_at_all_are_survived() {
    for file in [
        &b""[..],
        b"\xEF\xBB\xBF",
        b"\n\n",
        b" folded first",
        b"END:VCARD",
        b"BEGIN",
        b"BEGIN:\nEND:",
        b"\0\xFF:\x80",
    ] {
        for pieces in [objects(file, "VCARD"), calendar(file, &["VEVENT"]), whole(file)] {
            pieces.iter().for_each(|piece| _ = piece.bytes(file));
        }
    }
}

#[test]
fn events_and_todos_of_one_file_come_apart_by_name_and_uid() {
    let file =
        b"BEGIN:VCALENDAR\nVERSION:2.0\nBEGIN:VEVENT\nUID:1\nEND:VEVENT\nBEGIN:VTODO\nUID:1\nEND:VTODO\n\
BEGIN:VEVENT\nUID:1\nRECURRENCE-ID:2\nEND:VEVENT\nBEGIN:VJOURNAL\nEND:VJOURNAL\nEND:VCALENDAR\n\
BEGIN:VCALENDAR\nBEGIN:VTODO\nEND:VTODO\nEND:VCALENDAR\n";
    let pieces = calendar(file, &["VEVENT", "VTODO"]);
    let names: Vec<(usize, &str)> = pieces.iter().map(|piece| (piece.line, piece.name.as_str())).collect();
    assert_eq!(names, [(3, "VEVENT"), (6, "VTODO"), (13, ""), (16, "VTODO")]);
    let event = texts(file, &pieces)[0].clone().unwrap();
    assert!(event.contains("RECURRENCE-ID") && !event.contains("VTODO"), "{event}");
    assert_eq!(pieces[2].parts.clone().unwrap_err(), "a VJOURNAL, where VEVENTs or VTODOs are wanted");
}

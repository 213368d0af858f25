//! Imports and exports that name no collection.

use crate::desk::{Desk, Folder};
use crate::{card, count};
use anchorage::store::survey::Survey;

const MIXED: &str = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\n\
    BEGIN:VEVENT\r\nUID:1\r\nDTSTART:20260101T100000Z\r\nSUMMARY:Swim\r\nEND:VEVENT\r\n\
    BEGIN:VEVENT\r\nUID:2\r\nDTSTART:20260102T100000Z\r\nSUMMARY:Run\r\nEND:VEVENT\r\n\
    BEGIN:VTODO\r\nUID:1\r\nSUMMARY:Buy\r\nEND:VTODO\r\nEND:VCALENDAR\r\n";

fn counts<S: Survey>(desk: &Desk<S>, name: &str) -> [u64; 4] {
    ["contacts", "calendar", "todo", "notes"].map(|collection| count(desk, name, collection))
}

fn filled() -> Folder {
    let folder = Folder::new();
    folder.put("in/cards/two.vcf", &(card(1) + &card(2)));
    folder.put("in/all.ics", MIXED);
    folder.put("in/note.txt", "Milk");
    folder.put("in/picture.png", "not mine");
    folder
}

pub fn what_names_no_collection_goes_where_its_kind_lives<S: Survey + Default>() {
    let folder = filled();
    let mut desk = Desk::new(S::default());
    desk.run("add anna").unwrap();
    let line = format!("import anna {}", folder.path_of("in"));
    let said = desk.run(&line).unwrap();
    assert_eq!(counts(&desk, "anna"), [2, 2, 1, 1], "{said}");
    assert!(said.contains("Imported into calendar of `anna`: 2 new, 0 there already."), "{said}");
    assert!(said.contains("Imported into todo of `anna`: 1 new, 0 there already."), "{said}");
    assert!(desk.noted.contains("Passed over 1 file"), "{}", desk.noted);
    let said = desk.run(&line).unwrap();
    assert!(said.contains("contacts of `anna`: 0 new, 2 there already."), "{said}");
    assert_eq!(counts(&desk, "anna"), [2, 2, 1, 1]);

    desk.run("add bert").unwrap();
    desk.run(&format!("import bert {}", folder.path_of("in/all.ics"))).unwrap();
    assert_eq!(counts(&desk, "bert"), [0, 2, 1, 0]);
    desk.run(&format!("import bert {} {}", folder.path_of("in/note.txt"), folder.path_of("in/cards")))
        .unwrap();
    assert_eq!(counts(&desk, "bert"), [2, 2, 1, 1]);
    // A collection that is named takes its own kind only.
    desk.run("add carl").unwrap();
    desk.run(&format!("import carl calendar {}", folder.path_of("in/all.ics"))).unwrap_err();
    assert_eq!(counts(&desk, "carl"), [0, 2, 0, 0]);
}

pub fn a_first_word_is_a_collection_and_a_last_word_a_path<S: Survey + Default>() {
    let folder = filled();
    let mut desk = Desk::new(S::default());
    desk.run("add anna").unwrap();
    let refused = desk.run("import anna contacts").unwrap_err();
    assert!(refused.contains("PATH is missing"), "{refused}");
    let refused = desk.run(&format!("import anna kontakte {}", folder.path_of("in"))).unwrap_err();
    assert!(
        refused.contains("no file or folder kontakte") && refused.contains("calendar, contacts"),
        "{refused}"
    );
    let refused = desk.run("import anna missing.vcf").unwrap_err();
    assert!(refused.contains("1 piece refused") && desk.noted.contains("missing.vcf"), "{refused}");
    let refused = desk.run(&format!("import anna {}", folder.path_of("in/picture.png"))).unwrap_err();
    assert!(refused.contains("1 piece refused") && desk.noted.contains(".vcf .vcard .ics"), "{}", desk.noted);
    folder.put("empty/nothing.png", "");
    let refused = desk.run(&format!("import anna {}", folder.path_of("empty"))).unwrap_err();
    assert!(refused.contains("Nothing there"), "{refused}");
    assert_eq!(counts(&desk, "anna"), [0; 4]);
    let refused = desk.run("export anna contacts").unwrap_err();
    assert!(refused.contains("DIR is missing") && refused.contains("./contacts"), "{refused}");
}

pub fn every_collection_goes_out_and_comes_back<S: Survey + Default>() {
    let folder = filled();
    let mut desk = Desk::new(S::default());
    desk.run("demo").unwrap();
    desk.run(&format!("import demo {}", folder.path_of("in"))).unwrap();
    let said = desk.run(&format!("export demo {}", folder.path_of("out"))).unwrap();
    assert!(said.contains("Exported 2 records of calendar of `demo`"), "{said}");
    for (collection, files) in [("contacts", 2), ("calendar", 2), ("todo", 1), ("notes", 1), ("tasks", 0)] {
        assert_eq!(folder.files(&format!("out/{collection}")).len(), files, "{collection}");
    }
    assert!(desk.run(&format!("export demo {}", folder.path_of("out"))).unwrap_err().contains("not empty"));
    desk.run("add anna").unwrap();
    desk.run(&format!("import anna {}", folder.path_of("out"))).unwrap();
    assert_eq!(counts(&desk, "anna"), [2, 2, 1, 1]);

    desk.run(&format!("export anna {} --one-file", folder.path_of("one"))).unwrap();
    assert_eq!(folder.files("one/calendar")[0].0, "calendar.ics");
    assert!(folder.files("one/notes")[0].0.ends_with(".txt"), "notes stay files of their own");
    desk.run("add bert").unwrap();
    desk.run(&format!("import bert {}", folder.path_of("one"))).unwrap();
    assert_eq!(counts(&desk, "bert"), [2, 2, 1, 1]);
    desk.run(&format!("export anna {} --json-lines", folder.path_of("lines"))).unwrap();
    assert!(folder.files("lines/todo")[0].1.contains("Buy"));
}

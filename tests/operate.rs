//! The operator's room over both stores: what an operator types, and what is there afterwards.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice
)]

#[path = "operate/alerts.rs"]
mod alerts;
#[path = "operate/choosing.rs"]
mod choosing;
#[path = "operate/collections.rs"]
mod collections;
#[path = "operate/desk.rs"]
mod desk;
#[path = "operate/devices.rs"]
mod devices;
#[path = "stores/house.rs"]
mod house;
#[path = "conversation/phone.rs"]
mod phone;
#[path = "stores/sqlite.rs"]
mod sqlite;
#[path = "operate/telling.rs"]
mod telling;
#[path = "operate/upstreams.rs"]
mod upstreams;
#[path = "conversation/world.rs"]
mod world;

use alerts::*;
use anchorage::operate::command::{self, Unclear};
use anchorage::record::{AccountId, Kind};
use anchorage::secret::{self, Sealer};
use anchorage::store::memory::MemoryStore;
use anchorage::store::survey::{Overview, Survey};
use anchorage::store::{StoreError, sql};
use choosing::*;
use collections::*;
use desk::{Desk, Folder, SECRET, finish, words};
use devices::*;
use sqlite::SqliteStore;

/// Each over memory and over SQLite.
macro_rules! over_both {
    ($($case:ident)*) => {
        mod over_memory { $(#[test] fn $case() { super::$case::<super::MemoryStore>(); })* }
        mod over_sqlite { $(#[test] fn $case() { super::$case::<super::SqliteStore>(); })* }
    };
}
over_both! {
    an_account_is_added_once_and_told_what_to_type
    a_password_is_typed_or_made_and_shown_once
    tokens_are_listed_without_themselves_and_revoked_by_any_name
    an_account_goes_only_when_that_is_said_and_then_whole
    what_is_imported_comes_out_with_the_same_bytes_and_twice_makes_no_duplicates
    more_than_a_batch_and_more_than_a_page_go_in_and_out
    a_calendar_comes_apart_by_uid_and_each_kind_takes_its_own
    notes_are_whole_files
    what_cannot_be_read_is_named_and_the_rest_goes_on
    an_application_file_declares_and_replaces_fields
    an_application_file_with_anything_wrong_writes_nothing
    the_demo_account_is_made_once_flagged_local_and_mended
    the_demo_account_cannot_be_made_anywhere_else

    what_names_no_collection_goes_where_its_kind_lives
    a_first_word_is_a_collection_and_a_last_word_a_path
    every_collection_goes_out_and_comes_back
    a_collection_is_shown_and_changed
    an_alias_is_a_path_devices_can_come_to
    a_collection_for_files_is_made
    standard_fields_are_refreshed_and_others_stay
    a_policy_and_a_lock_hold_at_the_next_sync
    devices_are_shown_with_what_they_are_and_how_far_they_came
    a_device_told_every_property_stays_so
    a_forgotten_device_syncs_slowly_and_matches
    a_device_is_asked_to_come_and_known_when_it_does
    a_device_of_1_1_is_asked_by_a_message
    what_is_made_can_be_posted
    a_package_0_answered_in_package_1_changes_nothing_of_the_sync
    settings_are_printed_for_people_and_for_phones
}

impl Survey for SqliteStore {
    async fn survey(&self, account: Option<&AccountId>) -> Result<Vec<Overview>, StoreError> {
        sql::survey(self.run(&sql::survey_statements(account))?.0)
    }
}

fn overview<S: Survey>(desk: &Desk<S>, name: &str) -> Option<Overview> {
    finish(desk.store.survey(Some(&AccountId(name.into())))).unwrap().into_iter().next()
}

fn count<S: Survey>(desk: &Desk<S>, name: &str, collection: &str) -> u64 {
    let overview = overview(desk, name).unwrap();
    overview.collections.iter().find(|(known, _)| known.id.0 == collection).unwrap().1
}

fn card(number: usize) -> String {
    format!(
        "BEGIN:VCARD\r\nVERSION:3.0\r\nN:Test;Number {number};;;\r\nFN:Number {number} Test\r\nX-KEEP;Y=1:as is {number}\r\nEND:VCARD\r\n"
    )
}

// -------------------------------------------------------------------------------------------------------------- accounts

fn an_account_is_added_once_and_told_what_to_type<S: Survey + Default>() {
    let mut desk = Desk::new(S::default());
    let said = desk.run("add anna --password long-enough --token").unwrap();
    assert!(
        said.contains("Added `anna`") && said.contains("/syncml") && said.contains("/max/contacts"),
        "{said}"
    );
    assert!(!said.contains("long-enough"), "a chosen password is not shown: {said}");
    let there = overview(&desk, "anna").unwrap();
    assert_eq!(there.account.head, desk.now);
    let kinds: Vec<(&str, Kind)> =
        there.collections.iter().map(|(known, _)| (known.id.0.as_str(), known.kind)).collect();
    let expected = [
        ("calendar", Kind::Calendar),
        ("contacts", Kind::Contacts),
        ("notes", Kind::Notes),
        ("todo", Kind::Todo),
    ];
    assert_eq!(kinds, expected);
    assert!(there.collections.iter().all(|(known, _)| !known.fields.is_empty()));
    let login = &there.logins[0];
    assert!(!login.local);
    let sealer = Sealer::new(SECRET.as_bytes()).unwrap();
    assert_eq!(sealer.open("anna", &login.sealed).as_deref(), Some("long-enough"));
    assert!(
        there
            .tokens
            .iter()
            .any(|token| said.split_whitespace().any(|word| secret::token_hash(word) == token.hash))
    );
    assert!(desk.run("add anna --password long-enough").unwrap_err().contains("already"));
    assert_eq!(overview(&desk, "anna").unwrap(), there);
}

fn a_password_is_typed_or_made_and_shown_once<S: Survey + Default>() {
    let mut desk = Desk::new(S::default());
    desk.typed = Some("typed-secret".into());
    assert!(!desk.run("add anna").unwrap().contains("typed-secret"));
    desk.typed = None;
    let said = desk.run("password anna").unwrap();
    let made =
        said.split_whitespace().find(|word| word.len() == 19 && word.matches('-').count() == 3).unwrap();
    let sealer = Sealer::new(SECRET.as_bytes()).unwrap();
    assert_eq!(
        sealer.open("anna", &overview(&desk, "anna").unwrap().logins[0].sealed).as_deref(),
        Some(made)
    );
    assert!(desk.run("add bert --password short").unwrap_err().contains("at least"));
    assert!(overview(&desk, "bert").is_none());
    assert!(desk.run("password nobody").unwrap_err().contains("add nobody"));
    desk.secret = None;
    assert!(desk.run("add bert").unwrap_err().contains("ANCHORAGE_SECRET"));
}

fn tokens_are_listed_without_themselves_and_revoked_by_any_name<S: Survey + Default>() {
    let mut desk = Desk::new(S::default());
    desk.run("add anna").unwrap();
    let token = |desk: &mut Desk<S>, line: &str| {
        let said = desk.run(line).unwrap();
        said.split_whitespace().find(|word| word.len() == 43).unwrap().to_owned()
    };
    let phone = token(&mut desk, "token anna --label phone --days 2");
    let other = token(&mut desk, "token anna --label other");
    let third = token(&mut desk, "token anna --label other");
    let there = overview(&desk, "anna").unwrap();
    let row = there.tokens.iter().find(|row| row.label == "phone").unwrap();
    assert_eq!((row.expires, row.login.as_str()), (desk.now + 2 * 86_400_000, "anna"));
    assert_eq!(row.hash, secret::token_hash(&phone));
    let list = desk.run("list anna").unwrap();
    assert!(
        list.contains("phone") && list.contains(&row.hash[..10]) && list.contains("never ends"),
        "{list}"
    );
    for known in [&phone, &other, &third] {
        assert!(!list.contains(known.as_str()), "{list}");
    }
    desk.now += 3 * 86_400_000;
    assert!(desk.run("list").unwrap().contains("ended"));
    let left = |desk: &Desk<S>| overview(desk, "anna").unwrap().tokens.len();
    assert!(desk.run("revoke anna --label unknown").unwrap_err().contains("list anna"));
    desk.run(&format!("revoke anna {}", &secret::token_hash(&third)[..10])).unwrap();
    assert_eq!(left(&desk), 2);
    desk.run("revoke anna --label phone").unwrap();
    assert_eq!(left(&desk), 1);
    desk.run("revoke anna --all").unwrap();
    assert_eq!(left(&desk), 0);
}

fn an_account_goes_only_when_that_is_said_and_then_whole<S: Survey + Default>() {
    let folder = Folder::new();
    let mut desk = Desk::new(S::default());
    desk.run("add anna").unwrap();
    desk.run("add bert").unwrap();
    folder.put("two.vcf", &(card(1) + &card(2)));
    desk.run(&format!("import anna contacts {}", folder.path())).unwrap();
    let refused = desk.run("remove anna").unwrap_err();
    assert!(
        refused.contains("2 records in 4 collections, 1 login, 0 tokens") && refused.contains("--yes"),
        "{refused}"
    );
    assert_eq!(count(&desk, "anna", "contacts"), 2);
    desk.run("remove anna --yes").unwrap();
    assert!(overview(&desk, "anna").is_none());
    assert!(overview(&desk, "bert").is_some());
    desk.run("add anna").unwrap();
    assert_eq!(count(&desk, "anna", "contacts"), 0);
}

// ------------------------------------------------------------------------------------------------------ import and export

fn what_is_imported_comes_out_with_the_same_bytes_and_twice_makes_no_duplicates<S: Survey + Default>() {
    let (folder, out) = (Folder::new(), Folder::new());
    let mut desk = Desk::new(S::default());
    desk.run("add anna").unwrap();
    let old = "BEGIN:VCARD\nVERSION:2.1\nN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:M=C3=BCller;J=\n=C3=B6rg\nX-ODD;BARE:1\nEND:VCARD\n";
    folder.put("a.vcf", &(card(1) + "\r\n" + old));
    folder.put("deep/b.VCF", &card(2));
    folder.put("deep/c.vcf", &card(1));
    folder.put("deep/readme.md", "not mine");
    let large = format!(
        "BEGIN:VCARD\r\nVERSION:3.0\r\nN:L;;;;\r\nFN:L\r\nNOTE:{}\r\nEND:VCARD\r\n",
        "é".repeat(400_000)
    );
    folder.put("large.vcf", &large);
    let line = format!("import anna contacts {}", folder.path());
    let said = desk.run(&line).unwrap();
    assert!(said.contains("4 new, 1 there already, 0 refused"), "{said}");
    assert!(desk.noted.contains("Passed over 1 file"), "{}", desk.noted);
    let said = desk.run(&line.replace("contacts", "card")).unwrap();
    assert!(said.contains("0 new, 5 there already, 0 refused"), "{said}");
    desk.run(&format!("export anna contacts {}", out.path_of("all"))).unwrap();
    let mut files = out.files("all");
    files.sort_by_key(|(_, bytes)| bytes.clone());
    let mut expected = [card(1), card(2), old.to_owned(), large];
    expected.sort();
    assert_eq!(files.iter().map(|(_, bytes)| bytes.as_str()).collect::<Vec<_>>(), expected);
    assert!(
        files.iter().any(|(name, _)| name.starts_with("Number-1-Test_") && name.ends_with(".vcf")),
        "{files:?}"
    );
    assert!(
        desk.run(&format!("export anna contacts {}", out.path_of("all"))).unwrap_err().contains("not empty")
    );
    desk.run(&format!("export anna contacts {} --one-file", out.path_of("one"))).unwrap();
    desk.run("add bert").unwrap();
    let said = desk.run(&format!("import bert contacts {}", out.path_of("one/contacts.vcf"))).unwrap();
    assert!(said.contains("4 new"), "{said}");
}

fn more_than_a_batch_and_more_than_a_page_go_in_and_out<S: Survey + Default>() {
    let (folder, out) = (Folder::new(), Folder::new());
    let mut desk = Desk::new(S::default());
    desk.run("add anna").unwrap();
    let cards: String = (0..1_234).map(card).collect();
    folder.put("many.vcf", &cards);
    assert!(desk.run(&format!("import anna contacts {}", folder.path())).unwrap().contains("1234 new"));
    assert!(
        overview(&desk, "anna").unwrap().account.head >= desk.now + 1_033,
        "each record has a stamp of its own"
    );
    desk.run(&format!("export anna contacts {} --one-file", out.path_of("x"))).unwrap();
    let (_, bytes) = out.files("x").remove(0);
    let mut came: Vec<&str> = bytes.split_inclusive("END:VCARD\r\n").collect();
    let mut went: Vec<&str> = cards.split_inclusive("END:VCARD\r\n").collect();
    came.sort_unstable();
    went.sort_unstable();
    assert!(came == went);
    desk.run(&format!("export anna contacts {} --json-lines", out.path_of("j"))).unwrap();
    let (_, lines) = out.files("j").remove(0);
    assert_eq!(lines.lines().count(), 1_234);
    let first: serde_json::Value = serde_json::from_str(lines.lines().next().unwrap()).unwrap();
    assert!(first["name"].as_str().unwrap().starts_with("Number "), "{first}");
}

fn a_calendar_comes_apart_by_uid_and_each_kind_takes_its_own<S: Survey + Default>() {
    let (folder, out) = (Folder::new(), Folder::new());
    let mut desk = Desk::new(S::default());
    desk.run("add anna").unwrap();
    folder.put(
        "all.ics",
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\n\
         BEGIN:VEVENT\r\nUID:1\r\nDTSTART:20260101T100000Z\r\nRRULE:FREQ=DAILY\r\nSUMMARY:Swim\r\nEND:VEVENT\r\n\
         BEGIN:VEVENT\r\nUID:1\r\nRECURRENCE-ID:20260102T100000Z\r\nDTSTART:20260102T110000Z\r\nSUMMARY:Late\r\nEND:VEVENT\r\n\
         BEGIN:VEVENT\r\nUID:2\r\nDTSTART:20260301T100000Z\r\nSUMMARY:Run\r\nEND:VEVENT\r\n\
         BEGIN:VTODO\r\nUID:3\r\nSUMMARY:Buy\r\nEND:VTODO\r\nEND:VCALENDAR\r\n",
    );
    let refused = desk.run(&format!("import anna calendar {}", folder.path())).unwrap_err();
    assert!(refused.contains("1 piece refused"), "{refused}");
    assert!(desk.noted.contains("line 21: a VTODO"), "{}", desk.noted);
    assert_eq!(count(&desk, "anna", "calendar"), 2);
    desk.run(&format!("import anna task {}", folder.path())).unwrap_err();
    assert_eq!(count(&desk, "anna", "todo"), 1);
    desk.run(&format!("export anna cal {}", out.path_of("c"))).unwrap();
    let files = out.files("c");
    assert!(
        files.iter().any(|(name, text)| name.starts_with("Swim_") && text.contains("RECURRENCE-ID")),
        "{files:?}"
    );
}

fn notes_are_whole_files<S: Survey + Default>() {
    let (folder, out) = (Folder::new(), Folder::new());
    let mut desk = Desk::new(S::default());
    desk.run("add anna").unwrap();
    folder.put("a.txt", "Milk\nand eggs");
    folder.put("empty.txt", "");
    desk.run(&format!("import anna notes {}", folder.path())).unwrap_err();
    assert!(desk.noted.contains("empty.txt"), "{}", desk.noted);
    desk.run(&format!("export anna memo {}", out.path_of("n"))).unwrap();
    let files = out.files("n");
    assert_eq!(files.len(), 1);
    assert!(files[0].0.starts_with("Milk") && files[0].0.ends_with(".txt"), "{files:?}");
    assert_eq!(files[0].1, "Milk\nand eggs");
    assert!(
        desk.run(&format!("export anna notes {} --one-file", out.path_of("m")))
            .unwrap_err()
            .contains("--one-file")
    );
}

fn what_cannot_be_read_is_named_and_the_rest_goes_on<S: Survey + Default>() {
    let folder = Folder::new();
    let mut desk = Desk::new(S::default());
    desk.run("add anna").unwrap();
    folder.put("a.vcf", &(card(1) + "BEGIN:VCARD\r\nFN:cut off\r\n" + &card(2)));
    folder.put("b.vcf", "\u{0}B\u{0}E");
    folder.put("c.vcf", "");
    folder.put(
        "d.vcf",
        &format!("BEGIN:VCARD\r\nVERSION:3.0\r\nFN:x\r\nNOTE:{}\r\nEND:VCARD\r\n", "x".repeat(16_000_000)),
    );
    folder.put("e.vcf", &card(3));
    let refused = desk
        .run(&format!("import anna contacts {} {}", folder.path(), folder.path_of("missing.vcf")))
        .unwrap_err();
    assert!(refused.contains("5 pieces refused"), "{refused} {}", desk.noted);
    for named in [
        "a.vcf, line 7: its END:VCARD",
        "b.vcf, line 1",
        "c.vcf: there is nothing",
        "d.vcf, line 1: 16000050",
        "missing.vcf",
    ] {
        assert!(desk.noted.contains(named), "{named} in {}", desk.noted);
    }
    assert_eq!(count(&desk, "anna", "contacts"), 3);
    assert!(
        desk.run(&format!("import anna cards {}", folder.path())).unwrap_err().contains("calendar, contacts")
    );
    assert!(
        desk.run(&format!("import nobody contacts {}", folder.path())).unwrap_err().contains("no account")
    );
}

// -------------------------------------------------------------------------------------------------------- application files

const APPLICATION: &str = "<?xml version=\"1.0\"?>\n<max id=\"acme.visits\" version=\"1\">\n<title>Visits</title>\n\
<datasrc id=\"visits\">\n<field type=\"primarykey\">id</field>\n<field type=\"string\">place</field>\n\
<field type=\"date\">day</field>\n</datasrc>\n</max>\n";

fn an_application_file_declares_and_replaces_fields<S: Survey + Default>() {
    let folder = Folder::new();
    let mut desk = Desk::new(S::default());
    desk.run("add anna").unwrap();
    folder.put("app.xml", APPLICATION);
    let line = format!("import-app anna {}", folder.path_of("app.xml"));
    let said = desk.run(&line).unwrap();
    assert!(said.contains("acme.visits") && said.contains("visits: new, 3 fields"), "{said}");
    assert!(desk.run(&line).unwrap().contains("the same fields as before"));
    folder.put("app.xml", &APPLICATION.replace("place", "where").replace("\"date\"", "\"integer\""));
    let said = desk.run(&line).unwrap();
    assert!(
        said.contains("new fields: where")
            && said.contains("(their values stay): place")
            && said.contains("another type: day"),
        "{said}"
    );
    let there = overview(&desk, "anna").unwrap();
    let (visits, _) = there.collections.iter().find(|(known, _)| known.id.0 == "visits").unwrap();
    assert_eq!(visits.kind, Kind::Table);
    assert_eq!(
        visits.fields.iter().map(|field| field.name.as_str()).collect::<Vec<_>>(),
        ["id", "where", "day"]
    );
}

fn an_application_file_with_anything_wrong_writes_nothing<S: Survey + Default>() {
    let folder = Folder::new();
    let mut desk = Desk::new(S::default());
    desk.run("add anna").unwrap();
    let before = overview(&desk, "anna");
    let line = format!("import-app anna {}", folder.path_of("app.xml"));
    folder.put("app.xml", &APPLICATION.replace("\"date\"", "\"blob\"").replace(">place<", ">_place<"));
    let refused = desk.run(&line).unwrap_err();
    assert!(refused.contains("2 problems"), "{refused}");
    assert!(desk.noted.contains("line 6") && desk.noted.contains("line 7"), "{}", desk.noted);
    for (id, says) in
        [("contacts", "no such field: place, day"), ("card", "another path of the collection `contacts`")]
    {
        folder.put("app.xml", &APPLICATION.replace("datasrc id=\"visits\"", &format!("datasrc id=\"{id}\"")));
        let refused = desk.run(&line).unwrap_err();
        assert!(refused.contains(says), "{refused}");
    }
    assert_eq!(overview(&desk, "anna"), before);
    let shared = APPLICATION
        .replace("id=\"visits\"", "id=\"contacts\"")
        .replace("place", "name")
        .replace("day", "birthday");
    folder.put("app.xml", &shared);
    let contacts = &overview(&desk, "anna").unwrap().collections[1].0;
    if contacts.fields.iter().any(|field| field.name == "birthday" && format!("{:?}", field.kind) == "Date") {
        assert!(desk.run(&line).unwrap().contains("phones use it too"));
        assert_eq!(overview(&desk, "anna").unwrap().collections[1].0.fields, contacts.fields);
    }
}

// -------------------------------------------------------------------------------------------------------------------- demo

fn the_demo_account_is_made_once_flagged_local_and_mended<S: Survey + Default>() {
    let mut desk = Desk::new(S::default());
    desk.run("demo").unwrap();
    let there = overview(&desk, "demo").unwrap();
    assert!(there.logins.iter().all(|login| login.local), "{there:?}");
    assert_eq!(there.tokens[0].hash, secret::token_hash("demo-token"));
    let ids: Vec<&str> = there.collections.iter().map(|(known, _)| known.id.0.as_str()).collect();
    assert_eq!(ids, ["calendar", "contacts", "notes", "tasks", "todo"]);
    desk.now += 1_000;
    desk.run("demo").unwrap();
    assert_eq!(overview(&desk, "demo").unwrap(), there, "the second time writes nothing");
    desk.run("password demo --password something-else").unwrap();
    assert!(overview(&desk, "demo").unwrap().logins[0].local, "a new password does not let it out");
    desk.run("revoke demo --all").unwrap();
    desk.run("demo").unwrap();
    let mended = overview(&desk, "demo").unwrap();
    let sealer = Sealer::new(SECRET.as_bytes()).unwrap();
    assert_eq!(sealer.open("demo", &mended.logins[0].sealed).as_deref(), Some("demo"));
    assert_eq!(mended.tokens.len(), 1);
}

fn the_demo_account_cannot_be_made_anywhere_else<S: Survey + Default>() {
    let refused = |line: &str| matches!(command::read(&words(line)), Err(Unclear::Wrong(_)));
    for line in [
        "demo --remote",
        "add demo",
        "add demo --remote",
        "token demo --remote",
        "password demo --remote",
        "import demo contacts x --remote",
        "import-app demo x --remote",
    ] {
        assert!(refused(line), "{line}");
    }
    assert!(!refused("demo") && !refused("token demo") && !refused("remove demo --yes --remote"));
    // And were it asked for all the same, past the arguments:
    let mut desk = Desk::new(S::default());
    let order = command::Order { command: command::Command::Demo, state: None, remote: true };
    assert!(desk.carry_out(&order).is_err());
    assert!(overview(&desk, "demo").is_none());
}

// ----------------------------------------------------------------------------------------------------------------- arguments

#[test]
fn arguments_that_say_nothing_are_answered_with_how_it_goes() {
    let wrong = |line: &str| match command::read(&words(line)) {
        Err(Unclear::Wrong(text)) => text,
        other => panic!("{line}: {other:?}"),
    };
    assert!(wrong("ad anna").contains("add, list"));
    assert!(wrong("add").contains("add NAME"));
    assert!(wrong("add Anna").contains("a-z"));
    assert!(wrong("add anna --nonsense").contains("--nonsense"));
    assert!(wrong("add anna bert").contains("bert"));
    assert!(wrong("add anna --password").contains("value"));
    assert!(wrong("list --yes").contains("--yes"));
    assert!(wrong("token anna --days 0").contains("1 to 36500"));
    assert!(wrong("revoke anna").contains("--label L"));
    assert!(wrong("revoke anna xyz").contains("four"));
    assert!(wrong("revoke anna --all --label x").contains("one way"));
    assert!(wrong("import anna").contains("PATH"));
    assert!(wrong("device anna --forget").contains("which device"));
    assert!(wrong("device anna x --forget --ctcap on").contains("or --forget"));
    assert!(wrong("device anna x --ctcap yes").contains("on or off"));
    assert!(wrong("collection anna").contains("ID"));
    assert!(wrong("collection anna contacts --policy newest").contains("keep-both"));
    assert!(wrong("collection anna contacts --policy merge --policy merge").contains("twice"));
    assert!(wrong("list --alias x").contains("--alias"));
    assert!(wrong("export anna contacts x --one-file --json-lines").contains("one of them"));
    assert!(wrong("list --remote --state x").contains("one of them"));
    let help = |line: &str| matches!(command::read(&words(line)), Err(Unclear::Help(_)));
    assert!(
        help("")
            && help("--help")
            && help("-h")
            && help("import --help")
            && help("collection --help")
            && help("nonsense --help")
    );
}

//! Filters: what a device does not want to have, and what becomes of it when it wants it after all.

use crate::hand::{Hand, alert, codes, statuses, sync};
use crate::phone::{Broken, Fault, Phone, Session};
use crate::sqlite::SqliteStore;
use crate::world::{MemoryStore, World};
use crate::{card, pair};
use anchorage::store::Store;
use anchorage::syncml::codec::Encoding;
use anchorage::syncml::message::*;

fn part(media_type: &str, data: &str) -> Option<Item> {
    let meta = Meta { media_type: Some(media_type.into()), ..Meta::default() };
    Some(Item { meta, data: Some(Data::Bytes(data.into())), ..Item::default() })
}

pub fn filter(kind: &str, query: &str) -> Option<Filter> {
    let meta = Meta { media_type: Some("text/vcard".into()), ..Meta::default() };
    let record = part("syncml:filtertype-cgi", query);
    Some(Filter { meta, field: None, record, filter_type: Some(kind.into()) })
}

fn fields(names: &[&str]) -> Option<Filter> {
    let one = |name: &&str| format!("<Property><PropName>{name}</PropName></Property>");
    let names: String = names.iter().map(one).collect();
    Some(Filter { field: part("application/vnd.syncml-devinf+xml", &names), ..Filter::default() })
}

/// A session with this filter.
pub fn sync_with<S: Store>(world: &World<S>, phone: &mut Phone, filter: Option<Filter>) -> Session {
    phone.only().filter = filter;
    phone.sync(world).unwrap_or_else(|broken| panic!("{broken:?}: {}", world.last_line()))
}

/// The same twice, and the second time nothing comes.
fn settle<S: Store>(world: &World<S>, phone: &mut Phone, filter: Option<Filter>) -> u32 {
    let received = sync_with(world, phone, filter.clone()).received;
    let again = sync_with(world, phone, filter);
    assert_eq!((again.received, again.sent), (0, 0), "{}", world.last_line());
    received
}

pub fn names(phone: &Phone) -> Vec<String> {
    let name = |text: &String| {
        let line = text.lines().find(|line| line.starts_with("FN:") || line.starts_with("SUMMARY:")).unwrap();
        line.split_once(':').unwrap().1.to_owned()
    };
    let mut names: Vec<String> = phone.contents().iter().map(name).collect();
    names.sort();
    names
}

/// Three people, of whom two are friends.
pub fn people<S: Store>(world: &World<S>) -> Phone {
    let mut a = Phone::contacts("a");
    for (name, more) in [
        ("Ann", "ORG:Acme;Sales\r\nTITLE:Boss\r\nCATEGORIES:Friends\r\n"),
        ("Bob", "ORG:Acme;Stock\r\nBDAY:1980-05-17\r\nCATEGORIES:Friends,Work\r\n"),
        ("Cy", "ORG:Other\r\nTEL;TYPE=CELL:0170\r\nNOTE:Hush\r\n"),
    ] {
        a.add(&card(name, more));
    }
    a.sync(world).unwrap();
    a
}

/// One case over either store.
macro_rules! everywhere {
    ($case:ident) => {
        $case(&World::new(MemoryStore::new()));
        $case(&World::new(SqliteStore::new()));
    };
}

#[test]
fn contacts_come_by_any_declared_field() {
    fn case<S: Store>(world: &World<S>) {
        people(world);
        for (number, (query, wanted)) in [
            ("name&EQ;Ann", "Ann"),
            ("company&EQ;Acme", "Ann Bob"),
            ("department&EQ;Stock", "Bob"),
            ("title&iEQ;boss", "Ann"),
            ("mobile&CON;17", "Cy"),
            ("birthday&GT;19800101&birthday&LT;19810101", "Bob"),
            ("note&NE;&NULL;", "Cy"),
            ("categories&CON;Work", "Bob"),
            ("GROUP&EQ;Friends", "Ann Bob"),
            ("FN&GE;B&OR;TITLE&EQ;Boss", "Ann Bob Cy"),
            ("CompanyName&iEQ;other", "Cy"),
            ("name&EQ;Nobody", ""),
        ]
        .into_iter()
        .enumerate()
        {
            for kind in ["INCLUSIVE", "EXCLUSIVE"] {
                let mut b = Phone::contacts(&format!("b{number}{kind}"));
                b.encoding = if number % 2 == 0 { Encoding::Xml } else { Encoding::Wbxml };
                settle(world, &mut b, filter(kind, query));
                assert_eq!(names(&b).join(" "), wanted, "{kind} {query}: {}", world.last_line());
                settle(world, &mut b, None);
                assert_eq!(names(&b), ["Ann", "Bob", "Cy"], "{kind} {query}, dropped: {}", world.last_line());
            }
        }
    }
    everywhere!(case);
}

#[test]
fn inclusive_leaves_on_the_device_what_is_there() {
    fn case<S: Store>(world: &World<S>) {
        let mut a = people(world);
        let mut b = Phone::contacts("b");
        b.sync(world).unwrap();
        let friends = || filter("INCLUSIVE", "GROUP&EQ;Friends");
        assert_eq!(settle(world, &mut b, friends()), 0);
        a.add(&card("Dan", "CATEGORIES:Friends\r\n"));
        a.add(&card("Eve", ""));
        let cy = a.find("Cy");
        a.edit(&cy, &card("Cy", "NOTE:Changed\r\n"));
        a.sync(world).unwrap();
        assert_eq!(settle(world, &mut b, friends()), 2, "{}", world.last_line());
        assert_eq!(names(&b), ["Ann", "Bob", "Cy", "Dan"]);
        assert!(b.text_of("Cy").contains("NOTE:Changed"), "it changed on the device too");
        a.delete(&cy);
        a.sync(world).unwrap();
        assert_eq!(settle(world, &mut b, friends()), 1);
        assert_eq!(names(&b), ["Ann", "Bob", "Dan"]);
        assert_eq!(settle(world, &mut b, filter("INCLUSIVE", "name&EQ;Eve")), 1, "another filter");
        assert_eq!(names(&b), ["Ann", "Bob", "Dan", "Eve"]);
    }
    everywhere!(case);
}

#[test]
fn exclusive_takes_away_what_is_outside_and_here_it_stays() {
    fn case<S: Store>(world: &World<S>) {
        let mut a = people(world);
        let mut b = Phone::contacts("b");
        b.sync(world).unwrap();
        let friends = || filter("EXCLUSIVE", "GROUP&EQ;Friends");
        assert_eq!(settle(world, &mut b, friends()), 1);
        assert_eq!((names(&b), world.live("contacts").len()), (vec!["Ann".into(), "Bob".into()], 3));
        // What changes out of the filter goes, what changes into it comes.
        let (ann, cy) = (a.find("Ann"), a.find("Cy"));
        a.edit(&ann, &card("Ann", "ORG:Acme;Sales\r\n"));
        a.edit(&cy, &card("Cy", "CATEGORIES:Friends\r\n"));
        a.sync(world).unwrap();
        assert_eq!(settle(world, &mut b, friends()), 2, "{}", world.last_line());
        assert_eq!(names(&b), ["Bob", "Cy"]);
        // Another filter is no slow sync.
        let session = sync_with(world, &mut b, filter("EXCLUSIVE", "company&EQ;Acme"));
        assert_eq!(
            (session.alerts[0].1, session.received, names(&b)),
            (200, 2, vec!["Ann".into(), "Bob".into()])
        );
        // What the device adds outside is taken, and goes from it in the next session.
        b.add(&card("Own", ""));
        let bob = b.find("Bob");
        b.edit(&bob, &card("Bob", "ORG:Left\r\n"));
        let session = sync_with(world, &mut b, filter("EXCLUSIVE", "company&EQ;Acme"));
        assert_eq!(session.statuses_of("Replace"), [200, 201]);
        assert_eq!(world.live("contacts").len(), 4);
        sync_with(world, &mut b, filter("EXCLUSIVE", "company&EQ;Acme"));
        assert_eq!(
            (names(&b), world.live("contacts").len()),
            (vec!["Ann".into()], 4),
            "{}",
            world.last_line()
        );
        // Dropped: everything comes, the device's own too.
        assert_eq!(settle(world, &mut b, None), 3, "{}", world.last_line());
        assert_eq!(names(&b), ["Ann", "Bob", "Cy", "Own"]);
        a.sync(world).unwrap();
        assert_eq!(a.contents().len(), 4);
    }
    everywhere!(case);
}

const MEETINGS: [(&str, &str); 6] = [
    ("January", "DTSTART:20260115T100000Z\r\nDTEND:20260115T110000Z\r\n"),
    ("June", "DTSTART:20260615T100000Z\r\nDTEND:20260615T110000Z\r\n"),
    ("Long", "DTSTART:20260520T100000Z\r\nDTEND:20260610T110000Z\r\n"),
    ("Weekly", "DTSTART:20240101T100000Z\r\nDTEND:20240101T110000Z\r\nRRULE:FREQ=WEEKLY\r\n"),
    ("Over", "DTSTART:20240101T100000Z\r\nRRULE:FREQ=WEEKLY;UNTIL=20250101T000000Z\r\n"),
    ("December", "DTSTART;VALUE=DATE:20261224\r\n"),
];

fn calendar(device: &str) -> Phone {
    Phone::new(device).with("./E", "calendar", "text/calendar", "2.0")
}

fn meetings<S: Store>(world: &World<S>) {
    let mut a = calendar("a");
    for (title, when) in MEETINGS {
        a.add(&format!(
            "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:{title}\r\nSUMMARY:{title}\r\n{when}END:VEVENT\r\nEND:VCALENDAR\r\n"
        ));
    }
    a.sync(world).unwrap();
}

#[test]
fn a_calendar_comes_by_date_range() {
    fn case<S: Store>(world: &World<S>) {
        meetings(world);
        let june = "SINCE&EQ;20260601T000000Z&AND;BEFORE&EQ;20260701T000000Z";
        for kind in ["INCLUSIVE", "EXCLUSIVE"] {
            let mut b = calendar(kind);
            settle(world, &mut b, filter(kind, june));
            assert_eq!(names(&b), ["June", "Long", "Weekly"]);
            settle(world, &mut b, filter(kind, "SINCE&EQ;20261201T000000Z"));
            let after = if kind == "INCLUSIVE" { "December June Long Weekly" } else { "December Weekly" };
            assert_eq!(names(&b).join(" "), after, "{}", world.last_line());
            settle(world, &mut b, None);
            assert_eq!(b.contents().len(), 6);
        }
    }
    everywhere!(case);
}

#[test]
fn a_path_of_1_1_may_carry_a_query() {
    let world = World::new(SqliteStore::new());
    meetings(&world);
    let mut b = calendar("b");
    b.version = Version::V11;
    let path = "./cal?SINCE&EQ;20260601T000000Z&BEFORE&EQ;20260701T000000Z";
    b.only().target = path.into();
    let session = b.sync(&world).unwrap();
    assert_eq!(names(&b), ["June", "Long", "Weekly"], "{}", world.last_line());
    let answers = session.answers.iter().flat_map(|answer| &answer.commands);
    let syncs: Vec<&Sync> = answers
        .filter_map(|command| if let Command::Sync(sync) = command { Some(sync) } else { None })
        .collect();
    assert!(syncs.iter().all(|sync| sync.source.as_ref().unwrap().uri == path));
    b.only().target = "./cal".into();
    assert_eq!(settle(&world, &mut b, None), 3);
}

#[test]
fn what_breaks_off_or_is_lost_is_made_good() {
    let friends = || filter("EXCLUSIVE", "GROUP&EQ;Friends");
    let others = || filter("EXCLUSIVE", "company&EQ;Other");
    let after = |fault, first: &Option<Filter>, second: &Option<Filter>, wanted: &str| {
        let world = World::new(MemoryStore::new());
        people(&world);
        let mut b = Phone::contacts("b");
        b.add(&card("Own", ""));
        b.sync(&world).unwrap();
        b.fault = fault;
        for filter in [first, second] {
            b.only().filter = filter.clone();
            let _ = b.sync(&world);
        }
        b.fault = Fault::None;
        // Each twice: what the device turns out not to have any more comes in the session after.
        for (filter, wanted) in [(second, wanted), (&None, "Ann Bob Cy Own"), (&friends(), "Ann Bob")] {
            sync_with(&world, &mut b, filter.clone());
            sync_with(&world, &mut b, filter.clone());
            assert_eq!(names(&b).join(" "), wanted, "{fault:?}, {filter:?}: {}", world.last_line());
        }
        assert_eq!(world.live("contacts").len(), 4, "{fault:?}");
    };
    for at in 1..6 {
        for fault in [Fault::DiesBefore(at), Fault::DiesAfter(at)] {
            after(fault, &friends(), &None, "Ann Bob Cy Own");
            after(fault, &None, &friends(), "Ann Bob");
            after(fault, &friends(), &others(), "Cy");
            after(fault, &others(), &friends(), "Ann Bob");
        }
    }
}

#[test]
fn a_phone_that_refuses_to_delete_is_asked_again_and_loses_nothing() {
    let world = World::new(SqliteStore::new());
    people(&world);
    let mut b = Phone::contacts("b");
    b.sync(&world).unwrap();
    b.verdict = 500;
    assert_eq!(sync_with(&world, &mut b, filter("EXCLUSIVE", "name&EQ;Ann")).received, 2);
    assert_eq!(sync_with(&world, &mut b, filter("EXCLUSIVE", "name&EQ;Ann")).received, 2);
    assert_eq!(b.contents().len(), 3);
    b.verdict = 0;
    settle(&world, &mut b, filter("EXCLUSIVE", "name&EQ;Ann"));
    assert_eq!(names(&b), ["Ann"]);
    b.verdict = 500;
    sync_with(&world, &mut b, None);
    b.verdict = 0;
    settle(&world, &mut b, None);
    assert_eq!(names(&b), ["Ann", "Bob", "Cy"], "{}", world.last_line());
}

#[test]
fn many_items_in_small_messages_come_through_a_filter() {
    for (bytes, count) in [(2_000, 150), (60_000, 1_000)] {
        let world = World::new(SqliteStore::new());
        let mut a = Phone::contacts("a");
        for number in 0..count {
            a.add(&card(
                &format!("Card {number}"),
                if number % 10 == 0 { "CATEGORIES:Tenth\r\n" } else { "" },
            ));
        }
        a.sync(&world).unwrap();
        let mut b = Phone::contacts("b");
        b.max_message = Some(bytes);
        let tenth = || filter("EXCLUSIVE", "GROUP&EQ;Tenth");
        assert_eq!(settle(&world, &mut b, tenth()), count / 10);
        assert_eq!(settle(&world, &mut b, filter("EXCLUSIVE", "GROUP&NE;Tenth")), count);
        assert_eq!(b.contents().len() as u32, count - count / 10);
        world.lines.borrow_mut().clear();
        assert_eq!(settle(&world, &mut b, None), count / 10);
        assert_eq!(a.contents(), b.contents());
        assert!(world.lines.borrow().iter().all(|line| line.contains("; 2 batches,")));
    }
}

#[test]
fn a_slow_sync_may_be_filtered() {
    fn case<S: Store>(world: &World<S>) {
        people(world);
        let mut b = Phone::contacts("b");
        b.sync(world).unwrap();
        b.slow = true;
        let session = sync_with(world, &mut b, filter("EXCLUSIVE", "name&EQ;Ann"));
        assert_eq!((session.alerts[0].1, session.received), (201, 0), "a slow sync deletes nothing");
        b.slow = false;
        settle(world, &mut b, filter("EXCLUSIVE", "name&EQ;Ann"));
        assert_eq!(names(&b), ["Ann"]);
        b.only().last = "lost".into();
        settle(world, &mut b, None);
        assert_eq!(names(&b), ["Ann", "Bob", "Cy"]);
    }
    everywhere!(case);
}

#[test]
fn one_message_may_open_filter_and_sync() {
    let world = World::new(SqliteStore::new());
    people(&world);
    let mut b = Phone::contacts("b");
    b.sync(&world).unwrap();
    b.only().filter = filter("EXCLUSIVE", "name&EQ;Ann");
    b.sync_combined(&world).unwrap();
    assert_eq!(names(&b), ["Ann"], "{}", world.last_line());
    b.only().filter = None;
    b.sync_combined(&world).unwrap();
    assert_eq!(names(&b), ["Ann", "Bob", "Cy"], "{}", world.last_line());
}

#[test]
fn a_field_filter_hides_and_loses_nothing() {
    fn case<S: Store>(world: &World<S>, lacks: &[&str]) {
        let mut a = people(world);
        let mut b = Phone::contacts("b");
        b.lacks = lacks.iter().map(|name| (*name).to_owned()).collect();
        let names = || fields(&["BEGIN", "END", "VERSION", "N", "FN", "ORG"]);
        sync_with(world, &mut b, names());
        assert_eq!(b.text_of("Cy"), card("Cy", "ORG:Other\r\n"));
        // A Replace in the filtered session.
        let cy = b.find("Cy");
        b.edit(&cy, &card("Cy", "ORG:Third\r\n"));
        let session = sync_with(world, &mut b, names());
        assert_eq!(session.statuses_of("Replace"), [200]);
        // And one in a session without a filter, before the device has seen the rest.
        b.edit(&cy, &card("Cy", "ORG:Fourth\r\n"));
        let session = sync_with(world, &mut b, None);
        assert_eq!(session.statuses_of("Replace"), [200]);
        a.sync(world).unwrap();
        let whole = card("Cy", "ORG:Fourth\r\nTEL;TYPE=CELL:0170\r\nNOTE:Hush\r\n");
        assert_eq!(a.text_of("Cy"), whole, "{}", world.last_line());
        let held = whole.lines().filter(|line| !lacks.iter().any(|name| line.starts_with(name)));
        assert_eq!(b.text_of("Cy"), held.map(|line| format!("{line}\r\n")).collect::<String>());
        assert_eq!(sync_with(world, &mut b, None).received, 0);
        // Now it can take away again.
        b.edit(&cy, &card("Cy", "TEL;TYPE=CELL:0170\r\nNOTE:Hush\r\n"));
        sync_with(world, &mut b, None);
        a.sync(world).unwrap();
        assert!(!a.text_of("Cy").contains("ORG"), "{}", a.text_of("Cy"));
    }
    case(&World::new(MemoryStore::new()), &[]);
    case(&World::new(SqliteStore::new()), &[]);
    case(&World::new(SqliteStore::new()), &["PHOTO"]);
}

#[test]
fn a_field_filter_that_breaks_off_loses_nothing() {
    for at in 1..6 {
        let world = World::new(SqliteStore::new());
        let mut a = people(&world);
        let mut b = Phone::contacts("b");
        b.sync(&world).unwrap();
        let cy_a = a.find("Cy");
        a.edit(&cy_a, &card("Cy", "ORG:New\r\nTEL;TYPE=CELL:0170\r\nNOTE:Hush\r\n"));
        a.sync(&world).unwrap();
        b.only().filter = fields(&["N", "FN", "ORG"]);
        b.fault = Fault::DiesAfter(at);
        let _ = b.sync(&world);
        b.fault = Fault::None;
        let cy = b.find("Cy");
        let held = b.text_of("Cy");
        b.edit(&cy, &held.replace("END:", "ROLE:Spy\r\nEND:"));
        for _ in 0..3 {
            sync_with(&world, &mut b, None);
        }
        a.sync(&world).unwrap();
        assert!(
            a.text_of("Cy").contains("NOTE:Hush") && a.text_of("Cy").contains("ROLE:Spy"),
            "{at}: {}",
            a.text_of("Cy")
        );
        assert!(b.text_of("Cy").contains("NOTE:Hush"), "{at}: {}", b.text_of("Cy"));
    }
}

#[test]
fn a_filter_that_is_refused_leaves_the_other_datastores_alone() {
    let world = World::new(SqliteStore::new());
    people(&world);
    let mut long = filter("EXCLUSIVE", &format!("N&EQ;{}", "x".repeat(3_000)));
    for (filter, code, hint) in [
        (filter("EXCLUSIVE", "N&EQ"), 422, "Text(\"EQ\")"),
        (filter("EXCLUSIVE", "SINCE&EQ;soon"), 422, "SINCE of no date"),
        (filter("SOMETIMES", "N&EQ;a"), 406, "FilterType SOMETIMES"),
        (filter("EXCLUSIVE", "shoesize&EQ;44"), 406, "filter by shoesize"),
        (filter("EXCLUSIVE", &"(".repeat(1_999)), 413, "a filter of too many terms"),
        (long.take(), 413, "a filter of too many bytes"),
    ] {
        let mut b = Phone::contacts("b").with("./N", "./notes", "text/plain", "1.0");
        b.folders.get_mut("./C").unwrap().filter = filter;
        let session = b.sync(&world).unwrap();
        assert_eq!(session.statuses_of("Alert"), vec![code, 200], "{hint}");
        let refused =
            session.answers.iter().flat_map(|answer| &answer.commands).find_map(|command| match command {
                Command::Status(status) if status.code == code => status.items.first().cloned(),
                _ => None,
            });
        let said = String::from_utf8(refused.unwrap().data.unwrap().bytes().to_vec()).unwrap();
        assert!(said.contains(hint) || code == 422, "{said}");
        assert_eq!(session.received, 0);
        let mut only = Phone::contacts("c");
        only.only().target = "contacts?N&EQ".into();
        assert_eq!(only.sync(&world).unwrap_err(), Broken::Refused(422));
    }
}

#[test]
fn a_session_keeps_few_filters_and_a_row_its_bounds() {
    let world = World::new(SqliteStore::new());
    let mut b = Phone::contacts("b").with("./E", "calendar", "text/calendar", "2.0").with(
        "./N",
        "notes",
        "text/plain",
        "1.0",
    );
    for folder in b.folders.values_mut() {
        folder.filter = filter("EXCLUSIVE", &format!("X-A&EQ;{}", "x".repeat(1_900)));
    }
    assert_eq!(b.sync(&world).unwrap().statuses_of("Alert"), [200, 200, 413]);
    // What is escaped in the session counts as it is kept there.
    let mut c = Phone::contacts("c");
    c.only().filter = filter("EXCLUSIVE", &format!("X-A&EQ;{}", "\u{1}".repeat(1_900)));
    assert_eq!(c.sync(&world).unwrap_err(), Broken::Refused(413));
}

#[test]
fn a_filter_changes_nothing_about_what_the_device_says() {
    let world = World::new(SqliteStore::new());
    let (mut a, mut b) = pair(&world);
    let (first, second) = (b.find("Card 1"), b.find("Card 2"));
    b.edit(&first, &card("Card 1", "TEL;TYPE=CELL:1\r\n"));
    b.delete(&second);
    b.add(&card("Of b", ""));
    let session = sync_with(&world, &mut b, filter("INCLUSIVE", "name&EQ;Nobody"));
    assert_eq!((session.sent, session.received), (3, 0));
    a.sync(&world).unwrap();
    assert_eq!(a.contents(), b.contents());
}

#[test]
fn the_grammar_is_offered_where_1_2_is_spoken() {
    let world = World::new(SqliteStore::new());
    for (protocol, devinf, offered) in [("1.2", "./devinf12", true), ("1.1", "./devinf11", false)] {
        let mut hand = Hand::new(&world, protocol);
        (hand.header.dtd, hand.header.protocol) = (protocol.into(), format!("SyncML/{protocol}"));
        let item = Item { target: Some(Location::of(devinf)), ..Item::default() };
        let get = Command::Get(Get { items: vec![item], ..Get::default() });
        let answer = hand.say(vec![get, alert("200", "./C", "contacts", "", "1")], true);
        let device = answer.commands.iter().find_map(|command| match command {
            Command::Results(results) => results.items[0].data.clone(),
            _ => None,
        });
        let Some(Data::Device(device)) = device else { panic!("{:?}", statuses(&answer)) };
        for store in &device.datastores {
            assert_eq!(!store.filters.is_empty(), offered, "{}", store.source_ref);
            assert_eq!(store.filter_capabilities.len(), if offered { 1 } else { 0 });
        }
    }
}

#[test]
fn an_alert_may_change_its_filter_before_its_sync() {
    let world = World::new(SqliteStore::new());
    people(&world);
    let mut hand = Hand::new(&world, "1");
    let ask = |path: &str| alert("200", "./C", path, "", "1");
    let said = vec![ask("contacts?name&EQ;Ann"), ask("contacts?name&EQ;Bob")];
    assert_eq!(codes(&hand.say(said, true)), [508, 508]);
    let answer = hand.say(vec![sync("contacts", Vec::new())], true);
    let Some(Command::Sync(ours)) = answer.commands.last() else { panic!() };
    let Command::Change(change) = &ours.commands[0] else { panic!() };
    assert_eq!(ours.commands.len(), 1);
    assert!(String::from_utf8_lossy(change.items[0].data.as_ref().unwrap().bytes()).contains("FN:Bob"));
}

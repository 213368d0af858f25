//! Trees of folders, files and e-mails (`syncml.md` 4.15): where things are put, what is refused, what goes first.

use crate::hand::*;
use crate::house::now;
use crate::sqlite::SqliteStore;
use crate::world::{BORN, World, collection};
use anchorage::record::{AccountId, CollectionId, Content, Kind, RecordId};
use anchorage::store::{Batch, Change as Written, Edit, Policy, Store};
use anchorage::syncml::message::*;
use std::collections::BTreeMap;

const FOLDER: &str = "application/vnd.omads-folder+xml";
const FILE: &str = "application/vnd.omads-file+xml";
const EMAIL: &str = "application/vnd.omads-email+xml";

fn world() -> World<SqliteStore> {
    let world = World::new(SqliteStore::new()).reading_on();
    let files = collection("files", Kind::Files, &["file"], Policy::Merge);
    let account = AccountId("account-ann".into());
    let batch = Batch { account, now: BORN, edits: vec![Edit::PutCollection(files)], ..Batch::default() };
    now(world.store.commit(&batch)).unwrap();
    world
}

fn object(media_type: &str, name: &str) -> String {
    match media_type {
        FOLDER => format!("<Folder>\n  <name>{name}</name>\n</Folder>"),
        FILE => format!("<File><name>{name}</name><body enc=\"base64\">AAE=</body></File>"),
        _ => format!("<Email><read>false</read><emailitem>Subject: {name}</emailitem></Email>"),
    }
}

fn in_folder(kind: ChangeKind, luid: &str, media_type: &str, name: &str, parent: &str) -> Command {
    let text = object(media_type, name);
    let Command::Change(mut change) = crate::phone::change(kind, luid, Some(&text), media_type) else {
        panic!()
    };
    change.items[0].source_parent = (!parent.is_empty()).then(|| parent.to_owned());
    Command::Change(change)
}

fn add(luid: &str, media_type: &str, name: &str, parent: &str) -> Command {
    in_folder(ChangeKind::Add, luid, media_type, name, parent)
}

fn relocate(luid: &str, parent: &str) -> Command {
    let Command::Change(mut change) = in_folder(ChangeKind::Move, luid, FILE, "", parent) else { panic!() };
    change.items[0].data = None;
    Command::Change(change)
}

fn delete(luid: &str) -> Command {
    crate::phone::change(ChangeKind::Delete, luid, None, FILE)
}

fn of_files(commands: Vec<Command>) -> Vec<Command> {
    vec![sync("files", commands)]
}

/// A device with a tree of its own, written by hand.
struct Device<'a> {
    world: &'a World<SqliteStore>,
    name: String,
    sessions: u32,
    bytes_max: Option<u64>,
    /// What it was sent: our id, the folder it came with, the text.
    got: Vec<(String, Item)>,
    /// Its ids by ours.
    luids: BTreeMap<String, String>,
}

impl<'a> Device<'a> {
    fn new(world: &'a World<SqliteStore>, name: &str) -> Self {
        let (name, luids) = (name.to_owned(), BTreeMap::new());
        Self { world, name, sessions: 0, bytes_max: None, got: Vec::new(), luids }
    }

    fn hand(&mut self, slow: bool) -> Hand<'a> {
        self.sessions += 1;
        let mut hand = Hand::new(self.world, &format!("{}{}", self.name, self.sessions));
        hand.header.source.uri = self.name.clone();
        hand.header.meta.max_message_bytes = self.bytes_max;
        let (last, next) = ((self.sessions - 1).to_string(), self.sessions.to_string());
        let code = if slow || self.sessions == 1 { "201" } else { "200" };
        hand.say(vec![alert(code, "./C", "files", &last, &next)], true);
        hand
    }

    /// A whole session: says these changes, takes everything, maps it. The codes of the first answer.
    fn sync(&mut self, commands: Vec<Command>) -> Vec<u16> {
        self.session(commands, false)
    }

    fn session(&mut self, commands: Vec<Command>, slow: bool) -> Vec<u16> {
        let mut hand = self.hand(slow);
        self.got.clear();
        let mut answer = hand.say(of_files(commands), true);
        let said = codes(&answer);
        for _ in 0..200 {
            let mut owed = acknowledge(&answer);
            let maps = self.take(&answer);
            if !maps.is_empty() {
                let maps: Vec<_> = maps.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
                owed.push(map("files", &maps));
            }
            let quiet = owed.len() == 1 && answer.last;
            answer = hand.say(owed, true);
            if quiet || answer.last && others(&answer).is_empty() {
                break;
            }
        }
        said
    }

    /// Takes what an answer brings; what has to be mapped.
    fn take(&mut self, answer: &Message) -> Vec<(String, String)> {
        let mut maps = Vec::new();
        for command in &answer.commands {
            let Command::Sync(sync) = command else { continue };
            for command in &sync.commands {
                let Command::Change(change) = command else { continue };
                let item = change.items[0].clone();
                if change.kind == ChangeKind::Add {
                    let ours = item.source.clone().unwrap().uri;
                    let luid = format!("{}-{}", self.name, self.luids.len());
                    if let Some(parent) = &item.source_parent {
                        assert!(self.luids.contains_key(parent), "{ours} came before its folder {parent}");
                    }
                    self.luids.insert(ours.clone(), luid.clone());
                    maps.push((ours, luid));
                }
                self.got.push((change.kind.name().to_owned(), item));
            }
        }
        maps
    }

    /// What came: the command, the name in it, and where it says it belongs.
    fn came(&self) -> Vec<(String, String, String)> {
        let name = |item: &Item| {
            let text = String::from_utf8(item.data.as_ref().unwrap().bytes().to_vec()).unwrap();
            named(&text)
        };
        let place = |item: &Item| match (&item.target_parent, &item.source_parent) {
            (Some(target), None) => target.clone(),
            (None, Some(source)) => format!("new {}", self.luids[source]),
            other => panic!("{other:?}"),
        };
        let mut came: Vec<_> =
            self.got.iter().map(|(kind, item)| (kind.clone(), name(item), place(item))).collect();
        came.sort();
        came
    }
}

/// The name in an object.
fn named(text: &str) -> String {
    let (_, rest) = text.split_once("<name>").or(text.split_once("Subject: ")).unwrap();
    rest.split('<').next().unwrap().to_owned()
}

/// The names of everything live, each with its folder's.
fn tree(world: &World<SqliteStore>) -> Vec<(String, String)> {
    let records = world.records("files");
    let name = |id: &RecordId| {
        let record = records.iter().find(|record| record.id == *id).unwrap();
        let text = String::from_utf8(record.content.body()?.bytes.clone()).unwrap();
        Some(named(&text))
    };
    let place =
        |id: &Option<RecordId>| id.as_ref().map_or("/".to_owned(), |id| name(id).unwrap_or("gone".into()));
    let mut tree: Vec<_> =
        records.iter().filter_map(|record| Some((name(&record.id)?, place(&record.parent)))).collect();
    tree.sort();
    tree
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect()
}

fn triples(expected: &[(&str, &str, &str)]) -> Vec<(String, String, String)> {
    expected.iter().map(|(a, b, c)| ((*a).to_owned(), (*b).to_owned(), (*c).to_owned())).collect()
}

/// `in` with `deep` with `file`, and `mail` beside them.
fn planted(world: &World<SqliteStore>) -> Device<'_> {
    let mut a = Device::new(world, "a");
    let said = a.sync(vec![
        add("1", FOLDER, "in", "/"),
        add("2", FOLDER, "deep", "1"),
        add("3", FILE, "file", "2"),
        add("4", EMAIL, "mail", ""),
    ]);
    assert_eq!(said, [200, 201, 201, 201, 201], "{}", world.last_line());
    a
}

#[test]
fn a_tree_goes_from_one_device_to_another() {
    let world = world();
    let mut a = planted(&world);
    assert_eq!(tree(&world), pairs(&[("deep", "in"), ("file", "deep"), ("in", "/"), ("mail", "/")]));
    assert!(world.live("files").contains(&object(FOLDER, "deep")), "carried as it is");
    let mut b = Device::new(&world, "b");
    b.sync(vec![]);
    let expected =
        [("Add", "deep", "new b-0"), ("Add", "file", "new b-1"), ("Add", "in", "/"), ("Add", "mail", "/")];
    assert_eq!(b.came(), triples(&expected));
    // What comes later is put where the device has the folder.
    assert_eq!(a.sync(vec![add("5", FILE, "more", "2")]), [200, 201]);
    b.sync(vec![]);
    assert_eq!(b.came(), triples(&[("Add", "more", "b-1")]));
    // A move is told as well, and so is what was put somewhere by a Replace.
    let said = a.sync(vec![relocate("5", "/"), in_folder(ChangeKind::Replace, "4", EMAIL, "letter", "1")]);
    assert_eq!(said, [200, 200, 200]);
    b.sync(vec![]);
    assert_eq!(b.came(), triples(&[("Replace", "letter", "b-0"), ("Replace", "more", "/")]));
    // A Replace that does not say where leaves it there.
    assert_eq!(a.sync(vec![in_folder(ChangeKind::Replace, "4", EMAIL, "again", "")]), [200, 200]);
    assert!(tree(&world).contains(&("again".into(), "in".into())));
    b.sync(vec![]);
    assert_eq!(b.came(), triples(&[("Replace", "again", "b-0")]));
    assert_eq!((a.sync(vec![]), a.came()), (vec![200], Vec::new()));
}

#[test]
fn what_cannot_be_put_there_is_refused() {
    let world = world();
    let mut a = planted(&world);
    let mut hand = a.hand(false);
    let mut says = |command: Command| codes(&hand.say(of_files(vec![command]), false))[1];
    let before = tree(&world);
    let cases = [
        (add("9", FILE, "x", "nowhere"), 404),
        (add("9", FILE, "x", "3"), 404),
        (add("9", "text/vcard", "x", "1"), 415),
        (relocate("9", "1"), 404),
        (relocate("3", "nowhere"), 404),
        (relocate("3", ""), 412),
        (relocate("3", "4"), 428),
        (relocate("1", "1"), 428),
        (relocate("1", "2"), 428),
        (in_folder(ChangeKind::Replace, "1", FOLDER, "in", "2"), 428),
        (relocate("3", "2"), 200),
        (delete("1"), 427),
        (delete("2"), 427),
        (delete("9"), 211),
    ];
    for (index, (command, code)) in cases.into_iter().enumerate() {
        assert_eq!(says(command), code, "{index}: {}", world.last_line());
        assert_eq!(tree(&world), before, "{index}");
    }
    let elsewhere = sync("contacts", vec![add("9", FOLDER, "x", "")]);
    let mut hand = Hand::greeted(&world, "contacts", "", "1");
    assert_eq!(codes(&hand.say(vec![elsewhere], false)), [200, 415]);
    assert_eq!(codes(&hand.say(vec![sync("contacts", vec![relocate("1", "/")])], false)), [200, 406]);
}

#[test]
fn a_folder_is_deleted_once_it_is_empty() {
    let world = world();
    let mut a = planted(&world);
    let all = |commands| vec![group(commands)];
    let group_said = a.sync(all(vec![delete("2"), delete("3")]));
    assert_eq!(group_said, [200, 507, 427, 500]);
    // What was taken out before, or put in before, in the same message, counts.
    let said = a.sync(vec![relocate("3", "1"), delete("2"), relocate("4", "1"), delete("3"), delete("1")]);
    assert_eq!(said, [200, 200, 200, 200, 200, 427]);
    assert_eq!(tree(&world), pairs(&[("in", "/"), ("mail", "in")]));
    assert_eq!(a.sync(all(vec![delete("4"), delete("1")])), [200, 200, 200, 200]);
    assert_eq!(tree(&world), Vec::new());
}

fn group(commands: Vec<Command>) -> Command {
    let (command_id, meta) = (String::new(), Meta::default());
    Command::Group(Group { kind: GroupKind::Atomic, command_id, no_response: false, meta, commands })
}

#[test]
fn a_folder_goes_before_what_is_in_it_however_late_it_was_changed() {
    let world = world();
    let mut a = planted(&world);
    // The order of the stamps is now the wrong one, and another folder lies between.
    a.sync(vec![in_folder(ChangeKind::Replace, "2", FOLDER, "depth", "1")]);
    let many: Vec<Command> = (10..40).map(|n| add(&n.to_string(), FILE, &format!("file {n}"), "2")).collect();
    a.sync(many);
    a.sync(vec![in_folder(ChangeKind::Replace, "1", FOLDER, "inside", "/")]);
    a.sync(vec![add("50", FOLDER, "top", "/"), relocate("1", "50")]);
    for bytes_max in [1_100, 2_000, 5_000, 100_000] {
        let mut b = Device::new(&world, &format!("b{bytes_max}"));
        b.bytes_max = Some(bytes_max);
        b.sync(vec![]);
        let came = b.came();
        let names: Vec<&str> = came.iter().map(|(_, name, _)| name.as_str()).collect();
        assert_eq!((names.len(), tree(&world).len()), (35, 35), "{bytes_max}: {names:?}");
        assert!(
            came.iter().all(|(kind, name, place)| kind == "Add"
                && (place != "/" || ["top", "mail"].contains(&name.as_str()))),
            "{came:?}"
        );
        b.sync(vec![]);
        assert_eq!(b.came(), Vec::new(), "{bytes_max}");
    }
}

#[test]
fn a_slow_sync_knows_a_file_by_what_it_says_and_where_it_is() {
    let world = world();
    let mut a = planted(&world);
    assert_eq!(a.sync(vec![add("5", FILE, "file", "1"), add("6", FOLDER, "deep", "2")]), [200, 201, 201]);
    let before: Vec<_> = world.records("files").into_iter().map(|r| (r.id, r.seq)).collect();
    // Another device has the same, by other names, and in another order.
    let mut b = Device::new(&world, "b");
    let said = b.sync(vec![
        add("one", FOLDER, "in", "/"),
        add("five", FILE, "file", "one"),
        add("two", FOLDER, "deep", "one"),
        add("three", FILE, "file", "two"),
        add("six", FOLDER, "deep", "two"),
        add("four", EMAIL, "mail", "/"),
    ]);
    assert_eq!(said, [200, 201, 201, 201, 201, 201, 201]);
    assert_eq!(b.came(), Vec::new());
    assert_eq!(world.records("files").into_iter().map(|r| (r.id, r.seq)).collect::<Vec<_>>(), before);
    // And one that was reset finds its own again.
    let again = vec![add("1", FOLDER, "in", "/"), add("2", FOLDER, "deep", "1"), add("5", FILE, "file", "1")];
    a.sessions = 0;
    assert_eq!(a.session(again, true), [200, 201, 201, 201]);
    assert_eq!(world.records("files").into_iter().map(|r| (r.id, r.seq)).collect::<Vec<_>>(), before);
    let expected = [("Add", "deep", "2"), ("Add", "file", "2"), ("Add", "mail", "/")];
    assert_eq!(a.came(), triples(&expected));
}

#[test]
fn two_devices_move_one_thing_and_the_later_move_counts() {
    let world = world();
    let mut a = planted(&world);
    let mut b = Device::new(&world, "b");
    b.sync(vec![]);
    let of = |device: &Device<'_>, name: &str| {
        let records = world.records("files");
        let text = |r: &anchorage::record::Record| {
            String::from_utf8(r.content.body().unwrap().bytes.clone()).unwrap()
        };
        let record = records.iter().find(|r| text(r).contains(name)).unwrap();
        device.luids[record.id.as_str()].clone()
    };
    assert_eq!(a.sync(vec![relocate("3", "1")]), [200, 200]);
    assert_eq!(b.sync(vec![relocate(&of(&b, "file"), "/")]), [200, 207]);
    assert!(tree(&world).contains(&("file".into(), "/".into())));
    a.sync(vec![]);
    assert_eq!(a.came(), triples(&[("Replace", "file", "/")]));
    // A change of content does not take back where another has put it.
    assert_eq!(a.sync(vec![relocate("3", "1")]), [200, 200]);
    let edited = in_folder(ChangeKind::Replace, &of(&b, "file"), FILE, "file edited", "/");
    assert_eq!(b.sync(vec![edited]), [200, 207]);
    assert!(tree(&world).contains(&("file edited".into(), "in".into())));
    assert_eq!(b.came(), triples(&[("Replace", "file edited", &of(&b, "<name>in"))]));
}

#[test]
fn what_was_in_a_folder_that_is_gone_is_in_none() {
    let world = world();
    planted(&world);
    let deep = world
        .records("files")
        .into_iter()
        .find(|r| String::from_utf8(r.content.body().unwrap().bytes.clone()).unwrap().contains("deep"));
    let gone = Written {
        collection: CollectionId("files".into()),
        id: deep.unwrap().id,
        content: Content::Deleted,
        parent: None,
        key: None,
        origin: String::new(),
        insert: false,
        supersede: true,
    };
    let account = AccountId("account-ann".into());
    now(world.store.commit(&Batch { account, now: BORN, changes: vec![gone], ..Batch::default() })).unwrap();
    let mut b = Device::new(&world, "b");
    b.sync(vec![]);
    assert_eq!(b.came(), triples(&[("Add", "file", "/"), ("Add", "in", "/"), ("Add", "mail", "/")]));
}

#[test]
fn a_copy_lies_beside_what_it_is_a_copy_of() {
    let world = world();
    let mut a = planted(&world);
    let copy = crate::phone::change(ChangeKind::Copy, "3", None, FILE);
    assert_eq!(a.sync(vec![copy]), [200, 201]);
    assert_eq!(a.came(), triples(&[("Add", "file", "2")]));
    assert_eq!(tree(&world).iter().filter(|pair| **pair == ("file".into(), "deep".into())).count(), 2);
}

#[test]
fn our_devinf_says_which_collection_has_folders() {
    let world = world();
    let item = Item { target: Some(Location::of("./devinf12")), ..Item::default() };
    let get = Command::Get(Get { items: vec![item], ..Get::default() });
    let answer = Hand::new(&world, "1").say(vec![alert("201", "./C", "files", "", "1"), get], true);
    let results = answer.commands.iter().find_map(|command| match command {
        Command::Results(results) => results.items[0].data.clone(),
        _ => None,
    });
    let Some(Data::Device(device)) = results else { panic!("{answer:#?}") };
    let hierarchical = |name: &str| {
        let store = device.datastores.iter().find(|store| store.source_ref == name).unwrap();
        (store.hierarchical, store.receives_preferred.clone().unwrap().media_type)
    };
    assert_eq!(hierarchical("files"), (true, FOLDER.into()));
    assert!(!hierarchical("./notes").0);
}

#[test]
fn a_tree_is_not_replaced_as_a_whole() {
    let world = world();
    planted(&world);
    let answer = Hand::new(&world, "1").say(vec![alert("203", "./C", "files", "", "1")], true);
    assert_eq!(codes(&answer), [406]);
    // It may be sent as a whole.
    let mut hand = Hand::new(&world, "2");
    hand.say(vec![alert("205", "./C", "files", "", "1")], true);
    let answer = hand.say(of_files(vec![]), true);
    assert_eq!(others(&answer), ["Sync 4"]);
}

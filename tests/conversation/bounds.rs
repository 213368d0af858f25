//! What a session remembers stays within its row, whatever a hostile or merely enormous client does; and nothing is lost by it.

use crate::card;
use crate::phone::{Phone, Session};
use crate::sqlite::SqliteStore;
use crate::world::World;
use anchorage::limits::{ITEMS_MAX, ROW_BYTES_MAX};
use anchorage::syncml::codec::Encoding;
use anchorage::syncml::message::{Command, Get, Item, Location};

/// The longest row of every table, with its table. (That no parameter is longer, the store asserts itself.)
fn longest_rows(world: &World<SqliteStore>) -> Vec<(String, usize)> {
    let connection = world.store.connection.borrow();
    let names = |sql: &str| -> Vec<String> {
        let mut statement = connection.prepare(sql).unwrap();
        let rows = statement.query_map([], |row| row.get(0)).unwrap();
        rows.map(Result::unwrap).collect()
    };
    let tables = names("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'");
    let longest = |table: &String| {
        let columns = names(&format!("SELECT name FROM pragma_table_info('{table}')"));
        let bytes: Vec<String> =
            columns.iter().map(|column| format!("coalesce(length(CAST(\"{column}\" AS BLOB)), 0)")).collect();
        let sql = format!("SELECT coalesce(max({}), 0) FROM \"{table}\"", bytes.join(" + "));
        connection.query_row(&sql, [], |row| row.get::<_, i64>(0)).unwrap() as usize
    };
    tables.iter().map(|table| (table.clone(), longest(table))).collect()
}

fn check_rows(world: &World<SqliteStore>) -> usize {
    let rows = longest_rows(world);
    assert!(rows.iter().all(|(_, bytes)| *bytes < ROW_BYTES_MAX), "{rows:?}");
    rows.into_iter().find(|(table, _)| table == "session").unwrap().1
}

/// A phone with so many notes, under ids that long, that sends all of them in as few messages as it may.
fn burdened(count: usize, id: &str) -> Phone {
    let mut phone = Phone::notes("b");
    (phone.per_message, phone.max_message, phone.patience) = (ITEMS_MAX, Some(1_500), 5_000);
    for number in 0..count {
        let luid = format!("{id}{number}");
        let folder = phone.only();
        folder.items.insert(luid.clone(), format!("{number}."));
        folder.changed.insert(luid);
    }
    phone
}

/// Syncs, and says how long the session's row became.
fn sync(phone: &mut Phone, world: &World<SqliteStore>) -> (Session, usize) {
    let watched = Watched { world, longest: std::cell::Cell::new(0) };
    let session = crate::house::now(phone.converse(&watched))
        .unwrap_or_else(|e| panic!("{e:?}: {}", world.last_line()));
    (session, watched.longest.get())
}

struct Watched<'a> {
    world: &'a World<SqliteStore>,
    longest: std::cell::Cell<usize>,
}

impl crate::phone::Wire for Watched<'_> {
    async fn post(&self, url: &str, kind: &str, body: &[u8]) -> Option<anchorage::http::Response> {
        let answer = self.world.post(url, kind, body);
        self.longest.set(self.longest.get().max(check_rows(self.world)));
        assert!(self.world.last_line().len() < 10_000, "{} bytes in a line", self.world.last_line().len());
        Some(answer)
    }
}

/// Everything arrived, once.
fn check_all(world: &World<SqliteStore>, phone: &Phone) {
    assert_eq!(world.live("notes"), phone.contents());
    let mut fresh = Phone::notes("fresh");
    fresh.sync(world).unwrap();
    assert_eq!(fresh.contents(), phone.contents());
}

#[test]
fn five_thousand_items_in_one_message_to_a_phone_that_hears_little() {
    let world = World::new(SqliteStore::new());
    let mut phone = burdened(ITEMS_MAX, &"x".repeat(20));
    let (session, longest) = sync(&mut phone, &world);
    assert!(longest > 200_000, "a bound that is never near: {longest}");
    let statuses = session.statuses_of("Add");
    assert_eq!(statuses.len(), ITEMS_MAX);
    assert!(statuses.iter().all(|code| *code == 201), "{}", world.last_line());
    let (session, _) = sync(&mut phone, &world);
    assert_eq!((session.sent, session.received, session.messages), (0, 0, 3), "{}", world.last_line());
    check_all(&world, &phone);
}

#[test]
fn ids_that_swell_in_the_row_and_more_items_than_statuses_can_be_kept() {
    let world = World::new(SqliteStore::new());
    // One byte on the wire, six in JSON; and two messages one after the other, of which hardly a status is fetched between.
    let mut phone = burdened(ITEMS_MAX * 2, &"\u{1}".repeat(20));
    phone.max_message = Some(6_000);
    let (session, _) = sync(&mut phone, &world);
    let statuses = session.statuses_of("Add");
    assert!(statuses.contains(&417) && statuses.len() < ITEMS_MAX * 2, "{}", world.last_line());
    assert!(world.lines.borrow().iter().any(|line| line.contains("answers left out")));
    // Answers were left out, so no anchor moved: everything is compared.
    phone.per_message = 1_000;
    phone.max_message = Some(60_000);
    sync(&mut phone, &world);
    assert!(phone.was_slow);
    assert_eq!(sync(&mut phone, &world).0.sent, 0);
    check_all(&world, &phone);
}

#[test]
fn what_is_put_off_comes_with_the_next_session() {
    let world = World::new(SqliteStore::new());
    let mut phone = burdened(ITEMS_MAX + 500, &"x".repeat(10));
    (phone.per_message, phone.max_message) = (ITEMS_MAX + 500, Some(6_000));
    let (session, _) = sync(&mut phone, &world);
    let statuses = session.statuses_of("Add");
    assert_eq!(statuses.len(), ITEMS_MAX + 500);
    assert_eq!(statuses.iter().filter(|code| **code == 417).count(), 500, "{}", world.last_line());
    let (session, _) = sync(&mut phone, &world);
    assert_eq!((session.sent, phone.was_slow), (500, false));
    check_all(&world, &phone);
}

#[test]
fn long_names_from_elsewhere_and_a_phone_that_never_maps() {
    let world = World::new(SqliteStore::new());
    for number in 0..1_500 {
        let id = format!("{number:04}{}", "%22".repeat(251));
        let response = world.max("POST", "contacts", "", &format!("id={id}&name=N{number}"));
        assert_eq!(response.status, 200, "{}", String::from_utf8_lossy(&response.body));
    }
    let mut phone = Phone::contacts("a");
    (phone.guid_bytes, phone.maps_late, phone.max_message) = (300, true, Some(250_000));
    let (session, longest) = sync(&mut phone, &world);
    assert_eq!(session.received, 1_500);
    assert!(longest > 100_000, "{longest}");
    // Its Adds of the session that breaks off are remembered too.
    let mut other = Phone::contacts("c");
    (other.guid_bytes, other.forgets_maps, other.max_message) = (300, true, Some(250_000));
    for _ in 0..3 {
        sync(&mut other, &world);
    }
    let again = sync(&mut phone, &world).0;
    assert!(again.received < 1_500, "what was mapped does not come again: {}", again.received);
    sync(&mut phone, &world);
    assert_eq!(phone.contents().len(), 1_500);
}

#[test]
fn commands_by_the_thousand_and_names_without_end() {
    let world = World::new(SqliteStore::new());
    let mut phone = Phone::contacts("a");
    phone.max_message = Some(1_500);
    phone.patience = 5_000;
    phone.add(&card("Jane", ""));
    let get = |uri: &str| {
        let item = Item { target: Some(Location::of(uri)), ..Item::default() };
        Command::Get(Get { items: vec![item], ..Get::default() })
    };
    phone.max_message = Some(60_000);
    phone.sync_with(&world, vec![get("./devinf12"); 10_000]).unwrap();
    phone.max_message = Some(1_500);
    check_rows(&world);
    phone.sync_with(&world, vec![get(&"\u{1}".repeat(400_000))]).unwrap();
    check_rows(&world);
    for (next, target) in [
        ("n".repeat(400_000), "contacts".to_owned()),
        ("n".into(), format!("contacts?{}", "\u{1}".repeat(400_000))),
    ] {
        let mut odd = phone.clone();
        odd.only().target = target;
        odd.only().last = next;
        let _ = odd.sync(&world);
        check_rows(&world);
    }
    for length in [300, 400_000] {
        let mut long = Phone::contacts(&"\u{1}".repeat(length));
        long.max_message = Some(250_000);
        assert!(long.sync(&world).is_err());
        let mut long = Phone::contacts("a");
        long.user = "\u{1}".repeat(length / 2);
        long.md5 = false;
        assert!(long.sync(&world).is_err());
    }
    check_rows(&world);
    phone.encoding = Encoding::Xml;
    phone.max_message = Some(3_000);
    phone.sync(&world).unwrap();
    assert_eq!(world.live("contacts").len(), 1);
}

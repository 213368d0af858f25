//! Contacts, events, todos and notes through MAX: plain fields on one side, a phone's own bytes on the other.

use crate::scenario;
use crate::world::*;
use anchorage::content::fields;
use anchorage::journal::matching;
use anchorage::record::{Body, CollectionId, Content, Form, Kind, RecordId};
use anchorage::store::{Batch, Change, Collection, Edit, PageAsk, Reads, Store, Who};

const CARD: &str = "BEGIN:VCARD\r\nVERSION:2.1\r\nN:Doe;John\r\nFN:John Doe\r\nTEL;CELL:+1 555\r\nX-ODD;Y=1:kept\r\n\
                    PHOTO;ENCODING=BASE64;TYPE=JPEG:\r\n /9j/4AAQ\r\n\r\nEND:VCARD\r\n";

fn declare<S: Store>(world: &World<S>, id: &str, kind: Kind) {
    let fields = fields::standard(kind);
    world.edit(Edit::PutCollection(Collection {
        id: CollectionId(id.into()),
        kind,
        fields,
        ..Collection::default()
    }));
}

/// What a phone would do.
fn put<S: Store>(world: &World<S>, collection: &str, id: &str, form: Form, bytes: &str) {
    let body = Body { form, bytes: bytes.into() };
    let change = Change {
        collection: CollectionId(collection.into()),
        id: RecordId::new(id).unwrap(),
        parent: None,
        key: matching::key(&body),
        content: Content::Body(body),
        origin: "phone".into(),
        insert: true,
        supersede: true,
    };
    let batch = Batch { account: account(), now: world.now, changes: vec![change], ..Batch::default() };
    now_or_never(world.store.commit(&batch)).unwrap();
}

fn body<S: Store>(world: &World<S>, collection: &str, id: &str) -> (String, String) {
    let mut reads = Reads::of(Who::Account(account()));
    reads.page = Some(PageAsk::Collection {
        path: collection.into(),
        after: 0,
        until: None,
        live_only: true,
        records_max: 1000,
        bytes_max: 1_000_000,
    });
    let snapshot = now_or_never(world.store.read(&reads)).unwrap();
    let record = &snapshot.page.iter().find(|o| o.record.id.as_str() == id).unwrap().record;
    let body = record.content.body().unwrap();
    (String::from_utf8(body.bytes.clone()).unwrap(), record.origin.clone())
}

fn value<'a>(feed: &'a Answer, id: &str, name: &str) -> &'a str {
    let item = feed.items.iter().find(|item| item[0].1 == id).unwrap();
    &item.iter().find(|(known, _)| known == name).unwrap().1
}

scenario!(a_phones_contact_has_plain_fields, world => {
    declare(&world, "contacts", Kind::Contacts);
    put(&world, "contacts", "c1", Form::Vcard21, CARD);
    let feed = world.feed("contacts", "0");
    let names: Vec<&str> = feed.items[0].iter().map(|(name, _)| name.as_str()).collect();
    let declared = fields::standard(Kind::Contacts);
    assert_eq!(names, declared.iter().map(|field| field.name.as_str()).collect::<Vec<_>>());
    for (name, expected) in [("firstname", "John"), ("lastname", "Doe"), ("mobile", "+1 555"), ("birthday", "0")] {
        assert_eq!(value(&feed, "c1", name), expected, "{name}");
    }
});

scenario!(one_field_edited_leaves_all_else_byte_by_byte, world => {
    declare(&world, "contacts", Kind::Contacts);
    put(&world, "contacts", "c1", Form::Vcard21, CARD);
    world.submit("contacts", "id=c1&mobile=%2B1+777");
    let (bytes, origin) = body(&world, "contacts", "c1");
    assert_eq!(bytes, CARD.replace("+1 555", "+1 777"));
    assert_eq!(origin, "", "by another hand than the phone's");
    let stamp = world.feed("contacts", "0").stamp();
    assert_eq!(world.submit("contacts", "id=c1&mobile=%2B1+777&firstname=John&birthday=0"), stamp);
    assert_eq!(body(&world, "contacts", "c1").0, bytes);
});

scenario!(contacts_events_todos_and_notes_are_made_and_deleted, world => {
    let cases = [
        ("contacts", Kind::Contacts, "firstname=Ann&lastname=O%27Neil&email=a%40b.c&birthday=-86400000", "lastname"),
        ("calendar", Kind::Calendar, "title=Lunch&start=1763000000000&end=1763003600000", "title"),
        ("todo", Kind::Todo, "title=Shop&due=1763000000000&done=0", "title"),
        ("notes", Kind::Notes, "body=Line+one%0ALine+two", "body"),
    ];
    for (name, kind, form, edited) in cases {
        declare(&world, name, kind);
        let made = world.submit(name, &format!("id=new&{form}"));
        assert_eq!(world.submit(name, &format!("id=new&{form}")), made, "{name}: the same again");
        let feed = world.feed(name, "0");
        for (field, sent) in form.split('&').map(|pair| pair.split_once('=').unwrap()) {
            let sent = sent.replace("%27", "'").replace("%40", "@").replace("%0A", "\n").replace('+', " ");
            assert_eq!(value(&feed, "new", field), sent, "{name}.{field}");
        }
        world.submit(name, &format!("id=new&{edited}=Other"));
        assert_eq!(value(&world.feed(name, &made.to_string()), "new", edited), "Other");
        let edited = world.feed(name, "0").stamp();
        world.submit(name, "id=new&_deleted=1");
        assert_eq!(world.feed(name, &edited.to_string()).lines(), ["id=new _deleted=1"]);
        world.submit(name, "id=empty");
        assert_eq!(world.feed(name, "0").items.len(), 1);
    }
});

scenario!(a_change_is_known_by_its_content, world => {
    declare(&world, "contacts", Kind::Contacts);
    put(&world, "contacts", "c1", Form::Vcard21, CARD);
    world.submit("contacts", "id=c1&firstname=Jane");
    let (bytes, _) = body(&world, "contacts", "c1");
    let key = matching::key(&Body { form: Form::Vcard21, bytes: bytes.into() }).unwrap();
    let mut reads = Reads::of(Who::Account(account()));
    reads.matches = vec![("contacts".into(), vec![key])];
    let found = now_or_never(world.store.read(&reads)).unwrap().found;
    assert_eq!(found.len(), 1, "a slow sync recognises it");
});

//! Collections shown and changed, and what phones and apps then meet.

use crate::desk::Desk;
use crate::devices::desk_of;
use crate::overview;
use crate::phone::Phone;
use crate::world::World;
use anchorage::record::{AccountId, Kind};
use anchorage::store::survey::Survey;
use anchorage::store::{Batch, Collection, Edit, Policy};

fn collection<S: Survey>(desk: &Desk<S>, name: &str, id: &str) -> Collection {
    let overview = overview(desk, name).unwrap();
    overview.collections.into_iter().find(|(known, _)| known.id.0 == id).unwrap().0
}

pub fn a_collection_is_shown_and_changed<S: Survey + Default>() {
    let mut desk = Desk::new(S::default());
    desk.run("add anna").unwrap();
    let said = desk.run("collection anna card").unwrap();
    for part in
        ["contacts of `anna`: contacts, 0 records", "merge:", "read-only  off", "addressbook, card", "email"]
    {
        assert!(said.contains(part), "{part} in {said}");
    }
    let before = collection(&desk, "anna", "contacts");
    let said = desk.run("collection anna contacts --policy keep-both --read-only on").unwrap();
    assert!(
        said.contains("Changed") && said.contains("keep-both:") && said.contains("read-only  on"),
        "{said}"
    );
    let after = collection(&desk, "anna", "contacts");
    assert_eq!(after, Collection { policy: Policy::KeepBoth, read_only: true, ..before.clone() });
    let list = desk.run("list anna").unwrap();
    let line = list.lines().find(|line| line.contains("collection  contacts")).unwrap();
    assert!(
        line.contains("keep-both") && line.contains("read-only") && line.contains("also addressbook"),
        "{line}"
    );
    let line = list.lines().find(|line| line.contains("collection  calendar")).unwrap();
    assert!(line.contains("merge") && !line.contains("read-only"), "{line}");
    assert!(desk.run("collection anna contacts --read-only on").unwrap().contains("so already"));
    assert!(desk.run("collection anna contacts --read-only quiet").unwrap().contains("read-only  quiet"));
    assert!(collection(&desk, "anna", "contacts").quiet);
    assert!(desk.run("collection anna contacts --read-only loud").unwrap_err().contains("on, quiet or off"));
    desk.run("collection anna contacts --policy merge --read-only=off").unwrap();
    assert_eq!(collection(&desk, "anna", "contacts"), before);
    assert!(desk.run("collection anna nothing").unwrap_err().contains("calendar, contacts"));
    assert!(desk.run("collection anna nothing --read-only on").unwrap_err().contains("calendar, contacts"));
    assert!(desk.run("collection nobody contacts --read-only on").unwrap_err().contains("add nobody"));

    desk.run("demo").unwrap();
    assert!(desk.run("collection demo tasks --policy merge").unwrap_err().contains("MAX table"));
    desk.run("collection demo tasks --read-only on --alias jobs-of-mine").unwrap();
    assert!(collection(&desk, "demo", "tasks").read_only);
}

pub fn an_alias_is_a_path_devices_can_come_to<S: Survey + Default>() {
    let mut desk = Desk::new(S::default());
    desk.run("add anna").unwrap();
    let before = collection(&desk, "anna", "contacts");
    for (alias, says) in [
        ("cal", "a path of the collection `calendar`"),
        ("todo", "a path of the collection `todo`"),
        ("contacts", "own id"),
        ("Kontakte", "found at `kontakte`"),
        ("./people/", "found at `people`"),
        ("", "1 to 64"),
        ("a?b", "lower case"),
        (&"x".repeat(65), "1 to 64"),
    ] {
        let refused =
            desk.run(&format!("collection anna contacts --alias fine --alias={alias}")).unwrap_err();
        assert!(refused.contains(says), "{alias}: {refused}");
    }
    let refused = desk.run("collection anna contacts --remove-alias cal").unwrap_err();
    assert!(refused.contains("addressbook, card"), "{refused}");
    assert_eq!(collection(&desk, "anna", "contacts"), before);
    desk.run("collection anna contacts --alias con --alias pb --alias card --remove-alias contact").unwrap();
    assert_eq!(collection(&desk, "anna", "contacts").aliases, ["addressbook", "card", "con", "pb"]);
    assert!(desk.run("collection anna con").unwrap().contains("contacts of `anna`"));
    // What one collection gave up another may have.
    desk.run("collection anna notes --alias contact").unwrap();
    assert_eq!(collection(&desk, "anna", "notes").aliases, ["note", "memo", "contact"]);
}

pub fn standard_fields_are_refreshed_and_others_stay<S: Survey + Default>() {
    let mut desk = Desk::new(S::default());
    desk.run("add anna").unwrap();
    let standard = collection(&desk, "anna", "contacts");
    // As an older release would have left it: without two fields, and with one of its own.
    let mut old = standard.clone();
    old.fields.drain(1..3);
    old.fields[1].path = "X-OLD".into();
    let mut own = old.fields[1].clone();
    own.name = "shoesize".into();
    old.fields.push(own.clone());
    let batch = Batch {
        account: AccountId("anna".into()),
        now: desk.now,
        edits: vec![Edit::PutCollection(old)],
        ..Batch::default()
    };
    crate::desk::finish(desk.store.commit(&batch)).unwrap();
    let said = desk.run("collection anna contacts --standard-fields").unwrap();
    let names = format!("new fields: {}, {}", standard.fields[1].name, standard.fields[2].name);
    assert!(said.contains(&names), "{said}");
    let fields = collection(&desk, "anna", "contacts").fields;
    assert_eq!(fields, [standard.fields.as_slice(), &[own]].concat());
    let said = desk.run("collection anna contacts --standard-fields").unwrap();
    assert!(said.contains("so already") && said.contains("the same fields"), "{said}");
    desk.run("demo").unwrap();
    assert!(desk.run("collection demo tasks --standard-fields").unwrap_err().contains("import-app"));
    assert_eq!(collection(&desk, "demo", "tasks").kind, Kind::Table);
}

pub fn a_policy_and_a_lock_hold_at_the_next_sync<S: Survey + Default + 'static>() {
    let world = World::new(S::default());
    let (mut a, mut b) = (Phone::contacts("a"), Phone::contacts("b"));
    a.add(&crate::card(1));
    a.sync(&world).unwrap();
    b.sync(&world).unwrap();
    let mut desk = desk_of(world);
    desk.run("collection account-ann contacts --policy server-wins").unwrap();
    let world = desk.world();
    let (of_a, of_b) = (a.find("Number 1"), b.find("Number 1"));
    a.edit(&of_a, &crate::card(1).replace("FN:Number 1 Test", "FN:First"));
    b.edit(&of_b, &crate::card(1).replace("FN:Number 1 Test", "FN:Second"));
    a.sync(&world).unwrap();
    b.sync(&world).unwrap();
    b.sync(&world).unwrap();
    assert!(b.contents()[0].contains("FN:First"), "what is here stays: {:?}", b.contents());

    let mut desk = desk_of(world);
    desk.run("collection account-ann contacts --read-only on").unwrap();
    let world = desk.world();
    a.add(&crate::card(2));
    let session = a.sync(&world).unwrap();
    assert_eq!(world.live("contacts").len(), 1, "{:?}", session.statuses_of("Add"));
    assert_eq!(world.max("POST", "contacts", "auth=token", "id=x&name=y").status, 403);
}

pub fn a_collection_for_files_is_made<S: Survey + Default>() {
    let mut desk = Desk::new(S::default());
    desk.run("add anna").unwrap();
    let said = desk.run("collection anna briefcase --kind files --alias files --policy server-wins").unwrap();
    for part in
        ["Made briefcase of `anna`, for folders, files and e-mails", "server-wins", "aliases    files"]
    {
        assert!(said.contains(part), "{part} in {said}");
    }
    let made = collection(&desk, "anna", "briefcase");
    assert_eq!((made.kind, made.policy, made.fields.len()), (Kind::Files, Policy::ServerWins, 0));
    assert!(desk.run("collection anna briefcase --kind files").unwrap().contains("so already"));
    assert!(desk.run("collection anna files --kind notes").unwrap_err().contains("cannot be changed"));
    assert!(
        desk.run("collection anna Photos/ --kind files").unwrap_err().contains("cannot be a collection's id")
    );
    assert!(desk.run("collection anna photos --kind photos").unwrap_err().contains("notes, files"));
    assert!(desk.run("collection anna photos --kind table").unwrap_err().contains("notes, files"));
    assert!(desk.run("list anna").unwrap().contains("briefcase"));
}

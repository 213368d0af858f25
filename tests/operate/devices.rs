//! Devices shown, set up and forgotten, with a phone that really synchronises.

use crate::desk::{Desk, finish};
use crate::phone::Phone;
use crate::world::{SECRET, World};
use crate::{card, overview};
use anchorage::peer::PeerId;
use anchorage::record::AccountId;
use anchorage::store::survey::Survey;
use anchorage::store::{Batch, Edit, Peer};

/// The operator of a world, who gives it back.
pub struct Visit<S> {
    desk: Desk<S>,
    make: Box<dyn FnOnce(S) -> World<S>>,
}

pub fn desk_of<S: Survey + Default + 'static>(world: World<S>) -> Visit<S> {
    let now = world.clock.get();
    let World { store, settings, clock, drawn, lines, address, user_agent, batches_max, fresh } = world;
    let make = Box::new(move |store| World {
        store,
        settings,
        clock,
        drawn,
        lines,
        address,
        user_agent,
        batches_max,
        fresh,
    });
    let mut desk = Desk::new(store);
    desk.now = now;
    desk.secret = Some(SECRET);
    Visit { desk, make }
}

impl<S: Survey> Visit<S> {
    pub fn run(&mut self, line: &str) -> Result<String, String> {
        self.desk.run(line)
    }

    pub fn desk(&self) -> &Desk<S> {
        &self.desk
    }

    pub fn desk_mut(&mut self) -> &mut Desk<S> {
        &mut self.desk
    }

    pub fn world(self) -> World<S> {
        (self.make)(self.desk.store)
    }
}

pub fn devices_are_shown_with_what_they_are_and_how_far_they_came<S: Survey + Default + 'static>() {
    let world = World::new(S::default());
    let (mut a, mut b) = (Phone::contacts("IMEI:1"), Phone::contacts("IMEI:2"));
    a.add(&card(1));
    a.sync(&world).unwrap();
    b.sync(&world).unwrap();
    let mut desk = desk_of(world);
    let said = desk.run("device account-ann").unwrap();
    assert!(said.contains("`account-ann` has 2 devices."), "{said}");
    let told = a.devinf();
    let what = format!("IMEI:1   {} {}", told.maker.unwrap(), told.model.unwrap());
    assert!(said.contains(&what) && said.contains("last here 2025-"), "{what} in {said}");
    assert!(said.contains("contacts     offered: up to date as of 2025-"), "{said}");
    assert!(said.contains("calendar     never synchronised"), "{said}");
    let world = desk.world();
    a.sync(&world).unwrap();
    let mut desk = desk_of(world);
    let one = desk.run("device account-ann IMEI:1").unwrap();
    assert!(one.starts_with("IMEI:1 ") && !one.contains("IMEI:2"), "{one}");
    assert!(desk.run("device account-ann IMEI:").unwrap_err().contains("More than one"));
    assert!(desk.run("device account-ann IMEI:3").unwrap_err().contains("no device `IMEI:3`"));
    assert!(desk.run("device nobody").unwrap_err().contains("no account"));
    let list = desk.run("list account-ann").unwrap();
    assert!(list.contains(&what) && list.contains("offered: up to date"), "{list}");
}

pub fn a_device_told_every_property_stays_so<S: Survey + Default + 'static>() {
    let world = World::new(S::default());
    let mut a = Phone::contacts("a");
    a.sync(&world).unwrap();
    let mut desk = desk_of(world);
    assert!(desk.run("device account-ann a --ctcap on").unwrap().contains("on"));
    assert!(desk.run("device account-ann a").unwrap().contains("ctcap on"));
    let settings =
        |desk: &Visit<S>| overview(&desk.desk, "account-ann").unwrap().devices[0].0.settings.clone();
    assert_eq!(settings(&desk), "{\"ctcap\":true}");
    let world = desk.world();
    a.add(&card(1));
    a.sync(&world).unwrap();
    let mut desk = desk_of(world);
    assert_eq!(settings(&desk), "{\"ctcap\":true}", "a sync leaves it alone");
    for wrong in ["--quirks={\"colour\":1}", "--quirks=[]", "--quirks={\"message_bytes_max\":0}"] {
        assert!(desk.run(&format!("device account-ann a {wrong}")).unwrap_err().contains("--quirks wants"));
    }
    desk.run("device account-ann a --quirks={\"message_bytes_max\":1500}").unwrap();
    assert_eq!(settings(&desk), "{\"ctcap\":true,\"quirks\":{\"message_bytes_max\":1500}}");
    assert!(desk.run("device account-ann a").unwrap().contains("quirk message_bytes_max 1500"));
    let world = desk.world();
    let session = a.sync(&world).unwrap();
    assert!(session.sizes.iter().all(|bytes| *bytes <= 1_500), "{:?}", session.sizes);
    let mut desk = desk_of(world);
    desk.run("device account-ann a --quirks={}").unwrap();
    assert_eq!(settings(&desk), "{\"ctcap\":true}");
    desk.run("device account-ann a --ctcap off").unwrap();
    assert!(!desk.run("device account-ann a").unwrap().contains("ctcap"));
    // A device whose id begins like another's is still found by its whole id.
    let account = AccountId("account-ann".into());
    let longer = PeerId("ab".into());
    let row = Batch { account, peer_id: longer, peer: Some(Peer::default()), ..Batch::default() };
    finish(desk.desk.store.commit(&row)).unwrap();
    desk.run("device account-ann a --forget").unwrap();
    assert_eq!(overview(&desk.desk, "account-ann").unwrap().devices.len(), 1);
}

pub fn a_forgotten_device_syncs_slowly_and_matches<S: Survey + Default + 'static>() {
    let world = World::new(S::default());
    let (mut a, mut b) = (Phone::contacts("a"), Phone::contacts("b"));
    for number in 0..5 {
        a.add(&card(number));
    }
    a.sync(&world).unwrap();
    b.sync(&world).unwrap();
    a.sync(&world).unwrap();
    let before = (a.contents(), world.live("contacts"));
    let mut desk = desk_of(world);
    let said = desk.run("device account-ann a --forget").unwrap();
    assert!(said.contains("Forgot a.") && said.contains("slow"), "{said}");
    assert!(desk.run("device account-ann a").unwrap_err().contains("no device"));
    assert!(desk.run("device account-ann a --forget").unwrap_err().contains("no device"));
    let left = overview(&desk.desk, "account-ann").unwrap().devices;
    assert_eq!(left.iter().map(|(peer, _)| peer.id.0.as_str()).collect::<Vec<_>>(), ["b"]);
    let world = desk.world();
    world.lines.borrow_mut().clear();
    a.sync(&world).unwrap();
    assert!(
        world.lines.borrow().iter().any(|line| line.contains("slow sync of contacts")),
        "{}",
        world.last_line()
    );
    assert_eq!((a.contents(), world.live("contacts")), before, "everything was found again");
    let luid = a.find("Number 3");
    a.edit(&luid, &card(3).replace("FN:Number 3 Test", "FN:Changed"));
    a.sync(&world).unwrap();
    b.sync(&world).unwrap();
    assert_eq!(b.contents(), a.contents());
    assert_eq!(world.live("contacts").len(), 5);
    let edits = vec![Edit::ForgetPeer(PeerId("b".into()))];
    let account = AccountId("account-ann".into());
    finish(world.store.commit(&Batch { account, edits, ..Batch::default() })).unwrap();
    b.sync(&world).unwrap();
    assert_eq!(world.live("contacts").len(), 5);
}

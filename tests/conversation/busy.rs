//! Busy (101, 221): messages whose commits keep losing their races end as if they had not (`syncml.md` 4.9).



use crate::phone::{Broken, Fault, Phone, Session, WhenBusy, header_status};
use crate::sqlite::SqliteStore;
use crate::world::World;
use crate::{card, pair};
use anchorage::limits;
use anchorage::store::memory::MemoryStore;
use anchorage::store::{Batch, Reads, Receipt, Snapshot, Store, StoreError};
use anchorage::syncml::codec::Encoding;
use anchorage::syncml::message::Version;
use std::cell::Cell;

/// A store in which whoever carries out a message loses the race, as often as it is told to.
pub struct Losing<S> {
    pub inner: S,
    /// How many commits are lost, from which message of a session on.
    pub left: Cell<usize>,
    pub from: Cell<i64>,
    /// What is said then.
    pub says: Cell<fn() -> StoreError>,
    /// Whether the store could not even keep a message.
    pub keeps_nothing: Cell<bool>,
    pub reads: Cell<usize>,
    pub commits: Cell<usize>,
}

impl<S: Store> Losing<S> {
    pub fn new(inner: S) -> Self {
        let zero = || Cell::new(0);
        let says: fn() -> StoreError = || StoreError::Conflict;
        Self {
            inner,
            left: zero(),
            from: Cell::new(0),
            says: Cell::new(says),
            keeps_nothing: Cell::new(false),
            reads: zero(),
            commits: zero(),
        }
    }

    /// From this message of a session on, so many messages lose all their races.
    fn lose(&self, from: i64, messages: usize) {
        self.from.set(from);
        self.left.set(messages * limits::ATTEMPTS_MAX);
    }

    fn counted(&self) -> (usize, usize) {
        (self.reads.replace(0), self.commits.replace(0))
    }
}

impl<S: Store> Store for Losing<S> {
    async fn read(&self, reads: &Reads) -> Result<Snapshot, StoreError> {
        self.reads.set(self.reads.get() + 1);
        self.inner.read(reads).await
    }

    async fn commit(&self, batch: &Batch) -> Result<Receipt, StoreError> {
        self.commits.set(self.commits.get() + 1);
        let Some(session) = &batch.session else { return self.inner.commit(batch).await };
        let keeps = session.state.contains("\"busy\":");
        if keeps && self.keeps_nothing.get() {
            return Err(StoreError::Conflict);
        }
        if !keeps && session.message >= self.from.get() && self.left.get() > 0 {
            self.left.set(self.left.get() - 1);
            return Err(self.says.get()());
        }
        self.inner.commit(batch).await
    }
}

/// A phone that has much to say and much to hear, in small messages, and another that has said its part.
fn stage<S: Store>(world: &World<S>, dress: impl Fn(&mut Phone)) -> (Phone, Phone) {
    let (mut a, mut b) = pair(world);
    for number in 0..6 {
        a.add(&card(&format!("New on a {number}"), ""));
        b.add(&card(&format!("New on b {number}"), &format!("NOTE:{}\r\n", "x".repeat(300))));
    }
    for (phone, edited, deleted) in [(&mut a, "Card 0", "Card 1"), (&mut b, "Card 2", "Card 3")] {
        let (edit, gone) = (phone.find(edited), phone.find(deleted));
        phone.edit(&edit, &card(edited, "NOTE:edited\r\n"));
        phone.delete(&gone);
    }
    b.sync(world).unwrap();
    (a.per_message, a.max_message) = (2, Some(1_100));
    a.answered.clear();
    dress(&mut a);
    (a, b)
}

/// What everybody holds in the end; nobody has anything to say then.
fn settle<S: Store>(world: &World<S>, a: &mut Phone, b: &mut Phone) -> Vec<String> {
    b.sync(world).unwrap();
    let session = a.sync(world).unwrap();
    let lines = world.lines.borrow().clone();
    assert_eq!((session.sent, session.received), (0, 0), "{lines:#?}");
    assert_eq!((a.contents(), b.contents()), (world.live("contacts"), world.live("contacts")), "{lines:#?}");
    a.contents()
}

fn undisturbed(dress: impl Fn(&mut Phone)) -> (Vec<String>, Session) {
    let world = World::new(MemoryStore::new());
    let (mut a, mut b) = stage(&world, dress);
    let session = a.sync(&world).unwrap();
    (settle(&world, &mut a, &mut b), session)
}

#[test]
fn any_message_put_off_any_number_of_times_ends_as_if_it_had_not_been() {
    let (expected, whole) = undisturbed(|_| {});
    assert!(whole.messages > 8, "changes, Maps, statuses and the end: {}", whole.messages);
    for when_busy in [WhenBusy::Asks, WhenBusy::GoesOn] {
        for at in 2..=i64::from(whole.messages) {
            for times in [1, 3] {
                let world = World::new(Losing::new(MemoryStore::new()));
                let (mut a, mut b) = stage(&world, |a| a.when_busy = when_busy);
                world.store.lose(at, times);
                let session = a.sync(&world).unwrap_or_else(|e| panic!("{at}: {e:?} {:#?}", world.lines.borrow()));
                let ends = when_busy == WhenBusy::GoesOn && at == i64::from(whole.messages);
                assert!(session.busy as usize == times || ends, "{when_busy:?} {at}: {}", session.busy);
                assert_eq!(world.store.left.get(), 0);
                assert_eq!(a.answered_twice(), 0, "{when_busy:?} {at}: {:#?}", a.answered);
                assert_eq!(settle(&world, &mut a, &mut b), expected, "{when_busy:?} {at} {times}");
            }
        }
    }
}

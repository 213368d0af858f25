//! The desk a message is worked on: what was read, what was decided so far, and what will be written.
//!
//! Everything a turn learns about aliases and bookmarks is kept here first, so that a later step of the same message sees
//! it; `close` turns it into one answer and one batch.

use super::Server;
use super::authenticate::Admitted;
use super::bar::Bar;
use super::identify;
use super::notes::Notes;
use super::watch::Watch;
use crate::exchange::Seed;
use crate::journal::Moment;
use crate::journal::matching::MatchKey;
use crate::journal::merge::Supported;
use crate::limits;
use crate::peer::{Alias, Bookmark, Luid};
use crate::record::{AccountId, CollectionId, Content, Form, Kind, RecordId, Seq};
use crate::secret;
use crate::store::{Batch, Change, Collection, Peer, RecordVersion, Snapshot, Throttle};
use crate::syncml::bookmarks::Bookmarks;
use crate::syncml::device::DevInf;
use crate::syncml::inbox::{Inbox, Part};
use crate::syncml::known::Known;
use crate::syncml::message::Version;
use crate::syncml::outbox::{Bounds, Outbox, Return};
use crate::syncml::quirk::Quirks;
use crate::syncml::session::{Datastore, Pending, PendingStatus, State, Unanswered};
use crate::syncml::touched::Touched;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

/// The working area of one turn.
pub struct Desk<'a> {
    pub server: &'a Server<'a>,
    pub inbox: &'a Inbox,
    /// The message whose commands are being carried out: that which came, or one that was kept.
    pub part: Part,
    pub snapshot: &'a Snapshot,
    /// The same, by what it is looked up by.
    pub known: Known<'a>,
    /// What was sent and not answered yet: `state.sent` while the desk is in use.
    pub unanswered: Unanswered,
    pub now: Moment,
    pub seed: &'a mut Seed,
    pub state: State,
    pub batch: Batch,
    /// The device's row, as it will be.
    pub peer: Peer,
    pub peer_changed: bool,
    /// What the device said it can do, in this session or before.
    pub device: Option<DevInf>,
    /// What is done differently for it.
    pub quirks: Quirks,
    /// What that comes to for the device's path and a form, as far as it was looked up.
    pub supported: RefCell<BTreeMap<(String, Form), Option<Supported>>>,
    /// Bookmarks as they will be.
    pub bookmarks: Bookmarks,
    /// Records this turn changed: what the page says of them is no longer so.
    pub touched: Touched,
    /// Collections that this very message asked to sync normally and was told to sync slowly.
    pub forced: BTreeSet<CollectionId>,
    /// For each match key how many of its records have been claimed, from the front.
    pub matched: BTreeMap<(CollectionId, MatchKey), usize>,
    /// Folders that this turn recognised by what they say, each with the folder it is in.
    pub recognised: BTreeMap<(CollectionId, RecordId), Option<RecordId>>,
    /// What this turn staged, with its place in the batch.
    pub staged: BTreeMap<(CollectionId, Luid), usize>,
    /// What this turn made of aliases; `None` for dropped.
    pub aliases: BTreeMap<(CollectionId, RecordId), Option<Alias>>,
    /// Which record a device's id means since this turn.
    pub luids: BTreeMap<(CollectionId, Luid), Option<RecordId>>,
    /// Whether a record was changed in a way that must go back to the device: it will be in a later page.
    pub sends_back: bool,
    pub outbox: Outbox,
    /// Commands of this turn waiting to be written, after those of earlier turns.
    pub queue: Vec<Pending>,
    /// What was refused for the credentials inside it.
    pub bar: Bar,
    /// Whether the device has refused our last message as a whole.
    pub challenged: bool,
    /// Whether the device has not yet come to our last message.
    pub device_is_busy: bool,
    /// How many bytes of the session's row all that is owed would take.
    pub owed: usize,
    /// Whether a status of the last step said that something was not done, wanted or not.
    pub undone: bool,
    /// How many Atomics this message has had.
    pub atomics: usize,
    /// Sentences for the log.
    pub notes: Notes,
    /// A version that has to be read with all its bytes before this can be decided.
    pub wants: Option<RecordVersion>,
    /// What an owner may see of it afterwards.
    pub watch: Watch,
    pub login: String,
    pub token_hash: String,
    pub version_read: i64,
}

impl<'a> Desk<'a> {
    /// Lays out the desk for an admitted message.
    pub fn open(
        server: &'a Server<'a>,
        admitted: Admitted,
        snapshot: &'a Snapshot,
        now: Moment,
        seed: &'a mut Seed,
    ) -> Self {
        let Admitted { login, mut state, fresh, header, digest, clear } = admitted;
        let nonce =
            digest.filter(|_| fresh).map(|scheme| (scheme.to_owned(), secret::text_nonce(seed.draw())));
        let inbox = server.work();
        let (token, token_hash) = session_token(server, snapshot, fresh, seed);
        state.message_id = state.message_id.saturating_add(1);
        let bounds = bounds(server, &mut state, fresh);
        let heard = identify::hear(&mut state, &inbox.message);
        let mut outbox = answer(server, snapshot, &state, token, bounds);
        let header = PendingStatus { challenge: nonce.clone(), ..header_status_of(server, header) };
        if !inbox.message.header.no_response {
            let headers = std::iter::once(header).chain(server.headers_kept()).map(Pending::Status);
            let _ = outbox.push_pending(headers.collect(), &[], None);
        }
        let peer = Peer { id: server.device(), ..snapshot.peer.clone().unwrap_or_default() };
        let mut desk = Self {
            server,
            inbox,
            part: inbox.parts.last().copied().unwrap_or_default(),
            snapshot,
            now,
            seed,
            batch: Batch::default(),
            device: serde_json::from_str(&peer.device).ok(),
            quirks: Quirks::default(),
            supported: RefCell::default(),
            peer,
            peer_changed: false,
            bookmarks: Bookmarks::of(&snapshot.bookmarks),
            touched: Touched::default(),
            forced: BTreeSet::new(),
            matched: BTreeMap::new(),
            recognised: BTreeMap::new(),
            staged: BTreeMap::new(),
            known: Known::of(snapshot, &inbox.maps()),
            unanswered: Unanswered::of(std::mem::take(&mut state.sent), state.unmapped_bytes()),
            aliases: BTreeMap::new(),
            luids: BTreeMap::new(),
            sends_back: false,
            outbox,
            queue: Vec::new(),
            bar: Bar::default(),
            challenged: heard.again,
            device_is_busy: false,
            owed: state.pending.iter().map(Pending::bytes).sum(),
            undone: false,
            atomics: 0,
            notes: Notes::default(),
            wants: None,
            watch: Watch::default(),
            login,
            token_hash,
            version_read: snapshot.session.as_ref().map_or(0, |session| session.version),
            state,
        };
        desk.batch.throttles.extend(clear.map(|key| Throttle { key, failures: 0, until: 0 }));
        if fresh {
            desk.begin(nonce.map(|(_, nonce)| nonce));
        }
        desk.oblige();
        desk.say_again(heard);
        desk
    }

    /// A session begins: an older one of this device is over, whatever it was sending is not.
    fn begin(&mut self, nonce: Option<String>) {
        self.peer.login = self.login.clone();
        self.peer.seen = self.now;
        if let Some(nonce) = nonce {
            self.peer.nonce = nonce;
        }
        self.peer_changed = true;
        self.bookmarks.stop();
    }

    /// The account: authentication has made sure there is one.
    pub fn account_id(&self) -> AccountId {
        self.snapshot.account.as_ref().map(|account| account.id.clone()).unwrap_or_default()
    }

    /// The account's head, as read.
    pub fn head(&self) -> Seq {
        self.snapshot.account.as_ref().map_or(0, |account| account.head)
    }

    /// The collection a path names, where SyncML offers it.
    pub fn collection(&self, path: &str) -> Option<&'a Collection> {
        self.snapshot.collection_at(path).filter(|collection| collection.kind != Kind::Table)
    }

    /// The open datastore a path names.
    pub fn datastore(&self, path: &str) -> Option<(usize, &Datastore)> {
        let collection = self.collection(path)?;
        self.state.datastores.iter().enumerate().find(|(_, datastore)| datastore.collection == collection.id)
    }

    /// A bookmark to change.
    pub fn bookmark(&mut self, collection: &CollectionId) -> &mut Bookmark {
        self.bookmarks.change(collection)
    }

    /// A bookmark to read.
    pub fn bookmarked(&self, collection: &CollectionId) -> Bookmark {
        self.bookmarks.find(collection).cloned().unwrap_or_default()
    }

    /// The alias of a record as this turn knows it by now.
    pub fn alias<'b>(
        &'b self,
        record: &(CollectionId, RecordId),
        read: Option<&'b Alias>,
    ) -> Option<&'b Alias> {
        match self.aliases.get(record) {
            Some(now) => now.as_ref(),
            None => read,
        }
    }

    /// Makes an alias, in this turn's eyes at once.
    pub fn put_alias(&mut self, alias: Alias) {
        if let Some(luid) = &alias.luid {
            let id = (alias.collection.clone(), luid.clone());
            // An id means one record: that of which it was said last.
            if let Some(Some(other)) = self.luids.insert(id, Some(alias.record.clone()))
                && other != alias.record
                && let Some(Some(other)) = self.aliases.get_mut(&(alias.collection.clone(), other))
                && other.luid == alias.luid
            {
                other.luid = None;
            }
        }
        self.aliases.insert((alias.collection.clone(), alias.record.clone()), Some(alias));
    }

    /// Drops an alias.
    pub fn drop_alias(&mut self, collection: &CollectionId, record: &RecordId, luid: Option<&Luid>) {
        if let Some(luid) = luid {
            self.luids.insert((collection.clone(), luid.clone()), None);
        }
        self.aliases.insert((collection.clone(), record.clone()), None);
    }

    /// Changes a record; a second change in the same turn replaces the first.
    pub fn change(&mut self, change: Change) {
        self.touched.change(&mut self.batch.changes, change);
    }

    /// What a record changed earlier in this turn holds now.
    pub fn changed(&self, collection: &CollectionId, id: &RecordId) -> Option<&Content> {
        let key = (collection.clone(), id.clone());
        self.touched.find(&self.batch.changes, &key).map(|change| &change.content)
    }
}

/// How large things may be: what the device takes, as it said last, and, once a session, what we take.
pub fn bounds(server: &Server<'_>, state: &mut State, fresh: bool) -> Bounds {
    let before = if fresh { limits::SYNCML_REPLY_BYTES_MAX } else { state.message_bytes_max };
    state.message_bytes_max = server.reply_bytes().unwrap_or(before);
    let said = server.inbox.object_bytes_max().into_iter().chain([state.object_bytes_max]);
    state.object_bytes_max = said.filter(|bytes_max| *bytes_max > 0).min().unwrap_or(0);
    let announces = fresh && state.version > Version::V10;
    let object_bytes_max = announces.then(|| server.settings.object_bytes_max() as u64);
    Bounds { bytes_max: state.message_bytes_max, object_bytes_max }
}

/// The message we answer with, still empty.
pub fn answer(
    server: &Server<'_>,
    snapshot: &Snapshot,
    state: &State,
    token: Option<String>,
    bounds: Bounds,
) -> Outbox {
    let respond_to = token.map(|token| format!("{}/syncml?sid={token}", server.origin));
    Outbox::new(
        &server.inbox.message,
        server.encoding,
        state.version,
        Return { uri: respond_to, credential: identify::credential(server, snapshot, state) },
        state.message_id,
        bounds,
    )
}

/// The token in our `RespURI`: a new one for a new session; otherwise the one the message came with, if it came with one.
pub fn session_token(
    server: &Server<'_>,
    snapshot: &Snapshot,
    fresh: bool,
    seed: &mut Seed,
) -> (Option<String>, String) {
    if fresh {
        let token = secret::mint_token(seed.draw());
        let hash = secret::token_hash(&token);
        return (Some(token), hash);
    }
    let known = snapshot.session.as_ref().map(|session| session.token.clone()).unwrap_or_default();
    let token = server.token.clone().filter(|token| secret::token_hash(token) == known);
    (token, known)
}

/// A status of the message's SyncHdr.
pub fn header_status_of(server: &Server<'_>, code: u16) -> PendingStatus {
    PendingStatus::of_header(&server.inbox.message.header, code)
}

/// Versions we speak, as a 505 or 513 names them.
pub fn versions() -> [Version; 3] {
    [Version::V10, Version::V11, Version::V12]
}

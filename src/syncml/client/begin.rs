//! A session begins: what is to be synchronised, and how (DS 1.2 sections 6.2 and 6.13). The mirror is `server/initialise.rs`.

use super::desk::{Desk, Then, maps_of};
use super::state::{Broken, MapDue, Phase, State, Syncing, mode_of, said_of};
use crate::journal::Moment;
use crate::limits;
use crate::record::{CollectionId, Kind};
use crate::secret;
use crate::syncml::credential::{self, mac};
use crate::syncml::inbox;
use crate::syncml::message::Version;
use crate::syncml::session::{Datastore, Mode};
use crate::upstream::{Outcome, Pair, Scheme, Upstream};

/// For how long after the server was last heard a session may still be alive there.
const ALIVE_MS: Moment = limits::SESSION_IDLE_MS * 2 / 3;

/// For how long what a server staged of a refresh is believed to be there.
const STAGED_MS: Moment = limits::STAGED_MS / 2;

/// How many sessions one sync may take: after a lower version, a refused resume, a session that the server forgot.
const RESTARTS_MAX: u32 = 5;

/// What was asked for, so that something else is not taken for it.
fn wanted(upstream: &Upstream) -> String {
    let open = Upstream { password: String::new(), ..upstream.clone() };
    secret::fingerprint(serde_json::json!(open).to_string().as_bytes())
}

impl State {
    /// The index of a collection.
    pub fn index_of(&self, collection: &CollectionId) -> Option<usize> {
        self.syncing.iter().position(|syncing| syncing.datastore.collection == *collection)
    }

    /// The collection that a path of the server's means.
    pub fn at(&self, path: &str) -> Option<&Syncing> {
        self.syncing.get(self.index_at(path)?)
    }

    /// Its index.
    pub fn index_at(&self, path: &str) -> Option<usize> {
        let named = |spelt: &str| !path.is_empty() && inbox::comparable(spelt) == path;
        let ours = self.syncing.iter().position(|syncing| named(&syncing.datastore.target));
        ours.or_else(|| self.syncing.iter().position(|syncing| named(&syncing.datastore.source)))
    }
}

impl Desk<'_> {
    /// A sync is wanted: one that broke off goes on, if it may.
    pub fn begin(&mut self) -> Then {
        let wanted = wanted(self.client.upstream);
        let alive = self.state.heard_at + ALIVE_MS > self.now || self.state.phase == Phase::Replacing;
        if self.state.phase != Phase::Idle && self.state.wanted == wanted && alive {
            self.state.wait_until = 0;
            self.state.lost = 0;
            return if self.waiting.is_empty() { Then::Write } else { Then::Carry };
        }
        self.state.restarts = 0;
        if self.state.wanted != wanted {
            // Another address may be another server.
            (self.state.lowered, self.state.no_resume) = (false, false);
        }
        self.begin_session(wanted)
    }

    /// The session is of no more use: another one.
    pub fn begin_again(&mut self) -> Then {
        self.state.restarts += 1;
        if self.state.restarts > RESTARTS_MAX {
            return self.fail("protocol", 0, "The server ends every session before it is over.");
        }
        self.begin_session(self.state.wanted.clone())
    }

    fn begin_session(&mut self, wanted: String) -> Then {
        self.waiting.clear();
        self.state.break_off(self.now);
        self.unanswered = Default::default();
        let progress = self.state.progress.clone();
        let restarts = self.state.restarts;
        self.state.maps = std::mem::take(&mut self.maps).into_values().collect();
        self.state = std::mem::take(&mut self.state).another_session();
        self.maps = maps_of(&mut self.state);
        self.owed = self.state.owed_bytes() + self.maps.values().map(MapDue::bytes).sum::<usize>();
        (self.peer.login, self.peer.seen, self.peer_changed) =
            (self.client.upstream.login.clone(), self.now, true);
        if restarts > 0 {
            self.state.progress = progress;
        }
        self.state.wanted = wanted;
        self.state.phase = Phase::Alerting;
        self.state.heard_at = self.now;
        self.state.session = self.next_session();
        self.choose_version();
        self.choose_scheme();
        let pairs = &self.client.upstream.pairs;
        for pair in pairs.iter().take(limits::DATASTORES_MAX) {
            self.open_pair(pair);
        }
        if pairs.is_empty() {
            return self.fail("refused", 0, "No collection is chosen to be synchronised.");
        }
        if pairs.len() > limits::DATASTORES_MAX {
            let message = format!("At most {} collections go into one sync.", limits::DATASTORES_MAX);
            return self.fail("refused", 0, message);
        }
        if self.state.syncing.iter().all(|syncing| syncing.datastore.failed) {
            return self.none_left();
        }
        Then::Write
    }

    /// `SessionID`s have four bytes; the first is drawn, so that one whose memory was lost does not meet its old ones.
    fn next_session(&mut self) -> u16 {
        match self.state.session {
            0 => {
                let drawn = self.seed.draw();
                let number = drawn.iter().take(2).fold(0_u16, |sum, byte| (sum << 8) | u16::from(*byte));
                number % 9_999 + 1
            }
            before => before % 9_999 + 1,
        }
    }

    fn choose_version(&mut self) {
        let asked = self.client.upstream.version.trim();
        match Version::of(asked) {
            Some(version) => self.state.version = version,
            None if !self.state.lowered => self.state.version = Version::V12,
            None => {}
        }
    }

    fn choose_scheme(&mut self) {
        let upstream = self.client.upstream;
        let signing = &mut self.state.signing;
        signing.nonce.clone_from(&self.peer.nonce);
        let before = std::mem::take(&mut signing.scheme);
        signing.scheme = match upstream.scheme {
            Scheme::None => String::new(),
            _ if upstream.login.is_empty() => String::new(),
            Scheme::Basic => credential::BASIC.into(),
            Scheme::Md5 => credential::MD5.into(),
            Scheme::Hmac => mac::SCHEME.into(),
            Scheme::Auto if before == mac::SCHEME || before == credential::BASIC => before,
            Scheme::Auto if signing.nonce.is_empty() => credential::BASIC.into(),
            Scheme::Auto => credential::MD5.into(),
        };
    }

    /// One collection, and how it is to be synchronised.
    fn open_pair(&mut self, pair: &Pair) {
        let wish = mode_of(pair.mode);
        let path = inbox::comparable(&pair.collection);
        let outcome =
            Outcome { collection: pair.collection.clone(), mode: said_of(wish), ..Outcome::default() };
        let remote = if pair.remote.is_empty() { format!("./{path}") } else { pair.remote.clone() };
        let mut syncing = Syncing {
            datastore: Datastore {
                target: format!("./{path}"),
                source: remote,
                mode: wish,
                ..Datastore::default()
            },
            wish,
            outcome,
            ..Syncing::default()
        };
        match self.openable(pair, &path) {
            Ok(id) => self.choose_mode(&mut syncing, id),
            Err((code, message)) => syncing.fail(code, 0, message),
        }
        self.state.syncing.push(syncing);
    }

    fn openable(&self, pair: &Pair, path: &str) -> Result<CollectionId, (&'static str, String)> {
        let Some(collection) = self.snapshot.collection_at(path) else {
            return Err(("not-found", format!("There is no collection {:?} here.", pair.collection)));
        };
        let name = &collection.id.0;
        if matches!(collection.kind, Kind::Table | Kind::Files) {
            return Err((
                "refused",
                format!("{name} holds nothing that this client sends to SyncML servers."),
            ));
        }
        if pair.remote.len() > limits::URI_BYTES_MAX {
            return Err(("refused", format!("What {name} is called on the server is too long.")));
        }
        if self.state.syncing.iter().any(|syncing| syncing.datastore.collection == collection.id) {
            return Err(("refused", format!("{name} is synchronised with two datastores at once.")));
        }
        Ok(collection.id.clone())
    }

    fn choose_mode(&mut self, syncing: &mut Syncing, id: CollectionId) {
        let wish = syncing.wish;
        let broken = self.resumed(&id, wish);
        let place = self.bookmarked(&id).confirmed;
        let horizon = self.snapshot.account.as_ref().map_or(0, |account| account.horizon);
        let known = place.cursor > 0 && !place.own_anchor.is_empty();
        let why_slow = if wish.begins_anew() {
            None
        } else if !known {
            Some("It was never synchronised with this server before.")
        } else if place.cursor < horizon && wish.receives() {
            Some("The last sync is so long ago that what was deleted since is no longer known.")
        } else {
            None
        };
        let own_next = self.own_anchor(&place.own_anchor);
        let datastore = &mut syncing.datastore;
        (datastore.collection, datastore.own_next) = (id.clone(), own_next);
        match broken {
            Some(broken) => {
                (datastore.mode, datastore.resumed) = (broken.mode, true);
                syncing.since = broken.since;
                syncing.outcome.why_slow = broken.why_slow;
            }
            None if why_slow.is_some() => {
                datastore.mode = Mode::Slow;
                syncing.outcome.why_slow = why_slow.map(str::to_owned);
            }
            None => {}
        }
        // A server that came to the end of a first comparison that broke off here can tell from that that this end was not reset.
        let broken = self.state.broken.iter().find(|broken| broken.collection == id);
        syncing.after_break = broken.is_some();
        let forced = |broken: &&Broken| {
            let first = place.own_anchor.is_empty() || broken.mode != broken.wish;
            first && broken.mode.begins_anew() && datastore.mode.begins_anew()
        };
        let compared = broken.filter(forced).map(|broken| broken.own_next.clone());
        syncing.last = compared.unwrap_or(place.own_anchor.clone());
        if !datastore.resumed {
            let mode = datastore.mode;
            self.begins_anew(&id, mode);
        }
    }

    /// A sync in which everything is known anew.
    pub fn begins_anew(&mut self, id: &CollectionId, mode: Mode) {
        let bookmark = self.bookmark(id);
        (bookmark.sending, bookmark.sending_all, bookmark.position, bookmark.until) = (false, false, 0, 0);
        if mode.begins_anew() {
            bookmark.attempt = bookmark.attempt.max(bookmark.confirmed.generation) + 1;
            self.maps.retain(|(collection, _), _| collection != id);
        }
    }

    /// The sync that broke off and goes on now (225), if there is one.
    fn resumed(&self, id: &CollectionId, wish: Mode) -> Option<Broken> {
        if self.state.version < Version::V12 || self.state.no_resume {
            return None;
        }
        let broken =
            self.state.broken.iter().find(|broken| broken.collection == *id && broken.wish == wish)?;
        let stale = broken.mode == Mode::RefreshFromClient && broken.at + STAGED_MS < self.now;
        (!stale).then(|| broken.clone())
    }

    /// Our `Next` anchor: a moment, and never the one we gave before.
    fn own_anchor(&self, before: &str) -> String {
        let before: Moment = before.parse().unwrap_or(0);
        self.now.max(before.saturating_add(1)).to_string()
    }

    /// No collection is left to be synchronised.
    pub fn none_left(&mut self) -> Then {
        let first = self.state.syncing.iter().find_map(|syncing| syncing.outcome.error.clone());
        let reason = first.unwrap_or_default();
        self.fail(&reason.code, reason.status, reason.message)
    }
}

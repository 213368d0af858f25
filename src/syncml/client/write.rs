//! The next message: packages 1, 3 and 5 (DS 1.2 section 6; `syncml.md` 4.1, 4.2).
//!
//! What waited goes first, then what the phase is about; and where there is nothing to say the session is over, or the server is
//! asked to go on.

use super::desk::{Desk, Then, Want};
use super::send::Filled;
use super::state::{MapDue, Phase};
use crate::limits;
use crate::syncml::alert;
use crate::syncml::codec;
use crate::syncml::credential::{BASIC, mac};
use crate::syncml::describe;
use crate::syncml::device::DevInf;
use crate::syncml::message::*;
use crate::syncml::outbox::{Context, Outbox};
use crate::syncml::session::{Pending, PendingStatus};
use crate::syncml::status;
use crate::upstream::{Encoding, Ended};

/// What is written of a message.
enum Written {
    /// It is to be sent, and closes its package or not.
    Send(bool),
    /// There is nothing to say, and nothing more to hear.
    Over,
    /// More is to be read before.
    Read(Want),
}

impl Desk<'_> {
    /// Writes the next message, or finds that the session is over.
    pub fn write(&mut self) -> Then {
        if !self.waiting.is_empty() {
            return Then::Carry;
        }
        match self.state.phase {
            Phase::Idle => return Then::Done,
            Phase::Replacing => return self.replace(),
            _ => {}
        }
        if self.state.suspending && (self.state.phase == Phase::Alerting || self.state.version < Version::V12)
        {
            // Nothing to be told: an end is as good as a pause.
            return self.paused();
        }
        self.state.message_id += 1;
        let mut outbox = self.outbox();
        let written = if self.state.busy > 0 {
            outbox.push_session_alert(alert::RESULT);
            Written::Send(false)
        } else if self.state.suspending {
            self.write_suspend(&mut outbox)
        } else {
            self.write_package(&mut outbox)
        };
        match written {
            Written::Over => {
                self.state.message_id -= 1;
                self.complete()
            }
            Written::Read(want) => Then::Read(want),
            Written::Send(last) => {
                outbox.set_last(last);
                self.waiting = outbox.finish();
                self.state.progress.messages += 1;
                self.state.progress.bytes_sent += self.waiting.len() as u64;
                Then::Carry
            }
        }
    }

    /// A message with its SyncHdr, and the status of the one it follows.
    fn outbox(&self) -> Outbox {
        let upstream = self.client.upstream;
        let version = self.state.version;
        let credential = self.credential();
        let signs = credential.as_ref().is_some_and(|cred| cred.meta.media_type.as_deref() != Some(BASIC));
        let named = signs || self.state.signing.scheme == mac::SCHEME || credential.is_some();
        let most = upstream.message_bytes_max;
        let most = if most == 0 { limits::SYNCML_MESSAGE_BYTES_MAX } else { most };
        let most = most.clamp(limits::SYNCML_REPLY_BYTES_MIN, limits::SYNCML_MESSAGE_BYTES_MAX);
        let meta = Meta {
            max_message_bytes: Some(most as u64),
            max_object_bytes: (version > Version::V10 && !self.state.alerted)
                .then(|| self.client.object_bytes_max() as u64),
            ..Meta::default()
        };
        let header = Header {
            dtd: version.dtd().into(),
            protocol: version.protocol().into(),
            session_id: self.state.session.to_string(),
            message_id: self.state.message_id,
            target: Location::of(upstream.url.clone()),
            source: Location {
                name: named.then(|| upstream.login.clone()),
                ..Location::of(self.client.device())
            },
            credential,
            meta,
            ..Header::default()
        };
        let encoding = match upstream.encoding {
            Encoding::Wbxml => codec::Encoding::Wbxml,
            Encoding::Xml => codec::Encoding::Xml,
        };
        let mut outbox = Outbox::begin(header, encoding, version, self.message_bytes_max());
        if self.state.server.message > 0 && !self.state.server.silent {
            let heard = PendingStatus::of_header(&self.header_heard(), status::OK);
            let _ = outbox.push_pending(vec![Pending::Status(heard)], &[], None);
        }
        outbox
    }

    /// The server's last SyncHdr, as far as a status of it needs it.
    pub fn header_heard(&self) -> Header {
        let server = &self.state.server;
        Header {
            message_id: server.message,
            target: Location::of(server.target.clone()),
            source: Location::of(server.source.clone()),
            ..Header::default()
        }
    }

    /// What the server can take, within our own bounds.
    pub fn message_bytes_max(&self) -> usize {
        match self.state.message_bytes_max {
            0 => limits::SYNCML_REPLY_BYTES_MAX,
            most => most,
        }
    }

    /// Our DevInf.
    pub fn our_device(&self) -> DevInf {
        let syncing = self.state.syncing.iter().filter_map(|it| {
            let kind = self.collection(&it.datastore.collection)?.kind;
            Some((it.datastore.target.clone(), kind))
        });
        describe::client(self.state.version, &self.client.device(), &syncing.collect::<Vec<_>>())
    }

    fn write_package(&mut self, outbox: &mut Outbox) -> Written {
        if self.state.phase == Phase::Alerting && !self.state.alerted {
            return self.write_alerts(outbox);
        }
        if !self.flush(outbox) {
            return Written::Send(false);
        }
        match self.state.phase {
            Phase::Sending => self.write_changes(outbox),
            Phase::Receiving | Phase::Ending => self.write_end(outbox),
            _ => {
                if !outbox.has_begun() {
                    outbox.push_session_alert(alert::NEXT_MESSAGE);
                }
                Written::Send(false)
            }
        }
    }

    /// Package 1.
    fn write_alerts(&mut self, outbox: &mut Outbox) -> Written {
        let device = self.our_device();
        if self.state.told != self.telling() || self.device.is_none() {
            let _ = outbox.push_device(device);
        }
        if self.device.is_none() {
            let _ = outbox.push_pending(vec![Pending::AskDevice], &[], None);
        }
        for index in 0..self.state.syncing.len() {
            let Some(syncing) = self.state.syncing.get(index).filter(|it| !it.datastore.failed) else {
                continue;
            };
            let datastore = syncing.datastore.clone();
            let last = syncing.last.clone();
            let code = if datastore.resumed { alert::RESUME } else { datastore.mode.code() };
            let pushed = outbox.push_alert(&datastore, code, last);
            self.count(index, |syncing| match pushed {
                Some(command) => syncing.alert = command,
                None => syncing.fail("refused", 0, "It does not fit the server's first message.".to_owned()),
            });
        }
        self.state.alerted = true;
        self.state.closed = false;
        Written::Send(true)
    }

    /// Writes what waited: statuses, then Maps. False where the message is full.
    fn flush(&mut self, outbox: &mut Outbox) -> bool {
        let pending = std::mem::take(&mut self.state.pending);
        let device = || self.our_device();
        let context = Context { own_last: &|_| String::new(), device: &device };
        self.state.pending = outbox.push_pending(pending, &[], Some(&context));
        self.state.pending.is_empty() && (self.state.phase < Phase::Sending || self.write_maps(outbox))
    }

    /// Writes the new ids that the server does not know yet.
    fn write_maps(&mut self, outbox: &mut Outbox) -> bool {
        let message = self.state.message_id;
        for index in 0..self.state.syncing.len() {
            let Some(datastore) =
                self.state.syncing.get(index).filter(|it| it.is_alive()).map(|it| it.datastore.clone())
            else {
                continue;
            };
            let waits =
                |map: &MapDue| map.message == 0 && !map.taken && map.collection == datastore.collection;
            loop {
                let items: Vec<MapItem> = self
                    .maps
                    .values()
                    .filter(|map| waits(map))
                    .map(|map| MapItem {
                        target: Location::of(map.guid.clone()),
                        source: Location::of(map.luid.clone()),
                    })
                    .collect();
                if items.is_empty() {
                    break;
                }
                let mut count = items.len();
                let command = loop {
                    let some: Vec<MapItem> = items.iter().take(count).cloned().collect();
                    let map = |command_id| Map {
                        command_id,
                        target: Location::of(datastore.source.clone()),
                        source: Location::of(datastore.target.clone()),
                        items: some,
                        ..Map::default()
                    };
                    match outbox.push(|id| Command::Map(map(id))) {
                        Some(command) => break command,
                        None if count > 1 => count /= 2,
                        None => return false,
                    }
                };
                for map in self.maps.values_mut().filter(|map| waits(map)).take(count) {
                    (map.message, map.command) = (message, command.clone());
                }
            }
        }
        true
    }

    /// Package 3.
    fn write_changes(&mut self, outbox: &mut Outbox) -> Written {
        if self.leave_on(outbox) {
            return Written::Send(false);
        }
        match self.fill(outbox) {
            Filled::Read(want) => Written::Read(want),
            Filled::Full => {
                // The server may keep its statuses until we are done.
                if outbox.has_begun() {
                    self.state.silent = 0;
                }
                Written::Send(false)
            }
            Filled::All => {
                (self.state.phase, self.state.closed) = (Phase::Receiving, false);
                Written::Send(true)
            }
        }
    }

    /// Package 5, and whatever is left to say after it.
    fn write_end(&mut self, outbox: &mut Outbox) -> Written {
        let (said, closed) = (outbox.has_begun(), self.state.closed);
        if said && closed {
            (self.state.phase, self.state.closed) = (Phase::Ending, false);
            return Written::Send(true);
        }
        let done = self.state.phase == Phase::Ending && self.maps.values().all(|map| map.taken);
        if !said && (closed || done) {
            return Written::Over;
        }
        if !said {
            outbox.push_session_alert(alert::NEXT_MESSAGE);
        }
        Written::Send(false)
    }

    /// The user pauses (224): what was done is said, and nothing more.
    fn write_suspend(&mut self, outbox: &mut Outbox) -> Written {
        if self.flush(outbox) && outbox.push_session_alert(alert::SUSPEND) {
            self.state.suspended = true;
            return Written::Send(true);
        }
        Written::Send(false)
    }

    /// The server knows that the user pauses, or need not.
    pub fn paused(&mut self) -> Then {
        self.waiting.clear();
        self.state.break_off(self.now);
        self.report(Ended::Suspended, None)
    }
}

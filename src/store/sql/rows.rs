//! How rows spell our types: each column is taken in the order its statement names it.

use crate::peer::{Alias, Bookmark, Looking, Luid, PeerId, Place};
use crate::record::{AccountId, CollectionId, Content, Large, Record, RecordId, Seq};
use crate::store::sql::{Row, Value, text};
use crate::store::{
    Account, Collection, Login, Peer, Piece, RecordVersion, Session, StoreError, Throttle, Token, Trace,
    Waiting,
};

/// The columns of one row, taken from the left.
pub struct Columns(std::vec::IntoIter<Value>);

impl Columns {
    /// All columns of a row.
    pub fn of(row: Row) -> Self {
        Self(row.into_iter())
    }

    fn next(&mut self) -> Result<Value, StoreError> {
        self.0.next().ok_or_else(|| StoreError::Broken("a row is too short".into()))
    }

    /// A whole number.
    pub fn integer(&mut self) -> Result<i64, StoreError> {
        self.maybe_integer()?.ok_or_else(|| StoreError::Broken("a number is missing".into()))
    }

    fn maybe_integer(&mut self) -> Result<Option<i64>, StoreError> {
        match self.next()? {
            Value::Integer(number) => Ok(Some(number)),
            Value::Null => Ok(None),
            Value::Text(_) => Err(StoreError::Broken("a number is text".into())),
        }
    }

    fn flag(&mut self) -> Result<bool, StoreError> {
        Ok(self.integer()? != 0)
    }

    /// Text as it was before it was stored.
    pub fn text(&mut self) -> Result<String, StoreError> {
        self.maybe_text()?.ok_or_else(|| StoreError::Broken("a text is missing".into()))
    }

    /// The same, or NULL.
    pub fn maybe_text(&mut self) -> Result<Option<String>, StoreError> {
        Ok(self.stored()?.map(text::decode))
    }

    /// Text as it is stored.
    fn stored(&mut self) -> Result<Option<String>, StoreError> {
        match self.next()? {
            Value::Text(text) => Ok(Some(text)),
            Value::Null => Ok(None),
            Value::Integer(_) => Err(StoreError::Broken("a text is a number".into())),
        }
    }

    /// A record's id.
    pub fn record_id(&mut self) -> Result<RecordId, StoreError> {
        RecordId::new(self.text()?).ok_or_else(|| StoreError::Broken("a record's id is none".into()))
    }

    /// `id, head, horizon, swept`, of a left join.
    pub fn account(&mut self) -> Result<Option<Account>, StoreError> {
        let (id, head, horizon, swept) =
            (self.maybe_text()?, self.maybe_integer()?, self.maybe_integer()?, self.maybe_integer()?);
        Ok(match (id, head, horizon, swept) {
            (Some(id), Some(head), Some(horizon), Some(swept)) => {
                Some(Account { id: AccountId(id), head, horizon, swept })
            }
            _ => None,
        })
    }

    /// `name, account, sealed, local`, of a left join.
    pub fn login(&mut self) -> Result<Option<Login>, StoreError> {
        let (name, account, sealed, local) =
            (self.maybe_text()?, self.maybe_text()?, self.maybe_text()?, self.maybe_integer()?);
        Ok(match (name, account, sealed, local) {
            (Some(name), Some(account), Some(sealed), Some(local)) => {
                Some(Login { name, account: AccountId(account), sealed, local: local != 0 })
            }
            _ => None,
        })
    }

    /// `hash, account, login, label, created, expires`, of a left join.
    pub fn token(&mut self) -> Result<Option<Token>, StoreError> {
        let (hash, account, login) = (self.maybe_text()?, self.maybe_text()?, self.maybe_text()?);
        let (label, created, expires) = (self.maybe_text()?, self.maybe_integer()?, self.maybe_integer()?);
        Ok(match (hash, account, login, label, created, expires) {
            (Some(hash), Some(account), Some(login), Some(label), Some(created), Some(expires)) => {
                Some(Token { hash, account: AccountId(account), login, label, created, expires })
            }
            _ => None,
        })
    }

    /// `definition`, of a left join.
    pub fn collection(&mut self) -> Result<Option<Collection>, StoreError> {
        let Some(definition) = self.stored()? else { return Ok(None) };
        serde_json::from_str(&definition)
            .map(Some)
            .map_err(|error| StoreError::Broken(format!("a collection cannot be read: {error}")))
    }

    /// `key, failures, until`.
    pub fn throttle(&mut self) -> Result<Throttle, StoreError> {
        Ok(Throttle { key: self.text()?, failures: self.integer()?, until: self.integer()? })
    }

    /// `id, login, nonce, device, temporaries, settings, seen`.
    pub fn peer(&mut self) -> Result<Peer, StoreError> {
        Ok(Peer {
            id: PeerId(self.text()?),
            login: self.text()?,
            nonce: self.text()?,
            device: self.text()?,
            temporaries: self.integer()?,
            settings: self.text()?,
            seen: self.integer()?,
        })
    }

    /// `peer, login, token, session_id, address, version, state, message, request, reply, expires,
    /// page_records`.
    pub fn session(&mut self) -> Result<Session, StoreError> {
        Ok(Session {
            peer: PeerId(self.text()?),
            login: self.text()?,
            token: self.text()?,
            session_id: self.text()?,
            address: self.text()?,
            version: self.integer()?,
            state: self.text()?,
            message: self.integer()?,
            request: self.text()?,
            reply: text::decode_bytes(&self.text()?)?,
            expires: self.integer()?,
            page_records: self.integer()?,
        })
    }

    /// `cursor, anchor, own_anchor, generation`.
    fn place(&mut self) -> Result<Place, StoreError> {
        Ok(Place {
            cursor: self.integer()?,
            anchor: self.text()?,
            own_anchor: self.text()?,
            generation: self.integer()?,
            left_out: String::new(),
        })
    }

    /// All columns of a bookmark but account and peer, in the schema's order.
    pub fn bookmark(&mut self) -> Result<Bookmark, StoreError> {
        let mut bookmark = Bookmark {
            collection: CollectionId(self.text()?),
            confirmed: self.place()?,
            offered: self.place()?,
            attempt: self.integer()?,
            position: self.integer()?,
            until: self.integer()?,
            sending: self.flag()?,
            sending_all: self.flag()?,
            looking: Looking::Changes,
            held: self.integer()?,
        };
        bookmark.confirmed.left_out = self.text()?;
        bookmark.offered.left_out = self.text()?;
        bookmark.looking = match self.integer()? {
            0 => Looking::Changes,
            1 => Looking::Lacking,
            _ => Looking::Everything,
        };
        Ok(bookmark)
    }

    /// `collection, id, seq, origin, parent, size, form, body`, of a left join.
    pub fn measured(&mut self) -> Result<Option<Measured>, StoreError> {
        let (collection, id, seq) = (self.maybe_text()?, self.maybe_text()?, self.maybe_integer()?);
        let (origin, parent) = (self.maybe_text()?, self.maybe_text()?.and_then(RecordId::new));
        let (size, form, body) = (self.maybe_integer()?, self.stored()?, self.stored()?);
        let (Some(collection), Some(id), Some(seq), Some(origin), Some(size)) =
            (collection, id.and_then(RecordId::new), seq, origin, size)
        else {
            return Ok(None);
        };
        let size = usize::try_from(size).unwrap_or(0);
        let content = match (form, body) {
            (None, _) => Some(Content::Deleted),
            (Some(form), Some(body)) => Some(content(form, size, body)?),
            (Some(_), None) => None,
        };
        Ok(Some(Measured { collection: CollectionId(collection), id, seq, origin, parent, size, content }))
    }

    /// A [`Self::measured`] whose content was read.
    pub fn record(&mut self) -> Result<Option<Record>, StoreError> {
        self.measured()?
            .map(|measured| measured.record().ok_or_else(|| StoreError::Broken("a body is missing".into())))
            .transpose()
    }

    /// `collection, record, seq, origin, size, form, body` of a superseded version.
    pub fn version(&mut self) -> Result<Record, StoreError> {
        let (collection, id) = (CollectionId(self.text()?), self.record_id()?);
        let (seq, origin) = (self.integer()?, self.text()?);
        let content =
            self.content()?.ok_or_else(|| StoreError::Broken("a version's body is missing".into()))?;
        Ok(Record { collection, id, seq, origin, parent: None, content })
    }

    /// `size, form, body`, of a left join.
    fn content(&mut self) -> Result<Option<Content>, StoreError> {
        let size = self.maybe_integer()?.and_then(|size| usize::try_from(size).ok()).unwrap_or(0);
        match (self.stored()?, self.stored()?) {
            (Some(form), Some(body)) => content(form, size, body).map(Some),
            _ => Ok(None),
        }
    }

    /// `seq, size, form, body` of a superseded version, of a left join.
    pub fn base(&mut self) -> Result<Option<(Seq, Content)>, StoreError> {
        let seq = self.maybe_integer()?;
        Ok(seq.zip(self.content()?))
    }

    /// `collection, record, seq, base64, body` of a chunk: whose it is, and its bytes.
    pub fn chunk(&mut self) -> Result<(RecordVersion, Vec<u8>), StoreError> {
        let at = (CollectionId(self.text()?), self.record_id()?, self.integer()?);
        let base64 = self.flag()?;
        let text = self.stored()?.ok_or_else(|| StoreError::Broken("a chunk is empty".into()))?;
        Ok((at, text::decode_chunk(base64, text)?))
    }

    /// `collection, luid, record, form, parent` of a staged item.
    pub fn waiting(&mut self) -> Result<Waiting, StoreError> {
        Ok(Waiting {
            collection: CollectionId(self.text()?),
            luid: Luid(self.text()?),
            record: self.record_id()?,
            form: self.stored()?.map(|form| text::form(&form)),
            parent: self.maybe_text()?.map(Luid),
        })
    }

    /// `session, number, peer, at, since, head, about, items, request, reply`.
    pub fn trace(&mut self) -> Result<Trace, StoreError> {
        Ok(Trace {
            session: self.text()?,
            number: self.integer()?,
            peer: PeerId(self.text()?),
            at: self.integer()?,
            since: self.integer()?,
            head: self.maybe_integer()?.unwrap_or(0),
            about: self.text()?,
            items: self.text()?,
            request: self.maybe_text()?.map(|bytes| text::decode_bytes(&bytes)).transpose()?,
            reply: self.maybe_text()?.map(|bytes| text::decode_bytes(&bytes)).transpose()?,
        })
    }

    /// `leaving, start, body`.
    pub fn piece(&mut self) -> Result<Piece, StoreError> {
        Ok(Piece {
            leaving: self.flag()?,
            start: u64::try_from(self.integer()?).unwrap_or(0),
            bytes: text::decode_bytes(&self.text()?)?,
        })
    }

    /// `collection, record, luid, temporary, generation, seq`, of a left join.
    pub fn alias(&mut self) -> Result<Option<Alias>, StoreError> {
        let (collection, record) = (self.maybe_text()?, self.maybe_text()?);
        let (luid, temporary) = (self.maybe_text()?.map(Luid), self.maybe_text()?);
        let (generation, seq) = (self.maybe_integer()?, self.maybe_integer()?);
        Ok(match (collection, record.and_then(RecordId::new), generation, seq) {
            (Some(collection), Some(record), Some(generation), Some(seq)) => {
                let collection = CollectionId(collection);
                Some(Alias { collection, record, luid, temporary, generation, seq })
            }
            _ => None,
        })
    }
}

fn content(form: String, size: usize, body: String) -> Result<Content, StoreError> {
    match text::chunked(&form) {
        Some(form) => Ok(Content::Large(Large { form, size })),
        None => text::decode_body(form, body).map(Content::Body),
    }
}

/// A record whose body may have been left in the store for its size.
pub struct Measured {
    collection: CollectionId,
    id: RecordId,
    seq: i64,
    origin: String,
    parent: Option<RecordId>,
    /// Bytes of the body; 0 for a tombstone.
    pub size: usize,
    content: Option<Content>,
}

impl Measured {
    /// The record, where its content was read.
    pub fn record(self) -> Option<Record> {
        let Self { collection, id, seq, origin, parent, content, .. } = self;
        content.map(|content| Record { collection, id, seq, origin, parent, content })
    }
}

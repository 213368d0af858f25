//! Large objects: bodies spread over chunk rows, and pieces on their way from a device and to it, as statements.

use super::commit::{Writes, text};
use crate::record::Content;
use crate::store::sql::{Value, text};
use crate::store::{Batch, PieceRange};
use serde_json::json;

impl Writes {
    /// What was not read cannot be written.
    pub fn unread(&mut self, batch: &Batch) {
        if batch.changes.iter().any(|change| matches!(change.content, Content::Large(_))) {
            self.write(GUARD_UNREAD, []);
        }
    }

    /// The bytes of bodies that are too large for their rows, each change's under the stamp that it gets; `changes` is how many
    /// there are.
    pub fn chunks(&mut self, batch: &Batch, changes: &Value) {
        let large = batch
            .changes
            .iter()
            .enumerate()
            .filter_map(|(index, new)| Some((index, new, new.content.body()?)));
        let rows = large.flat_map(|(index, new, body)| {
            let row = move |(start, base64, text): (usize, bool, String)| {
                let collection = text::encode(&new.collection.0);
                json!([index, collection, new.id.as_str(), start, i64::from(base64), text])
            };
            text::chunks(body).map(row)
        });
        self.write_lists(PUT_CHUNKS, rows, std::slice::from_ref(changes));
    }

    /// What is no longer needed of objects on their way goes, then comes what is new.
    pub fn pieces(&mut self, batch: &Batch) {
        let peer = text(&batch.peer_id.0);
        let place = |place: u64| Value::Integer(i64::try_from(place.min(PieceRange::END)).unwrap_or(0));
        for range in &batch.pieces_dropped {
            let leaving = Value::Integer(i64::from(range.leaving));
            self.write(DROP_PIECES, [peer.clone(), leaving, place(range.from), place(range.to)]);
        }
        let pieces = batch.pieces.iter();
        let rows = pieces
            .map(|piece| json!([i64::from(piece.leaving), piece.start, text::encode_bytes(&piece.bytes)]));
        self.write_lists(PUT_PIECES, rows, &[peer]);
    }
}

const GUARD_UNREAD: &str = "SELECT CASE WHEN ?1 IS NOT NULL THEN json('a body') END AS stands";

const PUT_CHUNKS: &str = "INSERT INTO chunk (account, collection, record, seq, start, base64, body)
SELECT me.id, new.value ->> 1, new.value ->> 2, me.head - CAST(?3 AS INTEGER) + 1 + (new.value ->> 0),
  new.value ->> 3, new.value ->> 4, new.value ->> 5
FROM account AS me CROSS JOIN json_each(?2) AS new WHERE me.id = ?1";

const DROP_PIECES: &str =
    "DELETE FROM piece WHERE account = ?1 AND peer = ?2 AND leaving = CAST(?3 AS INTEGER)
  AND start >= CAST(?4 AS INTEGER) AND start < CAST(?5 AS INTEGER)";

const PUT_PIECES: &str = "INSERT OR REPLACE INTO piece (account, peer, leaving, start, body)
SELECT ?1, ?3, value ->> 0, value ->> 1, value ->> 2 FROM json_each(?2)";

/// What no record and no superseded version is made of any more.
pub const SWEEP_CHUNKS: &str = "DELETE FROM chunk WHERE account = ?1
  AND NOT EXISTS (SELECT 1 FROM record AS r
    WHERE r.account = chunk.account AND r.collection = chunk.collection AND r.id = chunk.record AND r.seq = chunk.seq)
  AND NOT EXISTS (SELECT 1 FROM version AS v
    WHERE v.account = chunk.account AND v.collection = chunk.collection AND v.record = chunk.record AND v.seq = chunk.seq)";

pub const SWEEP_PIECES: &str = "DELETE FROM piece WHERE account = ?1 AND NOT EXISTS (
  SELECT 1 FROM session AS s WHERE s.account = piece.account AND s.peer = piece.peer)";

//! What the numbers of a message mean, in words: statuses (RepPro 1.2 section 10) and alerts (DS 1.2 section 13.2).

use crate::syncml::{alert, status};

/// What a status code says.
pub fn of_status(code: u16) -> &'static str {
    let known = STATUSES.iter().find(|(known, _)| *known == code);
    known.map_or("a status that is not known here", |(_, words)| words)
}

/// What an alert of this code, as text, asks for.
pub fn of_alert(code: &str) -> &'static str {
    let code = code.trim().parse().unwrap_or(0_u16);
    let known = ALERTS.iter().find(|(known, _)| *known == code);
    known.map_or("Says something that is not known here", |(_, words)| words)
}

const ALERTS: [(u16, &str); 17] = [
    (alert::DISPLAY, "Has a text for the user"),
    (alert::TWO_WAY, "Wants a two-way sync"),
    (alert::SLOW, "Wants a slow sync, in which everything is compared"),
    (alert::ONE_WAY_FROM_CLIENT, "Wants to send its changes and take none"),
    (alert::REFRESH_FROM_CLIENT, "Wants to replace what the server has"),
    (alert::ONE_WAY_FROM_SERVER, "Wants the server's changes and sends none"),
    (alert::REFRESH_FROM_SERVER, "Wants to be replaced by what the server has"),
    (alert::TWO_WAY_BY_SERVER, "The server asks for a two-way sync"),
    (alert::ONE_WAY_FROM_CLIENT_BY_SERVER, "The server asks for the client's changes"),
    (alert::REFRESH_FROM_CLIENT_BY_SERVER, "The server asks for all that the client has"),
    (alert::ONE_WAY_FROM_SERVER_BY_SERVER, "The server asks the client to take its changes"),
    (alert::REFRESH_FROM_SERVER_BY_SERVER, "The server asks the client to take all that it has"),
    (alert::RESULT, "Asks for the result of what was under way"),
    (alert::NEXT_MESSAGE, "Asks for the next message"),
    (alert::NO_END_OF_DATA, "A large object broke off"),
    (alert::SUSPEND, "Pauses the sync"),
    (alert::RESUME, "Goes on with a sync that was paused or broken off"),
];

const STATUSES: [(u16, &str); 62] = [
    (status::IN_PROGRESS, "in progress: busy, ask again with alert 221"),
    (status::OK, "done"),
    (status::ITEM_ADDED, "done, and the item is new"),
    (status::ACCEPTED, "accepted for processing"),
    (status::NON_AUTHORITATIVE, "non-authoritative response"),
    (status::NO_CONTENT, "nothing is there"),
    (status::RESET_CONTENT, "the originator should synchronise its copy again"),
    (status::PARTIAL_CONTENT, "partial content"),
    (status::CONFLICT_MERGED, "conflict, resolved by merging"),
    (status::CONFLICT_CLIENT_WINS, "conflict, resolved in the client's favour"),
    (status::CONFLICT_DUPLICATED, "conflict, resolved by keeping both"),
    (status::DELETED_WITHOUT_ARCHIVE, "deleted, and not archived as asked"),
    (status::NOT_DELETED, "there was no such item to delete"),
    (status::AUTHENTICATED, "the credentials are good for the whole session"),
    (status::CHUNK_BUFFERED, "the chunk was taken, more must come"),
    (status::CANCELLED, "cancelled by the user; done so far"),
    (status::NOT_EXECUTED, "not executed: the user declined"),
    (status::ATOMIC_ROLLED_BACK, "rolled back with its Atomic"),
    (status::NOT_MODIFIED, "not modified"),
    (status::BAD_REQUEST, "the command is malformed"),
    (status::INVALID_CREDENTIALS, "wrong credentials; a challenge comes with it"),
    (status::PAYMENT_REQUIRED, "payment required"),
    (status::FORBIDDEN, "not here, not now, or not for this user"),
    (status::NOT_FOUND, "no such datastore or item"),
    (status::NOT_ALLOWED, "the command is not allowed here"),
    (status::NOT_SUPPORTED, "an optional feature that is not supported"),
    (status::MISSING_CREDENTIALS, "no credentials; a challenge comes with it"),
    (status::TIMEOUT, "request timeout"),
    (status::CONFLICT, "conflict, not resolved"),
    (status::GONE, "it is gone for good"),
    (status::SIZE_REQUIRED, "the first chunk of an object has no Size"),
    (status::INCOMPLETE_COMMAND, "the command lacks a mandatory part"),
    (status::ENTITY_TOO_LARGE, "the item or message is too large"),
    (status::URI_TOO_LONG, "the URI is too long"),
    (status::UNSUPPORTED_MEDIA_TYPE, "media type or format unknown, or unreadable data"),
    (status::SIZE_TOO_LARGE, "the Size is above the MaxObjSize"),
    (status::RETRY_LATER, "locked for the moment"),
    (status::ALREADY_EXISTS, "there is such an item already"),
    (status::CONFLICT_SERVER_WINS, "conflict, resolved in the server's favour"),
    (status::DEVICE_FULL, "no room"),
    (status::UNKNOWN_GRAMMAR, "the grammar of a search or filter is unknown"),
    (status::BAD_SCRIPT, "the filter expression is malformed"),
    (status::SOFT_DELETE_CONFLICT, "soft-deleted, and deleted hard before"),
    (status::SIZE_MISMATCH, "the object's length is not its Size"),
    (status::PERMISSION_DENIED, "the access rules forbid it"),
    (status::PARTIAL_NOT_ACCEPTED, "a part of an item is not accepted, the whole may be (1.2)"),
    (status::NOT_EMPTY, "the parent still has children (1.2)"),
    (status::MOVE_FAILED, "the move failed (1.2)"),
    (status::COMMAND_FAILED, "an unexpected error"),
    (status::NOT_IMPLEMENTED, "the command is not implemented"),
    (status::SERVICE_UNAVAILABLE, "overload"),
    (status::DTD_VERSION, "the VerDTD is not supported"),
    (status::PROCESSING_ERROR, "an error while processing; a retry may do"),
    (status::ATOMIC_FAILED, "the Atomic failed"),
    (status::REFRESH_REQUIRED, "the anchors do not match: a slow sync follows"),
    (status::DATA_STORE_FAILURE, "the data store failed"),
    (status::SERVER_FAILURE, "the server failed; no retry"),
    (status::SYNCHRONIZATION_FAILED, "the session failed; begin again"),
    (status::PROTOCOL_VERSION, "the VerProto is not supported"),
    (status::OPERATION_CANCELLED, "not executed: the session was cancelled"),
    (status::ATOMIC_ROLL_BACK_FAILED, "the Atomic could not be rolled back"),
    (status::ATOMIC_TOO_LARGE, "the answer to the Atomic would not fit into one message"),
];

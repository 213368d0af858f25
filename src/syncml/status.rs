//! Status codes: what became of a command (RepPro 1.2 section 10).

/// In progress: busy, ask again with alert 221.
pub const IN_PROGRESS: u16 = 101;
/// Done.
pub const OK: u16 = 200;
/// Done, and the item is new.
pub const ITEM_ADDED: u16 = 201;
/// Accepted for processing.
pub const ACCEPTED: u16 = 202;
/// Non-authoritative response.
pub const NON_AUTHORITATIVE: u16 = 203;
/// Nothing is there.
pub const NO_CONTENT: u16 = 204;
/// The originator should synchronise its copy again.
pub const RESET_CONTENT: u16 = 205;
/// Partial content.
pub const PARTIAL_CONTENT: u16 = 206;
/// Conflict, resolved by merging.
pub const CONFLICT_MERGED: u16 = 207;
/// Conflict, resolved in the client's favour.
pub const CONFLICT_CLIENT_WINS: u16 = 208;
/// Conflict, resolved by keeping both.
pub const CONFLICT_DUPLICATED: u16 = 209;
/// Deleted, and not archived as asked.
pub const DELETED_WITHOUT_ARCHIVE: u16 = 210;
/// There was no such item to delete.
pub const NOT_DELETED: u16 = 211;
/// The credentials are good for the whole session.
pub const AUTHENTICATED: u16 = 212;
/// The chunk was taken, more must come.
pub const CHUNK_BUFFERED: u16 = 213;
/// Cancelled by the user; done so far.
pub const CANCELLED: u16 = 214;
/// Not executed: the user declined.
pub const NOT_EXECUTED: u16 = 215;
/// Rolled back with its `Atomic`.
pub const ATOMIC_ROLLED_BACK: u16 = 216;
/// Not modified.
pub const NOT_MODIFIED: u16 = 304;
/// The command is malformed.
pub const BAD_REQUEST: u16 = 400;
/// Wrong credentials; a challenge comes with it.
pub const INVALID_CREDENTIALS: u16 = 401;
/// Payment required.
pub const PAYMENT_REQUIRED: u16 = 402;
/// Not here, not now, or not for this user.
pub const FORBIDDEN: u16 = 403;
/// No such datastore or item.
pub const NOT_FOUND: u16 = 404;
/// The command is not allowed here.
pub const NOT_ALLOWED: u16 = 405;
/// An optional feature that is not supported.
pub const NOT_SUPPORTED: u16 = 406;
/// No credentials; a challenge comes with it.
pub const MISSING_CREDENTIALS: u16 = 407;
/// Request timeout.
pub const TIMEOUT: u16 = 408;
/// Conflict, not resolved.
pub const CONFLICT: u16 = 409;
/// It is gone for good.
pub const GONE: u16 = 410;
/// The first chunk of an object has no `Size`.
pub const SIZE_REQUIRED: u16 = 411;
/// The command lacks a mandatory part.
pub const INCOMPLETE_COMMAND: u16 = 412;
/// The item or message is too large.
pub const ENTITY_TOO_LARGE: u16 = 413;
/// The URI is too long.
pub const URI_TOO_LONG: u16 = 414;
/// Media type or format unknown, or unreadable data.
pub const UNSUPPORTED_MEDIA_TYPE: u16 = 415;
/// The `Size` is above the `MaxObjSize`.
pub const SIZE_TOO_LARGE: u16 = 416;
/// Locked for the moment.
pub const RETRY_LATER: u16 = 417;
/// There is such an item already.
pub const ALREADY_EXISTS: u16 = 418;
/// Conflict, resolved in the server's favour.
pub const CONFLICT_SERVER_WINS: u16 = 419;
/// No room.
pub const DEVICE_FULL: u16 = 420;
/// The grammar of a search or filter is unknown.
pub const UNKNOWN_GRAMMAR: u16 = 421;
/// The filter expression is malformed.
pub const BAD_SCRIPT: u16 = 422;
/// Soft-deleted, and deleted hard before.
pub const SOFT_DELETE_CONFLICT: u16 = 423;
/// The object's length is not its `Size`.
pub const SIZE_MISMATCH: u16 = 424;
/// The access rules forbid it.
pub const PERMISSION_DENIED: u16 = 425;
/// A part of an item is not accepted, the whole may be (1.2).
pub const PARTIAL_NOT_ACCEPTED: u16 = 426;
/// The parent still has children (1.2).
pub const NOT_EMPTY: u16 = 427;
/// The move failed (1.2).
pub const MOVE_FAILED: u16 = 428;
/// An unexpected error.
pub const COMMAND_FAILED: u16 = 500;
/// The command is not implemented.
pub const NOT_IMPLEMENTED: u16 = 501;
/// Overload.
pub const SERVICE_UNAVAILABLE: u16 = 503;
/// The `VerDTD` is not supported.
pub const DTD_VERSION: u16 = 505;
/// An error while processing; a retry may do.
pub const PROCESSING_ERROR: u16 = 506;
/// The `Atomic` failed.
pub const ATOMIC_FAILED: u16 = 507;
/// The anchors do not match: a slow sync follows.
pub const REFRESH_REQUIRED: u16 = 508;
/// The data store failed.
pub const DATA_STORE_FAILURE: u16 = 510;
/// The server failed; no retry.
pub const SERVER_FAILURE: u16 = 511;
/// The session failed; begin again.
pub const SYNCHRONIZATION_FAILED: u16 = 512;
/// The `VerProto` is not supported.
pub const PROTOCOL_VERSION: u16 = 513;
/// Not executed: the session was cancelled.
pub const OPERATION_CANCELLED: u16 = 514;
/// The `Atomic` could not be rolled back.
pub const ATOMIC_ROLL_BACK_FAILED: u16 = 516;
/// The answer to the `Atomic` would not fit into one message.
pub const ATOMIC_TOO_LARGE: u16 = 517;

/// Whether the command was carried out: 2xx but for a chunk of which more must come.
pub fn is_done(code: u16) -> bool {
    (200..300).contains(&code) && code != CHUNK_BUFFERED
}

/// Whether a refusal of an item is for good: sending the same again would meet the same.
pub fn is_final_refusal(code: u16) -> bool {
    matches!(
        code,
        NOT_SUPPORTED | INCOMPLETE_COMMAND | ENTITY_TOO_LARGE | UNSUPPORTED_MEDIA_TYPE | SIZE_TOO_LARGE
    )
}

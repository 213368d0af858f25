//! Every bound in the program, with its reason.

/// A bound string or a row in the store, in bytes. D1 refuses rows and parameters above 2,000,000 bytes (the local runtime
/// does not); half of it leaves room for the JSON around them.
pub const ROW_BYTES_MAX: usize = 1_000_000;

/// A MAX request body. The protocol's records are rows of text; more is refused with 413.
pub const MAX_BODY_BYTES_MAX: usize = 1_000_000;

/// A MAX application file: every collection it declares keeps a copy in its row, which every request reads.
pub const APPLICATION_BYTES_MAX: usize = 100_000;

/// A SyncML message we accept, and the `MaxMsgSize` we announce. What a message carries is stored in one commit, and the
/// answer is kept in one row, so both follow from [`ROW_BYTES_MAX`].
pub const SYNCML_MESSAGE_BYTES_MAX: usize = 500_000;

/// The largest SyncML answer we make, whatever the device could take: it is kept for replay as base64 in one row.
pub const SYNCML_REPLY_BYTES_MAX: usize = 250_000;

/// The smallest `MaxMsgSize` we can live with: below it no answer with a status and an alert would fit.
pub const SYNCML_REPLY_BYTES_MIN: usize = 1_024;

/// How deep elements may nest. The deepest legal message (a filter in an alert in a sequence) has 14.
pub const DEPTH_MAX: usize = 64;

/// Elements in one message: an element of the smallest status takes about five bytes in WBXML.
pub const ELEMENTS_MAX: usize = 200_000;

/// Items in one SyncML message. Each costs an alias and a record row; D1 answers a batch within 30 seconds.
pub const ITEMS_MAX: usize = 5_000;

/// Atomics in one SyncML message: before each, what the message has done so far is put aside.
pub const ATOMICS_MAX: usize = 50;

/// How deep folders may lie in each other to be told apart from a circle; each costs a read when it is new to a device.
pub const FOLDERS_DEEP_MAX: usize = 16;

/// How many records of a folder are looked at: one more than a message can take out of it.
pub const CHILDREN_MAX: usize = ITEMS_MAX + 1;

/// The bytes of a record that fits its row; JSON escaping can double what we bind. A larger one is spread over chunk rows,
/// and read only where it is asked for.
pub const RECORD_BYTES_MAX: usize = 450_000;

/// The largest object a device may send in pieces, however it is set: it is whole in memory when it is applied, beside what
/// is made of it, and the isolate has 128 MB for everything.
pub const OBJECT_BYTES_MAX: usize = 16_000_000;

/// How many records one page of a full MAX feed reads.
pub const PAGE_RECORDS_MAX: usize = 1_000;

/// How many bytes of records one page reads: the isolate has 128 MB for everything.
pub const PAGE_BYTES_MAX: usize = 4_000_000;

/// How long a tombstone, a superseded version and a silent device's memory last: 90 days.
pub const HORIZON_MS: i64 = 90 * 24 * 60 * 60 * 1000;

/// How long a SyncML session may be silent before it is over: 15 minutes. Phones on bad networks pause long.
pub const SESSION_IDLE_MS: i64 = 15 * 60 * 1000;

/// How often an account is swept in passing: once a day.
pub const SWEEP_EVERY_MS: i64 = 24 * 60 * 60 * 1000;

/// How many wrong passwords a login may have from one address before the next tries are slowed down.
pub const FREE_FAILURES: i64 = 10;

/// What a merge may weigh, in bytes: what is here twice, and what the device had before and what it sends now once. Four
/// times as much is in memory then, of the 128 MB that an isolate has.
pub const MERGE_WEIGHT_MAX: usize = 34_000_000;

/// How often one exchange decides again after losing a race.
pub const ATTEMPTS_MAX: usize = 8;

/// How often it tries to put a message off when that loses a race too: only another message of the same session is in the way.
pub const PUT_OFF_ATTEMPTS_MAX: usize = 2;

/// How many times in a row a session is answered with "busy" (101). After that it is 503, at which most devices give up.
pub const BUSY_ANSWERS_MAX: u32 = 20;

/// How many records one page towards a device reads at most; what its `MaxMsgSize` can hold is less for most.
pub const PEER_PAGE_RECORDS_MAX: usize = 400;

/// The bytes of what a session owes a device and could not say yet. Nothing more is carried out for a device that is owed
/// nearly so much; the statuses of [`ITEMS_MAX`] items fit, if only the first few hundred name their items.
pub const PENDING_BYTES_MAX: usize = 376_000;

/// The bytes of our changes that one session keeps in mind until they are answered and mapped: some 2,500 changes in one go.
/// The rest is offered again in the next.
pub const UNANSWERED_BYTES_MAX: usize = 170_000;

/// How many changes that a broken session left unanswered are remembered for what the device says in the next.
pub const EARLIER_MAX: usize = 1_000;

/// The bytes of the same.
pub const EARLIER_BYTES_MAX: usize = 60_000;

/// How many datastores one session may open. Phones have four.
pub const DATASTORES_MAX: usize = 10;

/// What a datastore of a session takes at most: two paths and an anchor, every character of them escaped, our own anchor, a
/// collection's id and the numbers.
pub const DATASTORE_BYTES_MAX: usize = URI_BYTES_MAX * 2 * 2 + NAME_BYTES_MAX * 2 + 800;

/// What a session remembers of a large object in pieces: names, and places in it.
const OBJECT_STATE_BYTES_MAX: usize = NAME_BYTES_MAX * 2 * 6 + 500;
/// The bytes of a filter's query, and of the names of the properties it wants.
pub const FILTER_BYTES_MAX: usize = 2_000;

/// The bytes of all filters of one session, as it keeps them, and of those of the sessions before it. Phones' have a hundred.
pub const FILTERS_BYTES_MAX: usize = 4_000;

/// What is remembered of one that may be resumed: a collection's id, an anchor, and what it was.
const RESUMABLE_BYTES_MAX: usize = NAME_BYTES_MAX * 2 + 200;

/// A session is one row: a few names, and then its state and its last answer as base64. Messages that are put off may take all
/// that is left of that.
pub const SESSION_BYTES_MAX: usize = PENDING_BYTES_MAX
    + UNANSWERED_BYTES_MAX
    + EARLIER_BYTES_MAX
    + DATASTORES_MAX * (DATASTORE_BYTES_MAX + RESUMABLE_BYTES_MAX)
    + FILTERS_BYTES_MAX * 2
    + SYNCML_REPLY_BYTES_MAX.div_ceil(3) * 4
    + OBJECT_STATE_BYTES_MAX * 2;
const _: () = assert!(SESSION_BYTES_MAX + NAME_BYTES_MAX * 2 * 3 + 1_000 < ROW_BYTES_MAX);

/// How long after a session's end what a device staged in it is kept (alert 203).
pub const STAGED_MS: i64 = 2 * 24 * 60 * 60 * 1000;

/// How many sessions in a row an item that a device refuses may hold its cursor back.
pub const HELD_SESSIONS_MAX: i64 = 5;

/// The bytes of a datastore's path as a device spells it, with whatever filter stands behind it: it is kept in the session.
pub const URI_BYTES_MAX: usize = 500;

/// For how long after a session's last message a copy of its first one is taken for one that was late on its way. After that
/// a device has begun anew that says the same again: some have one session id and an anchor that only moves on success.
pub const LATE_COPY_MS: i64 = 60 * 1000;

/// How many messages in a row may ask us to go on while it is the client's turn: then its `Final` was forgotten.
pub const SILENT_MESSAGES_MAX: u32 = 3;

/// The bytes of a name that is kept: a device's, a session's, a login's; an anchor.
pub const NAME_BYTES_MAX: usize = 255;

/// The bytes of our own address as a device spells it: every answer repeats it.
pub const ADDRESS_BYTES_MAX: usize = 1_000;

/// How many different things one log line says of one message; the rest is counted.
pub const NOTES_MAX: usize = 20;

/// How many of the items that a sync with a server refused are told one by one; of each collection.
pub const REFUSALS_TOLD_MAX: usize = 10;

/// The characters of one of them.
pub const NOTE_CHARS_MAX: usize = 300;

/// For how many days what was said in sessions is kept, where nothing else is set.
pub const TRACE_DAYS: u16 = 7;

/// The bytes of a message or of an answer that are kept to be looked at: base64 of both, and what their items became
/// ([`TRACE_ITEMS_BYTES_MAX`]), fit a row. Of what is longer only its length is kept.
pub const TRACE_MESSAGE_BYTES_MAX: usize = 256_000;

/// The bytes of what the items of one message became; the rest is counted.
pub const TRACE_ITEMS_BYTES_MAX: usize = 150_000;
const _: () = assert!(TRACE_MESSAGE_BYTES_MAX.div_ceil(3) * 8 + TRACE_ITEMS_BYTES_MAX * 2 < ROW_BYTES_MAX);

/// The bytes of messages and answers that are kept of one session, the first ones.
pub const TRACE_SESSION_BYTES_MAX: u64 = 4_000_000;

/// The bytes of an account's traces that a sweep leaves.
pub const TRACES_BYTES_MAX: i64 = 20_000_000;

/// A request to the JSON API. An import comes in pieces, and a record of [`RECORD_BYTES_MAX`] escaped as JSON fits.
pub const API_BODY_BYTES_MAX: usize = 1_000_000;

/// A record that comes or goes whole over the JSON API: as JSON it is many times in memory, of the 128 MB that an isolate has.
/// A host that serves itself has memory of its own.
pub const API_RECORD_BYTES_MAX: usize = 4_000_000;

/// A request to the JSON API with a record of so many bytes in it, as base64 or as text with line ends to escape, and
/// something beside it.
pub const fn api_record_body_bytes_max(record_bytes_max: usize) -> usize {
    record_bytes_max.div_ceil(3) * 4 + API_BODY_BYTES_MAX
}

/// How many items we ask a MAX server for at once, where it knows pages; and as many are written in one commit.
pub const UPSTREAM_PAGE_ITEMS: usize = 500;

/// The bytes of an upstream's answer, unpacked: all of a feed, where the server knows no pages. Read, it is twice in memory,
/// of the 128 MB that an isolate has.
pub const UPSTREAM_ANSWER_BYTES_MAX: usize = 16_000_000;

/// How many changes are looked at at once for the next that has something to say to a MAX server.
pub const UPSTREAM_LOOK_RECORDS: usize = 20;

/// How many collections go to one upstream.
pub const UPSTREAM_PAIRS_MAX: usize = 50;

/// How often in a row a request may be lost before a sync is given up for now.
pub const UPSTREAM_LOST_MAX: u32 = 3;

/// How often in a row a server may be busy before a sync is given up for now.
pub const UPSTREAM_BUSY_MAX: u32 = 4;

/// The longest that a busy server is waited for in one sync: a minute.
pub const UPSTREAM_WAIT_MS_MAX: i64 = 60 * 1000;

/// The bytes of a token that another server issued.
pub const TOKEN_BYTES_MAX: usize = 4_000;

/// How many requests one invocation of the worker makes to other servers. The free plan has 50 subrequests, and each step asks
/// the database two to five times, which are counted apart.
pub const UPSTREAM_REQUESTS: u32 = 40;

/// How many of them one upstream makes before it is another's turn.
pub const UPSTREAM_REQUESTS_PER_TURN: u32 = 20;

/// How many upstreams an invocation looks at at once.
pub const UPSTREAM_TURNS: usize = 10;

/// After how long an invocation begins nothing more: cron comes every minute, and two should not meet.
pub const UPSTREAM_INVOCATION_MS: i64 = 25 * 1000;

/// The longest that one request takes, answer included.
pub const UPSTREAM_CARRY_MS: i64 = 20 * 1000;

/// How long a turn is held by whoever took it: longer than an invocation and its last request.
pub const UPSTREAM_LEASE_MS: i64 = 2 * 60 * 1000;
const _: () = assert!(UPSTREAM_INVOCATION_MS + 2 * UPSTREAM_CARRY_MS < UPSTREAM_LEASE_MS);

/// The pause after a failed sync, doubled by each that follows.
pub const UPSTREAM_PAUSE_MS: i64 = 60 * 1000;

/// The longest pause after failures: six hours.
pub const UPSTREAM_PAUSE_MS_MAX: i64 = 6 * 60 * 60 * 1000;

/// How long an invocation waits for one upstream while others may be due; a longer wait is for the next.
pub const UPSTREAM_REST_MS: i64 = 3 * 1000;

/// How many requests one sync with a MAX server may take: a POST each for more changes than a server here has ever held.
pub const UPSTREAM_MESSAGES_MAX: u64 = 1_000_000;

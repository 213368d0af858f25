// What goes into a store and comes out of it, as plain data: the same names and meanings as in the core (`src/store`).
//
// Ids, keys and forms are text, positions and moments are numbers, bytes are `Uint8Array`s, what is absent is `null`.

/** Everything a turn may need. A path is a collection's id or one of its aliases, already normalised. */
export interface Reads {
  /** Whose. */
  who: Who;
  /** Failure counters by key (see `Throttle`). */
  throttles: string[];
  /** The device: its row, its bookmarks, its session. */
  peer: string | null;
  /** Whether the account's collections are wanted, with their paths; then `collection` adds nothing. */
  collections: boolean;
  /** One collection only, by path (MAX): answers as the single entry of `Snapshot.collections`. */
  collection: string | null;
  /** Records by id. */
  records: [string, string[]][];
  /** Superseded contents, by record and the stamp they had. */
  versions: [string, [string, number][]][];
  /** Records by the device's ids, each with the version the device last acknowledged. */
  luids: [string, string[]][];
  /** Records by what we called them towards the device: record ids or temporary ids (SyncML Map). */
  targets: [string, string[]][];
  /** Live records of equal content (see `Found`); a key may stand several times. */
  matches: [string, string[]][];
  /** These folders and those above them, `limits.FOLDERS_DEEP_MAX` deep. */
  above: [string, string[]][];
  /** What is in these folders. */
  children: [string, string[]][];
  /**
   * Items that `peer` has staged, by its ids, and the folders above them,
   * `limits.FOLDERS_DEEP_MAX` deep.
   */
  waiting: [string, string[]][];
  /** Collections of which it matters what `peer` has had and does not stage. */
  unstaged: string[];
  /** A page of changes. */
  page: PageAsk | null;
  /**
   * Versions wanted with all their bytes, wherever in the answer they stand: a body of more than
   * `limits.RECORD_BYTES_MAX` is a `Content.Large`
   * otherwise.
   */
  whole: RecordVersion[];
  /** Whether all pieces of the object that is arriving from `peer` are wanted. */
  arriving: boolean;
  /** How many pieces of the object that is leaving for it are wanted, the first ones. */
  leaving: number;
  /** Whether to count what a `PageAsk.Peer` would answer without its bounds. */
  totals: boolean;
  /** What the account's owner looks at; at most one of each kind. */
  views: View[];
}

/** Whose data is asked for; the store resolves it to one account. */
export type Who =
  /** The holder of a token, by its SHA-256 in hex. */
  | { token: string }
  /** The first of these that is known: the login, the session with that token, the session of that device, id and address. */
  | { syncml: { login: string | null; sessionToken: string | null; sessionId: string; address: string } }
  /** A login by name. */
  | { login: string }
  /** An account by its id. */
  | { account: string };

/** A record's collection, id and stamp. */
export type RecordVersion = [string, string, number];

/** Which page of changes. */
export type PageAsk =
  /** One collection's changes after a position, in the order of stamps. */
  | { collection: { path: string; after: number; until: number | null; liveOnly: boolean; recordsMax: number; bytesMax: number } }
  /** What is still to be sent to the device. */
  | { peer: { paths: string[]; recordsMax: number; bytesMax: number } };

/** The answer to a `Reads`: all of one moment. */
export interface Snapshot {
  /** The account, where `Reads.who` is known. */
  account: Account | null;
  /** The login of the credential or of the token; for a session the login that opened it. */
  login: Login | null;
  /** The token presented, where it is known (and whether it still counts is for the engine to say). */
  token: Token | null;
  /** The failure counters that exist. */
  throttles: Throttle[];
  /** The device's row. */
  peer: Peer | null;
  /** The device's session, alive or not. */
  session: Session | null;
  /** The device's bookmarks. */
  bookmarks: Bookmark[];
  /** The account's collections (all, or the one asked for). */
  collections: Collection[];
  /** Records asked for by id. */
  records: StoredRecord[];
  /** Superseded contents, those still kept. */
  versions: StoredRecord[];
  /** Records asked for by the device's ids. */
  held: Held[];
  /** Records asked for by what we called them. */
  targets: Target[];
  /** Records of equal content. */
  found: Found[];
  /** The folders asked for and those above them, by id, each with the device's alias. */
  above: OutgoingRecord[];
  /** Pieces of large objects, those arriving first, in order. */
  pieces: Piece[];
  /** What is in the folders asked for, by id; of each folder at most `limits.CHILDREN_MAX`. */
  children: Child[];
  /** What the device has staged of what was asked for, by its ids. */
  waiting: Waiting[];
  /**
   * Live records that the device has an id for, and no staged item names, by id: those whose bodies have
   * `limits.PAGE_BYTES_MAX` together.
   */
  unstaged: OutgoingRecord[];
  /** The page, in order. */
  page: OutgoingRecord[];
  /** Whether there is more after the page. */
  more: boolean;
  /** How many records the page would have without its bounds, for each collection that has any. */
  totals: [string, number][];
  /** What the account's owner sees. */
  views: Views;
  /** What it cost. */
  cost: Cost;
}

/** A record a device named by its own id. */
export interface Held {
  /** The alias, of whatever generation. */
  alias: Alias;
  /** The record as it is now; `None` where it is gone without a tombstone. */
  record: StoredRecord | null;
  /**
   * The content the device last had: of the versions stamped up to `alias.seq`, or made by this device, the newest. `None`
   * where the record itself is that, or where it is no longer kept. (The cursor says nothing here: a version below it may
   * have been superseded before it could be sent.)
   */
  base: Body | null;
  /**
   * The stamp, the size and the form of that version where its bytes were left in the store (`Reads.whole` names them): then
   * there is no `base`.
   */
  baseLarge: [number, number, string] | null;
}

/** A record named by what we called it. */
export interface Target {
  /** The path asked under. */
  path: string;
  /** The id asked for. */
  target: string;
  /** The record's collection, id and stamp. */
  collection: string;
  /** The record. */
  record: string;
  /** Its stamp now. */
  seq: number;
  /** The alias, where there is one. */
  alias: Alias | null;
}

/** A live record of equal content. */
export interface Found {
  /** The key asked for. */
  key: string;
  /** Its collection. */
  collection: string;
  /** Its id. For each key at most as many records as times the key was asked for, unclaimed ones first, then by stamp. */
  record: string;
  /** Its stamp. */
  seq: number;
  /** The folder it is in. */
  parent: string | null;
  /** The device's alias of it, of whatever generation. */
  alias: Alias | null;
}

/** A live record in a folder. */
export interface Child {
  /** Its collection. */
  collection: string;
  /** The folder. */
  parent: string;
  /** The record. */
  record: string;
}

/** An item of a refresh from the device that waits for the rest (`Staged`). */
export interface Waiting {
  /** Its collection. */
  collection: string;
  /** The device's id. */
  luid: string;
  /** The record it is to be. */
  record: string;
  /** The form of what it holds; `None` where the record stays as it is. */
  form: string | null;
  /** The folder it is to be in, as in `Staged`. */
  parent: string | null;
}

/** A record on its way to a client. */
export interface OutgoingRecord {
  /** The record as it is. */
  record: StoredRecord;
  /** The device's alias of it (never for `PageAsk.Collection`). */
  alias: Alias | null;
}

/**
 * Everything a turn changes. Written in this order: a new account, edits, tokens, records, aliases (outdated ones and dropped
 * ones go first, then come new ones, then acknowledgements), refreshes, the rest, the trace, the sweep, devices forgotten, the removal of an account.
 * The accounts and devices named inside logins, tokens, the peer and the session are those of the batch, whatever they say.
 */
export interface Batch {
  /** Whose, and it must exist (unless it is added); empty only where nothing but `throttles` is written. */
  account: string;
  /** What must still stand. */
  guard: Guard;
  /** The moment, for the head. */
  now: number;
  /** The records changed, each stamped in this order. At most one change a record. */
  changes: RecordChange[];
  /** The device whose aliases, bookmarks and session these are. */
  peerId: string;
  /** Aliases made or replaced. An alias takes its luid away from any other record. */
  aliases: Alias[];
  /** Versions acknowledged: the alias gets the stamp and the generation, and is made without a luid where there is none. */
  acknowledged: Acknowledged[];
  /** Aliases dropped. */
  dropped: [string, string][];
  /** All aliases of generations below this one dropped. */
  outdated: [string, number][];
  /** Collections whose half-staged refresh by this device is dropped. */
  unstaged: string[];
  /** Items staged. An item of the same luid takes the place of an earlier one. */
  staged: Staged[];
  /** Refreshes that are complete. */
  refreshed: Refresh[];
  /** Bookmarks as they are from now on. */
  bookmarks: Bookmark[];
  /** The device's row as it is from now on; the settings of one that exists stay as they are (`Edit.SetPeer`). */
  peer: Peer | null;
  /** The session as it is from now on; its version is the guard's plus one. */
  session: Session | null;
  /** Pieces of the device's objects that are no longer needed; they go before new ones come. */
  piecesDropped: PieceRange[];
  /** Pieces of the device's objects to keep; one that begins at the same place is replaced. */
  pieces: Piece[];
  /** Tokens issued, or issued anew. A hash of another account is a conflict. */
  tokens: Token[];
  /** Failure counters as they are from now on; a counter of 0 failures is removed. */
  throttles: Throttle[];
  /** What is kept of the message for people. One of the same session and number is replaced. */
  trace: Trace | null;
  /** What is past its time and goes. */
  sweep: Sweep | null;
  /** What the operator changes. */
  edits: Edit[];
}

/** What must still stand for a batch to be written. Empty lists ask for nothing. */
export interface Guard {
  /** The snapshot's head: none of the records and keys below may bear a later stamp. */
  head: number;
  /** Records that were read, or found absent. */
  records: [string, string][];
  /** Match keys that were looked up. */
  matches: [string, string][];
  /** Folders whose contents were looked up. */
  parents: [string, string][];
  /** The version of the session of `Batch.peer_id` as read; 0 where there was none; `None` asks for nothing. */
  session: number | null;
  /** The version of the arrangement of that name as read; 0 where there was none. */
  arrangement: [string, number] | null;
}

/** One record's change. */
export interface RecordChange {
  /** The collection. */
  collection: string;
  /** The record. */
  id: string;
  /** What it holds from now on. A `Content.Large` is a `Conflict`: it was not read. */
  content: Content;
  /** The folder it is in from now on; a tombstone is in none, whatever stands here. */
  parent: string | null;
  /** By what a slow sync recognises it; `None` for tombstones and MAX-only tables. */
  key: string | null;
  /** Who changes it. */
  origin: string;
  /** Whether the id must be free: a taken one is a `Conflict`. */
  insert: boolean;
  /** Whether the superseded version is kept for three-way merging. */
  supersede: boolean;
}

/** A version a device has said it took. */
export interface Acknowledged {
  /** The collection. */
  collection: string;
  /** The record. */
  record: string;
  /** The stamp of the version. */
  seq: number;
  /** The bookmark's generation. */
  generation: number;
}

/** Pieces of the object that is leaving, or of the one that is arriving. */
export interface PieceRange {
  /** Which of the two. */
  leaving: boolean;
  /** Those that begin here or later. */
  from: number;
  /** But before this. */
  to: number;
}

/** An item of a refresh from the device (alert 203), kept apart until the refresh is complete. */
export interface Staged {
  /** The collection. */
  collection: string;
  /** The device's id. */
  luid: string;
  /** The record it is, or is to be. */
  record: string;
  /** What the record holds from then on; `None` where it stays as it is, and where it is. */
  body: Body | null;
  /** The folder it is to be in, by the device's id; an empty one for none, `None` where the record stays where it is. */
  parent: string | null;
  /** By what it is recognised. */
  key: string | null;
}

/**
 * A refresh from the device is complete: what it staged takes the place of the collection.
 *
 * First, items that name no live record are paired by key with live records that no item names: these stay as they are. An item
 * that does not say where it is may be any of them (of several in the order of record ids and stamps, what is in no folder
 * first). Where there are folders, one that says so is then paired with what is at its place: in no folder, or in what its
 * folder is paired with or names, and so down to `limits.FOLDERS_DEEP_MAX`.
 *
 * The folder that an item says is the record of the item of that id, or none where there is no such item, or nothing of it.
 *
 * The head moves by as many as were staged and were live. What is new or
 * different is stamped from the head downwards in the order of record ids, with the device as origin; below that what no item
 * names and may go becomes a tombstone, the latest lowest. Superseded versions are kept. The device's aliases of the collection are
 * those of the items and no others; nothing stays staged.
 */
export interface Refresh {
  /** The collection. */
  collection: string;
  /** The generation of the aliases. */
  generation: number;
  /** Whether the collection has folders. */
  folders: boolean;
  /** The only records that may go; `None` for every one that no item names. */
  goes: string[] | null;
}

/** What is past its time. */
export interface Sweep {
  /**
   * Tombstones stamped up to this and versions superseded up to this go, and it becomes the account's horizon. So do
   * sessions that were over by then: until then one that broke off says what its device may have been sent. Pieces go
   * with the session of their device.
   */
  horizon: number;
  /** Failure counters that were over before this moment go. */
  now: number;
  /** Traces of sessions that began before this go, and the oldest sessions beyond `limits.TRACES_BYTES_MAX`. */
  traces: number;
}

/** What the operator changes. */
export type Edit =
  /** A new account; a taken id is a conflict. */
  | { addAccount: { created: number } }
  /** The account and everything in it goes. */
  | "removeAccount"
  /** A login made or replaced. A name taken by another account is a conflict. */
  | { putLogin: Login }
  /** A collection made or replaced; its records stay. */
  | { putCollection: Collection }
  /** A token revoked, by hash. */
  | { revokeToken: string }
  /** The operator's settings for a device, as JSON. */
  | { setPeer: [string, string] }
  /** A device forgotten. */
  | { forgetPeer: string }
  /** A sync with another server arranged, or as it is from now on. */
  | { putArrangement: Arrangement }
  /** A sync with another server that is no longer to be, by name. */
  | { dropArrangement: string };

/** What a commit says back. */
export interface Receipt {
  /** The account's head after the batch; 0 where the batch changed no record and touched no account. */
  head: number;
  /** What it cost. */
  cost: Cost;
}

/** What one trip to the store cost, as the store counts it. Zeros where the store does not count. */
export interface Cost {
  /** Round trips. */
  batches: number;
  /** Statements in them. */
  statements: number;
  /** Rows read. */
  rowsRead: number;
  /** Rows written, indexes included. */
  rowsWritten: number;
}

/** A tenant. */
export interface Account {
  /** Its id. */
  id: string;
  /** The stamp of its last change; at first its creation time. */
  head: number;
  /** Everything stamped up to here may have lost its tombstone: a cursor below it is too old (0: nothing swept yet). */
  horizon: number;
  /** When it was last swept. */
  swept: number;
}

/** Somebody who may sign in. */
export interface Login {
  /** The name, unique over all accounts. */
  name: string;
  /** The account it opens. */
  account: string;
  /** The password, sealed with the Worker secret (`secret.Sealer`). */
  sealed: string;
  /** Whether it exists for local development only; refused elsewhere. */
  local: boolean;
}

/** A MAX/JSON token; the token itself is shown once and never stored. */
export interface Token {
  /** `secret.token_hash` of it. */
  hash: string;
  /** The account it opens. */
  account: string;
  /** The login it was issued for. */
  login: string;
  /** What it is for, in the operator's or the app's words. */
  label: string;
  /** When it was issued. */
  created: number;
  /** When it ends; 0 for never. */
  expires: number;
}

/** A device's row. */
export interface Peer {
  /** Its id. */
  id: string;
  /** The login it last came with. */
  login: string;
  /** The nonce its next session's digest is to use (raw text, not base64); empty where none was given. */
  nonce: string;
  /** What it said it can do: `syncml::device::DevInf` as JSON; empty where it never said. */
  device: string;
  /** Counts temporary ids given out. */
  temporaries: number;
  /** Settings of the operator for this device, JSON; empty for none. */
  settings: string;
  /** When it was last here. */
  seen: number;
}

/** A device's one session. */
export interface Session {
  /** The device. */
  peer: string;
  /** The login that opened it. */
  login: string;
  /** `secret.token_hash` of the token in our `RespURI`. */
  token: string;
  /** SyncML's `SessionID`. */
  sessionId: string;
  /** Where it was opened from. */
  address: string;
  /** Counts commits; the guard compares it. */
  version: number;
  /** What is remembered between messages: `syncml.session` as JSON. */
  state: string;
  /** `MsgID` of the message last answered. */
  message: number;
  /** SHA-256 of that message's bytes, in hex. */
  request: string;
  /** The bytes it was answered with. */
  reply: Uint8Array;
  /** When it is over if nothing more comes. */
  expires: number;
  /** How many records a page is worth reading for this device: no more fit its messages. Bounds `PageAsk.Peer`. */
  pageRecords: number;
}

/** A piece of a large object on its way from a device or to it. */
export interface Piece {
  /** Whether it leaves for the device; otherwise it has arrived from it. */
  leaving: boolean;
  /** The place of its first byte in the whole. */
  start: number;
  /** Its bytes. */
  bytes: Uint8Array;
}

/** A collection. */
export interface Collection {
  /** Its id: also its SyncML path and its MAX data source name. */
  id: string;
  /** Other paths it answers to. */
  aliases: string[];
  /** What kind of things it holds. */
  kind: CollectionKind;
  /** Its plain fields as MAX shows them; the primary key among them. */
  fields: Field[];
  /** How conflicts between devices are decided. */
  policy: CollectionPolicy;
  /** Whether clients may write. */
  read_only: boolean;
  /** Whether a device whose change is not taken for that reason is told that it was. */
  quiet: boolean;
  /** The MAX application file it came from, as imported; empty for none. */
  application: string;
}

/** What an account's owner looks at. */
export type View =
  /** Who may sign in, the tokens, how many devices there are. */
  | "account"
  /** How many live records each collection has. */
  | "counts"
  /** Every device with its bookmarks. */
  | "devices"
  /** What a device calls the records of one collection. */
  | { mapping: { peer: string; path: string; after: string | null; rowsMax: number } }
  /** What is kept of sessions, the last first. */
  | { sessions: { peer: string | null; before: string | null; rowsMax: number } }
  /** What is kept of one session. */
  | { session: { session: string; after: number; rowsMax: number; bytesMax: number } }
  /** In which session a record got the stamp it has. */
  | { touched: { path: string; record: string } }
  /** The syncs with other servers that are arranged, by name. */
  | "arranged"
  /** Those of every account that are due and that nobody is at, the longest due first. */
  | { due: { now: number; rowsMax: number } };

/** What was seen. */
export interface Views {
  /** Who may sign in, by name. */
  logins: Login[];
  /** The tokens issued, oldest first. */
  tokens: Token[];
  /** How many devices there are. */
  deviceCount: number;
  /** How many live records each collection has; a collection without any is not in it. */
  counts: [string, number][];
  /** The devices by id. */
  devices: [Peer, Bookmark[]][];
  /** A page of a device's aliases, each with whether its record lives. */
  mapping: [Alias, boolean][];
  /** How many aliases there are of that device and collection. */
  mappingTotal: number;
  /** What is kept of sessions; for `View.Sessions` without bytes and items. */
  traces: Trace[];
  /** Whether there is more of the mapping or of the traces. */
  more: boolean;
  /** The session and the device of `View.Touched`. */
  touched: [string, string] | null;
  /** The arranged syncs, where they were asked for in one way. */
  arranged: Arrangement[];
}

/** What is kept of one message of a session, for people. Nothing is ever decided from it. */
export interface Trace {
  /** The session: ids of later ones are greater. Not SyncML's `SessionID`, which devices use again. */
  session: string;
  /** Counts the session's messages from 1. */
  number: number;
  /** The device. */
  peer: string;
  /** When. */
  at: number;
  /** The account's head as the turn read it: what it stamped is above. */
  since: number;
  /** The head after it; 0 where it changed no record. The store fills it in. */
  head: number;
  /** What there is to say of it, JSON. */
  about: string;
  /** What its items became, JSON. */
  items: string;
  /** The message, without credentials; `None` where it was not kept. */
  request: Uint8Array | null;
  /** The answer, in the same way. */
  reply: Uint8Array | null;
}

/** An arranged sync. */
export interface Arrangement {
  /** Whose collections they are. */
  account: string;
  /** What the operator calls it: unique in the account. */
  name: string;
  /** `upstream.Upstream` as JSON, without account, peer and password. */
  definition: string;
  /** The password or token, sealed with the Worker secret (`secret.Sealer`); empty for none. */
  sealed: string;
  /** How long after a sync the next one is due, in milliseconds; 0 for none that comes by itself. */
  every: number;
  /** When the next turn is due; `NEVER` for not by itself. */
  due: number;
  /** Until when somebody is at it, and nobody else may be; a moment past for nobody. */
  leased: number;
  /** Syncs that failed in a row. */
  failures: number;
  /** Why the last one failed, in words; empty where it did not. */
  failed: string;
  /** Counts changes of this row; the guard compares it. */
  version: number;
}

/** A counter of failed logins under one key (a login and an address). */
export interface Throttle {
  /** The key. */
  key: string;
  /** Failures since the last success or an hour without one. */
  failures: number;
  /** No try before this moment. */
  until: number;
}

/** What a device holds of one record. */
export interface Alias {
  /** The collection. */
  collection: string;
  /** The record as we know it. */
  record: string;
  /** The record as the device knows it; `None` while an Add is on its way and no Map has come. */
  luid: string | null;
  /** The short id an Add went out under, where the record's own id is longer than the device's `MaxGUIDSize`. */
  temporary: string | null;
  /** The slow sync it was made in or after (`Bookmark.attempt`); below `Place.generation` it no longer counts. */
  generation: number;
  /** The stamp of the version the device last acknowledged or sent; 0 while it has acknowledged none; `UNSURE`. */
  seq: number;
}

/** A point a device has reached in one collection. */
export interface Place {
  /** Everything up to here is on the device; 0 where there is no such point. */
  cursor: number;
  /** The client's `Next` anchor of the session that reached it: what the device presents as `Last` if it knows. */
  anchor: string;
  /** Our own `Next` anchor of that session: what we present as `Last` to a device that presents `anchor`. */
  ownAnchor: string;
  /** Aliases of an older generation are not believed: the slow sync of this generation took their place. */
  generation: number;
  /** What filters left out on the way here (`syncml::filter::LeftOut` as text); empty where everything was sent. */
  leftOut: string;
}

/**
 * How far a device has come in one collection.
 *
 * A session that ends well *offers* a place, and the next session *confirms* it by presenting the anchor that belongs to it.
 * A device that presents the older anchor lost the end of the last session and goes on from the confirmed place; nothing is
 * skipped either way.
 */
export interface Bookmark {
  /** The collection. */
  collection: string;
  /** What the device has shown that it knows. */
  confirmed: Place;
  /** What the last good session reached. */
  offered: Place;
  /** Counts slow syncs begun: new aliases bear it. In a slow sync it tells what this very sync has claimed already. */
  attempt: number;
  /** While a session is sending: changes after `position` are still to be sent. 0 outside. */
  position: number;
  /** While a session is sending: nothing stamped after `until` is sent. 0 where not fixed yet. */
  until: number;
  /** Whether the session now alive pages this collection out. */
  sending: boolean;
  /** Whether that paging is of a slow sync: only live records that have no alias of this generation. */
  sendingAll: boolean;
  /** What that paging looks at, where it is not of a slow sync. */
  looking: Looking;
  /** How many sessions in a row an item's failure has held the cursor back. */
  held: number;
}

/** What a session looks at to find what is to be sent. */
export type Looking = "changes" | "lacking" | "everything";

/** The latest state of one record. */
export interface StoredRecord {
  /** The collection it lives in. */
  collection: string;
  /** Its id there. */
  id: string;
  /** The stamp of its last change. */
  seq: number;
  /** Who made that change. */
  origin: string;
  /** The folder it is in, in a collection that has folders; `None` for none. Not known of a superseded version. */
  parent: string | null;
  /** What it holds now. */
  content: Content;
}

/** What a record holds. A tombstone is a kind of content. */
export type Content = { body: Body } | { large: Large } | "deleted";

/** The bytes of a live record and the form they are in. */
export interface Body {
  /** How to read the bytes. */
  form: string;
  /** The bytes as they came (or as the last merge wrote them). */
  bytes: Uint8Array;
}

/** What is known of a body that was not read. */
export interface Large {
  /** How to read the bytes. */
  form: string;
  /** How many there are. */
  size: number;
}

/** What kind of things a collection holds. */
export type CollectionKind = "contacts" | "calendar" | "todo" | "notes" | "files" | "table";

/** How a conflict between two devices is decided. */
export type CollectionPolicy = "merge" | "server-wins" | "client-wins" | "keep-both";

/** One plain field of a collection. */
export interface Field {
  /** Its name. */
  name: string;
  /** What its values are. */
  type: string;
  /** Which property it shows; left out for a table, where the field is the property. */
  path?: string;
}

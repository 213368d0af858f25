// What docs/openapi.json calls its schemas. Made by scripts/api-types.mjs: change that document, then run it.

/** What every refusal says, beside its HTTP status. */
export interface Error {
  error: {
    /** A stable word to decide by. */
    code: "bad_request" | "unauthorized" | "forbidden" | "not_found" | "method_not_allowed" | "conflict" | "reset" | "precondition_failed" | "too_large" | "unsupported_media_type" | "too_many_tries" | "busy" | "broken";
    /** A sentence for people. */
    message: string;
  };
}

export interface Login {
  /** The name. */
  login: string;
  /** The password. */
  password: string;
  /** What the token is for, shown in the list of tokens. */
  label?: string;
}

export interface Token {
  /** Send it as `Authorization: Bearer …`. It is shown once. */
  token: string;
  /** The account it opens. */
  account: string;
  /** Who signed in. */
  login: string;
  label: string;
  /** When it ends; 0 for never. */
  expires: number;
}

export interface TokenRow {
  label: string;
  login: string;
  /** When it was issued (epoch milliseconds) */
  created: number;
  /** When it ends; 0 for never. */
  expires: number;
  /** Whether it is the one this request came with. */
  current: boolean;
}

export interface Account {
  id: string;
  /** The login this request is signed in as; empty for a trusted host. */
  login: string;
  /** The stamp of the account's last change. */
  head: number;
  /** Changes up to here may have lost their tombstones: a cursor below it is too old. */
  horizon: number;
  /** Who may sign in. */
  logins: string[];
  /** The tokens issued, oldest first. */
  tokens: TokenRow[];
  /** How many devices have been here. */
  devices: number;
  /** For how many days sessions can be looked at; 0 where nothing is kept. */
  traceDays: number;
  /** The server's release. */
  version: string;
}

export interface Field {
  name: string;
  /** `date` is epoch milliseconds as text, `integer` and `real` numbers as text; empty text or 0 for none. */
  type: "primarykey" | "string" | "integer" | "date" | "real";
}

export interface Collection {
  /** Its id: SyncML's datastore, MAX's data source. */
  id: string;
  kind: "contacts" | "calendar" | "todo" | "notes" | "files" | "table";
  /** Other paths it answers to. */
  aliases: string[];
  /** How conflicts between devices are decided. */
  policy: "merge" | "server-wins" | "client-wins" | "keep-both";
  /** Whether nobody but the operator may write. */
  readOnly: boolean;
  /** Its plain fields. */
  fields: Field[];
  /** How many live records there are; only with `count=true`. */
  records?: number | null;
}

export interface Collections {
  collections: Collection[];
}

export interface Property {
  /** `item1` of `item1.TEL`. */
  group?: string;
  /** In upper case for vCard and iCalendar. */
  name: string;
  parameters: {
    name: string;
    values: string[];
  }[];
  /** As written, unfolded, still escaped or encoded as the form has it. */
  value: string;
}

/** A nested component. */
export interface Component {
  /** `VEVENT` in `VCALENDAR`. */
  component: string;
  properties: (Property | Component)[];
}

export interface Record {
  /** Its id in the collection. */
  id: string;
  /** The stamp of its last change: what `If-Match` compares. */
  seq: number;
  /** Which device made that change; empty for everybody else: an app, this API, an import, or the server's own merging. */
  origin: string;
  /** How the bytes spell it: `vcard2.1`, `vcard3.0`, `vcard4.0`, `vcalendar1.0`, `icalendar2.0`, `vnote1.1`, `plain`, `table`, or `opaque:` and a media type. */
  form: string;
  /** The same as a media type. */
  mediaType: string;
  /** Bytes of the body. */
  size: number;
  /** The bytes: as text, or as base64 where `encoding` says so. Missing where there are more than the request wanted (`bodies=false`, or a record too large for a list), and in a record of more than 4,000,000 bytes, which only a sync carries whole. */
  body?: string;
  encoding?: "base64";
  /** The collection's plain fields with something in them, as text. */
  fields: { [name: string]: string };
  /** Everything it says, in order; where one record is asked for, of at most 4,000,000 bytes. */
  properties?: (Property | Component)[];
  /** The folder it is in, in collections that have folders. */
  parent?: string;
  /** What a list shows of it: a name, a title, a first line. */
  summary: string;
  touched?: Touched;
}

/** Who touched a record last; where one record is asked for. */
export interface Touched {
  /** When, as far as stamps tell (epoch milliseconds) */
  at: number;
  /** The device's id; empty where no device did it. */
  device: string;
  /** Its maker and model, where it said them. */
  deviceName?: string;
  /** The session it happened in, where its trace is kept. */
  session?: string;
}

/** A record that was deleted. */
export interface Tombstone {
  id: string;
  /** The stamp of the deletion. */
  seq: number;
  origin: string;
  deleted: true;
}

export interface Records {
  records: Record[];
  /** Bring it as `after` for what follows; null at the end. A page of a search may be empty and not the last one. */
  next: number | null;
  /** The account's head as of this page. */
  head: number;
}

export interface Changes {
  /** In the order of their stamps. */
  changes: (Record | Tombstone)[];
  /** Bring it as `after` the next time. */
  next: number;
  /** Whether there is more right now. */
  more: boolean;
}

/** Either `body` (and `form` or `mediaType` where the bytes do not say what they are), or `fields`. */
export interface NewRecord {
  /** Its id; one is made where none is given. */
  id?: string;
  /** As in Record. */
  form?: string;
  mediaType?: string;
  body?: string;
  encoding?: "base64";
  fields?: { [name: string]: string };
  /** The folder it is in (collections of folders only). */
  parent?: string;
}

/** Either `body` (and `form` or `mediaType` where the bytes do not say what they are), or `fields`. */
export interface PutRecord {
  /** As in Record. */
  form?: string;
  mediaType?: string;
  body?: string;
  encoding?: "base64";
  fields?: { [name: string]: string };
  /** The folder it is in (collections of folders only). */
  parent?: string;
}

export interface PatchRecord {
  /** The fields to set; an empty text takes a property away. Everything else stays byte by byte. */
  fields: { [name: string]: string };
}

export interface ImportItem {
  /** Where it begins in the chunk, from 1. */
  line: number;
  outcome: "added" | "exists" | "refused";
  /** The record it became, or is. */
  id?: string;
  summary?: string;
  /** Why it was refused. */
  reason?: string;
}

export interface Imported {
  items: ImportItem[];
  added: number;
  /** How many were there already, with equal content. */
  exists: number;
  refused: number;
  /** CSV columns that no field took. */
  ignored?: string[];
}

export interface Place {
  /** Everything stamped up to here is on the device; 0 for no such point. */
  cursor: number;
  /** The device's `Next` of the session that reached it. */
  anchor: string;
  /** Ours. */
  ownAnchor: string;
}

export interface Bookmark {
  collection: string;
  /** How far it has come, in words. */
  state: string;
  confirmed: Place;
  offered: Place | null;
  /** The slow sync whose ids are believed. */
  generation: number;
  /** How many slow syncs have begun. */
  attempt: number;
  /** Whether a session is under way in it, or broke off. */
  sending: boolean;
  /** How many sessions in a row an item's failure has held the cursor back. */
  held: number;
}

export interface Device {
  /** What it calls itself (`Source/LocURI`). */
  id: string;
  /** The login it last came with. */
  login: string;
  /** When it was last here (epoch milliseconds) */
  seen: number;
  /** Maker, model and firmware in one line; empty where it never said. */
  name: string;
  maker: string | null;
  model: string | null;
  firmware: string | null;
  software: string | null;
  /** DevTyp: `phone`, `pda`, …; empty where it never said. */
  type: string;
  /** How far it has come, collection by collection. */
  bookmarks: Bookmark[];
  settings: DeviceSettings;
}

export interface DeviceSettings {
  /** Whether it is told every property in our DevInf. */
  ctcap: boolean;
  /** Where package 0 is posted to for it; empty for nowhere. */
  alertUrl: string;
  /** What is done differently for it alone, by the names of docs/syncml.md. */
  quirks: { [name: string]: unknown };
  /** The sessions it was asked for, the last first. */
  alerted: number[];
}

export interface Devices {
  /** The last seen first. */
  devices: Device[];
}

export type DeviceDetail = Device & {
  /** What it said it can do, in DevInf's words; null where it never said. */
  devInf: { [name: string]: unknown } | null;
  /** What is done differently for it, all rows together. */
  effective: {
    /** Every switch and its value, as they apply now. */
    quirks: { [name: string]: unknown };
    /** The rows that apply, by the device that needed them. */
    devices: string[];
    /** What could not be read of the settings. */
    complaints: string[];
  };
  /** Its last session. */
  session: {
    /** SyncML's SessionID. */
    id: string;
    /** The message answered last. */
    message: number;
    /** What the server waits for. */
    phase: string;
    /** When it is over if nothing comes (epoch milliseconds) */
    expires: number;
  } | null;
};

export interface PutQuirks {
  /** All of them anew, by the names of docs/syncml.md: `message_bytes_max`, `no_busy`, … */
  quirks: { [name: string]: unknown };
  /** As it stays where it is left out. */
  ctcap?: boolean;
  /** The same; http:// or https://, or empty. */
  alertUrl?: string;
}

export interface Mapping {
  collection: string;
  items: {
    /** The record's id here. */
    record: string;
    /** Its id on the device; null while none has come. */
    luid: string | null;
    /** The version it acknowledged last; 0 none, -1 unsure. */
    seq: number;
    /** The slow sync it comes from. */
    generation: number;
    /** Whether the record is still there. */
    live?: boolean;
    summary?: string;
  }[];
  /** How many there are in all. */
  total: number;
  /** Bring it as `after` for what follows; null at the end. */
  next: string | null;
}

export interface SlowSync {
  /** Where the next sync is a slow one. */
  collections: string[];
}

export interface AlertAsk {
  /** Empty or missing for all. */
  collections?: string[];
  mode?: "two-way" | "one-way-from-client" | "refresh-from-client" | "one-way-from-server" | "refresh-from-server";
}

export interface Alerted {
  /** The number of the session it asks for. */
  session: number;
  mediaType: string;
  /** Package 0, base64. */
  package: string;
  /** The same as a WAP push, base64. */
  push: string;
  /** Whether the device has given a nonce to sign with. */
  signed: boolean;
  /** Where it is to be posted; empty where none is registered. */
  address: string;
}

/** What it cost. */
export interface Cost {
  /** Of reading. */
  statements: number;
  /** 0 where the database does not count them (SQLite). */
  rowsRead: number;
  /** As the schema says: indexes counted. */
  rowsWritten: number;
  bytesIn: number;
  bytesOut: number;
}

export interface SessionCollection {
  collection: string;
  /** `two-way`, `slow`, … */
  mode: string;
  /** Why it was a slow sync. */
  slowBecause?: string;
  added: number;
  changed: number;
  deleted: number;
  same: number;
  conflicts: number;
  refused: number;
  sent: number;
}

export interface Session {
  /** The trace's id; later sessions have greater ids. */
  id: string;
  device: string;
  deviceName?: string;
  login: string;
  /** SyncML's SessionID. */
  sessionId: string;
  /** `1.2` */
  version?: string;
  encoding?: "xml" | "wbxml";
  /** When its first message came (epoch milliseconds) */
  began: number;
  /** When its last message came (epoch milliseconds) */
  ended: number;
  /** How it ended: `complete`; `suspended`; `open` while it may go on; `broken off`; `refused`, for somebody who was not let in. */
  how: "complete" | "suspended" | "open" | "broken off" | "refused";
  /** The same in a sentence, where there is more to say. */
  why?: string;
  messages: number;
  collections: SessionCollection[];
  cost: Cost;
}

export interface Sessions {
  /** The last first. */
  sessions: Session[];
  /** Bring it as `after` for earlier ones; null at the end. */
  next: string | null;
}

export interface Outcome {
  direction: "received" | "sent";
  collection: string;
  /** CmdID of the command. */
  command?: string;
  /** MsgID of the message it stood in; of ours where it was sent. */
  message?: number;
  verb?: "Add" | "Replace" | "Delete" | "Copy" | "Move";
  /** The device's id. */
  luid?: string;
  /** The record's id here. */
  record?: string;
  /** What it became. `sent` is ours on its way, `taken` and `failed` what the device answered to it. */
  outcome: "added" | "changed" | "deleted" | "same" | "merged" | "server-wins" | "client-wins" | "kept-both" | "revived" | "staged" | "refused" | "sent" | "taken" | "failed";
  /** How a conflict was decided, in words. */
  decision?: string;
  /** The status code. */
  status?: number;
}

/** What a message says, in words, command by command. */
export interface Explanation {
  title: string;
  lines: {
    command: string;
    /** CmdID; `0` for the header. */
    id?: string;
    /** How deep it is inside Sync, Atomic and Sequence. */
    depth?: number;
    text: string;
    /** Of a Status. */
    status?: number;
    /** The commands of the other end's message that it is about. */
    refs?: {
      /** MsgRef. */
      message: number;
      /** CmdRef. */
      command: string;
    }[];
  }[];
}

export interface MessageBytes {
  /** Bytes as they came. */
  size: number;
  /** Base64; missing where there were too many to keep. */
  bytes?: string;
  encoding?: "xml" | "wbxml";
  /** Whether they are the bytes as they were: false where credentials were taken out. What stands in their place is as long as they were wherever that could be done. */
  exact: boolean;
  /** The same written as XML. */
  xml?: string;
  /** The message as plain data (`decode` of the package). */
  decoded?: { [name: string]: unknown };
  explained?: Explanation;
}

export interface TraceMessage {
  /** Counts from 1. */
  number: number;
  /** MsgID of the device's message. */
  message: number;
  /** When (epoch milliseconds) */
  at: number;
  request: MessageBytes;
  reply: MessageBytes;
  /** What each item became. */
  items: Outcome[];
  /** How many more there were than are kept. */
  itemsLeftOut?: number;
  /** What the server had to say about it: why a sync is slow, how conflicts were decided. */
  notes: string[];
  cost: Cost;
}

export type SessionDetail = Session & {
  /** Every message, in order. */
  trace: TraceMessage[];
  /** Bring it as `after` where a session is longer than an answer; null at the end. */
  next: number | null;
};

/** The messages as files in the layout of tests/corpus. */
export interface Fixture {
  name: string;
  files: {
    /** `01-req.wbxml`, `01-resp.wbxml` */
    path: string;
    /** Base64. */
    bytes: string;
  }[];
}

export interface Replay {
  messages: {
    number: number;
    /** Whether the answer says what it said then: without anchors' own stamps, challenges and tokens. */
    same: boolean;
    /** The HTTP status. */
    status: number;
    /** Base64, without credentials. */
    reply?: string;
    /** As XML. */
    xml?: string;
    /** What is different, line by line of the XML: `- ` then, `+ ` now. */
    differences: string[];
  }[];
  /** How many records the scratch copy began with. */
  records: number;
}

export interface DecodeAsk {
  /** The message, base64. */
  bytes: string;
}

export interface Decoded {
  encoding: "xml" | "wbxml";
  /** Written as XML. */
  xml: string;
  decoded?: { [name: string]: unknown };
  explained?: Explanation;
}

export interface Provision {
  /** The server's address for phones. */
  url: string;
  login: string;
  /** The page that tells a phone its settings: for a QR code. No password is in it. */
  link: string;
  /** What is typed into a phone. */
  words: {
    name: string;
    value: string;
  }[];
  /** The remote databases. */
  databases: {
    title: string;
    path: string;
    mediaTypes: string;
  }[];
  /** What phones read by themselves. */
  documents: {
    name: string;
    mediaType: string;
    text: string;
  }[];
}

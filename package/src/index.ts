// The front door: everything this package offers, whatever it runs on.

export { AnchorageError } from "./error.js";
export { load, type Source } from "./core.js";
export { serve, type ServeOptions } from "./serve.js";
export { memoryStore, type Store } from "./store.js";
export { indexedDbStore } from "./indexeddb.js";
export { sqliteStore, type SqliteDatabase, type SqliteStatement } from "./sqlite.js";
export { createAccount, type AccountOptions, type CollectionOptions } from "./account.js";
export { records } from "./records.js";
export type { ChangePage, IfUnchanged, RecordInput, RecordPage, RecordView, Records, RemovedRecord } from "./records.js";
export { MaxClient, SyncError, SyncmlClient } from "./client.js";
export type { ClientOptions, MaxClientOptions, SyncOptions, SyncmlClientOptions } from "./client.js";
export type * from "./sync.js";
export { decode, encode, explain } from "./document.js";
export type { Decoded, Feed, Explanation, ExplanationLine } from "./document.js";
export type * from "./message.js";
export type * from "./plain.js";

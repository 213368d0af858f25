// What a sync with another server is told and what it tells: the same names and meanings as in the core (`src/upstream.rs`).

/** Who sends what. */
export type SyncMode =
  | "two-way"
  | "slow"
  | "one-way-from-client"
  | "refresh-from-client"
  | "one-way-from-server"
  | "refresh-from-server";

/** A collection here, and what it is called there. */
export interface SyncPair {
  /** The collection's path here. */
  collection: string;
  /** The datastore's or data source's path there; the same where it is left out. */
  remote?: string;
  /** Who sends what; `two-way` where it is left out. */
  mode?: SyncMode;
}

/** How far a sync has come. */
export interface SyncProgress {
  /** What it is at. */
  phase: "idle" | "connecting" | "sending" | "receiving" | "finishing";
  /** Changes sent and acknowledged. */
  sent: number;
  /** Of how many; 0 where it is not known yet. */
  sentOf: number;
  /** Changes received. */
  received: number;
  /** Of how many; 0 where the server does not say. */
  receivedOf: number;
  /** Requests carried. */
  messages: number;
  /** Bytes of bodies sent. */
  bytesSent: number;
  /** Bytes of bodies received. */
  bytesReceived: number;
}

/** The same as it is told while a sync runs. */
export interface SyncNews extends SyncProgress {
  /** Why the last request was lost and is carried again; missing where it was answered. */
  lost?: string;
}

/** How a sync ended. */
export interface SyncReport {
  /** `complete`, `suspended` (the next one goes on), or `failed` (nothing is lost). */
  ended: "complete" | "suspended" | "failed";
  /** Why it did not end well. */
  error: SyncReason | null;
  /** What became of each collection. */
  collections: SyncOutcome[];
  /** How far it came. */
  progress: SyncProgress;
}

/** A reason with a code that stays. */
export interface SyncReason {
  /** `unauthorized`, `unreachable`, `not-found`, `refused`, `busy`, `protocol`, `store` or `aborted`. */
  code: string;
  /** The protocol's own status; 0 where there was none. */
  status: number;
  /** In words. */
  message: string;
}

/** What became of one collection. */
export interface SyncOutcome {
  collection: string;
  /** The sync that took place in the end. */
  mode: SyncMode;
  /** Why it was a slow sync that nobody asked for. */
  whySlow: string | null;
  /** What went out and was taken. */
  sent: SyncTally;
  /** What came in and was taken. */
  received: SyncTally;
  /** Items in which both had changed something. */
  conflicts: number;
  /** Items that one side refused, or left for the next time. */
  refused: number;
  /** The first ten of them, and why. */
  refusals: SyncRefusal[];
  /** Why this collection did not end well. */
  error: SyncReason | null;
}

/** An item that one side refused, or left for the next time. */
export interface SyncRefusal {
  /** The record here that the server has not taken; empty for an item of the server's. */
  record: string;
  /** What the server calls the item that was not taken here; empty for a record of ours, and where it has no name. */
  item: string;
  /** The protocol's own status; 0 where there was none. */
  status: number;
  /** Why, in words. */
  message: string;
}

/** How many of what. */
export interface SyncTally {
  added: number;
  changed: number;
  deleted: number;
}

/** How things stand while nothing goes on, or between two steps. */
export interface SyncStanding {
  /** Changes here that are still to be sent. */
  pending: number;
  /** When the last sync ended well, in epoch milliseconds; 0 for never. */
  lastSync: number;
  /** How the last one ended; `null` before the first. */
  lastReport: SyncReport | null;
  /** Whether one has begun and not ended. */
  underWay: boolean;
}

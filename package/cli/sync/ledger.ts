// Which file is which record, and what both held when they last agreed. It may be older than the truth after a crash, and then
// `mirror.ts` finds out by the contents; it is never newer.

import { createHash } from "node:crypto";
import { join } from "node:path";
import { Ending, exit } from "../ending.js";
import { bytesOf, replace } from "./disk.js";

export interface Entry {
  /** The record's id. */
  readonly id: string;
  /** What the file held: its hash. */
  readonly file: string;
  /** What the record held; another hash where there is something around the card in its file. */
  readonly body: string;
}

/** Entries by the name of the file. */
export type Ledger = Map<string, Entry>;

export const hashOf = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("base64url");

const pathOf = (state: string, collection: string): string => join(state, `files-${encodeURIComponent(collection)}.json`);

export function readLedger(state: string, collection: string): Ledger {
  const path = pathOf(state, collection);
  const bytes = bytesOf(path);
  if (!bytes) return new Map();
  try {
    const read = JSON.parse(Buffer.from(bytes).toString("utf8")) as { files: [string, string, string, string][] };
    return new Map(read.files.map(([name, id, file, body]) => [name, { id, file, body }]));
  } catch {
    throw new Ending(exit.failed, "state", `${path} cannot be read. Remove it: the next sync finds again by content which file is which record.`);
  }
}

export function writeLedger(state: string, collection: string, ledger: Ledger): void {
  const files = [...ledger].sort(([one], [other]) => (one < other ? -1 : 1)).map(([name, { id, file, body }]) => [name, id, file, body]);
  replace(pathOf(state, collection), Buffer.from(`${JSON.stringify({ version: 1, files })}\n`), 0o600);
}

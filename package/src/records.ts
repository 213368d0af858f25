// Records for people and apps: one collection of a store, read and changed in this process. A change made here is a change like any
// other, so the next sync sends it.

import { core } from "./core.js";
import { AnchorageError, expect } from "./error.js";
import { serve } from "./serve.js";
import type { Store } from "./store.js";

/** A record. */
export interface RecordView {
  /** Its id in the collection. */
  id: string;
  /** The stamp of its last change. */
  seq: number;
  /** Which device made that change; empty for everybody else. */
  origin: string;
  /** How its bytes spell it: `vcard3.0`, `icalendar2.0`, `plain`, `table`, … or `opaque:` and a media type. */
  form: string;
  /** The same as a media type. */
  mediaType: string;
  /** Bytes of the body. */
  size: number;
  /** The body: text, or bytes where it is none. Missing in lists where it is larger than 450,000 bytes. */
  body?: string | Uint8Array;
  /** The collection's plain fields with something in them. */
  fields: Record<string, string>;
  /** What a list shows of it: a name, a title, a first line. */
  summary: string;
  /** The folder it is in, in collections that have folders. */
  parent?: string;
}

/** A record that was deleted. */
export interface RemovedRecord {
  id: string;
  /** The stamp of the deletion. */
  seq: number;
  origin: string;
  deleted: true;
}

/** What a record is to hold: bytes (and their form, where they do not say it themselves), or plain fields. */
export type RecordInput =
  | { id?: string; body: string | Uint8Array; form?: string; mediaType?: string; parent?: string }
  | { id?: string; fields: Record<string, string>; parent?: string };

/** A page of records. */
export interface RecordPage {
  records: RecordView[];
  /** Bring it as `after` for what follows; `null` at the end. */
  next: number | null;
  /** The position of the account's last change as of this page. */
  head: number;
}

/** A page of changes. */
export interface ChangePage {
  changes: (RecordView | RemovedRecord)[];
  /** Bring it as `after` the next time. */
  next: number;
  /** Whether there is more right now. */
  more: boolean;
}

/** A change that is made only if the record is still that version. */
export interface IfUnchanged {
  /** The `seq` that was read. Where the record has moved on, the change fails with `precondition-failed`. */
  seq?: number;
}

/** One collection. */
export interface Records {
  /** Live records in the order of their last change, page by page; with `search` those that have all its words. */
  list(options?: { search?: string; after?: number; limit?: number; bodies?: boolean }): Promise<RecordPage>;
  /** One record; `null` where there is none. */
  get(id: string): Promise<RecordView | null>;
  /** A new record. */
  add(record: RecordInput): Promise<RecordView>;
  /** A record as it is from now on, made where there is none. */
  put(id: string, record: RecordInput, options?: IfUnchanged): Promise<RecordView>;
  /** Some fields of a record, everything else as it is; an empty text takes a field away. */
  patch(id: string, fields: Record<string, string>, options?: IfUnchanged): Promise<RecordView>;
  /** Deletes a record; nothing happens where there is none. */
  remove(id: string, options?: IfUnchanged): Promise<void>;
  /** What changed after a position, deletions too. */
  changes(after?: number, options?: { limit?: number; bodies?: boolean }): Promise<ChangePage>;
}

/** The records of a collection; the account is `local` where it is left out. */
export function records(store: Store, collection: string, options: { account?: string } = {}): Records {
  core();
  expect(typeof collection === "string" && collection !== "", "records takes the name of a collection");
  const { account = "local" } = options;
  const home = `http://localhost/api/collections/${encodeURIComponent(collection)}`;

  const ask = async (method: string, path: string, init: { body?: unknown; seq?: number | undefined } = {}): Promise<unknown> => {
    const headers = new Headers({ accept: "application/json" });
    if (init.seq !== undefined) headers.set("if-match", `"${init.seq}"`);
    if (init.body !== undefined) headers.set("content-type", "application/json");
    const body = init.body === undefined ? null : JSON.stringify(init.body);
    let logged = "";
    const log = (line: string) => (logged = line);
    const response = await serve(new Request(home + path, { method, headers, body }), store, { account, log });
    if (response.status === 204) return undefined;
    const answered: unknown = await response.json();
    if (response.ok) return answered;
    throw refusal(response.status, answered, logged);
  };

  return {
    async list(wanted = {}) {
      const page = (await ask("GET", `/records?${query(wanted)}`)) as { records: Spelt[]; next: number | null; head: number };
      return { ...page, records: page.records.map(read) };
    },
    async get(id) {
      try {
        return read((await ask("GET", at(id))) as Spelt);
      } catch (thrown) {
        if (isAbsent(thrown)) return null;
        throw thrown;
      }
    },
    async add(record) {
      return read((await ask("POST", "/records", { body: spell(record) })) as Spelt);
    },
    async put(id, record, { seq } = {}) {
      const { id: _, ...rest } = spell(record);
      return read((await ask("PUT", at(id), { body: rest, seq })) as Spelt);
    },
    async patch(id, fields, { seq } = {}) {
      return read((await ask("PATCH", at(id), { body: { fields }, seq })) as Spelt);
    },
    async remove(id, { seq } = {}) {
      try {
        await ask("DELETE", at(id), { seq });
      } catch (thrown) {
        if (!isAbsent(thrown)) throw thrown;
      }
    },
    async changes(after = 0, wanted = {}) {
      const page = (await ask("GET", `/changes?${query({ after, ...wanted })}`)) as { changes: (Spelt | RemovedRecord)[]; next: number; more: boolean };
      return { ...page, changes: page.changes.map((change) => ("deleted" in change ? change : read(change))) };
    },
  };
}

/** A record as JSON has it: bytes that are no text stand as base64. */
interface Spelt extends Omit<RecordView, "body"> {
  body?: string;
  encoding?: "base64";
}

function read({ body, encoding, ...rest }: Spelt): RecordView {
  if (body === undefined) return rest;
  return { ...rest, body: encoding === "base64" ? Uint8Array.from(atob(body), (letter) => letter.charCodeAt(0)) : body };
}

function spell(record: RecordInput): Record<string, unknown> {
  expect(typeof record === "object" && record !== null && ("body" in record || "fields" in record), "a record has a body or fields");
  if (!("body" in record) || typeof record.body === "string") return { ...record };
  expect(record.body instanceof Uint8Array, "a body is text or a Uint8Array");
  let text = "";
  for (const byte of record.body) text += String.fromCharCode(byte);
  return { ...record, body: btoa(text), encoding: "base64" };
}

function at(id: string): string {
  expect(typeof id === "string" && id !== "", "a record's id is text");
  return `/records/${encodeURIComponent(id)}`;
}

function query(wanted: Record<string, string | number | boolean | undefined>): string {
  const given = Object.entries(wanted).filter(([, value]) => value !== undefined);
  return new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
}

function refusal(status: number, answered: unknown, logged: string): AnchorageError {
  // There is no server here that would be at fault: what the store threw stands in the log's line only.
  if (status === 500) return new AnchorageError("broken", `The store, or this package, is wrong: ${/\((.*)\); \d/s.exec(logged)?.[1] ?? logged}`, { status });
  const { error } = answered as { error?: { code?: string; message?: string } };
  // Nobody is asked for a token here: it is the account that is not there.
  if (status === 401) return new AnchorageError("not-found", `${error?.message ?? "There is no such account."} createAccount makes it.`, { status });
  const code = (error?.code ?? "broken").replaceAll("_", "-");
  return new AnchorageError(code, error?.message ?? `The request was refused (${status}).`, { status });
}

function isAbsent(thrown: unknown): boolean {
  return thrown instanceof AnchorageError && thrown.code === "not-found" && /^There is no record/.test(thrown.message);
}

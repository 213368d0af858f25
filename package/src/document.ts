// Messages as plain objects: reading bytes, writing them, and saying in words what they mean.

import { core } from "./core.js";
import { expect, guarded } from "./error.js";
import type { DevInf, Message, Notification } from "./message.js";

/** A document: what kind it is, how it was written, and what is in it. */
export type Decoded =
  | { kind: "syncml"; encoding: "xml" | "wbxml"; message: Message }
  | { kind: "devinf"; encoding: "xml" | "wbxml"; device: DevInf }
  | { kind: "notification"; encoding: "binary"; digest: Uint8Array; notification: Notification }
  | { kind: "feed"; encoding: "rss"; feed: Feed };

/** A channel of a MAX server. */
export interface Feed {
  /** The data source. */
  title: string;
  /** Brought as `lbd` the next time. */
  lastBuildDate?: string;
  /** Why there is nothing. */
  error?: string;
  /** Where the feed goes on, where this is not all. */
  more?: string;
  /** The items: their nodes in order. */
  items: Record<string, string>[];
}

/** What a document says. */
export interface Explanation {
  /** Who says what to whom. */
  title: string;
  /** Its commands, in order. */
  lines: ExplanationLine[];
}

/** One command, in words. */
export interface ExplanationLine {
  /** The element's name. */
  command: string;
  /** `CmdID`. */
  id: string;
  /** How deep it is in `Sync`, `Atomic` and `Sequence`. */
  depth: number;
  /** What it says. */
  text: string;
  /** The status code, of a `Status`. */
  status?: number;
  /** The commands of the other end that it is about. */
  refs: { message: number; command: string }[];
}

/**
 * Reads a SyncML message (XML or WBXML, 1.0 to 1.2), a DevInf document, a notification (package 0), or the feed of a MAX server. What it is, is told by its
 * bytes; a content type is believed where it helps. Throws `malformed`.
 */
export function decode(bytes: Uint8Array | ArrayBuffer, options: { contentType?: string } = {}): Decoded {
  const json = guarded(() => core().decode(bytesOf(bytes), options.contentType ?? ""));
  return JSON.parse(json, revive) as Decoded;
}

/** Writes what {@link decode} reads, in its own encoding or in another. */
export function encode(decoded: Decoded, options: { encoding?: "xml" | "wbxml" } = {}): Uint8Array {
  return guarded(() => core().encode(jsonOf(decoded), options.encoding ?? ""));
}

/** Says in words what a document says, command by command. Passwords and digests are not said. */
export function explain(document: Uint8Array | ArrayBuffer | Decoded, options: { contentType?: string } = {}): Explanation {
  const json = guarded(() =>
    isBytes(document) ? core().decode(bytesOf(document), options.contentType ?? "") : jsonOf(document),
  );
  return JSON.parse(guarded(() => core().explain(json))) as Explanation;
}

function isBytes(value: unknown): value is Uint8Array | ArrayBuffer {
  return value instanceof Uint8Array || value instanceof ArrayBuffer;
}

function bytesOf(value: Uint8Array | ArrayBuffer): Uint8Array {
  expect(isBytes(value), "a message is a Uint8Array");
  return value instanceof Uint8Array ? value : new Uint8Array(value);
}

function jsonOf(decoded: Decoded): string {
  expect(typeof decoded === "object" && decoded !== null && "kind" in decoded, "a decoded message is an object with a kind");
  return JSON.stringify(decoded, spell);
}

/** Bytes that are no text stand as base64 in JSON. */
function revive(_: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || !("base64" in value)) return value;
  return typeof value.base64 === "string" ? Uint8Array.from(atob(value.base64), (letter) => letter.charCodeAt(0)) : value;
}

/** As a function with a `this`: Node's `Buffer` has been asked for its own JSON by the time its value is given. */
function spell(this: Record<string, unknown>, name: string, spelt: unknown): unknown {
  const value = this[name];
  if (!(value instanceof Uint8Array)) return spelt;
  let text = "";
  for (const byte of value) text += String.fromCharCode(byte);
  return { base64: btoa(text) };
}

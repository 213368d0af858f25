// The server on a standard `Request`, for whatever host has one.

import { core, random } from "./core.js";
import { expect, given, guardedLater } from "./error.js";
import type { Cost } from "./plain.js";
import { placeOf, type Store } from "./store.js";

/** How a request is served. Everything may be left out. */
export interface ServeOptions {
  /** What passwords are sealed with, at least 16 bytes, always the same; without it nobody signs in with a password. */
  secret?: string;
  /** Whether logins that exist for local development only are honoured. */
  local?: boolean;
  /** Whoever calls is trusted to be this account's owner, and requests to `/api` need no token: for a host that serves itself. */
  account?: string;
  /** The client's network address, by which wrong passwords are slowed down. */
  address?: string;
  /** The clock, in epoch milliseconds. */
  now?: () => number;
  /** Takes a line about what was asked and what became of it. */
  log?: (line: string) => void;
  /** SyncML clients must sign each message by `syncml:auth-MAC`. */
  syncmlMac?: boolean;
  /** MAX refusals answer with status 200 and the number in `X-Status-Code`. */
  maxLegacy?: boolean;
  /** Unknown field names in a MAX body are ignored, not refused. */
  maxLenient?: boolean;
  /** A MAX update that arrives after a delete does not revive the record. */
  maxDeleteWins?: boolean;
  /** What particular devices need done differently, as JSON. */
  syncmlQuirks?: string;
  /** For how many days what was said in sessions is kept for their account's owner; 0 for not at all, 7 where it is left out. */
  syncmlTraceDays?: number;
  /** The largest object taken from a device or given to it, in bytes. */
  syncmlObjectBytesMax?: number;
}

interface Answered {
  status: number;
  headers: [string, string][];
  body: Uint8Array<ArrayBuffer>;
  line: string | null;
  cost: Cost;
}

/**
 * Serves one request: SyncML (`POST /syncml`), MAX (`/max/…`), the JSON API (`/api/…`). What is not served is a 404 in words. The
 * answer is safe in the store before it is given.
 */
export async function serve(request: Request, store: Store, options: ServeOptions = {}): Promise<Response> {
  const wasm = core();
  expect(typeof request === "object" && request !== null && typeof request.url === "string", "serve takes a standard Request");
  expect(!request.bodyUsed, "the body of this request was read already");
  const { now = Date.now, log, address = "", ...settings } = options;
  const asked = await plainRequest(request, address, settings.account);
  const answered = await guardedLater(
    () => wasm.serve(asked, placeOf(store), given(settings), now(), random()) as Promise<Answered>,
  );
  if (answered.line !== null) log?.(answered.line);
  return response(answered);
}

async function plainRequest(request: Request, address: string, account: string | undefined): Promise<object> {
  const url = new URL(request.url);
  const bytesMax = core().bodyBytesMax(url.pathname, account);
  const headers = [...request.headers].map(([name, value]): [string, string] => [name.toLowerCase(), value]);
  const accepted = acceptedByClient(request);
  if (accepted !== undefined) replace(headers, "accept-encoding", accepted);
  const body = await readUpTo(request, bytesMax);
  // A body above what its path takes is not held: the core is told how long it was, and refuses it.
  if (body === null) replace(headers, "content-length", String(bytesMax + 1));
  const { method } = request;
  return {
    method: method.toUpperCase(),
    path: url.pathname,
    query: url.search.slice(1),
    headers,
    body: body ?? new Uint8Array(),
    origin: url.origin,
    address,
  };
}

function replace(headers: [string, string][], name: string, value: string): void {
  const others = headers.filter(([known]) => known !== name);
  headers.splice(0, headers.length, ...others, [name, value]);
}

/** Workerd rewrites `accept-encoding` and keeps the client's own in `cf`. */
function acceptedByClient(request: Request): string | undefined {
  const { cf } = request as { cf?: { clientAcceptEncoding?: unknown } };
  const accepted = cf?.clientAcceptEncoding;
  return typeof accepted === "string" ? accepted : undefined;
}

/** The whole body, or `null` as soon as it turns out longer than allowed. */
async function readUpTo(request: Request, bytesMax: number): Promise<Uint8Array | null> {
  if (Number(request.headers.get("content-length")) > bytesMax) return null;
  if (!request.body) return new Uint8Array();
  const chunks: Uint8Array[] = [];
  let length = 0;
  const reader = request.body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    length += value.length;
    if (length > bytesMax) {
      await reader.cancel();
      return null;
    }
    chunks.push(value);
  }
  const body = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    body.set(chunk, at);
    at += chunk.length;
  }
  return body;
}

/** The bytes are encoded already, whatever `content-encoding` says: workerd must not do it again. */
function response({ status, headers, body }: Answered): Response {
  const init: ResponseInit & { encodeBody: "manual" } = { status, headers, encodeBody: "manual" };
  // A null body is the only one that 204 and 304 may have.
  return new Response(body.length === 0 ? null : body, init);
}

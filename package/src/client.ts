// The client role: a collection here synchronised with a SyncML or a MAX server. The core decides each step and keeps its state in the
// store; here its requests are carried, waited for and shown.

import { core, random } from "./core.js";
import { AnchorageError, asAnchorageError, expect, guardedLater } from "./error.js";
import { placeOf, type Store } from "./store.js";
import type { SyncMode, SyncNews, SyncPair, SyncProgress, SyncReport, SyncStanding } from "./sync.js";

/** What both clients are told. */
export interface ClientOptions {
  /** Where the records live. */
  store: Store;
  /** What is synchronised. */
  collections: SyncPair[];
  /** Whose collections they are; `local` where it is left out. */
  account?: string;
  /** Carries requests in place of the host's own `fetch`. */
  fetch?: typeof globalThis.fetch;
}

/** What a {@link SyncmlClient} is told. */
export interface SyncmlClientOptions extends ClientOptions {
  /** The server's address. */
  url: string;
  /** The name to sign in with. */
  login: string;
  /** The password. */
  password: string;
  /** How the password is presented; as the server asks where it is left out. */
  scheme?: "auto" | "basic" | "md5" | "hmac" | "none";
  /** What this end calls itself, unlike any other device of the login's; one is made and kept in the store where it is left out. */
  device?: string;
  /** How messages are written; `wbxml` where it is left out. */
  encoding?: "wbxml" | "xml";
  /** SyncML's version; `1.2` where it is left out. */
  version?: "1.0" | "1.1" | "1.2";
  /** The largest message taken, in bytes. */
  messageBytesMax?: number;
  /** The largest object taken, in bytes. */
  objectBytesMax?: number;
}

/** What a {@link MaxClient} is told. */
export interface MaxClientOptions extends ClientOptions {
  /** The server's address up to where the data source's name goes: `https://host/max/`. */
  url: string;
  /** The token. */
  token: string;
}

/** How one sync is done. */
export interface SyncOptions {
  /** Who sends what, this time, in every collection. */
  mode?: SyncMode;
  /** Breaks the sync off; the next one goes on, as far as both ends allow it. */
  signal?: AbortSignal;
  /** Is told how far it has come, before each request and at the end. */
  onprogress?: (progress: SyncNews) => void;
}

/** Why a sync did not end well. */
export class SyncError extends AnchorageError {
  /** What became of each collection. */
  readonly report: SyncReport;

  constructor(report: SyncReport) {
    const { code = "protocol", status = 0, message = "The sync failed." } = report.error ?? {};
    super(code, message, status > 0 ? { status } : {});
    this.report = report;
  }
}

interface Upstream {
  account: string;
  peer: string;
  protocol: "syncml" | "max";
  url: string;
  pairs: SyncPair[];
  [setting: string]: unknown;
}

interface Outgoing {
  method: string;
  url: string;
  headers: [string, string][];
  body: Uint8Array<ArrayBuffer>;
}

type Step =
  | { send: { outgoing: Outgoing; progress: SyncProgress } }
  | { wait: { until: number; progress: SyncProgress } }
  | { done: SyncReport };

type Input = "begin" | "suspend" | { lost: string } | { answer: { status: number; headers: [string, string][]; body: Uint8Array } };

const MODES: readonly SyncMode[] = ["two-way", "slow", "one-way-from-client", "refresh-from-client", "one-way-from-server", "refresh-from-server"];

/** How long a lost request waits before it is carried again, at most. */
const BACKOFF_MS_MAX = 30_000;

/** The largest answer that is held. */
const ANSWER_BYTES_MAX = 64 * 1024 * 1024;

/** Which peers of which stores are synchronising in this process. */
const busy = new WeakMap<Store, Set<string>>();

abstract class Client {
  readonly #store: Store;
  readonly #fetch: typeof globalThis.fetch;
  readonly #upstream: () => Promise<Upstream>;
  readonly #listeners = new Set<(standing: SyncStanding) => void>();
  #running: { suspending: boolean; wake: () => void } | undefined;
  #closed = false;

  constructor(options: ClientOptions, upstream: () => Promise<Upstream>) {
    core();
    placeOf(options.store);
    const { collections } = options;
    expect(Array.isArray(collections) && collections.length > 0, "a client takes { collections: [{ collection }, …] }");
    expect(collections.every((pair) => typeof pair?.collection === "string"), "a collection is named by { collection: string }");
    const modes: readonly unknown[] = [undefined, ...MODES];
    expect(collections.every((pair) => modes.includes(pair.mode)), `a mode is one of ${MODES.join(", ")}`);
    this.#store = options.store;
    this.#fetch = options.fetch ?? ((input, init) => globalThis.fetch(input, init));
    this.#upstream = once(upstream);
  }

  /**
   * Synchronises, and resolves with what became of it where it is complete or was paused. Otherwise it rejects with a
   * {@link SyncError} (or with `aborted`): nothing is lost, and the next sync goes on or begins anew. One at a time.
   */
  async sync(options: SyncOptions = {}): Promise<SyncReport> {
    expect(!this.#closed, "this client is closed");
    const upstream = await this.#upstream();
    const { mode, signal } = options;
    expect(mode === undefined || MODES.includes(mode), `a mode is one of ${MODES.join(", ")}`);
    const pairs = upstream.pairs.map((pair) => (mode === undefined ? pair : { ...pair, mode }));
    const release = this.#begin(upstream);
    try {
      await this.#tell();
      const report = await alone(upstream, () => this.#carry({ ...upstream, pairs }, options));
      if (report.ended === "failed") throw new SyncError(report);
      return report;
    } catch (thrown) {
      if (signal?.aborted) throw new AnchorageError("aborted", "The sync was broken off. The next one goes on.", { cause: signal.reason });
      throw asAnchorageError(thrown);
    } finally {
      release();
      await this.#tell().catch(() => undefined);
    }
  }

  /** Pauses the sync that is under way, as soon as the protocol allows; the next one goes on. */
  suspend(): void {
    if (!this.#running) return;
    this.#running.suspending = true;
    this.#running.wake();
  }

  /** How things stand. */
  async status(): Promise<SyncStanding> {
    const upstream = await this.#upstream();
    return guardedLater(() => core().standing(upstream, placeOf(this.#store)) as Promise<SyncStanding>);
  }

  /** Is told how things stand: now, when a sync begins and when it ends. What is returned ends it. */
  subscribe(listener: (standing: SyncStanding) => void): () => void {
    expect(typeof listener === "function", "subscribe takes a function");
    this.#listeners.add(listener);
    this.status().then((standing) => this.#listeners.has(listener) && listener(standing), () => undefined);
    return () => void this.#listeners.delete(listener);
  }

  /** Ends all subscriptions and pauses what is under way. The store stays open. */
  close(): void {
    this.#closed = true;
    this.suspend();
    this.#listeners.clear();
  }

  #begin({ account, peer }: Upstream): () => void {
    const held = busy.get(this.#store) ?? new Set();
    busy.set(this.#store, held);
    const name = JSON.stringify([account, peer]);
    if (held.has(name)) throw underWay();
    held.add(name);
    this.#running = { suspending: false, wake: () => undefined };
    return () => {
      held.delete(name);
      this.#running = undefined;
    };
  }

  async #tell(): Promise<void> {
    if (this.#listeners.size === 0) return;
    const standing = await this.status();
    for (const listener of this.#listeners) listener(standing);
  }

  /** From one step to the next, until it is over. */
  async #carry(upstream: Upstream, { signal, onprogress }: SyncOptions): Promise<SyncReport> {
    let input: Input = "begin";
    let lost = 0;
    let why = "";
    let told = false;
    const tell = (progress: SyncProgress): void => onprogress?.(lost > 0 ? { ...progress, lost: why } : progress);
    for (;;) {
      signal?.throwIfAborted();
      let step = await this.#step(upstream, input);
      if (this.#running?.suspending && !told && !("done" in step)) {
        told = true;
        step = await this.#step(upstream, "suspend");
      }
      if ("done" in step) {
        onprogress?.(step.done.progress);
        return step.done;
      }
      if ("wait" in step) {
        tell(step.wait.progress);
        await this.#pause(step.wait.until - Date.now(), signal);
        input = { lost: "waited" };
        continue;
      }
      tell(step.send.progress);
      // The first time at once; the core says when it is enough.
      if (lost > 1) await this.#pause(Math.min(500 * 2 ** lost, BACKOFF_MS_MAX), signal);
      try {
        input = { answer: await this.#send(step.send.outgoing, signal) };
        lost = 0;
      } catch (thrown) {
        signal?.throwIfAborted();
        lost += 1;
        why = asAnchorageError(thrown).message;
        input = { lost: why };
      }
    }
  }

  #step(upstream: Upstream, input: Input): Promise<Step> {
    return guardedLater(() => core().step(upstream, input, placeOf(this.#store), Date.now(), random()) as Promise<Step>);
  }

  async #send({ method, url, headers, body }: Outgoing, signal: AbortSignal | undefined): Promise<{ status: number; headers: [string, string][]; body: Uint8Array }> {
    const init: RequestInit = { method, headers: headers.filter(([name]) => name !== "accept-encoding"), cache: "no-store", credentials: "omit" };
    if (body.length > 0) init.body = body;
    if (signal) init.signal = signal;
    const response = await this.#fetch(url, init);
    const bytes = await bounded(response);
    // The host has unpacked the body, unless it is not what a host would give.
    const packed = bytes[0] === 0x1f && bytes[1] === 0x8b;
    const kept = [...response.headers].filter(([name]) => packed || !/^content-(encoding|length)$/i.test(name));
    return { status: response.status, headers: kept.map(([name, value]) => [name.toLowerCase(), value]), body: bytes };
  }

  /** Until the time is over, or somebody wants something else. */
  #pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve) => {
      const end = () => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", end);
        resolve();
      };
      const timer = setTimeout(end, Math.max(0, ms));
      signal?.addEventListener("abort", end);
      if (this.#running) this.#running.wake = end;
      if (this.#running?.suspending) end();
    });
  }
}

/** One carrier at a time, over all tabs, where the host has locks for that. */
async function alone<T>({ account, peer }: Upstream, body: () => Promise<T>): Promise<T> {
  const locks = globalThis.navigator?.locks;
  if (!locks) return body();
  return locks.request(`anchorage ${account} ${peer}`, { ifAvailable: true }, (lock) => {
    if (!lock) throw underWay();
    return body();
  });
}

function underWay(): AnchorageError {
  return new AnchorageError("busy", "A sync with this server is under way already.");
}

/** A client of a SyncML server. */
export class SyncmlClient extends Client {
  constructor(options: SyncmlClientOptions) {
    checkAddress(options);
    const { url, login, password, scheme = "auto", encoding = "wbxml", version = "1.2" } = options;
    expect(typeof login === "string" && typeof password === "string", "a SyncmlClient takes { login: string, password: string }");
    expect(["1.0", "1.1", "1.2"].includes(version), "a version is 1.0, 1.1 or 1.2");
    super(options, async () => {
      const { store, account = "local", messageBytesMax = 0, objectBytesMax = 0 } = options;
      const device = options.device ?? (await deviceName(store, account));
      const peer = await peerName("syncml", url, login, device);
      const pairs = pairsOf(options);
      return { account, peer, protocol: "syncml", url, login, password, scheme, device, version, encoding, messageBytesMax, objectBytesMax, pairs };
    });
  }
}

/** A client of a MAX server. */
export class MaxClient extends Client {
  constructor(options: MaxClientOptions) {
    checkAddress(options);
    const { url, token } = options;
    expect(typeof token === "string", "a MaxClient takes { token: string }");
    super(options, async () => {
      const { store, account = "local" } = options;
      const pairs = pairsOf(options);
      const peer = await peerName("max", url, token, await deviceName(store, account));
      return { account, peer, protocol: "max", url, password: token, pairs };
    });
  }
}

function pairsOf({ collections }: ClientOptions): SyncPair[] {
  return collections.map(({ collection, remote = "", mode = "two-way" }) => ({ collection, remote, mode }));
}

function checkAddress(options: { url: string }): void {
  expect(typeof options === "object" && options !== null && URL.canParse(options.url), "a client takes { url: string, … }, an absolute address");
}

/** What is remembered of a server is remembered under this name: another server, login or device is another. */
async function peerName(protocol: string, url: string, login: string, device: string): Promise<string> {
  const text = new TextEncoder().encode(JSON.stringify([protocol, url, login, device]));
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", text));
  const hex = [...hash.subarray(0, 12)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return `upstream:${protocol}:${hex}`;
}

/** What a store calls itself towards servers: made once, and kept in it. */
function deviceName(store: Store, account: string): Promise<string> {
  return guardedLater(() => core().deviceName(account, placeOf(store), Date.now(), random()) as Promise<string>);
}

async function bounded(response: Response): Promise<Uint8Array> {
  if (Number(response.headers.get("content-length")) > ANSWER_BYTES_MAX) throw tooLarge();
  const bytes = new Uint8Array(await response.arrayBuffer());
  if (bytes.length > ANSWER_BYTES_MAX) throw tooLarge();
  return bytes;
}

function tooLarge(): AnchorageError {
  return new AnchorageError("protocol", `The server's answer has more than ${ANSWER_BYTES_MAX} bytes.`);
}

function once<T>(body: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    made ??= body().catch((thrown: unknown) => {
      made = undefined;
      throw thrown;
    });
    return made;
  };
}

// A phone in the page: its records in this browser's IndexedDB, and a client of the npm package that synchronises them with this
// server like any other device. It works without a network; what was changed waits.

import { signal } from "@preact/signals";
import { AnchorageError, MaxClient, SyncmlClient, createAccount, indexedDbStore, records, type RecordView, type Records, type Store, type SyncProgress, type SyncReport, type SyncTally } from "anchorage";
import { password, signed } from "../account";
import { saying } from "../api/refusal";
import { ready } from "../part/engine";
import { Wire } from "./wire";

export type Protocol = "syncml" | "max";
export const protocols: Protocol[] = ["syncml", "max"];
export type Collection = "contacts" | "todo";
export const collections: Collection[] = ["contacts", "todo"];

/** How its last sync went, or how far this one is. */
export type Standing =
  | { is: "idle"; pending: number; last: number; report?: SyncReport }
  | { is: "syncing"; progress?: SyncProgress }
  /** `secret` is the password that was not enough; there is another way to go on once another one is known. */
  | { is: "failed"; pending: number; why: string; secret?: string };

/** `Person 2` before `Person 10`. */
const compare = new Intl.Collator("en", { sensitivity: "base", numeric: true }).compare;

type Client = SyncmlClient | MaxClient;

export class Phone {
  readonly offline = signal(false);
  readonly protocol = signal<Protocol>("syncml");
  readonly standing = signal<Standing>({ is: "idle", pending: 0, last: 0 });
  readonly held: { [collection in Collection]: ReturnType<typeof signal<RecordView[]>> } = { contacts: signal<RecordView[]>([]), todo: signal<RecordView[]>([]) };
  readonly wire: Wire;
  private control: AbortController | undefined;
  private client: { key: string; is: Client } | undefined;

  private constructor(
    readonly name: string,
    private readonly login: string,
    /** A SyncML phone and a MAX app keep records of their own, as two devices would. */
    private stores: { [protocol in Protocol]: Store },
  ) {
    this.wire = new Wire(() => this.offline.value);
  }

  /** The phone of this name that this browser keeps for this login; a new one where there is none. */
  static async open(name: string, login: string): Promise<Phone> {
    await ready();
    const phone = new Phone(name, login, await storesOf(login, name));
    if (recall(`phone-${name}-protocol`) === "max") phone.protocol.value = "max";
    phone.offline.value = recall(`phone-${name}-offline`) === "1";
    await phone.after(undefined);
    return phone;
  }

  /** Nothing of it stays in this browser: what comes next is a new device. */
  async empty(): Promise<void> {
    this.client?.is.close();
    this.client = undefined;
    await Promise.all(protocols.map((protocol) => deleted(databaseOf(this.login, this.name, protocol))));
    keep(deviceKey(this.login, this.name), "");
    this.stores = await storesOf(this.login, this.name);
    this.wire.clear();
    this.standing.value = { is: "idle", pending: 0, last: 0 };
    await this.after(undefined);
  }

  private kept(collection: Collection): Records {
    return records(this.stores[this.protocol.value], collection);
  }

  /** Reads its own records anew. */
  async look(): Promise<void> {
    for (const collection of collections) {
      const found: RecordView[] = [];
      for (let after: number | null | undefined = 0; after !== null && after !== undefined; ) {
        const page = await this.kept(collection).list({ after, limit: 200 });
        found.push(...page.records);
        after = page.next;
      }
      this.held[collection].value = found.toSorted((a, b) => compare(a.summary, b.summary));
    }
  }

  async add(collection: Collection, fields: RecordView["fields"]): Promise<RecordView> {
    return this.after(await this.kept(collection).add({ fields }));
  }

  async patch(collection: Collection, id: string, fields: RecordView["fields"]): Promise<RecordView> {
    return this.after(await this.kept(collection).patch(id, fields));
  }

  async remove(collection: Collection, id: string): Promise<void> {
    await this.after(this.kept(collection).remove(id));
  }

  /** What was done is seen. */
  private async after<T>(done: T | Promise<T>): Promise<T> {
    const value = await done;
    await this.look();
    await this.stand();
    return value;
  }

  go(offline: boolean): void {
    this.offline.value = offline;
    // A sync without a wire would only wait for it.
    if (offline) this.stop();
    keep(`phone-${this.name}-offline`, offline ? "1" : "");
  }

  async speak(protocol: Protocol): Promise<void> {
    keep(`phone-${this.name}-protocol`, protocol);
    this.protocol.value = protocol;
    await this.after(undefined);
  }

  /** Another password, token or protocol is another client. */
  private talker(): Client {
    const protocol = this.protocol.value;
    const secret = protocol === "syncml" ? password() : (signed.value?.token ?? "");
    const key = JSON.stringify([protocol, secret]);
    if (this.client?.key === key) return this.client.is;
    this.client?.is.close();
    const common = { store: this.stores[protocol], fetch: this.wire.fetch, collections: collections.map((collection) => ({ collection })) };
    const is =
      protocol === "syncml"
        ? new SyncmlClient({ ...common, url: `${location.origin}/syncml`, login: this.login, password: secret, device: deviceOf(this.login, this.name) })
        : new MaxClient({ ...common, url: `${location.origin}/max/`, token: secret });
    this.client = { key, is };
    return is;
  }

  /** `round` is what an earlier sync of the same round brought: what is told is what both did. */
  async sync(round?: SyncReport): Promise<void> {
    if (this.standing.value.is === "syncing") return;
    if (this.offline.value) return this.fail(unplugged);
    if (this.protocol.value === "syncml" && password() === "") return this.fail("The phone needs your password once more: it is kept only until the page is loaded again.", "");
    const control = new AbortController();
    this.control = control;
    this.standing.value = { is: "syncing" };
    try {
      const onprogress = (progress: SyncProgress) => {
        this.standing.value = { is: "syncing", progress };
      };
      const report = await this.talker().sync({ signal: control.signal, onprogress });
      await this.look();
      await this.stand(round ? together(round, report) : report);
    } catch (error) {
      await this.look();
      const unauthorized = error instanceof AnchorageError && error.code === "unauthorized";
      await this.fail(this.offline.value ? unplugged : wordsOf(error), unauthorized && this.protocol.value === "syncml" ? password() : undefined);
    }
  }

  stop(): void {
    this.control?.abort();
  }

  private async fail(why: string, secret?: string): Promise<void> {
    const { pending } = await this.talker().status();
    this.standing.value = { is: "failed", pending, why, ...(secret === undefined ? {} : { secret }) };
  }

  /** What waits here, and when all was well last. */
  private async stand(report?: SyncReport): Promise<void> {
    const before = this.standing.value;
    if (before.is === "syncing" && !report) return;
    const { pending, lastSync } = await this.talker().status();
    // What has happened meanwhile is newer.
    if (this.standing.value !== before && !report) return;
    this.standing.value = { is: "idle", pending, last: lastSync, ...(report ? { report } : {}) };
  }
}

/** Two syncs as if they had been one. */
function together(first: SyncReport, second: SyncReport): SyncReport {
  const tallies = (a: SyncTally | undefined, b: SyncTally): SyncTally => ({ added: b.added + (a?.added ?? 0), changed: b.changed + (a?.changed ?? 0), deleted: b.deleted + (a?.deleted ?? 0) });
  const before = new Map(first.collections.map((outcome) => [outcome.collection, outcome]));
  const both = second.collections.map((outcome) => {
    const earlier = before.get(outcome.collection);
    return {
      ...outcome,
      whySlow: earlier?.whySlow ?? outcome.whySlow,
      sent: tallies(earlier?.sent, outcome.sent),
      received: tallies(earlier?.received, outcome.received),
      conflicts: outcome.conflicts + (earlier?.conflicts ?? 0),
      refused: outcome.refused + (earlier?.refused ?? 0),
      refusals: [...(earlier?.refusals ?? []), ...outcome.refusals],
    };
  });
  return { ...second, collections: both };
}

const unplugged = "This phone is offline. What you change waits here and goes out at the next sync.";

function wordsOf(error: unknown): string {
  if (!(error instanceof AnchorageError)) return saying(error);
  switch (error.code) {
    case "unreachable":
      return "The server cannot be reached. Nothing is lost: what you changed waits here. Sync again when it is back.";
    case "aborted":
      return "Stopped. The next sync goes on from here.";
    case "busy":
      return "The server is busy. Sync again in a moment.";
    default:
      return saying(error);
  }
}

const databaseOf = (login: string, name: string, protocol: Protocol): string => `anchorage-${protocol}-phone-${login}-${name}`;
const deviceKey = (login: string, name: string): string => `phone-${login}-${name}-device`;

async function storesOf(login: string, name: string): Promise<{ [protocol in Protocol]: Store }> {
  const storeOf = async (protocol: Protocol) => {
    const store = await indexedDbStore(databaseOf(login, name, protocol));
    await createAccount(store, { account: "local" });
    return store;
  };
  const [syncml, max] = await Promise.all([storeOf("syncml"), storeOf("max")]);
  return { syncml, max };
}

/** Whoever has it open is asked to let go of it, and does. */
function deleted(database: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.deleteDatabase(database);
    request.onsuccess = () => resolve();
    request.onerror = () => reject(request.error ?? new Error("The browser could not empty the phone."));
  });
}

/** Another browser is another phone. */
function deviceOf(login: string, name: string): string {
  const key = deviceKey(login, name);
  const known = recall(key);
  if (known) return known;
  const bytes = crypto.getRandomValues(new Uint8Array(4));
  const made = `page-phone-${name}-${[...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("")}`;
  keep(key, made);
  return made;
}

function recall(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

function keep(key: string, value: string): void {
  try {
    localStorage.setItem(key, value);
  } catch {
    // Without storage it holds until the page is closed.
  }
}

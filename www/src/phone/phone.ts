// A phone in the page: its records in this browser's IndexedDB, and a client of the npm package that synchronises them with this
// server like any other device. It works without a network; what was changed waits.

import { signal } from "@preact/signals";
import { AnchorageError, MaxClient, SyncmlClient, createAccount, indexedDbStore, records, type Progress, type Record, type Records, type Report, type Store } from "anchorage";
import { password, signed } from "../account";
import { saying } from "../api/refusal";
import { ready } from "../part/engine";
import { Wire } from "./wire";

export type Protocol = "syncml" | "max";
export type Collection = "contacts" | "todo";
export const collections: Collection[] = ["contacts", "todo"];

/** How its last sync went, or how far this one is. */
export type Standing =
  | { is: "idle"; pending: number; last: number; report?: Report }
  | { is: "syncing"; progress?: Progress }
  | { is: "failed"; pending: number; why: string; password: boolean };

type Client = SyncmlClient | MaxClient;

export class Phone {
  readonly offline = signal(false);
  readonly protocol = signal<Protocol>("syncml");
  readonly standing = signal<Standing>({ is: "idle", pending: 0, last: 0 });
  readonly held: { [collection in Collection]: ReturnType<typeof signal<Record[]>> } = { contacts: signal<Record[]>([]), todo: signal<Record[]>([]) };
  readonly wire: Wire;
  private control: AbortController | undefined;
  private readonly clients = new Map<Protocol, Client>();

  private constructor(
    readonly name: string,
    /** What it calls itself to the server. */
    readonly device: string,
    private readonly store: Store,
  ) {
    this.wire = new Wire(() => this.offline.value);
  }

  /** The phone of this name that this browser keeps for this login; a new one where there is none. */
  static async open(name: string, login: string): Promise<Phone> {
    await ready();
    const store = await indexedDbStore(`anchorage-phone-${login}-${name}`);
    await createAccount(store, { account: "local" });
    const phone = new Phone(name, deviceOf(login, name), store);
    const chosen = recall(`phone-${name}-protocol`);
    if (chosen === "max") phone.protocol.value = chosen;
    phone.offline.value = recall(`phone-${name}-offline`) === "1";
    await phone.look();
    await phone.stand();
    return phone;
  }

  private kept(collection: Collection): Records {
    return records(this.store, collection);
  }

  /** Reads its own records anew. */
  async look(): Promise<void> {
    for (const collection of collections) {
      const found: Record[] = [];
      for (let after: number | null | undefined = 0; after !== null && after !== undefined; ) {
        const page = await this.kept(collection).list({ after, limit: 200 });
        found.push(...page.records);
        after = page.next;
      }
      this.held[collection].value = found.toSorted((a, b) => a.summary.localeCompare(b.summary));
    }
  }

  async add(collection: Collection, fields: Record["fields"]): Promise<Record> {
    return this.after(await this.kept(collection).add({ fields }));
  }

  async patch(collection: Collection, id: string, fields: Record["fields"]): Promise<Record> {
    return this.after(await this.kept(collection).patch(id, fields));
  }

  async remove(collection: Collection, id: string): Promise<void> {
    await this.after(this.kept(collection).remove(id));
  }

  private async after<T>(done: T | Promise<T>): Promise<T> {
    const value = await done;
    await this.look();
    await this.stand();
    return value;
  }

  go(offline: boolean): void {
    this.offline.value = offline;
    keep(`phone-${this.name}-offline`, offline ? "1" : "");
  }

  speak(protocol: Protocol): void {
    this.protocol.value = protocol;
    keep(`phone-${this.name}-protocol`, protocol);
    void this.stand();
  }

  private client(): Client {
    const protocol = this.protocol.value;
    const known = this.clients.get(protocol);
    if (known) return known;
    const common = { store: this.store, device: this.device, fetch: this.wire.fetch, collections: collections.map((collection) => ({ collection })) };
    const client =
      protocol === "syncml"
        ? new SyncmlClient({ ...common, url: `${location.origin}/syncml`, login: signed.value?.login ?? "", password: password() })
        : new MaxClient({ ...common, url: `${location.origin}/max/`, token: signed.value?.token ?? "" });
    this.clients.set(protocol, client);
    return client;
  }

  /** A password was typed anew: whoever was made with the old one is made again. */
  forget(): void {
    for (const client of this.clients.values()) client.close();
    this.clients.clear();
  }

  async sync(): Promise<void> {
    if (this.standing.value.is === "syncing") return;
    if (this.offline.value) return this.fail("This phone is offline. What you change waits here and goes out at the next sync.");
    if (this.protocol.value === "syncml" && password() === "") return this.fail("The phone needs your password once more: it is kept only until the page is loaded again.", true);
    const control = new AbortController();
    this.control = control;
    this.standing.value = { is: "syncing" };
    try {
      const onprogress = (progress: Progress) => {
        this.standing.value = { is: "syncing", progress };
      };
      const report = await this.client().sync({ signal: control.signal, onprogress });
      await this.look();
      await this.stand(report);
    } catch (error) {
      await this.look();
      const unauthorized = error instanceof AnchorageError && error.code === "unauthorized";
      if (unauthorized) this.forget();
      await this.fail(wordsOf(error), unauthorized && this.protocol.value === "syncml");
    }
  }

  stop(): void {
    this.control?.abort();
  }

  private async fail(why: string, password = false): Promise<void> {
    const { pending } = await this.client().status();
    this.standing.value = { is: "failed", pending, why, password };
  }

  /** What waits here, and when all was well last. */
  private async stand(report?: Report): Promise<void> {
    if (this.standing.value.is === "syncing" && !report) return;
    const { pending, lastSync } = await this.client().status();
    this.standing.value = { is: "idle", pending, last: lastSync, ...(report ? { report } : {}) };
  }
}

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

/** Another browser is another phone. */
function deviceOf(login: string, name: string): string {
  const key = `phone-${login}-${name}-device`;
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

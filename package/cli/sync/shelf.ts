// One collection's records as the mirror sees them: each by its id, with the hash of its bytes.

import { type RecordInput, type RecordView, type Records, type Store, records } from "anchorage";
import { type Kind, pieces } from "../core.js";
import { endingOf } from "./folder.js";
import { hashOf } from "./ledger.js";

/** A record without its bytes. */
export interface Card {
  readonly id: string;
  readonly form: string;
  readonly hash: string;
  /** What it says of itself. */
  readonly title: string;
}

const PAGE = 200;

/** The account that the command line keeps its records in. */
export const ACCOUNT = "local";

export class Shelf {
  readonly #records: Records;

  constructor(store: Store, collection: string) {
    this.#records = records(store, collection, { account: ACCOUNT });
  }

  /** Every record there is, by id. */
  async all(): Promise<Map<string, Card>> {
    const cards = new Map<string, Card>();
    let after: number | undefined;
    for (;;) {
      const page = await this.#records.list({ limit: PAGE, bodies: true, ...(after === undefined ? {} : { after }) });
      for (const record of page.records) {
        const body = await this.#whole(record);
        cards.set(record.id, { id: record.id, form: record.form, hash: hashOf(body), title: titleOf(record) });
      }
      if (page.next === null) return cards;
      after = page.next;
    }
  }

  /** The ids of records that were deleted, as far as that is remembered. */
  async deleted(): Promise<Set<string>> {
    const ids = new Set<string>();
    for (let after = 0; ; ) {
      const page = await this.#records.changes(after, { limit: PAGE, bodies: false });
      for (const change of page.changes) if ("deleted" in change) ids.add(change.id);
      if (!page.more) return ids;
      after = page.next;
    }
  }

  /** A record's bytes; nothing where it has just gone. */
  async bytes(id: string): Promise<Uint8Array | undefined> {
    const record = await this.#records.get(id);
    return record ? this.#whole(record) : undefined;
  }

  /** Its `UID`, where it has one. */
  async uid(card: Card, kind: Kind): Promise<string | undefined> {
    const body = await this.bytes(card.id);
    return body && (pieces(body, `record${endingOf(card.form)}`, kind)[0]?.uid ?? undefined);
  }

  async add(body: Uint8Array): Promise<string> {
    return (await this.#records.add(spelt(body))).id;
  }

  async put(id: string, body: Uint8Array): Promise<void> {
    await this.#records.put(id, spelt(body));
  }

  async remove(id: string): Promise<void> {
    await this.#records.remove(id);
  }

  async #whole(record: RecordView): Promise<Uint8Array> {
    const body = record.body ?? (await this.#records.get(record.id))?.body ?? "";
    return typeof body === "string" ? new TextEncoder().encode(body) : body;
  }
}

/** As text, where it is text; what is no vCard, iCalendar or vNote does not say itself what it is. */
function spelt(bytes: Uint8Array): RecordInput {
  const form = Buffer.from(bytes.subarray(0, 6)).toString("latin1").toUpperCase() === "BEGIN:" ? {} : { form: "plain" };
  try {
    return { body: new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes), ...form };
  } catch {
    return { body: bytes, ...form };
  }
}

/** The first of its plain fields that names a card, an event, a task or a note. */
function titleOf({ fields }: RecordView): string {
  const { name, title, nickname, company, email, phone, mobile } = fields;
  return [name, title, nickname, company, email, phone, mobile].find((word) => word?.trim()) ?? "";
}

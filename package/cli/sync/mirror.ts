// The folder and the records, made one: first what the user did to the files goes into the records, then, after the sync, what
// the server did to the records goes into the files. Each step can be cut off and done again: what a file or a record holds
// decides, and the ledger only remembers.

import { rmSync } from "node:fs";
import { extname, join } from "node:path";
import type { Kind } from "../core.js";
import { Ending, exit } from "../ending.js";
import { bytesOf, create, replace, settle, sweep } from "./disk.js";
import { type Found, endingOf, scan } from "./folder.js";
import { type Ledger, hashOf, readLedger, writeLedger } from "./ledger.js";
import { folded, free } from "./names.js";
import { type Card, Shelf } from "./shelf.js";

/** How many of what. */
export interface Tally {
  added: number;
  changed: number;
  deleted: number;
}

export interface Trouble {
  readonly name: string;
  readonly reason: string;
}

export interface Rules {
  /** Whether a file of many records becomes many files. */
  readonly split: boolean;
  /** Whether most files may go at once. */
  readonly allowDeletions: boolean;
}

/** After how many files the ledger is written. */
const CHECKPOINT = 200;

/** From how many deletions on, and of what part of the files, one asks whether that was meant. */
const DELETIONS = { least: 10, part: 0.5 } as const;

export class Mirror {
  /** What the user did, and what the server did. */
  readonly fromFolder: Tally = { added: 0, changed: 0, deleted: 0 };
  readonly toFolder: Tally = { added: 0, changed: 0, deleted: 0 };
  /** Files left alone, each with the reason. */
  readonly troubles: Trouble[] = [];
  /** How many files are of another kind. */
  others = 0;
  readonly #folder: string;
  readonly #state: string;
  readonly #collection: string;
  readonly #kind: Kind;
  readonly #shelf: Shelf;
  readonly #ledger: Ledger;
  #steps = 0;

  constructor(folder: string, state: string, collection: string, kind: Kind, shelf: Shelf) {
    this.#folder = folder;
    this.#state = state;
    this.#collection = collection;
    this.#kind = kind;
    this.#shelf = shelf;
    this.#ledger = readLedger(state, collection);
  }

  /** What the user did to the files since they were last looked at, into the records. */
  async take(rules: Rules, progress: (done: number, of: number) => void): Promise<void> {
    sweep(this.#folder);
    if (rules.split) this.#splitFiles();
    const { files, others, unread } = scan(this.#folder, this.#kind);
    this.others = others;
    this.troubles.push(...unread);
    const cards = await this.#shelf.all();
    await this.#forgetStrangers(cards);
    const there = new Set([...files, ...unread].map(({ name }) => name));
    const gone = new Map([...this.#ledger].filter(([name]) => !there.has(name)));
    const fresh = files.filter(({ name }) => !this.#ledger.has(name));
    this.#followRenames(fresh, gone);
    this.#checkDeletions(gone.size - fresh.filter(({ name }) => !this.#ledger.has(name)).length, rules);
    const known = new Set([...this.#ledger].filter(([name]) => !gone.has(name)).map(([, { id }]) => id));
    const homeless = new Map([...cards].filter(([id]) => !known.has(id)));
    const finder = await Finder.of(homeless, this.#shelf, this.#kind);
    for (const [index, file] of files.entries()) {
      progress(index, files.length);
      await this.#takeFile(file, cards, finder, gone);
    }
    for (const [name, entry] of gone) await this.#takeDeletion(name, entry.id, entry.body, cards.get(entry.id));
    this.save();
  }

  /** What the server did to the records, into the files. */
  async give(progress: (done: number, of: number) => void): Promise<void> {
    const cards = await this.#shelf.all();
    const homes = new Map([...this.#ledger].map(([name, { id }]) => [id, name]));
    for (const [name, entry] of [...this.#ledger]) {
      const card = cards.get(entry.id);
      if (!card) this.#giveDeletion(name, entry.file);
      else if (card.hash !== entry.body) await this.#giveChange(name, entry.file, card);
    }
    const news = [...cards.values()].filter(({ id }) => !homes.has(id));
    // By what they hold and by nothing that another folder would see differently, so that `-2` is the same card there.
    const keyed = news.map((card) => ({ card, key: `${folded(card.title)}\n${card.hash}` }));
    keyed.sort((one, other) => (one.key < other.key ? -1 : one.key > other.key ? 1 : 0));
    const taken = new Set([...scan(this.#folder, this.#kind).files.map(({ name }) => folded(name)), ...[...this.#ledger.keys()].map(folded)]);
    for (const [index, { card }] of keyed.entries()) {
      progress(index, keyed.length);
      await this.#giveNew(card, taken);
    }
    this.save();
  }

  /** The file of a record. */
  fileOf(record: string): string | undefined {
    for (const [name, { id }] of this.#ledger) if (id === record) return name;
    return undefined;
  }

  save(): void {
    this.#steps = 0;
    // New names reach the disk before the ledger that speaks of them.
    settle(this.#folder);
    writeLedger(this.#state, this.#collection, this.#ledger);
  }

  // ------------------------------------------------------------------------------------------------------ files to records

  async #takeFile(file: Found, cards: ReadonlyMap<string, Card>, finder: Finder, gone: Ledger): Promise<void> {
    const { name, hash } = file;
    const entry = this.#ledger.get(name);
    if (entry?.file === hash) return;
    const held = file.read();
    if ("reason" in held) {
      const advice = held.several.length > 1 ? "; --split makes a file of each" : "";
      this.troubles.push({ name, reason: `${held.reason}${advice}` });
      return;
    }
    const body = hashOf(held.body);
    const card = entry && cards.get(entry.id);
    if (entry && card) {
      if (card.hash !== body && card.hash !== entry.body) return this.#bothChanged(name);
      if (card.hash !== body) {
        await this.#shelf.put(card.id, held.body);
        this.fromFolder.changed++;
      }
      return this.#remember(name, { id: card.id, file: hash, body });
    }
    const found = finder.find(body, held.uid);
    for (const [before, { id }] of gone) {
      if (id !== found?.id) continue;
      gone.delete(before);
      this.#ledger.delete(before);
    }
    if (!found) {
      const id = await this.#shelf.add(held.body);
      this.fromFolder.added++;
      return this.#remember(name, { id, file: hash, body });
    }
    if (found.hash !== body) {
      await this.#shelf.put(found.id, held.body);
      this.fromFolder.changed++;
    }
    this.#remember(name, { id: found.id, file: hash, body });
  }

  /** The file has gone. A record that the server has changed meanwhile comes back: an edit is worth more than a deletion. */
  async #takeDeletion(name: string, id: string, body: string, card: Card | undefined): Promise<void> {
    if (card?.hash === body) {
      await this.#shelf.remove(id);
      this.fromFolder.deleted++;
    }
    this.#ledger.delete(name);
    this.#checkpoint();
  }

  /**
   * A record that is not there and was never deleted: the ledger is of other records than these (a file of the state was lost, or
   * put back). Its file is nobody's then, and never deleted for it.
   */
  async #forgetStrangers(cards: ReadonlyMap<string, Card>): Promise<void> {
    const missing = [...this.#ledger].filter(([, { id }]) => !cards.has(id));
    if (missing.length === 0) return;
    const deleted = await this.#shelf.deleted();
    for (const [name, { id }] of missing) if (!deleted.has(id)) this.#ledger.delete(name);
  }

  /** A file that only has another name now is the same record. */
  #followRenames(fresh: readonly Found[], gone: Ledger): void {
    const byFile = new Map([...gone].map(([name, entry]) => [entry.file, name]));
    for (const { name, hash } of fresh) {
      const before = byFile.get(hash);
      const entry = before === undefined ? undefined : gone.get(before);
      if (before === undefined || !entry) continue;
      this.#ledger.delete(before);
      this.#ledger.set(name, entry);
      gone.delete(before);
    }
  }

  #checkDeletions(deletions: number, { allowDeletions }: Rules): void {
    if (allowDeletions || deletions < DELETIONS.least || deletions < this.#ledger.size * DELETIONS.part) return;
    throw new Ending(
      exit.failed,
      "many-deletions",
      `${deletions} of ${this.#ledger.size} files have gone from ${this.#folder} since the last sync, and would be deleted on the server too. Nothing was done. If that is meant, say --allow-deletions.`,
    );
  }

  #splitFiles(): void {
    const { files } = scan(this.#folder, this.#kind);
    for (const file of files) {
      const held = file.read();
      if (!("several" in held) || held.several.length < 2) continue;
      const ending = extname(file.name);
      const base = file.name.slice(0, -ending.length);
      // Numbered names that a run before this one has made of the same bytes are those of this one: cut off, it is done again.
      held.several.forEach((body, index) => {
        for (let number = index + 1; ; number += held.several.length) {
          const path = join(this.#folder, `${base}-${number}${ending}`);
          const there = bytesOf(path);
          if (there ? hashOf(there) === hashOf(body) : create(path, body)) break;
        }
      });
      rmSync(join(this.#folder, file.name));
    }
  }

  // ------------------------------------------------------------------------------------------------------ records to files

  #giveDeletion(name: string, before: string): void {
    const path = join(this.#folder, name);
    const there = bytesOf(path);
    if (there && hashOf(there) === before) {
      rmSync(path);
      this.toFolder.deleted++;
    } else if (there) {
      this.troubles.push({ name, reason: "deleted on the server and edited here: it is kept, and is new to the server at the next sync" });
    }
    this.#ledger.delete(name);
    this.#checkpoint();
  }

  async #giveChange(name: string, before: string, card: Card): Promise<void> {
    const path = join(this.#folder, name);
    const there = bytesOf(path);
    const body = await this.#shelf.bytes(card.id);
    if (!body) return;
    if (there && hashOf(there) !== before && hashOf(there) !== card.hash) {
      this.#keepAside(name, there);
    }
    replace(path, body);
    this.toFolder.changed++;
    this.#remember(name, { id: card.id, file: hashOf(body), body: hashOf(body) });
  }

  async #giveNew(card: Card, taken: Set<string>): Promise<void> {
    const body = await this.#shelf.bytes(card.id);
    if (!body) return;
    for (;;) {
      const name = free(card.title, endingOf(card.form), taken);
      taken.add(folded(name));
      if (!create(join(this.#folder, name), body)) continue;
      this.toFolder.added++;
      return this.#remember(name, { id: card.id, file: hashOf(body), body: hashOf(body) });
    }
  }

  /** An earlier run was cut off between the server and the files, and then the file was edited: the server's goes into its place. */
  #bothChanged(name: string): void {
    const there = bytesOf(join(this.#folder, name));
    if (there) this.#keepAside(name, there);
    const entry = this.#ledger.get(name);
    if (there && entry) this.#ledger.set(name, { ...entry, file: hashOf(there) });
  }

  /** Both were edited where nobody can merge them: what stood in the file stays beside it. */
  #keepAside(name: string, bytes: Uint8Array): void {
    for (let number = 1; ; number++) {
      const aside = `${name}.mine${number === 1 ? "" : `-${number}`}`;
      const there = bytesOf(join(this.#folder, aside));
      if (there ? hashOf(there) === hashOf(bytes) : create(join(this.#folder, aside), bytes)) {
        this.troubles.push({ name, reason: `edited here while it was synchronised: the server's is in its place, yours is in ${aside}` });
        return;
      }
    }
  }

  #remember(name: string, entry: { id: string; file: string; body: string }): void {
    this.#ledger.set(name, entry);
    this.#checkpoint();
  }

  #checkpoint(): void {
    if (++this.#steps >= CHECKPOINT) this.save();
  }
}

/** Records that no file is known of: what a run has left that was cut off, or a ledger that was lost. */
class Finder {
  readonly #byHash = new Map<string, Card[]>();
  readonly #byUid = new Map<string, Card[]>();
  readonly #taken = new Set<string>();

  static async of(homeless: ReadonlyMap<string, Card>, shelf: Shelf, kind: Kind): Promise<Finder> {
    const finder = new Finder();
    for (const card of homeless.values()) {
      push(finder.#byHash, card.hash, card);
      const uid = await shelf.uid(card, kind);
      if (uid) push(finder.#byUid, uid, card);
    }
    return finder;
  }

  /** The record with these bytes, or else the one that bears this UID; once. */
  find(hash: string, uid: string | undefined): Card | undefined {
    const free = (card: Card): boolean => !this.#taken.has(card.id);
    const found = this.#byHash.get(hash)?.find(free) ?? (uid === undefined ? undefined : this.#byUid.get(uid)?.find(free));
    if (!found) return undefined;
    this.#taken.add(found.id);
    return found;
  }
}

function push(map: Map<string, Card[]>, key: string, card: Card): void {
  const known = map.get(key);
  if (known) known.push(card);
  else map.set(key, [card]);
}

// A store in IndexedDB: the core decides in memory, and the database keeps a log of what was committed, and now and then a whole.
//
// Opening reads the whole and replays the log. A commit is one transaction: what other tabs have appended is taken in first, then
// the batch is decided, then appended; whoever is told that it is safe finds it after the tab was killed. Reading catches up with
// other tabs too.

import type { Store as Place } from "./generated/anchorage.js";
import { core } from "./core.js";
import { AnchorageError, asAnchorageError, expect, guarded } from "./error.js";
import type { Batch, Receipt, Snapshot } from "./plain.js";
import type { Store } from "./store.js";

/** The log may grow to this many bytes, or to half of the whole, before it is folded into the whole. */
const LOG_BYTES_MAX = 512 * 1024;

/** What is known of the whole and of the log after it. */
interface Standing {
  /** The last entry of the log that is in the whole; 0 for none. */
  upto: number;
  /** About how many bytes the whole has. */
  wholeBytes: number;
  /** About how many bytes the log after it has. */
  logBytes: number;
}

/**
 * A store in this origin's IndexedDB, under that name; made where it is not there. Several tabs may have it open at once. Where the
 * browser's storage is full a commit fails with the code `busy`, and nothing of it is kept.
 */
export async function indexedDbStore(name: string): Promise<Store> {
  expect(typeof name === "string" && name !== "", "indexedDbStore takes the name of a database");
  const wasm = core();
  expect(typeof indexedDB === "object", "there is no IndexedDB here");
  const shelf = new Shelf(await open(name), () => wasm.Store);
  await shelf.inTurn(() => shelf.catchUp());
  return {
    read: (reads) => shelf.inTurn(() => shelf.read(reads)),
    commit: (batch) => shelf.inTurn(() => shelf.commit(batch)),
  };
}

/** One open database, and what of it is in memory. */
class Shelf {
  readonly #database: IDBDatabase;
  readonly #places: () => { memory(): Place; restored(snapshot: unknown): Place };
  /** `undefined` where memory may have what the database has not. */
  #memory: Place | undefined;
  /** The last entry of the log that is in memory. */
  #seen = 0;
  #last: Promise<unknown> = Promise.resolve();

  constructor(database: IDBDatabase, places: () => { memory(): Place; restored(snapshot: unknown): Place }) {
    this.#database = database;
    this.#places = places;
    database.onversionchange = () => database.close();
  }

  /** One after the other: nothing is read while a commit may still fail. */
  inTurn<T>(body: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(body).catch((thrown: unknown) => {
      throw databaseError(thrown);
    });
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  async read(reads: unknown): Promise<Snapshot> {
    const memory = await this.catchUp();
    return guarded(() => memory.readNow(reads) as Snapshot);
  }

  /** Memory as the database is now. */
  async catchUp(): Promise<Place> {
    const transaction = this.#database.transaction(["log", "whole"], "readonly");
    const memory = await this.#caughtUp(transaction);
    await ended(transaction);
    return memory;
  }

  async commit(batch: Batch): Promise<Receipt> {
    const transaction = this.#database.transaction(["log", "whole"], "readwrite", { durability: "strict" });
    const end = ended(transaction);
    end.catch(() => undefined);
    try {
      const memory = await this.#caughtUp(transaction);
      const receipt = guarded(() => memory.commitNow(batch) as Receipt);
      // From here on memory is ahead of the database, until the transaction has ended well.
      this.#memory = undefined;
      const key = (await answer(transaction.objectStore("log").add(batch))) as number;
      const standing = await standingOf(transaction);
      standing.logBytes += weight(batch);
      if (standing.logBytes > Math.max(LOG_BYTES_MAX, standing.wholeBytes / 2)) fold(transaction, memory, standing, key);
      transaction.objectStore("whole").put(standing, "standing");
      await end;
      this.#memory = memory;
      this.#seen = key;
      return receipt;
    } catch (thrown) {
      abort(transaction);
      throw thrown;
    }
  }

  async #caughtUp(transaction: IDBTransaction): Promise<Place> {
    const { upto } = await standingOf(transaction);
    if (!this.#memory || upto > this.#seen) {
      const whole: unknown = await answer(transaction.objectStore("whole").get("records"));
      this.#memory = guarded(() => (whole === undefined ? this.#places().memory() : this.#places().restored(whole)));
      this.#seen = upto;
    }
    const memory = this.#memory;
    const after = IDBKeyRange.lowerBound(this.#seen, true);
    const log = transaction.objectStore("log");
    // Asked for at once, so that both are of one moment.
    const [keys, batches] = await Promise.all([answer(log.getAllKeys(after)), answer(log.getAll(after))]);
    if (keys.length === 0) return memory;
    this.#memory = undefined;
    for (const batch of batches) guarded(() => memory.replay(batch));
    this.#seen = keys.at(-1) as number;
    this.#memory = memory;
    return memory;
  }
}

/** Writes everything anew, and lets the log go that is in it. */
function fold(transaction: IDBTransaction, memory: Place, standing: Standing, key: number): void {
  const whole: unknown = guarded(() => memory.snapshot());
  transaction.objectStore("whole").put(whole, "records");
  transaction.objectStore("log").delete(IDBKeyRange.upperBound(key));
  Object.assign(standing, { upto: key, wholeBytes: weight(whole), logBytes: 0 } satisfies Standing);
}

async function standingOf(transaction: IDBTransaction): Promise<Standing> {
  const known = (await answer(transaction.objectStore("whole").get("standing"))) as Standing | undefined;
  return known ?? { upto: 0, wholeBytes: 0, logBytes: 0 };
}

function open(name: string): Promise<IDBDatabase> {
  const request = indexedDB.open(name, 1);
  request.onupgradeneeded = () => {
    request.result.createObjectStore("log", { autoIncrement: true });
    request.result.createObjectStore("whole");
  };
  return answer(request).catch((thrown: unknown) => {
    throw databaseError(thrown);
  });
}

function answer<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error("IndexedDB failed and does not say why"));
  });
}

function ended(transaction: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error ?? new Error("IndexedDB gave up a transaction"));
  });
}

function abort(transaction: IDBTransaction): void {
  try {
    transaction.abort();
  } catch {
    // It has ended already.
  }
}

/** About how many bytes plain data has. */
function weight(value: unknown): number {
  if (typeof value === "string") return value.length;
  if (value instanceof Uint8Array) return value.length;
  if (value instanceof Map) return 8 + [...value].reduce((sum, [key, held]) => sum + weight(key) + weight(held), 0);
  if (Array.isArray(value)) return 8 + value.reduce((sum: number, held) => sum + weight(held), 0);
  if (typeof value === "object" && value !== null) return 8 + Object.values(value).reduce((sum: number, held) => sum + weight(held), 0);
  return 8;
}

function databaseError(thrown: unknown): AnchorageError {
  if (thrown instanceof DOMException && thrown.name === "QuotaExceededError") {
    return new AnchorageError("busy", "The browser's storage is full.", { cause: thrown });
  }
  return asAnchorageError(thrown);
}

// Stores: two verbs, `read` and `commit`, over plain data; the one in memory, and how any of them reaches the core.

import type { Store as Place } from "./generated/anchorage.js";
import { core } from "./core.js";
import { expect, guarded, guardedLater } from "./error.js";
import type { Batch, Reads, Receipt, Snapshot } from "./plain.js";

/**
 * A place where records live: any object with these two methods. Both take and answer plain data.
 *
 * A store that cannot do it for now throws an {@link AnchorageError} (or any error) with the code `conflict`, where the batch's
 * guard no longer holds, or `busy`.
 */
export interface Store {
  /** One snapshot, all of one moment. */
  read(reads: Reads): Promise<Snapshot>;
  /** All of the batch or none of it, and only if what was read still stands. */
  commit(batch: Batch): Promise<Receipt>;
}

const places = new WeakMap<Store, Place>();

/** How the core reaches a store: its own at once, any other through its two methods. @internal */
export function placeOf(store: Store): Place {
  expect(typeof store === "object" && store !== null, "a store is an object with read(reads) and commit(batch)");
  let place = places.get(store);
  if (!place) {
    place = guarded(() => core().Store.object(store));
    places.set(store, place);
  }
  return place;
}

/** A store that the core itself knows how to read and to commit to. @internal */
export function storeAt(place: Place): Store {
  const store: Store = {
    read: (reads) => guardedLater(() => place.read(reads) as Promise<Snapshot>),
    commit: (batch) => guardedLater(() => place.commit(batch) as Promise<Receipt>),
  };
  places.set(store, place);
  return store;
}

/** An empty store in memory, gone with the value: for tests, and for what need not last. */
export function memoryStore(): Store {
  return storeAt(core().Store.memory());
}

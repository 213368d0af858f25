// Making accounts: what a host does once before it serves or syncs.

import { core, random } from "./core.js";
import { expect, given, guardedLater } from "./error.js";
import type { CollectionKind } from "./plain.js";
import { placeOf, type Store } from "./store.js";

/** What an account is to be. */
export interface AccountOptions {
  /** Its id: 1 to 64 letters, digits and `-_.@`. */
  account: string;
  /** The name to sign in with; the account's id where it is left out. */
  login?: string;
  /** The password of that login; without one nobody signs in with a password. */
  password?: string;
  /** The server's secret, at least 16 bytes, under which the password is sealed: the same as in `ServeOptions`. */
  secret?: string;
  /** Its collections; `contacts`, `calendar`, `todo` and `notes` where they are left out and the account is new. */
  collections?: CollectionOptions[];
}

/** A collection: what a SyncML client calls a database, and MAX a data source. */
export interface CollectionOptions {
  /** Its id and path. */
  id: string;
  /** What it holds. */
  kind: CollectionKind;
}

/** Makes what is not there yet. What is there stays as it is, but for the password. */
export async function createAccount(store: Store, options: AccountOptions): Promise<void> {
  expect(typeof options === "object" && options !== null && typeof options.account === "string", "createAccount takes { account: string, … }");
  const wasm = core();
  await guardedLater(() => wasm.createAccount(given(options), placeOf(store), Date.now(), random()));
}

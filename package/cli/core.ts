// What the command line needs of the module and the package does not offer to everybody: the operator's orders, and a
// folder's files as records.

import { core } from "#core";
import { placeOf } from "#store";
import type { Store } from "anchorage";
import type { Desk } from "./desk.js";
import type { Exit } from "./ending.js";

export const KINDS = ["contacts", "calendar", "todo", "notes"] as const;
export type Kind = (typeof KINDS)[number];

/** One record of a file, or why there is none. */
export interface Piece {
  readonly line: number;
  readonly body: Uint8Array | null;
  readonly reason: string | null;
  readonly uid: string | null;
}

/** What a file of that name has for a collection of this kind. */
export const pieces = (file: Uint8Array, name: string, kind: Kind): readonly Piece[] => core().pieces(file, name, kind) as Piece[];

/** What was typed after `account`: an order, a page of help, or nothing that makes sense. */
export type Order = { readonly command: "add" | "demo" | "other" } | { readonly help: string } | { readonly wrong: string };

/** Reads an order and does nothing. */
export const orderOf = (words: readonly string[]): Order => JSON.parse(core().orderOf([...words])) as Order;

/** Looks after the arranged syncs that are due; a line for the log of each. */
export const tend = (store: Store, desk: Desk, secret: string): Promise<string[]> =>
  core().tend(placeOf(store), desk, secret, crypto.getRandomValues(new Uint8Array(32)));

/** Carries an order out; 0 is done, 1 refused, 5 to be tried again. The desk hears everything. */
export async function operate(words: readonly string[], store: Store, desk: Desk, secret: string): Promise<Exit> {
  const random = crypto.getRandomValues(new Uint8Array(32));
  return (await core().operate([...words], placeOf(store), desk, secret, Date.now(), random)) as Exit;
}

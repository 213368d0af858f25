// What the command line needs of the module and the package does not offer to everybody: the operator's orders, and a
// folder's files as records.

import { core } from "#core";
import { placeOf } from "#store";
import { type Store, memoryStore } from "anchorage";
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

/** Carries an order of `account` out; help needs no store. */
export async function operate(words: readonly string[], store: Store | undefined, desk: Desk, secret: string | undefined, now: number, random: Uint8Array): Promise<Exit> {
  return (await core().operate([...words], placeOf(store ?? memoryStore()), desk, secret, now, random)) as Exit;
}

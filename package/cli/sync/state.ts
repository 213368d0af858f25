// What the command line keeps of a folder between two syncs, in the hidden folder `.anchorage` inside it: the records as the
// client knows them, which file is which record, and as what device the folder comes to a server.

import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { type Store, createAccount } from "anchorage";
import type { Kind } from "../core.js";
import { openDatabase } from "../data.js";
import { Ending, exit, usage } from "../ending.js";
import { bytesOf, replace } from "./disk.js";
import { openLog } from "./log.js";
import { ACCOUNT } from "./shelf.js";

interface Place {
  readonly kind: Kind;
  /** Where its files lie, from the folder: `.` or a folder in it. */
  readonly folder: string;
}

interface Settings {
  readonly version: 1;
  /** What the folder calls itself. */
  readonly device: string;
  readonly collections: Record<string, Place>;
}

/** A collection that is synchronised with a folder. */
export interface Wanted {
  readonly collection: string;
  readonly remote: string | undefined;
  readonly kind: Kind | undefined;
}

export interface State {
  readonly folder: string;
  readonly device: string;
  readonly store: Store;
  readonly places: ReadonlyMap<string, { kind: Kind; folder: string }>;
  close(): void;
}

/** The hidden folder's path, made where it is missing. */
export function stateFolder(folder: string): string {
  const state = join(folder, ".anchorage");
  mkdirSync(state, { recursive: true, mode: 0o700 });
  return state;
}

/** Opens the records, with a place for each collection that is wanted. */
export async function openState(folder: string, state: string, wanted: readonly Wanted[]): Promise<State> {
  const settings = settled(state, wanted);
  const { store, close } = await openRecords(state);
  try {
    const collections = Object.entries(settings.collections).map(([id, { kind }]) => ({ id, kind }));
    await createAccount(store, { account: ACCOUNT, collections });
    const places = new Map<string, { kind: Kind; folder: string }>();
    for (const { collection } of wanted) {
      const place = settings.collections[collection];
      if (!place) continue;
      const path = join(folder, place.folder);
      mkdirSync(path, { recursive: true });
      places.set(collection, { kind: place.kind, folder: path });
    }
    return { folder: state, device: settings.device, store, places, close };
  } catch (error) {
    close();
    throw error;
  }
}

/** SQLite where Node has it, a log of what was committed otherwise; whichever the folder began with. */
async function openRecords(state: string): Promise<{ store: Store; close(): void }> {
  const [database, log] = [join(state, "records.sqlite"), join(state, "records.log")];
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  const modern = major > 22 || (major === 22 && minor >= 13);
  if (existsSync(log) || (!modern && !existsSync(database))) return openLog(log);
  return openDatabase(database);
}

/** The settings with the wanted collections in them. A collection keeps the folder it has. */
function settled(state: string, wanted: readonly Wanted[]): Settings {
  const path = join(state, "settings.json");
  const before = read(path) ?? { version: 1, device: `anchorage-${randomBytes(8).toString("hex")}`, collections: {} };
  const collections = { ...before.collections };
  const first = Object.keys(collections).length === 0 && wanted.length === 1;
  for (const { collection, kind } of wanted) {
    const known = Object.hasOwn(collections, collection) ? collections[collection] : undefined;
    if (known && kind && kind !== known.kind) throw usage(`\`${collection}\` holds ${known.kind} in this folder: --kind ${kind} is another.`);
    collections[collection] = known ?? { kind: kind ?? kindOf(collection), folder: first ? "." : collection };
  }
  const after = { ...before, collections };
  if (JSON.stringify(after) !== JSON.stringify(before) || !existsSync(path)) replace(path, Buffer.from(`${JSON.stringify(after)}\n`), 0o600);
  return after;
}

function read(path: string): Settings | undefined {
  const bytes = bytesOf(path);
  if (!bytes) return undefined;
  try {
    const { version, device, collections } = JSON.parse(Buffer.from(bytes).toString("utf8")) as Settings;
    if (version === 1 && typeof device === "string" && typeof collections === "object") return { version, device, collections };
  } catch {
    // Said below.
  }
  throw new Ending(exit.failed, "state", `${path} cannot be read. Remove the folder it is in: the next sync begins anew and finds again what both have.`);
}

const names: readonly (readonly [RegExp, Kind])[] = [
  [/card|contact|address|people|pab/i, "contacts"],
  [/to-?do|task|job/i, "todo"],
  [/cal|event|agenda/i, "calendar"],
  [/note|memo/i, "notes"],
];

/** What a collection of that name holds. */
function kindOf(collection: string): Kind {
  const kind = names.find(([pattern]) => pattern.test(collection))?.[1];
  if (kind) return kind;
  throw usage(`What does \`${collection}\` hold? Say --kind contacts, calendar, todo or notes.`);
}

// The folder of a server's data: one SQLite database and the secret that its passwords are sealed with, for their owner only.

import { randomBytes } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { type Store, sqliteStore } from "anchorage";
import { Ending, exit } from "./ending.js";

/** Where a server's data lies unless it is said. */
export const DATA = "anchorage-data";

const SECRET_BYTES_MIN = 16;

export interface Data {
  readonly folder: string;
  readonly store: Store;
  readonly secret: string;
  /** Whether the folder was empty before. */
  readonly fresh: boolean;
  close(): void;
}

/** Opens the folder's database, made where it is not there yet (unless `existing` is wanted). */
export async function openData(folder: string, { existing = false } = {}): Promise<Data> {
  // Nothing is made, and nothing is looked for, where it cannot be used.
  await sqlite();
  const path = resolve(folder);
  const file = join(path, "anchorage.sqlite");
  const fresh = !existsSync(file);
  if (fresh && existing) {
    throw new Ending(exit.failed, "not-found", `There is no server's data in ${path}: \`npx anchorage serve --data ${folder}\` makes it, and --data names another folder.`);
  }
  mkdirSync(path, { recursive: true, mode: 0o700 });
  const secret = secretOf(path);
  const { store, close } = await openDatabase(file);
  return { folder: path, store, secret, fresh, close };
}

/** A SQLite file as a store; it is its owner's only. */
export async function openDatabase(file: string): Promise<{ store: Store; close(): void }> {
  const { DatabaseSync } = await sqlite();
  if (!existsSync(file)) writeFileSync(file, "", { mode: 0o600 });
  const database = new DatabaseSync(file);
  return { store: await sqliteStore(database), close: () => database.close() };
}

/** Node's own SQLite, without the warning that it is new. */
export async function sqlite(): Promise<typeof import("node:sqlite")> {
  const emit = process.emitWarning;
  process.emitWarning = (() => {}) as typeof process.emitWarning;
  try {
    return await import("node:sqlite");
  } catch {
    throw new Ending(exit.failed, "node", `This needs Node 22.13 or later, whose SQLite holds the data; this is ${process.version}.`);
  } finally {
    process.emitWarning = emit;
  }
}

/** Out of the environment, or the folder's own: made once. */
function secretOf(folder: string): string {
  const given = process.env.ANCHORAGE_SECRET;
  if (given !== undefined) {
    if (Buffer.byteLength(given) >= SECRET_BYTES_MIN) return given;
    throw new Ending(exit.usage, "usage", `ANCHORAGE_SECRET has fewer than ${SECRET_BYTES_MIN} bytes: unset it to take the one in the data folder.`);
  }
  const file = join(folder, "secret");
  try {
    writeFileSync(file, randomBytes(32).toString("base64url"), { mode: 0o600, flag: "wx" });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    chmodSync(file, 0o600);
  }
  const secret = readFileSync(file, "utf8").trim();
  if (Buffer.byteLength(secret) >= SECRET_BYTES_MIN) return secret;
  throw new Ending(exit.failed, "secret", `${file} is broken: it has fewer than ${SECRET_BYTES_MIN} bytes. Passwords were sealed with what it held before.`);
}

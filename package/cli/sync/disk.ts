// Files written whole or not at all: a crash leaves the old one or the new one, and never a half.

import { randomBytes } from "node:crypto";
import { closeSync, constants, copyFileSync, fsyncSync, linkSync, openSync, readFileSync, readdirSync, renameSync, rmSync, writeSync } from "node:fs";
import { dirname, join } from "node:path";

/** Files under way; what a crash leaves of them is swept by the next run. */
const UNDER_WAY = ".anchorage-";

/** Puts bytes in a file's place. */
export function replace(path: string, bytes: Uint8Array, mode = 0o666): void {
  const temporary = written(path, bytes, mode);
  try {
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

/** Makes a file; answers false where there is one of that name already. */
export function create(path: string, bytes: Uint8Array): boolean {
  const temporary = written(path, bytes, 0o666);
  try {
    link(temporary, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  } finally {
    rmSync(temporary, { force: true });
  }
}

/** A file's bytes; nothing where there is none. */
export function bytesOf(path: string): Uint8Array | undefined {
  try {
    return readFileSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** Waits until the names in a folder are safe on the disk. */
export function settle(folder: string): void {
  let file: number | undefined;
  try {
    file = openSync(folder, "r");
    fsyncSync(file);
  } catch {
    // Not every system lets a folder be opened.
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

/** Removes what a killed run left half done. */
export function sweep(folder: string): void {
  for (const name of readdirSync(folder)) if (name.startsWith(UNDER_WAY)) rmSync(join(folder, name), { force: true });
}

function written(path: string, bytes: Uint8Array, mode: number): string {
  const temporary = join(dirname(path), `${UNDER_WAY}${randomBytes(6).toString("hex")}`);
  const file = openSync(temporary, "wx", mode);
  try {
    for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
    fsyncSync(file);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  } finally {
    closeSync(file);
  }
  return temporary;
}

function link(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "EPERM" && code !== "ENOTSUP" && code !== "ENOSYS") throw error;
    copyFileSync(from, to, constants.COPYFILE_EXCL);
  }
}

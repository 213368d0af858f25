// One run at a time in a folder: a file that says who is at work, and that a run which was killed leaves behind in vain.

import { randomBytes } from "node:crypto";
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { Ending, exit } from "../ending.js";

interface Holder {
  readonly pid: number;
  readonly host: string;
  /** When the process began, in the system's own words: a number is given to another process in time. */
  readonly began: string;
  readonly token: string;
}

/** Takes the lock, or says who has it. The answer gives it back. */
export function lock(folder: string): () => void {
  const path = join(folder, "lock");
  const token = randomBytes(9).toString("base64url");
  const own = join(folder, `lock.${token}`);
  const holder: Holder = { pid: process.pid, host: hostname(), began: beganAt(process.pid), token };
  writeFileSync(own, JSON.stringify(holder), { flag: "wx", mode: 0o600 });
  try {
    for (let attempt = 0; attempt < 3; attempt++) {
      if (linked(own, path)) return () => release(path, token);
      const other = holderOf(path);
      if (other && isAlive(other)) {
        const where = other.host === hostname() ? `process ${other.pid}` : `process ${other.pid} on ${other.host}`;
        throw new Ending(exit.busy, "busy", `Another sync is at work in this folder (${where}). Wait for it; if that is no process of yours, remove ${path}.`);
      }
      takeAway(path, other, token);
    }
  } finally {
    rmSync(own, { force: true });
  }
  throw new Ending(exit.busy, "busy", "Another sync has just begun in this folder. Wait for it.");
}

function linked(own: string, path: string): boolean {
  try {
    linkSync(own, path);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EEXIST") return false;
    if (code !== "EPERM" && code !== "ENOTSUP" && code !== "ENOSYS") throw error;
  }
  // A file system without links.
  try {
    writeFileSync(path, readFileSync(own), { flag: "wx", mode: 0o600 });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

/** Moves a dead one's lock aside; what is moved by mistake, because another took it meanwhile, is put back. */
function takeAway(path: string, dead: Holder | undefined, token: string): void {
  const aside = `${path}.${token}.dead`;
  try {
    renameSync(path, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
    throw error;
  }
  const moved = holderOf(aside);
  if (moved && moved.token !== dead?.token) linked(aside, path);
  rmSync(aside, { force: true });
}

function release(path: string, token: string): void {
  if (holderOf(path)?.token === token) rmSync(path, { force: true });
}

function holderOf(path: string): Holder | undefined {
  try {
    const read = JSON.parse(readFileSync(path, "utf8")) as Partial<Holder> | null;
    const { pid, host, began, token } = read ?? {};
    if (typeof pid === "number" && typeof host === "string" && typeof token === "string") return { pid, host, began: String(began), token };
  } catch {
    // It has just gone, or a crash left it half written.
  }
  return undefined;
}

/** Whether it may still be at work; of another machine that shares the folder nobody here can tell. */
function isAlive({ pid, host, began }: Holder): boolean {
  if (host !== hostname()) return true;
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
  return began === beganAt(pid);
}

function beganAt(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "";
  } catch {
    return "";
  }
}

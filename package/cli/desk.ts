// The operator's desk in Node: what the core asks for while it carries out an order of `npx anchorage account`, or looks after
// arranged syncs (src/javascript/desk.rs).

import { appendFileSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { askHidden } from "./password.js";
import { type Screen, plain } from "./screen.js";

const POST_MS_MAX = 30_000;

interface Carried {
  readonly status: number;
  readonly headers: [string, string][];
  readonly body: Uint8Array;
}

/** All of a body that is no larger. */
async function upTo(bytesMax: number, body: ReadableStream<Uint8Array> | null): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let left = bytesMax;
  for await (const chunk of body ?? []) {
    left -= chunk.length;
    if (left < 0) throw new Error(`the answer has more than ${bytesMax} bytes`);
    chunks.push(chunk);
  }
  return new Uint8Array(Buffer.concat(chunks));
}

/** One desk for one order. */
export class Desk {
  /** What a program is told, by name. */
  readonly told: Record<string, unknown> = {};
  readonly #screen: Screen;

  constructor(screen: Screen) {
    this.#screen = screen;
  }

  say(line: string): void {
    this.#screen.say(plain(line));
  }

  note(line: string): void {
    if (!this.#screen.json) this.#screen.note(plain(line));
  }

  tell(name: string, json: string): void {
    const value: unknown = JSON.parse(json);
    const before = this.told[name];
    this.told[name] = Array.isArray(before) && Array.isArray(value) ? [...before, ...value] : value;
  }

  async password(prompt: string): Promise<string | undefined> {
    return process.env.ANCHORAGE_PASSWORD ?? (await askHidden(prompt));
  }

  /** No redirect is followed: what is posted is signed, and meant for one address. */
  async post(url: string, type: string, body: Uint8Array): Promise<number> {
    const signal = AbortSignal.timeout(POST_MS_MAX);
    try {
      const { status } = await fetch(url, { method: "POST", redirect: "manual", headers: { "content-type": type }, body: body.slice(), signal });
      return status;
    } catch (error) {
      throw error instanceof Error && error.cause instanceof Error ? error.cause : error;
    }
  }

  now(): number {
    return Date.now();
  }

  async rest(ms: number): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, ms));
  }

  /** A request to another server, and its answer, within bounds. No redirect is followed: it bears a password. */
  async carry(method: string, url: string, pairs: readonly string[], body: Uint8Array, msMax: number, bytesMax: number): Promise<Carried> {
    const headers = new Headers();
    for (let index = 0; index + 1 < pairs.length; index += 2) headers.append(pairs[index] ?? "", pairs[index + 1] ?? "");
    const signal = AbortSignal.timeout(msMax);
    try {
      const answer = await fetch(url, { method, headers, redirect: "manual", signal, ...(body.length > 0 ? { body: body.slice() } : {}) });
      return { status: answer.status, headers: [...answer.headers], body: await upTo(bytesMax, answer.body) };
    } catch (error) {
      throw error instanceof Error && error.cause instanceof Error ? error.cause : error;
    }
  }

  isFolder(path: string): boolean {
    return statSync(path).isDirectory();
  }

  names(folder: string): string[] {
    return readdirSync(folder);
  }

  read(path: string): Uint8Array {
    return readFileSync(path);
  }

  makeFolder(folder: string): void {
    mkdirSync(folder, { recursive: true });
  }

  create(path: string, bytes: Uint8Array): void {
    writeFileSync(path, bytes, { flag: "wx" });
  }

  append(path: string, bytes: Uint8Array): void {
    appendFileSync(path, bytes);
  }
}

// A store in a file, for Node 20, which has no SQLite: the store in memory, and a log of every batch that was committed to it.
// A batch is in the log before anybody hears that it was; what a crash has cut off at the end was heard of by nobody.

import { closeSync, fsyncSync, ftruncateSync, openSync, readFileSync, writeSync } from "node:fs";
import { deserialize, serialize } from "node:v8";
import { type Batch, type Store, memoryStore } from "anchorage";

/** Opens the log, and does again what is in it. */
export async function openLog(path: string): Promise<{ store: Store; close(): void }> {
  const memory = memoryStore();
  const file = openSync(path, "a+", 0o600);
  const bytes = readFileSync(path);
  let at = 0;
  while (at + 4 <= bytes.length) {
    const end = at + 4 + bytes.readUInt32BE(at);
    if (end > bytes.length) break;
    await memory.commit(deserialize(bytes.subarray(at + 4, end)) as Batch);
    at = end;
  }
  ftruncateSync(file, at);
  let broken: Error | undefined;
  const store: Store = {
    read: (reads) => memory.read(reads),
    async commit(batch) {
      if (broken) throw broken;
      const receipt = await memory.commit(batch);
      try {
        at += append(file, serialize(batch));
      } catch (error) {
        // Memory is ahead of the log now: nothing more is done with it, and half a frame is taken back.
        broken = error instanceof Error ? error : new Error(String(error));
        ftruncateSync(file, at);
        throw broken;
      }
      return receipt;
    },
  };
  return { store, close: () => closeSync(file) };
}

/** The length in four bytes, and what is to be kept; safe on the disk when this is over. */
function append(file: number, body: Buffer): number {
  const frame = Buffer.concat([Buffer.alloc(4), body]);
  frame.writeUInt32BE(body.length);
  for (let written = 0; written < frame.length; ) written += writeSync(file, frame, written);
  fsyncSync(file);
  return frame.length;
}

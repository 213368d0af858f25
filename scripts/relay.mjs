// The one line to a running server's database. Two processes on the same SQLite files lock each other out, so while `npm start`
// runs, the account tool asks through it: a socket in the state directory, one JSON value a line each way.

import { chmodSync, rmSync } from "node:fs";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { answer } from "./batch.mjs";

const socketIn = (state) => join(state, "database.sock");

/** Answers whoever may open the directory, until the process ends. Without it the tool opens the files itself. */
export async function offer(database, state) {
  const path = socketIn(state);
  rmSync(path, { force: true });
  const server = createServer((socket) => {
    converse(socket, async (line) => JSON.stringify(await answer(database, () => JSON.parse(line))));
  });
  await new Promise((done) => {
    // A path too long for a socket, a file system without them.
    server.once("error", done);
    server.listen(path, done);
  });
  server.unref();
  if (server.listening) chmodSync(path, 0o600);
  process.on("exit", () => rmSync(path, { force: true }));
}

/** Answers each line, a batch, by what is said to it, until the other side hangs up. */
export function converse(socket, reply) {
  socket.on("error", () => socket.destroy());
  const lines = createInterface({ input: socket });
  lines.on("error", () => {});
  lines.on("line", async (line) => socket.write(`${await reply(line)}\n`));
}

/** The database of the server that runs on this state directory, or nothing where none does. */
export async function reach(state) {
  const socket = connect(socketIn(state));
  const there = await new Promise((done) => {
    socket.once("connect", () => done(true));
    socket.once("error", () => done(false));
  });
  if (!there) return undefined;
  const lines = createInterface({ input: socket })[Symbol.asyncIterator]();
  return {
    async ask(batch) {
      socket.write(`${JSON.stringify(batch)}\n`);
      const { value, done } = await lines.next();
      if (done) throw new Error("npm start was stopped; run this again");
      return JSON.parse(value);
    },
    close: () => socket.destroy(),
  };
}

// database.mjs TOOL ARGUMENT…, under Node 22: runs the account tool beside the database it asks for, passes its statements
// through, and posts and carries what it wants posted and carried. One JSON value a line each way; src/bin/account/channel.rs says which.

import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { answer } from "./batch.mjs";
import { reach } from "./relay.mjs";
import { Failure, at, main, secret } from "./run.mjs";

const [tool, ...words] = process.argv.slice(2);

// Ctrl-C at the question for a password: the terminal must show again what is typed.
process.once("SIGINT", () => {
  if (process.stdin.isTTY) spawnSync("stty", ["echo"], { stdio: "inherit" });
  process.exit(130);
});

await main(async () => {
  const child = spawn(tool, words, { stdio: ["pipe", "pipe", "inherit"] });
  // It may be gone before it has read an answer; its exit code tells.
  child.stdin.on("error", () => {});
  const ended = new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve(code ?? 1));
  });
  let database;
  try {
    for await (const line of createInterface({ input: child.stdout })) {
      const { say, open, post: letter, carry: request, batch } = JSON.parse(line);
      if (say !== undefined) {
        process.stdout.write(`${say}\n`);
        continue;
      }
      let reply;
      try {
        if (open) {
          database = open.remote ? await openRemote() : await openLocal(open.state);
          reply = { secret: database.secret };
        } else if (letter) {
          reply = await post(letter);
        } else if (request) {
          reply = await carry(request);
        } else {
          reply = await database.ask(batch);
        }
      } catch (error) {
        reply = { error: error.message };
      }
      child.stdin.write(`${JSON.stringify(reply)}\n`);
    }
    return await ended;
  } finally {
    await database?.close();
  }
});

/** Posts what the tool has made to where the operator said; no redirect is followed. */
async function post({ url, type, body }) {
  const headers = { "content-type": type };
  const options = { method: "POST", redirect: "manual", signal: AbortSignal.timeout(30_000) };
  try {
    const { status } = await fetch(url, { ...options, headers, body: Buffer.from(body, "base64") });
    return { status };
  } catch (error) {
    throw new Error(error.cause?.message || error.message);
  }
}

/** Carries a request to another server, within so many milliseconds and bytes of its answer; no redirect is followed. */
async function carry({ method, url, headers, body, ms, bytes }) {
  const options = { method, headers, redirect: "manual", signal: AbortSignal.timeout(ms) };
  try {
    const answer = await fetch(url, { ...options, body: body ? Buffer.from(body, "base64") : undefined });
    const chunks = [];
    let left = bytes;
    for await (const chunk of answer.body ?? []) {
      left -= chunk.length;
      if (left < 0) throw new Error(`the answer has more than ${bytes} bytes`);
      chunks.push(chunk);
    }
    return { status: answer.status, headers: [...answer.headers], body: Buffer.concat(chunks).toString("base64") };
  } catch (error) {
    throw new Error(error.cause?.message || error.message);
  }
}

/** The database of `npm start`: through it while it runs, by opening its files otherwise. */
async function openLocal(state) {
  const folder = state ? resolve(state) : at(".anchorage");
  mkdirSync(folder, { recursive: true });
  const running = await reach(folder);
  if (running) return { ...running, secret: secret(folder) };
  const { openDatabase } = await import("./local.mjs");
  const { database, stop } = await openDatabase(folder);
  return { ask: (batch) => answer(database, () => batch), secret: secret(folder), close: stop };
}

/** The deployed database, by a binding that wrangler makes for us; its schema is `npm run deploy`'s business. */
async function openRemote() {
  const { getPlatformProxy, unstable_readConfig: read } = await import("wrangler");
  const { account_id, compatibility_date, d1_databases } = read({ config: at("wrangler.toml") });
  const { database_name, database_id } = d1_databases.find(({ binding }) => binding === "DB") ?? {};
  if (!database_id || /^[0-]*$/.test(database_id)) {
    throw new Failure("wrangler.toml does not name the deployed database yet: docs/deploy.md, step 2.");
  }
  const folder = at(".wrangler", `remote-${process.pid}`);
  const configPath = join(folder, "wrangler.json");
  mkdirSync(folder, { recursive: true });
  const d1 = [{ binding: "DB", database_name, database_id, remote: true }];
  const config = { name: "anchorage-account", account_id, compatibility_date, d1_databases: d1 };
  writeFileSync(configPath, JSON.stringify(config));
  try {
    const { env, dispose } = await getPlatformProxy({ configPath, persist: false, remoteBindings: true });
    const ask = (batch) => answer(env.DB, () => batch);
    return { ask, secret: process.env.ANCHORAGE_SECRET, close: dispose };
  } catch (error) {
    const sign = "Sign in with `npx wrangler login`, or set CLOUDFLARE_API_TOKEN (docs/accounts.md).";
    throw new Failure(`The deployed database cannot be reached: ${error.message}\n${sign}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

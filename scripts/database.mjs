// database.mjs TOOL ARGUMENT…, under Node 22: runs the account tool beside the database it asks for, and passes its statements
// through. One JSON value a line each way; src/bin/account/channel.rs says which.

import { spawn } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { answer, reach } from "./relay.mjs";
import { Failure, at, main, secret } from "./run.mjs";

const [tool, ...words] = process.argv.slice(2);

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
      const { say, open, batch } = JSON.parse(line);
      if (say !== undefined) {
        process.stdout.write(`${say}\n`);
        continue;
      }
      let reply;
      try {
        if (open) {
          database = open.remote ? await openRemote() : await openLocal(open.state);
          reply = { secret: database.secret };
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
  const missing = (what, how) => new Failure(`--remote needs ${what}. ${how} (docs/accounts.md)`);
  const { getPlatformProxy, unstable_readConfig: read } = await import("wrangler");
  if (!process.env.CLOUDFLARE_API_TOKEN) {
    throw missing("CLOUDFLARE_API_TOKEN", "Make one with the permission to edit D1 in Cloudflare's dashboard.");
  }
  if (!process.env.ANCHORAGE_SECRET) {
    throw missing("ANCHORAGE_SECRET", "It is what `wrangler secret put ANCHORAGE_SECRET` was given.");
  }
  const { account_id, compatibility_date, d1_databases } = read({ config: at("wrangler.toml") });
  const known = d1_databases.find(({ binding }) => binding === "DB");
  if (!known?.database_id || /^[0-]*$/.test(known.database_id)) {
    throw missing("the database's id in wrangler.toml", "`npx wrangler d1 create anchorage` prints it.");
  }
  const folder = at(".wrangler", `remote-${process.pid}`);
  const configPath = join(folder, "wrangler.json");
  mkdirSync(folder, { recursive: true });
  const { database_name, database_id } = known;
  const d1 = [{ binding: "DB", database_name, database_id, remote: true }];
  writeFileSync(configPath, JSON.stringify({ name: "anchorage-account", account_id, compatibility_date, d1_databases: d1 }));
  const forget = () => rmSync(folder, { recursive: true, force: true });
  try {
    const proxy = await getPlatformProxy({ configPath, persist: false, remoteBindings: true });
    const close = async () => {
      await proxy.dispose();
      forget();
    };
    const ask = (batch) => answer(proxy.env.DB, () => batch);
    return { ask, secret: process.env.ANCHORAGE_SECRET, close };
  } catch (error) {
    forget();
    throw error;
  }
}

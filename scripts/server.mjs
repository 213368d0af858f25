// The server that `npm start` starts: server.mjs PORT DIR, under Node 22. Says when it is ready and how to use it.

import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { serve } from "./local.mjs";
import { offer } from "./relay.mjs";
import { Failure, at, main, run, secret } from "./run.mjs";

const [port, state] = [Number(process.argv[2]), process.argv[3]];

await main(async () => {
  mkdirSync(state, { recursive: true });
  claim(join(state, "server.pid"));
  let server;
  try {
    const vars = { ANCHORAGE_SECRET: secret(state), ANCHORAGE_LOCAL: "1", ...counting() };
    const asked = new Promise((resolve) => {
      for (const event of ["SIGINT", "SIGTERM", "SIGHUP", "disconnect"]) process.on(event, resolve);
    });
    // Before anybody can ask: who finds the port open finds the tables and the demo account too.
    const tool = at("scripts", "account.mjs");
    if (existsSync(tool)) await run(process.execPath, [tool, "--state", state, "demo"]);
    server = await serve({ port, state, vars, line: (text) => console.log(text) }).catch((error) => {
      throw error.code === "ERR_RUNTIME_FAILURE" ? new Failure(`The server could not listen on port ${port}.`) : error;
    });
    await offer(server.database, state);
    console.log(greeting(server.url));
    // Syncs with other servers, as the deployed worker's cron trigger does them.
    const schedule = setInterval(() => server.tick().catch((error) => console.error(`The schedule failed: ${error.message}`)), 60_000);
    schedule.unref();
    await asked;
  } finally {
    await server?.stop();
    // The channel to npm start would keep this process.
    process.disconnect?.();
  }
  process.exit(0);
});

/** One server a state directory: two would write the same files. */
function claim(path) {
  const other = existsSync(path) ? Number(readFileSync(path, "utf8")) : 0;
  if (other && other !== process.pid && isServer(other)) {
    throw new Failure(`Another npm start (process ${other}) uses ${state}. Stop it, or: npm start -- --state OTHER`);
  }
  writeFileSync(path, String(process.pid));
  // Miniflare ends the process itself on a signal, after workerd.
  process.on("exit", () => rmSync(path, { force: true }));
}

function isServer(pid) {
  try {
    process.kill(pid, 0);
    const command = `/proc/${pid}/cmdline`;
    return !existsSync(command) || readFileSync(command, "utf8").includes("server.mjs");
  } catch {
    return false;
  }
}

function counting() {
  return process.env.ANCHORAGE_COST === "1" ? { ANCHORAGE_COST: "1" } : {};
}

function greeting(url) {
  return `
Anchorage is ready on ${url}

  Console          ${url}
  Demo account     login demo, password demo, MAX token demo-token (exists on this machine only)
  MAX              curl '${url}/max/contacts?auth=demo-token&lbd=0'
  SyncML client    server URL ${url}/syncml   user demo   password demo
                   databases: contacts, calendar, todo, notes
                   (from a phone, use this machine through a tunnel: the server listens on 127.0.0.1 only)
  Data             ${state}

Ctrl-C stops it; the data stays.
`;
}

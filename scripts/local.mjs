// The worker in workerd on this machine, as wrangler.toml describes it: what `npm start` serves and what the tests test.
// Needs Node 22 and the npm packages.

import { existsSync, readFileSync, readdirSync } from "node:fs";
import { Log, LogLevel, Miniflare, convertV4MiniflareOptions } from "miniflare";
import { unstable_getMiniflareWorkerOptions as workerOptionsOf, unstable_splitSqlQuery as split } from "wrangler";
import { at } from "./run.mjs";

export { secret } from "./run.mjs";

/**
 * A running worker. `state` is where its data lies (the layout is that of `wrangler … --local --persist-to`), in memory
 * where it is left out; `vars` are added to those of wrangler.toml; `line` is given each line the worker logs.
 */
export async function serve({ port = 0, state, vars = {}, line = () => {} }) {
  const { workerOptions } = workerOptionsOf(at("wrangler.toml"));
  const module = (type, path) => ({ type, path: at("build", path), contents: readFileSync(at("build", path)) });
  const worker = {
    ...workerOptions,
    modules: [module("ESModule", "index.js"), module("CompiledWasm", "index_bg.wasm")],
    modulesRoot: at("build"),
    bindings: { ...workerOptions.bindings, ...vars },
  };
  delete worker.modulesRules;
  return open(worker, { port, state, line });
}

/** The same database without the worker, also while a worker runs on it. */
export async function openDatabase(state) {
  const { d1Databases, compatibilityDate } = workerOptionsOf(at("wrangler.toml")).workerOptions;
  const script = "export default { fetch: () => new Response(null, { status: 404 }) }";
  return open({ d1Databases, compatibilityDate, modules: true, script }, { state });
}

/** Empty databases in memory under these names, and a worker of these modules, the first of them its face, beside them. */
export async function openDatabases(names, modules) {
  const { compatibilityDate } = workerOptionsOf(at("wrangler.toml")).workerOptions;
  const module = (path) => ({ type: "ESModule", path: at(path), contents: readFileSync(at(path), "utf8") });
  return open({ d1Databases: names, compatibilityDate, modules: modules.map(module), modulesRoot: at() }, { names });
}

async function open(worker, { port = 0, state, line = () => {}, names = ["DB"] }) {
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      workers: [{ ...worker, name: "anchorage" }],
      host: "127.0.0.1",
      port,
      resourcePersistencePath: state && `${state}/v3`,
      // Its request log rebuilds every response and drops `encodeBody` on the way.
      logRequests: false,
      log: new Log(LogLevel.ERROR),
      handleStructuredLogs: ({ message }) => line(message),
    }),
  );
  try {
    const url = (await miniflare.ready).origin;
    const databases = [];
    // One after the other: a few dozen at once are more connections than a busy machine keeps open.
    for (const name of names) {
      databases.push(await miniflare.getD1Database(name));
      await migrate(databases.at(-1));
    }
    // What the platform does by the cron triggers of wrangler.toml.
    const tick = async () => (await miniflare.getWorker("anchorage")).scheduled({ cron: "* * * * *" });
    return { url, database: databases[0], tick, stop: () => miniflare.dispose() };
  } catch (error) {
    await miniflare.dispose();
    throw error;
  }
}

/** Applies what schema/ holds and this database has not seen, each file all or nothing, in wrangler's own table of them. */
async function migrate(database) {
  if (!existsSync(at("schema"))) return;
  const table = `CREATE TABLE IF NOT EXISTS d1_migrations (
    id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT UNIQUE,
    applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL)`;
  await database.prepare(table).run();
  const { results } = await database.prepare("SELECT name FROM d1_migrations").all();
  const applied = new Set(results.map(({ name }) => name));
  const files = readdirSync(at("schema")).filter((name) => name.endsWith(".sql") && !applied.has(name));
  for (const name of files.sort()) {
    const statements = split(readFileSync(at("schema", name), "utf8")).map((sql) => database.prepare(sql));
    const done = database.prepare("INSERT INTO d1_migrations (name) VALUES (?1)").bind(name);
    await database.batch([...statements, done]);
  }
}

// The packed package in Node 20, 22 and 24, in Deno and in Bun: installed, imported, and everything tried.

import assert from "node:assert/strict";
import test from "node:test";
import { consumer, missing, programs, run } from "./consumer.mjs";

const nodeSqlite = `
import { DatabaseSync } from "node:sqlite";
const stores = { sqlite: () => anchorage.sqliteStore(new DatabaseSync(":memory:")) };
`;

const bunSqlite = `
import { Database } from "bun:sqlite";
const stores = { sqlite: () => anchorage.sqliteStore(new Database(":memory:")) };
`;

const main = (stores) => `
import * as anchorage from "anchorage";
import { tryAll } from "./program.mjs";
${stores}
console.log(JSON.stringify(await tryAll(anchorage, stores)));
`;

const runtimes = {
  "Node 20": { args: ["main.mjs"], stores: "const stores = {};" },
  "Node 22": { args: ["--no-warnings", "main.mjs"], stores: nodeSqlite },
  "Node 24": { args: ["--no-warnings", "main.mjs"], stores: nodeSqlite },
  Deno: { args: ["run", "--allow-read", "--allow-env", "main.mjs"], stores: nodeSqlite },
  Bun: { args: ["run", "main.mjs"], stores: bunSqlite },
};

for (const [name, { args, stores }] of Object.entries(runtimes)) {
  test(`${name} imports the package and everything in it works`, { skip: missing(name) }, async () => {
    const home = await consumer({ "main.mjs": main(stores) });
    const tried = JSON.parse(await run(programs[name], args, home, { DENO_NO_UPDATE_CHECK: "1", DENO_DIR: `${home}/.deno` }));
    assert.ok(tried.length >= 8, tried.join());
    assert.equal(tried.some((what) => what.startsWith("sqlite")), stores.includes("sqlite"));
  });
}

test("what was not loaded says so in a sentence", async () => {
  const text = `
import { memoryStore } from "./node_modules/anchorage/dist/browser.js";
try { memoryStore(); } catch (error) { console.log(error.name, error.code, error.message); }
`;
  const home = await consumer({ "main.mjs": text });
  const said = await run(programs["Node 22"], ["main.mjs"], home);
  assert.match(said, /^AnchorageError not-loaded The WebAssembly module is not loaded yet: call `await load\(\)` once/);
});

// The contract of a store (tests/stores) over D1 in workerd. Its cases are Rust: each speaks through a socket, in the lines of
// scripts/relay.mjs, to an empty database of its own at a binding in workerd (bounded.mjs).

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { openDatabases } from "../../scripts/local.mjs";
import { converse } from "../../scripts/relay.mjs";
import { at, environment, run } from "../../scripts/run.mjs";
import { request, temporary } from "./house.mjs";

/** The cases of the contract, as tests/stores/contract.rs lists them. */
const cases = readFileSync(at("tests", "stores", "contract.rs"), "utf8").match(/(?<=^ {12})\w+$/gm);

let folder, databases, server;
before(async () => {
  folder = temporary();
  const names = Array.from({ length: cases.length + 1 }, (_, n) => `DB${n}`);
  databases = await openDatabases(names, ["tests/worker/bounded.mjs", "scripts/batch.mjs"]);
  const unused = names.values();
  server = createServer((socket) => {
    const url = `${databases.url}/${unused.next().value}`;
    converse(socket, async (line) => (await request(url, { method: "POST", body: line })).text);
  });
  await new Promise((listening) => server.listen(join(folder.path, "d1.sock"), listening));
});
after(async () => {
  server?.close();
  await databases?.stop();
  folder?.remove();
});

test("the contract of a store holds over D1 in workerd", { timeout: 600_000 }, async (t) => {
  const env = { ...environment(), ANCHORAGE_D1: join(folder.path, "d1.sock"), CARGO_TERM_COLOR: "never" };
  const args = ["test", "--locked", "--test", "stores", "--", "--ignored", "d1::"];
  const { text } = await run("cargo", args, { capture: true, lenient: true, env });
  const outcomes = new Map([...text.matchAll(/^test d1::(\w+) \.\.\. (\w+)/gm)].map(([, name, outcome]) => [name, outcome]));
  for (const name of [...cases, "memory_and_d1_say_the_same"]) {
    await t.test(name, () => assert.equal(outcomes.get(name), "ok"));
  }
  assert.match(text, new RegExp(`^test result: ok\\. ${cases.length + 1} passed`, "m"), text);
});

test("what D1 would refuse is refused here too", async () => {
  const ask = async (sql, ...params) => {
    const { text } = await request(`${databases.url}/DB0`, { method: "POST", body: JSON.stringify([{ sql, params }]) });
    return JSON.parse(text);
  };
  const { results } = await ask("SELECT length(?1) AS long, ?2 AS number", "x".repeat(1_000_000), 2 ** 53);
  assert.deepEqual(results[0].rows, [[1_000_000, 2 ** 53]]);
  for (const [sql, ...params] of [
    [`SELECT '${"x".repeat(100_000)}'`],
    ["SELECT ?1", "x".repeat(1_000_001)],
    ["SELECT ?1", "ö".repeat(500_001)],
    ["SELECT ?1", 2 ** 53 + 2],
    ["SELECT ?1", 0.5],
    ["SELECT ?1", ...Array(101).fill(0)],
  ]) {
    assert.match((await ask(sql, ...params)).error, /^beyond D1/);
  }
});

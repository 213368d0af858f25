// `npm run account` on real D1 files: alone, beside a running server, and never where it must not.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { openDatabase } from "../../scripts/local.mjs";
import { offer } from "../../scripts/relay.mjs";
import { at } from "../../scripts/run.mjs";
import { card, temporary } from "./house.mjs";

let folder, state;

before(() => {
  folder = temporary();
  state = join(folder.path, "state");
});
after(() => folder?.remove());

/** Runs a command as npm would; answers what it printed and its exit code. */
function account(...words) {
  const env = { ...process.env, INIT_CWD: folder.path };
  delete env.ANCHORAGE_PASSWORD;
  return new Promise((resolve) => {
    execFile(process.execPath, [at("scripts", "account.mjs"), ...words], { env }, (error, said, noted) => {
      resolve({ code: error ? error.code : 0, said, noted });
    });
  });
}

const here = (...words) => account("--state", "state", ...words);

test("an account is made, filled and emptied on a state directory that nobody has opened yet", async () => {
  const added = await here("add", "anna", "--token");
  assert.equal(added.code, 0, added.noted);
  assert.match(added.said, /user anna, password \S{19} {3}\(shown this once\)/);
  mkdirSync(join(folder.path, "cards"));
  const cards = Array.from({ length: 250 }, (_, index) => card(`Number ${index}`).replaceAll(/\r?\n/g, "\r\n"));
  for (const [index, text] of cards.entries()) writeFileSync(join(folder.path, "cards", `${index}.vcf`), text);
  // Relative paths are meant where npm was called.
  const first = await here("import", "anna", "contacts", "cards");
  assert.match(first.said, /250 new, 0 there already, 0 refused/, first.noted);
  const second = await here("import", "anna", "contacts", "cards");
  assert.match(second.said, /0 new, 250 there already, 0 refused/, second.noted);
  assert.equal((await here("export", "anna", "contacts", "out")).code, 0);
  const out = readdirSync(join(folder.path, "out")).map((name) => readFileSync(join(folder.path, "out", name), "utf8"));
  assert.deepEqual(out.sort(), cards.sort());
  const listed = await here("list");
  assert.match(listed.said, /contacts\s+250 records/);
  assert.doesNotMatch(listed.said, new RegExp(added.said.match(/\S{43}/)[0]));
});

test("beside a running server, through it: neither locks the other out", async () => {
  const { database, stop } = await openDatabase(state);
  try {
    await offer(database, state);
    let [writing, writes] = [true, 0];
    const server = (async () => {
      const write = "INSERT INTO throttle (key, failures, until) VALUES ('x', 1, 0) ON CONFLICT (key) DO UPDATE SET failures = failures + 1";
      for (; writing; writes += 1) await database.batch([database.prepare(write)]);
    })();
    const ran = await Promise.all(["bert", "carl", "dora"].map((name) => here("add", name, "--password", "long-enough")));
    writing = false;
    await server;
    for (const { code, noted } of ran) assert.equal(code, 0, noted);
    const { results } = await database.prepare("SELECT id FROM account ORDER BY id").all();
    assert.deepEqual(results.map(({ id }) => id), ["anna", "bert", "carl", "dora"]);
    assert.ok(writes > 0);
  } finally {
    await stop();
    rmSync(join(state, "database.sock"), { force: true });
  }
});

test("a socket that nobody answers is passed by", async () => {
  writeFileSync(join(state, "database.sock"), "");
  const listed = await here("list", "anna");
  assert.equal(listed.code, 0, listed.noted);
  rmSync(join(state, "database.sock"));
});

test("the demo account is local, and what is refused is refused with the right exit code", async () => {
  assert.equal((await here("demo")).code, 0);
  for (const words of [["demo"], ["add", "demo"], ["token", "demo"], ["password", "demo"]]) {
    const refused = await account(...words, "--remote");
    assert.equal(refused.code, 2, refused.noted);
    assert.match(refused.noted, /local development/);
  }
  assert.equal((await here("add", "anna")).code, 1);
  assert.equal((await here("frobnicate")).code, 2);
  assert.match((await account("--help")).said, /import NAME COLLECTION PATH/);
  // wrangler.toml as it is committed names no database.
  const remote = await account("list", "--remote");
  assert.equal(remote.code, 1);
  assert.match(remote.noted, /docs\/deploy\.md|deployed database/);
});

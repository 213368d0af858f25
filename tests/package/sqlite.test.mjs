// The SQLite store over node:sqlite: files that stay, several processes' worth of connections, and databases that are only alike.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import { createAccount, records, sqliteStore } from "../../package/dist/node.js";

function file(t) {
  const folder = mkdtempSync(join(tmpdir(), "anchorage-sqlite-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, "records.db");
}

test("a file opened again has what was committed", async (t) => {
  const path = file(t);
  for (const count of [1, 2]) {
    const database = new DatabaseSync(path);
    const store = await sqliteStore(database);
    await createAccount(store, { account: "local" });
    const contacts = records(store, "contacts");
    await contacts.add({ fields: { name: `Contact ${count}` } });
    assert.equal((await contacts.list()).records.length, count);
    database.close();
  }
});

test("two connections take turns, and one that waits too long is told busy", async (t) => {
  const path = file(t);
  const [first, second] = [new DatabaseSync(path), new DatabaseSync(path)];
  const [one, two] = [await sqliteStore(first), await sqliteStore(second)];
  await createAccount(one, { account: "local" });
  const [here, there] = [records(one, "contacts"), records(two, "contacts")];
  await Promise.all([here.add({ fields: { name: "One" } }), there.add({ fields: { name: "Two" } })]);
  assert.deepEqual((await here.list()).records.map(({ id }) => id), (await there.list()).records.map(({ id }) => id));
  second.exec("PRAGMA busy_timeout = 20");
  first.exec("BEGIN IMMEDIATE");
  await assert.rejects(there.add({ fields: { name: "Three" } }), { code: "busy" });
  assert.equal((await there.list()).records.length, 2, "reading goes on");
  first.exec("ROLLBACK");
  await there.add({ fields: { name: "Three" } });
  assert.equal((await here.list()).records.length, 3);
});

test("a conflict writes nothing, and leaves no transaction open", async (t) => {
  const database = new DatabaseSync(file(t));
  const store = await sqliteStore(database);
  await createAccount(store, { account: "local" });
  const batch = (await capture(store)).batch;
  await assert.rejects(store.commit({ ...batch, edits: [{ addAccount: { created: 1 } }] }), { code: "conflict" });
  database.exec("BEGIN");
  database.exec("ROLLBACK");
});

/** The batch of one commit. */
async function capture(store) {
  let batch;
  const watched = { read: (reads) => store.read(reads), commit: (given) => store.commit((batch = given)) };
  await records(watched, "contacts").add({ fields: { name: "Ada" } });
  return { batch };
}

test("a database that is only alike will do", async () => {
  const inner = new DatabaseSync(":memory:");
  const statement = (sql) => {
    const prepared = inner.prepare(sql);
    const reader = /^\s*(SELECT|WITH|PRAGMA)|RETURNING/i.test(sql);
    // As better-sqlite3 has it: `all` is for what answers rows.
    return { reader, all: (...given) => (reader ? prepared.all(...given) : assert.fail("no rows")), run: (...given) => prepared.run(...given) };
  };
  const store = await sqliteStore({ exec: (sql) => inner.exec(sql), prepare: statement });
  await createAccount(store, { account: "local" });
  const contacts = records(store, "contacts");
  const { id } = await contacts.add({ fields: { name: "Ada" } });
  assert.equal((await contacts.get(id)).summary, "Ada");
  await assert.rejects(sqliteStore({}), { code: "invalid" });
  await assert.rejects(sqliteStore(undefined), { code: "invalid" });
});

test("what is no database says so, and a closed one too", async () => {
  const database = new DatabaseSync(":memory:");
  const store = await sqliteStore(database);
  await createAccount(store, { account: "local" });
  database.close();
  await assert.rejects(records(store, "contacts").list(), { code: "broken" });
});

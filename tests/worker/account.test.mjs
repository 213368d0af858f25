// `npm run account` on real D1 files: alone, beside a running server, and never where it must not.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createServer } from "node:http";
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { openDatabase, serve } from "../../scripts/local.mjs";
import { offer } from "../../scripts/relay.mjs";
import { at, secret } from "../../scripts/run.mjs";
import { card, phone, request, temporary } from "./house.mjs";

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
  assert.match((await account("--help")).said, /import NAME \[COLLECTION\] PATH/);
  // wrangler.toml as it is committed names no database.
  const remote = await account("list", "--remote");
  assert.equal(remote.code, 1);
  assert.match(remote.noted, /docs\/deploy\.md|deployed database/);
});

const mixed = [
  "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:x", "BEGIN:VEVENT", "UID:1", "DTSTART:20260101T100000Z", "SUMMARY:Swim", "END:VEVENT",
  "BEGIN:VTODO", "UID:2", "SUMMARY:Buy", "END:VTODO", "END:VCALENDAR", "",
].join("\r\n");

test("everything goes in and out without a collection's name", async () => {
  assert.equal((await here("add", "emma", "--password", "long-enough")).code, 0);
  mkdirSync(join(folder.path, "all"));
  for (const [name, text] of [["a.vcf", card("1")], ["b.ics", mixed], ["c.txt", "Milk"]]) writeFileSync(join(folder.path, "all", name), text);
  const imported = await here("import", "emma", "all");
  assert.equal(imported.code, 0, imported.noted);
  assert.equal(imported.said.match(/: 1 new, 0 there already\./g).length, 4, imported.said);
  assert.equal((await here("export", "emma", "emma-out")).code, 0);
  const out = Object.fromEntries(["contacts", "calendar", "todo", "notes"].map((id) => [id, readdirSync(join(folder.path, "emma-out", id))]));
  for (const names of Object.values(out)) assert.equal(names.length, 1);
  assert.equal(readFileSync(join(folder.path, "emma-out", "notes", out.notes[0]), "utf8"), "Milk");
});

/** Has the device asked to come, by a post to where it listens, and lets it come; answers whether the log knew it. */
async function asked(device, sync, lines) {
  const posts = [];
  const listener = createServer(async (request, response) => {
    const body = Buffer.concat(await request.toArray());
    posts.push({ type: request.headers["content-type"], body });
    response.writeHead(posts.length > 1 ? 404 : 202).end();
  });
  await new Promise((done) => listener.listen(0, "127.0.0.1", done));
  try {
    const address = `http://127.0.0.1:${listener.address().port}/inbox`;
    assert.match((await here("device", "emma", "IMEI", "--alert-url", address)).said, /can be posted to/);
    const told = await here("alert", "emma", "IMEI", "contacts", "--post");
    assert.match(told.said, /Posted to .*\/inbox: HTTP 202\./, told.noted);
    const [{ type, body }] = posts;
    assert.equal(type, "application/vnd.syncml.ds.notification");
    assert.ok(told.said.includes(body.toString("hex").toUpperCase().match(/../g).join(" ")), "what was shown is what was posted");
    // After the digest: 1.2 by the server, the session, the server's name.
    assert.equal(body.subarray(16, 21).toString("hex"), "0308000000");
    device.session = body.readUInt16BE(21) - 1;
    const refused = await here("alert", "emma", "IMEI", "--post", address);
    assert.deepEqual([refused.code, /HTTP 404/.test(refused.noted)], [1, true], refused.noted);
    assert.equal((await here("alert", "emma", "IMEI", "--post", "http://127.0.0.1:1/")).code, 1);
    await sync();
    return lines.some((line) => line.includes("(login emma, alerted)"));
  } finally {
    await new Promise((done) => listener.close(done));
  }
}

test("beside a worker a device is forgotten and a collection locked, and phone and app meet it so", async () => {
  const lines = [];
  const server = await serve({ state, vars: { ANCHORAGE_SECRET: secret(state) }, line: (text) => lines.push(text) });
  try {
    await offer(server.database, state);
    const mine = phone(server.url, "IMEI:1", { user: "emma", password: "long-enough" });
    /** A whole sync; answers whether the server wanted a slow one. */
    const sync = async () => {
      mine.begin();
      const { text } = await mine.send([mine.alert(200)]);
      const slow = /<Data>508<\/Data>/.test(text);
      await mine.send([mine.ok(0), mine.sync(slow ? [mine.add("1", card("1"))] : [])]);
      await mine.send([mine.ok(0)]);
      return slow;
    };
    assert.deepEqual([await sync(), await sync()], [true, false]);
    const shown = await here("device", "emma");
    assert.match(shown.said, /IMEI:1 .*last here 20\d\d-.*\n[\s\S]*contacts +\S/, shown.noted);
    assert.match(shown.said, /todo +never synchronised/);
    assert.match((await here("device", "emma", "IMEI", "--ctcap", "on")).said, /ctcap of IMEI:1 is on/);
    assert.equal(await sync(), false);
    assert.match((await here("device", "emma", "IMEI:1")).said, /ctcap on/, "a sync leaves the settings alone");
    assert.ok(await asked(mine, sync, lines), "the log knows the session that was asked for");
    assert.equal((await here("device", "emma", "IMEI:1", "--forget")).code, 0);
    assert.match((await here("device", "emma")).said, /has 0 devices/);
    assert.equal(await sync(), true);
    assert.match((await here("list", "emma")).said, /contacts +1 record /, "it was found again");

    const words = ["--policy", "keep-both", "--read-only", "on", "--alias", "leute", "--remove-alias", "card", "--standard-fields"];
    const changed = await here("collection", "emma", "contacts", ...words);
    assert.match(changed.said, /keep-both[\s\S]*read-only {2}on[\s\S]*addressbook, contact, leute/, changed.noted);
    assert.match((await here("list", "emma")).said, /contacts +1 record +keep-both +read-only +also addressbook, contact, leute/);
    const token = (await here("token", "emma")).said.match(/\S{43}/)[0];
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    const body = new URLSearchParams({ id: "x", name: "y" }).toString();
    const refused = await request(`${server.url}/max/leute?auth=${token}`, { method: "POST", headers, body });
    assert.equal(refused.status, 403, refused.text);
  } finally {
    await server.stop();
    rmSync(join(state, "database.sock"), { force: true });
  }
});

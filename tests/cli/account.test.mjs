// `npx anchorage account` and the pages of `--help`: what `npm run account` does, on a server's folder.

import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { test } from "node:test";
import { card, filesIn, room } from "./house.mjs";

test("accounts, tokens and collections, for people and for programs", async (t) => {
  const { path, anchorage, json, stop } = room();
  t.after(stop);
  const data = ["--data", path("server")];
  const added = await json(["account", "add", "anna", ...data], { env: { ANCHORAGE_PASSWORD: undefined } });
  assert.match(added.password, /^[a-z0-9]{4}(-[a-z0-9]{4}){3}$/, "nobody to ask: one is made");
  const { out } = await anchorage(["account", "token", "anna", "--label", "tablet", "--days", "3", ...data]);
  assert.match(out, /shown this once/);
  const { accounts } = await json(["account", "list", ...data]);
  assert.deepEqual(accounts[0].collections.map(({ id, records }) => [id, records]), [["calendar", 0], ["contacts", 0], ["notes", 0], ["todo", 0]]);
  assert.equal(accounts[0].tokens[0].label, "tablet");
  assert.equal((await json(["account", "revoke", "anna", "--all", ...data])).revoked, 1);
  const changed = await json(["account", "collection", "anna", "contacts", "--policy", "keep-both", ...data]);
  assert.equal(changed.collection.policy, "keep-both");
  const refused = await json(["account", "remove", "anna", ...data], { code: 1 });
  assert.match(refused.error.message, /remove anna --yes/);
  await anchorage(["account", "remove", "anna", "--yes", ...data]);
  assert.deepEqual((await json(["account", "list", ...data])).accounts, []);
});

test("what is imported comes out with the same bytes", async (t) => {
  const { path, anchorage, json, stop } = room();
  t.after(stop);
  const data = ["--data", path("server")];
  await anchorage(["account", "add", "anna", ...data]);
  mkdirSync(path("in", "deep"), { recursive: true });
  writeFileSync(path("in", "two.vcf"), card(1) + card(2));
  writeFileSync(path("in", "deep", "note.txt"), "eine Notiz\n");
  writeFileSync(path("in", "bad.vcf"), "BEGIN:VCARD\r\nFN:x\r\n");
  const told = await json(["account", "import", "anna", path("in"), ...data], { code: 1 });
  assert.deepEqual(told.imported, [{ collection: "contacts", new: 2, there: 0 }, { collection: "notes", new: 1, there: 0 }]);
  assert.match(told.refused[0].place, /bad\.vcf/);
  await anchorage(["account", "export", "anna", path("out"), ...data]);
  assert.deepEqual(Object.values(filesIn(path("out", "contacts"))).sort(), [card(1), card(2)]);
  assert.deepEqual(Object.values(filesIn(path("out", "notes"))), ["eine Notiz\n"]);
  assert.match((await anchorage(["account", "export", "anna", path("out"), ...data], { code: 1 })).err, /not empty/);
  await anchorage(["account", "export", "anna", "contacts", path("sheet"), "--one-file", ...data]);
  assert.equal(filesIn(path("sheet"))["contacts.vcf"].length, card(1).length + card(2).length);
  await anchorage(["account", "export", "anna", "contacts", path("lines"), "--json-lines", ...data]);
  const lines = filesIn(path("lines"))["contacts.jsonl"].trim().split("\n").map((line) => JSON.parse(line));
  assert.deepEqual(lines.map(({ name }) => name).sort(), ["Card 0001", "Card 0002"]);
});

test("a device is asked to come, by a letter to where it said", async (t) => {
  const { path, serve, anchorage, json, stop } = room();
  t.after(stop);
  const server = await serve();
  mkdirSync(path("cards"));
  await json(["sync", server.syncml, "--data", path("cards"), "--login", "anna"]);
  const data = ["--data", server.data];
  const { devices } = await json(["account", "device", "anna", ...data]);
  assert.match(devices[0].id, /^anchorage-[0-9a-f]{16}$/);
  const letters = [];
  const mailbox = createServer((request, response) => {
    letters.push(request.headers["content-type"]);
    request.resume().on("end", () => response.writeHead(202).end());
  });
  await new Promise((done) => mailbox.listen(0, "127.0.0.1", done));
  t.after(() => mailbox.close());
  const url = `http://127.0.0.1:${mailbox.address().port}/push`;
  const told = await json(["account", "alert", "anna", "anchorage-", "--post", url, ...data]);
  assert.equal(told.posted, 202);
  assert.match(told.package.bytes, /^([0-9A-F]{2} ?)+$/);
  assert.deepEqual(letters, ["application/vnd.syncml.ds.notification"]);
  writeFileSync(path("package0"), told.package.bytes);
  assert.equal((await json(["decode", "--hex", path("package0")])).decoded.kind, "notification");
  assert.match((await anchorage(["account", "alert", "anna", "anchorage-", "--post", "http://127.0.0.1:1/", ...data], { code: 1 })).err, /could not be reached/);
  assert.match((await anchorage(["account", "provision", "anna", "--url", server.syncml, ...data])).out, /Settings for a device of `anna`/);
});

test("what is typed wrong is said before anything is opened", async (t) => {
  const { path, anchorage, json, stop } = room();
  t.after(stop);
  const wrong = {
    "account frobnicate": /no command `frobnicate`/,
    "account add Anna": /cannot be a name/,
    "account list --remote": /no option `--remote`/,
    "account list --state x": /no option `--state`/,
    "account demo": /serve --demo/,
    "account add demo": /choose another name/,
    "account list --data": /wants DIR/,
    "acount list": /Did you mean `account`/,
    "--helo": /Did you mean `--help`/,
  };
  for (const [words, says] of Object.entries(wrong)) assert.match((await anchorage(words.split(" "), { code: 2 })).err, says, words);
  assert.match((await anchorage(["account", "list"], { code: 1 })).err, /no server's data/);
  assert.match((await anchorage(["account", "list", "--data", path("none")], { code: 1 })).err, /no server's data/);
  assert.equal((await json(["account", "list", "--data", path("none")], { code: 1 })).error.code, "not-found");
});

test("every command has a page that shows how it goes", async (t) => {
  const { anchorage, json, stop } = room();
  t.after(stop);
  for (const command of ["sync", "decode", "serve"]) {
    const { out, err } = await anchorage([command, "--help"]);
    assert.match(out, new RegExp(`^  npx anchorage ${command} `));
    assert.match(out, /For example:\n  .*npx anchorage/);
    assert.match(out, /--json/);
    assert.equal(err, "");
  }
  const { help } = await json(["account", "--help"]);
  const commands = [...help.matchAll(/^ {2}npx anchorage account ([\w-]+) /gm)].map(([, name]) => name);
  assert.ok(commands.length >= 13);
  assert.doesNotMatch(help, /npm run|docs\//);
  for (const command of commands) {
    const { out } = await anchorage(["account", command, "--help"]);
    assert.match(out, new RegExp(`For example:\n  npx anchorage account ${command}`), command);
    assert.doesNotMatch(out, /npm run|--remote|--state|docs\//, command);
  }
  assert.match((await anchorage([])).out, /Node 22\.13[^]*Exit codes[^]*130/);
  assert.match((await anchorage(["help", "sync"])).out, /DIR\/\.anchorage/);
  assert.match((await anchorage(["--version"])).out, /^\d+\.\d+\.\d+\n$/);
});

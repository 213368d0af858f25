// `npx anchorage sync` against `npx anchorage serve`: folders that become the same, whatever happens in between.

import assert from "node:assert/strict";
import { chmodSync, existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import http from "node:http";
import { createServer } from "node:net";
import { test } from "node:test";
import { card, cards, filesIn, nameOf, node20, room, until, upTo } from "./house.mjs";

const counts = ({ collections: [{ fromFolder, toFolder }] }) => [Object.values(fromFolder), Object.values(toFolder)];

/** A server, and a word that synchronises a folder with it. */
async function scene(t) {
  const { path, ...rest } = room();
  t.after(rest.stop);
  const server = await rest.serve();
  const sync = (folder, words = [], options = {}) => rest.json(["sync", server.syncml, "--data", path(folder), "--login", "anna", ...words], options);
  return { ...rest, path, server, sync };
}

test("a folder comes out of another folder with the same names and the same bytes, also those that bear one name", async (t) => {
  const { path, sync } = await scene(t);
  cards(path("a"), upTo(30));
  for (const number of [901, 902, 903]) writeFileSync(path("a", `twin-${number}.vcf`), card(number).replace(/FN:.*/, "FN:Twin / Köln?"));
  writeFileSync(path("a", "README.md"), "not a card");
  assert.deepEqual(counts(await sync("a")), [[33, 0, 0], [0, 0, 0]]);
  assert.deepEqual(counts(await sync("b")), [[0, 0, 0], [33, 0, 0]]);
  assert.deepEqual(counts(await sync("c")), [[0, 0, 0], [33, 0, 0]]);
  const [a, b] = [filesIn(path("a")), filesIn(path("b"))];
  assert.deepEqual(filesIn(path("c")), b, "every folder that is filled has the same names");
  for (const name of upTo(30).map((number) => `${nameOf(number)}.vcf`)) assert.equal(b[name], a[name]);
  assert.deepEqual(Object.keys(b).filter((name) => name.startsWith("Twin")), ["Twin Köln-2.vcf", "Twin Köln-3.vcf", "Twin Köln.vcf"]);
  assert.deepEqual(Object.values(b).sort(), Object.values(a).filter((text) => text.startsWith("BEGIN")).sort());
  assert.deepEqual(counts(await sync("b")), [[0, 0, 0], [0, 0, 0]], "nothing is left to do");
});

test("edits, deletions, new files and new names travel both ways", async (t) => {
  const { path, sync } = await scene(t);
  cards(path("a"), upTo(12));
  await sync("a");
  await sync("b");
  const file = (folder, number) => path(folder, `${nameOf(number)}.vcf`);
  writeFileSync(file("a", 1), card(1).replace("+49 170 1", "+41 44 1"));
  rmSync(file("a", 2));
  writeFileSync(path("a", "somebody else.vcf"), card(13));
  renameSync(file("a", 3), path("a", "my third.vcf"));
  assert.deepEqual(counts(await sync("a")), [[1, 1, 1], [0, 0, 0]], "a new name is no change");
  assert.deepEqual(counts(await sync("b")), [[0, 0, 0], [1, 1, 1]]);
  assert.match(readFileSync(file("b", 1), "utf8"), /\+41 44 1/);
  assert.ok(!existsSync(file("b", 2)));
  assert.equal(readFileSync(file("b", 13), "utf8"), card(13));
  rmSync(file("b", 3));
  writeFileSync(file("b", 4), card(4).replace("Zürich", "Bern"));
  await sync("b");
  assert.deepEqual(counts(await sync("a")), [[0, 0, 0], [0, 1, 1]]);
  assert.ok(!existsSync(path("a", "my third.vcf")), "the file goes under the name it has here");
  assert.match(readFileSync(file("a", 4), "utf8"), /Bern/);
});

test("what both changed is merged, and both folders say the same", async (t) => {
  const { path, sync } = await scene(t);
  cards(path("a"), [1]);
  await sync("a");
  await sync("b");
  const name = `${nameOf(1)}.vcf`;
  writeFileSync(path("a", name), card(1).replace("+49 170 1", "+41 44 1"));
  writeFileSync(path("b", name), card(1).replace("card1@example.org\r\nADR", "other@example.org\r\nADR"));
  for (const folder of ["a", "b", "a"]) await sync(folder);
  const [a, b] = [filesIn(path("a")), filesIn(path("b"))];
  assert.deepEqual(a, b);
  assert.match(a[name], /\+41 44 1/);
  assert.match(a[name], /other@example.org/);
});

test("a file of many cards is refused with advice, split when that is asked for, and what cannot be read is left alone", async (t) => {
  const { path, sync } = await scene(t);
  mkdirSync(path("a"));
  writeFileSync(path("a", "all.vcf"), card(1) + card(2) + card(3));
  writeFileSync(path("a", "broken.vcf"), "BEGIN:VCARD\r\nFN:no end\r\n");
  writeFileSync(path("a", "locked.vcf"), card(4));
  const isRoot = process.getuid?.() === 0;
  if (!isRoot) chmodSync(path("a", "locked.vcf"), 0o000);
  const first = await sync("a", [], { code: 6 });
  const { troubles } = first.collections[0];
  assert.match(troubles.find(({ name }) => name === "all.vcf").reason, /3 records in it; --split/);
  assert.ok(troubles.find(({ name }) => name === "broken.vcf"));
  assert.equal(first.error.code, "partly");
  assert.match(first.error.message, /[23] files left alone/);
  assert.deepEqual(counts(first)[0], [isRoot ? 1 : 0, 0, 0]);
  const second = await sync("a", ["--split"], { code: 6 });
  assert.deepEqual(counts(second)[0], [3, 0, 0]);
  const names = readdirSync(path("a")).filter((name) => !name.startsWith("."));
  assert.deepEqual(names.sort(), ["all-1.vcf", "all-2.vcf", "all-3.vcf", "broken.vcf", "locked.vcf"]);
  assert.equal(readFileSync(path("a", "broken.vcf"), "utf8"), "BEGIN:VCARD\r\nFN:no end\r\n");
});

test("what the server refuses is named by its file, with the server's reason", async (t) => {
  const { path, anchorage, server, json } = await scene(t);
  const line = http.createServer(async (request, response) => {
    const body = Buffer.concat(await request.toArray());
    if (body.includes("card1%40")) return response.writeHead(400, { "x-status-code": 400, "x-error": "no such people" }).end();
    const { method, headers } = request;
    const onward = http.request(`${server.url}${request.url}`, { method, headers }, (answer) => answer.pipe(response.writeHead(answer.statusCode, answer.headers)));
    onward.end(body);
  });
  await new Promise((done) => line.listen(0, "127.0.0.1", done));
  t.after(() => line.close());
  cards(path("m"), [1, 2, 3]);
  const { token } = await json(["account", "token", "anna", "--data", server.data]);
  const words = ["sync", `http://127.0.0.1:${line.address().port}/max/`, "--data", path("m")];
  const told = await json(words, { code: 6, env: { ANCHORAGE_TOKEN: token } });
  assert.deepEqual(told.collections[0].refused, [{ name: `${nameOf(1)}.vcf`, reason: "the server refused: no such people" }]);
  assert.equal(told.collections[0].outcome.sent.added, 2);
  const { err } = await anchorage(words, { code: 6, env: { ANCHORAGE_TOKEN: token } });
  assert.match(err, new RegExp(`refused: ${nameOf(1)}\\.vcf: the server refused: no such people`));
});

test("most files gone at once are not deleted on the server unless that is meant", async (t) => {
  const { path, sync } = await scene(t);
  cards(path("a"), upTo(30));
  await sync("a");
  for (const number of upTo(25)) rmSync(path("a", `${nameOf(number)}.vcf`));
  const refused = await sync("a", [], { code: 1 });
  assert.equal(refused.error.code, "many-deletions");
  assert.deepEqual(counts(await sync("b")), [[0, 0, 0], [30, 0, 0]], "they are all there");
  assert.deepEqual(counts(await sync("a", ["--allow-deletions"])), [[0, 0, 25], [0, 0, 0]]);
  assert.deepEqual(counts(await sync("b")), [[0, 0, 0], [0, 0, 25]]);
});

test("killed at any moment and run again, nothing is lost and nothing is there twice", async (t) => {
  const { path, start, server, sync } = await scene(t);
  const numbers = upTo(150);
  cards(path("a"), numbers);
  let kills = 0;
  for (const [folder, waits] of [["a", [150, 250, 350, 450, 600, 800, 1000, 1300]], ["b", [150, 300, 450, 600, 800, 1000, 1300]]]) {
    for (const wait of waits) {
      const { child, ended } = await start(["sync", server.syncml, "--data", path(folder), "--login", "anna"]);
      const timer = setTimeout(() => child.kill("SIGKILL"), wait);
      if ((await ended).signal === "SIGKILL") kills += 1;
      clearTimeout(timer);
    }
    await sync(folder);
  }
  assert.ok(kills >= 4, `${kills} runs were killed`);
  await sync("a");
  await sync("b");
  assert.deepEqual(filesIn(path("a")), filesIn(path("b")));
  assert.deepEqual(Object.keys(filesIn(path("b"))), numbers.map((number) => `${nameOf(number)}.vcf`));
  for (const folder of ["a", "b"]) {
    assert.deepEqual(readdirSync(path(folder)).filter((name) => name.startsWith(".anchorage-")), [], "nothing half written is left");
  }
  const { accounts } = JSON.parse((await (await start(["account", "list", "anna", "--data", server.data, "--json"])).ended).out);
  assert.equal(accounts[0].collections.find(({ id }) => id === "contacts").records, numbers.length);
});

test("two runs at once in one folder: the second is told who is at work", async (t) => {
  const { path, start, sync } = await scene(t);
  let knocked = false;
  const silent = createServer(() => (knocked = true));
  await new Promise((done) => silent.listen(0, "127.0.0.1", done));
  t.after(() => silent.close());
  cards(path("a"), [1]);
  const { child, ended } = await start(["sync", `http://127.0.0.1:${silent.address().port}/syncml`, "--data", path("a"), "--login", "anna"]);
  await until(() => knocked);
  const refused = await sync("a", [], { code: 5 });
  assert.equal(refused.error.code, "busy");
  assert.match(refused.error.message, new RegExp(`process ${child.pid}`));
  child.kill("SIGKILL");
  await ended;
  assert.deepEqual(counts(await sync("a"))[0], [0, 0, 0], "a killed run's lock is in nobody's way, and its card was taken");
  assert.deepEqual(counts(await sync("b"))[1], [1, 0, 0]);
});

test("a wrong password ends with 3, a server that is away with 4, and what was typed wrong with 2", async (t) => {
  const { path, json, anchorage, server, sync } = await scene(t);
  cards(path("a"), [1]);
  const wrong = await sync("a", [], { code: 3, env: { ANCHORAGE_PASSWORD: "wrong-password" } });
  assert.equal(wrong.error.code, "unauthorized");
  const nobody = createServer();
  await new Promise((done) => nobody.listen(0, "127.0.0.1", done));
  const { port } = nobody.address();
  await new Promise((done) => nobody.close(done));
  const away = await json(["sync", `http://127.0.0.1:${port}/syncml`, "--data", path("a"), "--login", "anna"], { code: 4 });
  assert.equal(away.error.code, "unreachable");
  const words = (url, options) => anchorage(["sync", url, "--data", path("a"), "--login", "anna"], options);
  const said = [
    await words(server.syncml, { code: 3, env: { ANCHORAGE_PASSWORD: "wrong-password" } }),
    await words(`${server.url}/nowhere`, { code: 1 }),
    await words(`http://127.0.0.1:${port}/syncml`, { code: 4 }),
  ];
  assert.deepEqual(said.map(({ out }) => out), ["", "", ""], "nothing came or went, and nothing else is told");
  assert.deepEqual(counts(await sync("a"))[0], [0, 0, 0]);
  assert.deepEqual(counts(await sync("b"))[1], [1, 0, 0], "it was taken the first time and sent the third");
  const typed = {
    "sync": /wants URL/,
    "sync nonsense --data x": /no address/,
    [`sync ${server.syncml} --login anna`]: /wants --data/,
    [`sync ${server.syncml} --data x --login anna --colection contacts`]: /Did you mean `--collection`/,
    [`sync ${server.syncml} --data x --login anna --mode slwo`]: /Did you mean `slow`/,
    [`sync ${server.syncml} --data x --login anna --collection stuff`]: /What does `stuff` hold/,
    "sync http://anna:secret@127.0.0.1/ --data x": /seen by all/,
  };
  for (const [words, says] of Object.entries(typed)) assert.match((await anchorage(words.split(" "), { code: 2 })).err, says);
});

test("events, tasks and notes have a folder each, and only what belongs there is taken", async (t) => {
  const { path, sync } = await scene(t);
  const event = (uid, summary) =>
    `BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//test//EN\r\nBEGIN:VEVENT\r\nUID:${uid}\r\nDTSTART:20260102T100000Z\r\nDTEND:20260102T110000Z\r\nSUMMARY:${summary}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n`;
  const task = event("t1", "Buy milk").replaceAll("VEVENT", "VTODO").replace(/DTEND.*\r\n/, "");
  for (const folder of ["contacts", "calendar", "todo", "notes"]) mkdirSync(path("a", folder), { recursive: true });
  writeFileSync(path("a", "contacts", `${nameOf(1)}.vcf`), card(1));
  writeFileSync(path("a", "calendar", "Lunch.ics"), event("e1", "Lunch"));
  writeFileSync(path("a", "calendar", "task.ics"), task);
  writeFileSync(path("a", "todo", "Buy milk.ics"), task);
  writeFileSync(path("a", "notes", "Grüße.txt"), "Grüße\nund ein Gedicht\n");
  const all = ["--collection", "contacts,calendar", "--collection", "todo", "--collection", "notes"];
  const first = await sync("a", all, { code: 6 });
  assert.deepEqual(first.collections.map(({ fromFolder }) => fromFolder.added), [1, 1, 1, 1]);
  assert.match(first.collections[1].troubles[0].reason, /VTODO/);
  rmSync(path("a", "calendar", "task.ics"));
  await sync("b", all);
  for (const folder of ["contacts", "calendar", "todo", "notes"]) assert.deepEqual(filesIn(path("b", folder)), filesIn(path("a", folder)), folder);
});

test("a server that calls them otherwise, a refresh, and a MAX server", async (t) => {
  const { path, json, anchorage, server, sync } = await scene(t);
  cards(path("a"), upTo(5));
  await sync("a", ["--collection", "people=./card", "--kind", "contacts"]);
  await sync("b");
  writeFileSync(path("b", "stray.vcf"), card(77));
  await sync("b", ["--mode", "refresh-from-server"]);
  assert.deepEqual(filesIn(path("b")), filesIn(path("a")));
  rmSync(path("b", `${nameOf(1)}.vcf`));
  const { out } = await anchorage(["sync", server.syncml, "--data", path("b"), "--login", "anna", "--mode", "refresh-from-server"]);
  assert.match(out, /files to \S+ +nothing new\n.* to files +1 new/, "the deletion went nowhere");
  const { token } = await json(["account", "token", "anna", "--data", server.data]);
  const env = { ANCHORAGE_TOKEN: token };
  const max = ["sync", `${server.url}/max/`, "--data", path("m")];
  assert.deepEqual(counts(await json(max, { env }))[1], [5, 0, 0]);
  writeFileSync(path("m", "new.vcf"), card(6));
  assert.deepEqual(counts(await json(max, { env }))[0], [1, 0, 0]);
  await sync("a", ["--collection", "people=./card"]);
  assert.equal(Object.keys(filesIn(path("a"))).length, 6);
  await anchorage(max, { code: 3, env: { ANCHORAGE_TOKEN: "nobody's" } });
});

test("on Node 20, which has no SQLite, a log holds the state", { skip: !node20 && "Node 20 is not here" }, async (t) => {
  const { path, sync } = await scene(t);
  cards(path("a"), upTo(20));
  const options = { node: node20 };
  assert.deepEqual(counts(await sync("a", [], options))[0], [20, 0, 0]);
  assert.ok(existsSync(path("a", ".anchorage", "records.log")));
  writeFileSync(path("a", `${nameOf(1)}.vcf`), card(1).replace("Zürich", "Bern"));
  assert.deepEqual(counts(await sync("a", [], options))[0], [0, 1, 0]);
  assert.deepEqual(counts(await sync("a")), [[0, 0, 0], [0, 0, 0]], "a later Node goes on with it");
  await sync("b");
  assert.deepEqual(filesIn(path("b")), filesIn(path("a")));
});

test("a ledger that is lost is found again by content", async (t) => {
  const { path, sync } = await scene(t);
  cards(path("a"), upTo(10));
  await sync("a");
  rmSync(path("a", ".anchorage", "files-contacts.json"));
  writeFileSync(path("a", `${nameOf(1)}.vcf`), card(1).replace("Zürich", "Bern"));
  assert.deepEqual(counts(await sync("a")), [[0, 1, 0], [0, 0, 0]], "the edited one by its UID");
  rmSync(path("a", ".anchorage"), { recursive: true });
  await sync("a");
  assert.equal(Object.keys(filesIn(path("a"))).length, 10);
  await sync("b");
  assert.deepEqual(filesIn(path("b")), filesIn(path("a")));
});

test("records that are lost take no file with them", async (t) => {
  const { path, sync } = await scene(t);
  cards(path("a"), upTo(30));
  await sync("a");
  for (const name of ["records.sqlite", "records.sqlite-wal", "records.sqlite-shm"]) rmSync(path("a", ".anchorage", name), { force: true });
  await sync("a");
  assert.equal(Object.keys(filesIn(path("a"))).length, 30);
  await sync("b");
  assert.deepEqual(filesIn(path("b")), filesIn(path("a")));
});

test("over a line that breaks and delays, and paused by Ctrl-C, it comes to its end", async (t) => {
  const { path, start, server, sync } = await scene(t);
  let [requests, breaks] = [0, 0];
  const line = http.createServer((request, response) => {
    requests += 1;
    const fate = requests % 4;
    const onward = http.request(`${server.url}${request.url}`, { method: request.method, headers: request.headers }, (answer) => {
      const chunks = [];
      answer.on("data", (chunk) => chunks.push(chunk));
      answer.on("end", () => {
        if (fate === 2) {
          breaks += 1;
          return request.socket.destroy();
        }
        setTimeout(() => response.writeHead(answer.statusCode, answer.headers).end(Buffer.concat(chunks)), 150);
      });
    });
    request.pipe(onward);
  });
  await new Promise((done) => line.listen(0, "127.0.0.1", done));
  t.after(() => line.close());
  const url = `http://127.0.0.1:${line.address().port}/syncml`;
  cards(path("a"), upTo(120));
  const { child, ended } = await start(["sync", url, "--data", path("a"), "--login", "anna", "--json"]);
  await until(() => requests >= 2);
  child.kill("SIGINT");
  const paused = await ended;
  assert.equal(paused.code, 130, paused.err);
  assert.match(paused.out, /goes on where this one stopped/);
  const { code, err } = await (await start(["sync", url, "--data", path("a"), "--login", "anna"])).ended;
  assert.equal(code, 0, err);
  assert.ok(breaks > 0);
  assert.deepEqual(counts(await sync("b"))[1], [120, 0, 0]);
  assert.deepEqual(filesIn(path("b")), filesIn(path("a")));
});

test("a folder between two servers carries to each what the other has", async (t) => {
  const { path, server, sync } = await scene(t);
  const other = await scene(t);
  cards(path("a"), upTo(3));
  await sync("a");
  const there = (folder) => other.json(["sync", other.server.syncml, "--data", path(folder), "--login", "anna"]);
  assert.notEqual(server.url, other.server.url);
  assert.deepEqual(counts(await there("a")), [[0, 0, 0], [0, 0, 0]], "no file has changed");
  assert.deepEqual(counts(await there("c")), [[0, 0, 0], [3, 0, 0]], "and the other server has them");
  writeFileSync(path("c", "new.vcf"), card(4));
  rmSync(path("c", `${nameOf(1)}.vcf`));
  await there("c");
  assert.deepEqual(counts(await there("a"))[1], [1, 0, 1]);
  await sync("a");
  assert.deepEqual(counts(await sync("b")), [[0, 0, 0], [3, 0, 0]]);
  assert.deepEqual(Object.keys(filesIn(path("b"))), [2, 3, 4].map((number) => `${nameOf(number)}.vcf`));
});

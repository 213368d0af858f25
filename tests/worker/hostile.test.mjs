// What comes in by mistake or malice: each gets an answer, nothing is lost, and the next request works.

import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { after, afterEach, before, test } from "node:test";
import { card, open, phone, request } from "./house.mjs";

const xml = { "content-type": "application/vnd.syncml+xml" };
const wbxml = { "content-type": "application/vnd.syncml+wbxml" };
const form = { "content-type": "application/x-www-form-urlencoded" };

let house;
before(async () => {
  house = await open();
  await house.max.push("tasks", { id: "kept", title: "still here" });
});
after(() => house?.close());

afterEach(async () => {
  const { items } = await house.max.pull("tasks");
  assert.ok(items.some(({ id, title }) => id === "kept" && title === "still here"), "nothing is lost");
});

const post = (path, headers, body) => request(`${house.url}${path}`, { method: "POST", headers, body });
const max = `/max/tasks?auth=demo-token`;

/** Writes 100 MB in pieces and gives up when the server has answered. */
function flood(sent) {
  const piece = Buffer.alloc(1 << 20, "a");
  let left = 100;
  const more = () => {
    while (left > 0 && !sent.destroyed) {
      left -= 1;
      if (!sent.write(piece)) return sent.once("drain", more);
    }
    sent.end();
  };
  more();
}

test("100 MB are refused, announced or not, and are not read to the end", async () => {
  const length = { "content-length": String(100 << 20) };
  for (const [path, headers] of [[max, form], ["/syncml", xml]]) {
    for (const more of [length, {}]) {
      const refused = await post(path, { ...headers, ...more }, flood).catch((error) => error);
      // A server that stops listening early may be seen as a broken pipe before its answer is.
      if (refused instanceof Error) assert.match(refused.code, /EPIPE|ECONNRESET/);
      else assert.equal(refused.status, 413);
    }
  }
});

test("a length that is announced too large is refused before a byte of it came", async () => {
  const answer = await post(max, { ...form, "content-length": String(100 << 20) }, (sent) => sent.flushHeaders());
  assert.equal(answer.status, 413);
});

test("what is no SyncML message is 400, and what says it is something else 415", async () => {
  const whole = "<SyncML><SyncHdr><VerDTD>1.2</VerDTD></SyncHdr><SyncBody><Final/></SyncBody></SyncML>";
  const bodies = [
    ["not XML", xml, "hello"],
    ["nothing", xml, ""],
    ["half a message", xml, whole.slice(0, whole.length / 2)],
    ["another root", xml, "<rss/>"],
    ["an internal subset", xml, `<!DOCTYPE SyncML [<!ENTITY a "b">]>${whole}`],
    ["100,000 nested elements", xml, "<a>".repeat(100_000)],
    ["not UTF-8", xml, Buffer.from([0x3c, 0xff, 0xfe, 0x3e])],
    ["an opaque longer than the message", wbxml, Buffer.from([0x02, 0xa4, 0x01, 0x6a, 0x00, 0x6d, 0xc3, 0x8f, 0xff, 0x7f])],
    ["a string table index outside", wbxml, Buffer.from([0x02, 0xa4, 0x01, 0x6a, 0x00, 0x6d, 0x83, 0xff, 0x7f, 0x01])],
  ];
  for (const [what, headers, body] of bodies) {
    const { status } = await post("/syncml", headers, body);
    assert.equal(status, 400, what);
  }
  for (const type of ["image/png", "application/json", "multipart/form-data; boundary=x"]) {
    const { status } = await post("/syncml", { "content-type": type }, whole);
    assert.equal(status, 415, type);
  }
});

test("a gzip bomb is refused without being inflated to the end", async () => {
  const bomb = gzipSync(Buffer.alloc(200 << 20));
  assert.ok(bomb.length < 250_000);
  for (const [path, headers] of [[max, form], ["/syncml", xml]]) {
    const began = Date.now();
    const { status } = await post(path, { ...headers, "content-encoding": "gzip" }, bomb);
    assert.ok([400, 413, 415].includes(status), `${path}: ${status}`);
    assert.ok(Date.now() - began < 5_000);
  }
});

test("a client that hangs up in the middle of its message leaves no trace", async () => {
  const hangUp = (sent) => {
    sent.write("id=kept&title=");
    setTimeout(() => sent.destroy(), 50);
  };
  await assert.rejects(post(max, { ...form, "content-length": "1000" }, hangUp));
  await assert.rejects(post("/syncml", { ...xml, "content-length": "1000" }, hangUp));
});

test("SQL in every field is text", async () => {
  const evil = `'); DROP TABLE record; --"\\%_`;
  await house.max.push("tasks", { id: evil, title: evil });
  const { items } = await house.max.pull("tasks");
  assert.ok(items.some(({ id, title }) => id === evil && title === evil));
  for (const path of [`/max/${encodeURIComponent(evil)}?auth=demo-token&lbd=0`, `/max/tasks?lbd=0&auth=${encodeURIComponent(evil)}`]) {
    assert.ok([401, 404].includes((await request(`${house.url}${path}`)).status));
  }
  const mine = phone(house.url, evil.replaceAll("<", ""), { user: evil });
  mine.begin();
  assert.match((await mine.send([mine.alert(201)])).text, /<Data>401<\/Data>/);
});

test("a NUL in a vCard does not stop the session or the feed", async () => {
  const mine = phone(house.url, "IMEI:nul");
  mine.begin();
  await mine.send([mine.alert(201)]);
  const answer = await post(new URL(mine.url).pathname + new URL(mine.url).search, xml, "<SyncML>\0</SyncML>");
  assert.equal(answer.status, 400);
  mine.begin();
  await mine.send([mine.alert(201)]);
  const { text } = await mine.send([mine.ok(0), mine.sync([mine.add("1", card("Nul"))])]);
  assert.match(text, /<Data>201<\/Data>/);
  const { items } = await house.max.pull("contacts");
  assert.ok(items.some(({ lastname }) => lastname === "Nul"));
});

test("two clients racing on one record lose neither's fields", async () => {
  const pushes = Array.from({ length: 20 }, (_, n) =>
    house.max.push("tasks", n % 2 ? { id: "raced", title: "title" } : { id: "raced", done: "1" }),
  );
  await Promise.all(pushes);
  const { items } = await house.max.pull("tasks");
  const raced = items.filter(({ id }) => id === "raced");
  assert.equal(raced.length, 1);
  assert.equal(raced[0].title, "title");
  assert.equal(raced[0].done, "1");
});

test("unknown paths and methods are answered", async () => {
  assert.equal((await request(`${house.url}/nowhere`)).status, 404);
  assert.ok([404, 405].includes((await request(`${house.url}/syncml`, { method: "DELETE" })).status));
  assert.equal((await request(`${house.url}/max/${"x".repeat(5_000)}?auth=demo-token&lbd=0`)).status, 404);
});

test("the demo account does not exist where ANCHORAGE_LOCAL is not set", async () => {
  const deployed = await open({ ANCHORAGE_LOCAL: "0" });
  try {
    assert.equal((await request(deployed.max.url("contacts", { lbd: "0" }))).status, 401);
    const mine = phone(deployed.url, "IMEI:stranger");
    mine.begin();
    assert.match((await mine.send([mine.alert(201)])).text, /<Data>401<\/Data>/);
    const logon = await request(`${deployed.url}/max/logon`, { method: "POST", headers: form, body: "email=demo&password=demo" });
    assert.equal(logon.status, 401);
  } finally {
    await deployed.close();
  }
});

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

afterEach(works);

/** The next request works, by either protocol, and nothing is lost. */
async function works() {
  const { items } = await house.max.pull("tasks");
  assert.ok(items.some(({ id, title }) => id === "kept" && title === "still here"), "nothing is lost");
  const mine = phone(house.url, "IMEI:next");
  mine.begin();
  const { text } = await mine.send([mine.alert(201)]);
  assert.match(text, /<Cmd>SyncHdr<\/Cmd>[^]*?<Data>212<\/Data>/);
  assert.match(text, /<Cmd>Alert<\/Cmd>[^]*?<Data>200<\/Data>/);
}

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
    await works();
  }
  for (const type of ["image/png", "application/json", "multipart/form-data; boundary=x"]) {
    const { status } = await post("/syncml", { "content-type": type }, whole);
    assert.equal(status, 415, type);
    await works();
  }
});

test("what is no MAX body is refused", async () => {
  for (const [what, headers, body, expected] of [
    ["JSON", { "content-type": "application/json" }, '{"id":"x"}', 415],
    ["an image", { "content-type": "image/png" }, "id=x", 415],
    ["nothing", form, "", 400],
    ["separators", form, "&&&==&", 400],
    ["not UTF-8", form, "id=x&title=%ff%fe", 400],
    ["a NUL", form, "id=x&title=a%00b", 400],
    ["an unknown field", form, "id=x&nowhere=1", 400],
    ["100,000 fields", form, "a=1&".repeat(100_000), 400],
  ]) {
    assert.equal((await post(max, headers, body)).status, expected, what);
    await works();
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

const evil = `'); DROP TABLE record; --"\\%_`;

test("SQL in every field of MAX is text", async () => {
  await house.max.push("tasks", { id: evil, title: evil });
  await house.max.push("contacts", { id: "sql", lastname: evil, note: evil, email: evil });
  const { items } = await house.max.pull("tasks");
  assert.ok(items.some(({ id, title }) => id === evil && title === evil));
  const contacts = (await house.max.pull("contacts")).items;
  assert.ok(contacts.some(({ id, lastname, note, email }) => id === "sql" && [lastname, note, email].every((field) => field === evil)));
  const path = encodeURIComponent(evil);
  for (const refused of [`/max/${path}?auth=demo-token&lbd=0`, `/max/tasks?lbd=0&auth=${path}`]) {
    assert.ok([401, 404].includes((await request(`${house.url}${refused}`)).status));
  }
  assert.equal((await request(`${house.url}/max/tasks?auth=demo-token&lbd=${path}`)).status, 400);
  const logon = await post("/max/logon", form, new URLSearchParams({ email: evil, password: evil }).toString());
  assert.equal(logon.status, 401);
});

test("SQL in every field of SyncML is text", async () => {
  const quoted = evil.replaceAll('"', "&quot;");
  const stranger = phone(house.url, quoted, { user: evil });
  stranger.begin();
  assert.match((await stranger.send([stranger.alert(201)])).text, /<Data>401<\/Data>/);

  const mine = phone(house.url, quoted);
  mine.begin();
  Object.assign(mine, { session: quoted, anchor: quoted });
  assert.match((await mine.send([mine.alert(200)])).text, /<Data>508<\/Data>/, "device, session and anchors");
  const { text } = await mine.send([mine.ok(0), mine.sync([mine.add(quoted, card(evil)), remove(quoted), mine.add("plain", card("Plain"))])]);
  assert.equal(text.match(/<Data>201<\/Data>/g)?.length, 2, "LUID and content");
  const { items } = await house.max.pull("contacts");
  assert.ok(items.some(({ lastname }) => lastname === "Plain"));

  const other = phone(house.url, "IMEI:sql", { store: quoted });
  other.begin();
  assert.match((await other.send([other.alert(201)])).text, /<Data>404<\/Data>/, "a collection's name");
});

const remove = (luid) => (id) => `<Delete><CmdID>${id}</CmdID><Item><Source><LocURI>${luid}</LocURI></Source></Item></Delete>`;

test("a NUL in a vCard does not stop the session or the feed", async () => {
  const mine = phone(house.url, "IMEI:nul");
  mine.begin();
  await mine.send([mine.alert(201)]);
  const reference = `<SyncML><SyncHdr/><SyncBody><Add><Data>${card("&#0;")}</Data></Add><Final/></SyncBody></SyncML>`;
  assert.equal((await post("/syncml", xml, reference)).status, 400, "XML has no NUL");
  // What XML does not see, and what old phones pad with.
  const base64 = (luid, data) => (id) =>
    `<Add><CmdID>${id}</CmdID><Meta><Type xmlns='syncml:metinf'>text/x-vcard</Type><Format xmlns='syncml:metinf'>b64</Format></Meta>
      <Item><Source><LocURI>${luid}</LocURI></Source><Data>${Buffer.from(data).toString("base64")}</Data></Item></Add>`;
  const printable = card("Nul-2").replace("FN:", "NOTE;ENCODING=QUOTED-PRINTABLE:a=00b\r\nFN:");
  const adds = [base64("1", card("Nul-1\0")), mine.add("2", printable), mine.add("3", card("Nul-3\0"))];
  const { text } = await mine.send([mine.ok(0), mine.sync(adds)]);
  assert.equal(text.match(/<Cmd>Add<\/Cmd><SourceRef>.<\/SourceRef><Data>201<\/Data>/g)?.length, 3, text);

  const feed = await house.max.pull("contacts");
  assert.doesNotMatch(feed.text, /[\0-\x08]|&#0;/, "the feed is well-formed");
  for (const name of ["Nul-1", "Nul-2", "Nul-3"]) assert.ok(feed.items.some(({ lastname }) => lastname === name), name);
  const other = phone(house.url, "IMEI:nul-2");
  other.begin();
  await other.send([other.alert(201)]);
  const sent = (await other.send([other.ok(0), other.sync([])])).text;
  const cards = [...sent.matchAll(/<Data>([A-Za-z0-9+/]+=*)<\/Data><\/Item>/g)].map(([, data]) => Buffer.from(data, "base64").toString());
  for (const name of ["Nul-1\0", "Nul-2", "Nul-3\0"]) assert.ok(cards.some((card) => card.includes(`N:${name};`)), name);
  assert.doesNotMatch(sent, /\0/);
});

/** Pushes until it is taken: who loses a race too often is told to come back. */
async function insist(table, fields) {
  for (let tries = 0; tries < 20; tries += 1) {
    const { status, headers: said } = await post(`/max/${table}?auth=demo-token`, form, new URLSearchParams(fields).toString());
    if (status === 200) return;
    assert.equal(status, 503);
    assert.ok(Number(said["retry-after"]) > 0, "it says when");
  }
  assert.fail("20 tries are too few");
}

test("two clients racing on one record lose neither's fields", async () => {
  const pushes = Array.from({ length: 20 }, (_, n) =>
    insist("tasks", n % 2 ? { id: "raced", title: "title" } : { id: "raced", done: "1" }),
  );
  await Promise.all(pushes);
  const { items } = await house.max.pull("tasks");
  const raced = items.filter(({ id }) => id === "raced");
  assert.equal(raced.length, 1);
  assert.equal(raced[0].title, "title");
  assert.equal(raced[0].done, "1");
});

test("a phone and a MAX application racing on one contact lose neither's fields", async () => {
  await house.max.push("contacts", { id: "both", lastname: "Both", mobile: "1" });
  const mine = phone(house.url, "IMEI:racer");
  const ends = async (commands) => (await mine.send([mine.ok(0), ...commands], { patient: true })).text;
  mine.begin();
  await mine.send([mine.alert(201)]);
  // It takes what is there, and says under which ids.
  const luids = [...(await ends([mine.sync([])])).matchAll(/<Add>[^]*?<Source><LocURI>([^<]+)<[^]*?<\/Add>/g)];
  const both = luids.find(([add]) => add.includes("Both"));
  assert.ok(both, "it got the contact");
  const maps = luids.map(([, target], index) => `<MapItem><Target><LocURI>${target}</LocURI></Target><Source><LocURI>${index}</LocURI></Source></MapItem>`);
  await ends([(id) => `<Map><CmdID>${id}</CmdID><Target><LocURI>contacts</LocURI></Target><Source><LocURI>./contacts</LocURI></Source>${maps.join("")}</Map>`]);
  mine.begin();
  assert.match((await mine.send([mine.alert(200)])).text, /<Cmd>Alert<\/Cmd>[^]*?<Data>200<\/Data>/);
  const changed = card("Both").replace("FN:", "NOTE:from the phone\r\nFN:");
  const replace = (id) =>
    `<Replace><CmdID>${id}</CmdID><Meta><Type xmlns='syncml:metinf'>text/x-vcard</Type></Meta><Item><Source><LocURI>${luids.indexOf(both)}</LocURI>
      </Source><Data><![CDATA[${changed}]]></Data></Item></Replace>`;
  const pushes = Array.from({ length: 8 }, (_, n) => insist("contacts", { id: "both", city: `Kiel ${n}` }));
  const [text] = await Promise.all([ends([mine.sync([replace])]), ...pushes]);
  assert.match(text, /<Cmd>Replace<\/Cmd>[^]*?<Data>20[07]<\/Data>/);
  const found = (await house.max.pull("contacts")).items.filter(({ id }) => id === "both");
  assert.equal(found.length, 1);
  assert.equal(found[0].note, "from the phone");
  assert.match(found[0].city, /^Kiel \d$/);
});

test("unknown paths and methods are answered", async () => {
  assert.equal((await request(`${house.url}/nowhere`)).status, 404);
  assert.ok([404, 405].includes((await request(`${house.url}/syncml`, { method: "DELETE" })).status));
  assert.equal((await request(`${house.url}/max/${"x".repeat(5_000)}?auth=demo-token&lbd=0`)).status, 404);
});

test("anybody may read how to set up a phone, and a phone its document", async () => {
  const page = await request(`${house.url}/provision?user=anna`);
  assert.equal(page.status, 200);
  assert.match(page.headers["content-type"], /^text\/html/);
  assert.ok(page.text.includes(`${house.url}/syncml`), page.text);
  const document = await request(`${house.url}/provision?user=anna&device=oma`);
  assert.equal(document.headers["content-type"], "text/vnd.wap.connectivity-xml");
  assert.match(document.text, /AAUTHNAME" value="anna"/);
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

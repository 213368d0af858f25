// The clients of the package against its own server, over a wire that can break: every mode, encoding and credential, large objects,
// suspending, losing, aborting, and going on.

import assert from "node:assert/strict";
import test from "node:test";
import { AnchorageError, MaxClient, SyncError, SyncmlClient, createAccount, memoryStore, records, serve } from "../../package/dist/node.js";

const secret = "a secret of this test";
const url = "http://server.test/syncml";

/** A server with one account, and a wire to it. */
async function server() {
  const store = memoryStore();
  await createAccount(store, { account: "anna", password: "secret", secret });
  const wire = { sent: 0, fault: undefined };
  const fetch = async (address, init) => {
    wire.sent += 1;
    const fault = await wire.fault?.(wire.sent);
    if (fault === "request") throw new TypeError("the request was lost");
    const response = await serve(new Request(address, init), store, { secret });
    if (fault === "answer") throw new TypeError("the answer was lost");
    return response;
  };
  return { store, wire, fetch, contacts: records(store, "contacts", { account: "anna" }) };
}

async function device(fetch, more = {}) {
  const store = memoryStore();
  await createAccount(store, { account: "local" });
  const options = { store, url, login: "anna", password: "secret", collections: [{ collection: "contacts" }], fetch, ...more };
  return { store, contacts: records(store, "contacts"), client: new SyncmlClient(options), again: () => new SyncmlClient(options) };
}

async function names(contacts) {
  const all = [];
  for (let after = 0; after !== null; ) {
    const page = await contacts.list({ after, limit: 200 });
    all.push(...page.records.map((record) => record.summary));
    after = page.next;
  }
  return all.sort();
}

async function fill(contacts, count, word = "Contact") {
  for (let number = 0; number < count; number++) await contacts.add({ fields: { name: `${word} ${String(number).padStart(3, "0")}`, note: "x".repeat(200) } });
}

test("every scheme, encoding and version signs in and synchronises", async () => {
  const { fetch, contacts } = await server();
  await fill(contacts, 2);
  for (const scheme of ["auto", "basic", "md5", "hmac"]) {
    for (const encoding of ["wbxml", "xml"]) {
      for (const version of ["1.0", "1.1", "1.2"]) {
        const phone = await device(fetch, { scheme, encoding, version });
        assert.equal((await phone.client.sync()).ended, "complete", `${scheme} ${encoding} ${version}`);
        assert.deepEqual(await names(phone.contacts), ["Contact 000", "Contact 001"], `${scheme} ${encoding} ${version}`);
      }
    }
  }
});

test("each mode moves what it says", async () => {
  const { fetch, contacts } = await server();
  const phone = await device(fetch);
  await contacts.add({ fields: { name: "There" } });
  await phone.contacts.add({ fields: { name: "Here" } });
  const sync = async (mode) => {
    const report = await phone.client.sync({ mode });
    return [report.collections[0].mode, await names(phone.contacts), await names(contacts)];
  };
  const both = ["Here", "There"];
  assert.deepEqual(await sync("two-way"), ["slow", both, both], "the first is slow");
  assert.ok((await phone.client.status()).lastReport.collections[0].whySlow, "and says why");
  await contacts.add({ fields: { name: "There 2" } });
  await phone.contacts.add({ fields: { name: "Here 2" } });
  assert.deepEqual(await sync("one-way-from-server"), ["one-way-from-server", [...both.slice(0, 1), "Here 2", "There", "There 2"], ["Here", "There", "There 2"]]);
  assert.deepEqual(await sync("one-way-from-client"), ["one-way-from-client", ["Here", "Here 2", "There", "There 2"], ["Here", "Here 2", "There", "There 2"]]);
  await phone.contacts.add({ fields: { name: "Only here" } });
  const [, here, there] = await sync("refresh-from-server");
  assert.deepEqual([here, there], [["Here", "Here 2", "There", "There 2"], ["Here", "Here 2", "There", "There 2"]]);
  await contacts.add({ fields: { name: "Only there" } });
  const [, kept, replaced] = await sync("refresh-from-client");
  assert.deepEqual([kept, replaced], [["Here", "Here 2", "There", "There 2"], ["Here", "Here 2", "There", "There 2"]]);
  assert.deepEqual((await sync("slow"))[1], ["Here", "Here 2", "There", "There 2"], "and a slow one doubles nothing");
});

test("a large object goes both ways", async () => {
  const { fetch, contacts } = await server();
  const [one, two] = [await device(fetch, { messageBytesMax: 40_000 }), await device(fetch, { messageBytesMax: 40_000 })];
  const photo = "A".repeat(400_000);
  const card = `BEGIN:VCARD\r\nVERSION:2.1\r\nFN:Large\r\nN:Large\r\nX-PHOTO:${photo}\r\nEND:VCARD\r\n`;
  const { id } = await one.contacts.add({ body: card });
  await one.client.sync();
  await two.client.sync();
  const [copy] = (await two.contacts.list()).records;
  for (const body of [(await two.contacts.get(copy.id)).body, (await one.contacts.get(id)).body]) {
    const unfolded = body.replaceAll(/\r\n[ \t]/g, "");
    assert.ok(unfolded.includes(photo), `${unfolded.length} characters: ${unfolded.slice(0, 100)}`);
  }
  assert.deepEqual(await names(contacts), ["Large"]);
});

test("a sync is suspended, and the next one goes on", async () => {
  const { fetch, contacts } = await server();
  const phone = await device(fetch, { messageBytesMax: 8_000 });
  await fill(phone.contacts, 60, "Here");
  await fill(contacts, 120, "There");
  const first = await phone.client.sync({ onprogress: ({ messages }) => messages === 4 && phone.client.suspend() });
  assert.equal(first.ended, "suspended");
  const { length } = await names(phone.contacts);
  assert.ok(length > 60 && length < 180, `${length} are here by then`);
  const second = await phone.again().sync();
  assert.equal(second.ended, "complete");
  assert.deepEqual(await names(phone.contacts), await names(contacts));
  assert.equal((await names(contacts)).length, 180, "nothing is lost and nothing doubled");
});

test("whatever is lost is sent again and done once", async () => {
  for (const fault of ["request", "answer"]) {
    const { fetch, contacts, wire } = await server();
    const phone = await device(fetch, { messageBytesMax: 8_000 });
    await fill(phone.contacts, 20, "Here");
    await fill(contacts, 20, "There");
    wire.fault = (number) => (number % 3 === 0 ? fault : undefined);
    assert.equal((await phone.client.sync()).ended, "complete");
    assert.deepEqual([await names(phone.contacts), (await names(contacts)).length], [await names(contacts), 40], fault);
  }
});

test("a sync that is broken off anywhere goes on with another client over the same store", async () => {
  for (let last = 1; last <= 8; last++) {
    const { fetch, contacts, wire } = await server();
    const phone = await device(fetch, { messageBytesMax: 8_000 });
    await fill(phone.contacts, 10, "Here");
    await fill(contacts, 10, "There");
    const broken = new AbortController();
    wire.fault = (number) => {
      if (number === last) broken.abort(new Error("enough"));
    };
    const error = await phone.client.sync({ signal: broken.signal }).then(() => undefined, (thrown) => thrown);
    wire.fault = undefined;
    if (error) {
      assert.ok(error instanceof AnchorageError && error.code === "aborted", `${error}`);
      assert.equal((await phone.client.status()).underWay, true);
    }
    assert.equal((await phone.again().sync()).ended, "complete");
    assert.deepEqual([await names(phone.contacts), (await names(contacts)).length], [await names(contacts), 20], `after ${last}`);
  }
});

test("why a sync fails is said by a code that stays", async () => {
  const { fetch } = await server();
  const failing = async (client, options) => {
    const error = await client.sync(options).then(() => assert.fail("it did not fail"), (thrown) => thrown);
    assert.ok(error instanceof SyncError && error instanceof AnchorageError);
    assert.equal(error.report.ended, "failed");
    assert.ok(error.message.length > 10);
    return error.code;
  };
  assert.equal(await failing((await device(fetch, { password: "wrong" })).client), "unauthorized");
  assert.equal(await failing((await device(fetch, { url: "http://server.test/elsewhere" })).client), "not-found");
  assert.equal(await failing((await device(fetch, { collections: [{ collection: "contacts", remote: "nowhere" }] })).client), "not-found");
  assert.equal(await failing((await device(async () => new Response("<html>"))).client), "protocol");
  const store = memoryStore();
  await createAccount(store, { account: "local" });
  const away = async () => {
    throw new TypeError("away");
  };
  const told = [];
  const onprogress = ({ lost }) => told.push(lost);
  const began = Date.now();
  assert.equal(await failing(new MaxClient({ store, url: "http://server.test/max/", token: "t", collections: [{ collection: "contacts" }], fetch: away }), { onprogress }), "unreachable");
  assert.equal(await failing((await device(away)).client, { onprogress }), "unreachable");
  assert.ok(Date.now() - began < 30_000, "15 seconds each, at most");
  assert.deepEqual([...new Set(told)], [undefined, "away"], "it is said that it is tried again, and why");
});

test("one sync at a time, and whoever subscribes is told", async () => {
  const { fetch, wire } = await server();
  const [asked, answered] = [Promise.withResolvers(), Promise.withResolvers()];
  wire.fault = () => (asked.resolve(), answered.promise);
  const phone = await device(fetch);
  await fill(phone.contacts, 3);
  const told = [];
  const stop = phone.client.subscribe((standing) => told.push([standing.pending, standing.lastSync > 0]));
  const syncs = [phone.client.sync(), phone.client.sync()];
  await asked.promise;
  const late = phone.again().sync();
  await Promise.allSettled([syncs[1], late]);
  answered.resolve();
  const outcomes = await Promise.allSettled([...syncs, late]);
  assert.deepEqual(outcomes.map(({ value, reason }) => value?.ended ?? reason.code), ["complete", "busy", "busy"]);
  assert.deepEqual([told[0], told.at(-1)], [[3, false], [0, true]]);
  stop();
  const { length } = told;
  await phone.client.sync();
  assert.equal(told.length, length);
  phone.client.close();
  await assert.rejects(phone.client.sync(), { code: "invalid" });
});

test("a wait ends when somebody wants something else", async () => {
  const { fetch, wire } = await server();
  const phone = await device(async (...given) => (wire.sent > 1 ? new Response("", { status: 503, headers: { "retry-after": "600" } }) : fetch(...given)));
  const broken = new AbortController();
  const sync = phone.client.sync({ signal: broken.signal });
  setTimeout(() => broken.abort(), 200);
  await assert.rejects(sync, { code: "aborted" });
});

test("a store names itself once towards servers, and each store otherwise", async () => {
  const { fetch, store } = await server();
  const [one, two] = [await device(fetch), await device(fetch)];
  for (const client of [one.client, one.again(), two.client]) await client.sync();
  const answer = await serve(new Request("http://server.test/api/devices"), store, { account: "anna" });
  const { devices } = await answer.json();
  assert.equal(devices.length, 2, JSON.stringify(devices.map((device) => device.id)));
});

test("two tabs that are first at once give their store one name", async () => {
  const { fetch, store } = await server();
  const inner = memoryStore();
  await createAccount(inner, { account: "local" });
  let commits = 0;
  const shared = {
    read: (reads) => inner.read(reads),
    commit: async (batch) => {
      if (++commits === 2) await new Promise((resolve) => setTimeout(resolve, 50));
      return inner.commit(batch);
    },
  };
  const options = { store: shared, url, login: "anna", password: "secret", collections: [{ collection: "contacts" }], fetch };
  const tabs = [new SyncmlClient(options), new SyncmlClient(options)];
  await Promise.all(tabs.map((tab) => tab.status()));
  assert.ok(commits > 1, "both found the store without a name");
  for (const tab of tabs) await tab.sync();
  const answer = await serve(new Request("http://server.test/api/devices"), store, { account: "anna" });
  const { devices } = await answer.json();
  assert.equal(devices.length, 1, JSON.stringify(devices.map((device) => device.id)));
});

// What the IndexedDB store stands on, without a browser: a store in memory that is written out whole and read again after every
// commit, or made again out of its log, goes on as if nothing had been.

import assert from "node:assert/strict";
import test from "node:test";
import { SyncmlClient, createAccount, memoryStore, records, serve } from "../../package/dist/node.js";
import { core } from "../../package/dist/core.js";

const secret = "a secret of this test";

/** A store whose memory is replaced after every commit; structured clones stand for what a database keeps. */
function forgetful(again) {
  const { Store } = core();
  let memory = Store.memory();
  const log = [];
  return {
    read: async (reads) => memory.readNow(reads),
    async commit(batch) {
      const receipt = memory.commitNow(batch);
      log.push(structuredClone(batch));
      memory = again(Store, memory, log);
      return receipt;
    },
  };
}

const ways = {
  "from the whole": (Store, memory) => Store.restored(structuredClone(memory.snapshot())),
  "from its log": (Store, _, log) => {
    const memory = Store.memory();
    for (const batch of log) memory.replay(batch);
    return memory;
  },
};

for (const [way, again] of Object.entries(ways)) {
  test(`a store made again ${way} after every commit goes through whole syncs`, async () => {
    const server = forgetful(again);
    await createAccount(server, { account: "anna", password: "secret", secret });
    const there = records(server, "contacts", { account: "anna" });
    for (let number = 0; number < 8; number++) await there.add({ fields: { name: `There ${number}`, note: "x".repeat(500) } });
    const store = forgetful(again);
    await createAccount(store, { account: "local" });
    const here = records(store, "contacts");
    for (let number = 0; number < 8; number++) await here.add({ fields: { name: `Here ${number}`, note: "x".repeat(500) } });
    const large = await here.add({ body: `BEGIN:VCARD\r\nVERSION:2.1\r\nN:Large\r\nX-BLOB:${"A".repeat(60_000)}\r\nEND:VCARD\r\n` });
    const options = {
      store,
      url: "http://server.test/syncml",
      login: "anna",
      password: "secret",
      scheme: "md5",
      messageBytesMax: 10_000,
      collections: [{ collection: "contacts" }],
      fetch: (address, init) => serve(new Request(address, init), server, { secret }),
    };
    const names = async (contacts) => (await contacts.list({ limit: 200 })).records.map((record) => record.summary).sort();
    const client = new SyncmlClient(options);
    const paused = await client.sync({ onprogress: ({ messages }) => messages === 3 && client.suspend() });
    assert.equal(paused.ended, "suspended");
    assert.equal((await new SyncmlClient(options).sync()).ended, "complete");
    assert.equal((await names(here)).length, 17);
    assert.deepEqual(await names(here), await names(there));
    await here.patch(large.id, { company: "Engines" });
    await there.remove((await there.list()).records.find((record) => record.summary === "There 3").id);
    assert.equal((await new SyncmlClient(options).sync()).collections[0].mode, "two-way");
    assert.deepEqual(await names(here), await names(there));
    assert.equal((await there.list({ search: "engines" })).records.length, 1);
  });
}

test("what is no snapshot of a store is refused, and so is a store that has none", () => {
  const { Store } = core();
  assert.throws(() => Store.restored({ house: { tenants: "none" } }), { code: "invalid" });
  assert.throws(() => Store.object(memoryStore()).snapshot(), { code: "broken" });
  assert.throws(() => Store.memory().commitNow({ account: 7 }), { code: "invalid" });
});

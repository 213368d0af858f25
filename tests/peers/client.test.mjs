// The SyncML client of the npm package, in Node, against two servers: SyncEvolution's, which nobody here wrote, and ours in workerd.
// Each scenario looks at what the server holds with other eyes than the client's.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { SyncmlClient, createAccount, memoryStore, records } from "../../package/dist/node.js";
import { open, temporary } from "../worker/house.mjs";
import { installServer, serving } from "./syncevolution.mjs";

const missing = installServer();
if (missing) {
  console.log(`\nSKIPPED: the client against SyncEvolution's server, because ${missing}\n`);
  assert.notEqual(process.env.CI, "true", "a skip is a failure in CI");
}

const card = (last, first, more = []) =>
  ["BEGIN:VCARD", "VERSION:3.0", `N:${last};${first};;;`, `FN:${first} ${last}`, ...more, "END:VCARD", ""].join("\r\n");
const fn = (text) => /^FN[^:]*:(.*)$/m.exec(text)[1].trim();

/** Text of so many bytes that does not compress to nothing. */
const long = (bytes) => Array.from({ length: Math.ceil(bytes / 8) }, (_, n) => ((n * 2654435761) >>> 0).toString(16).padStart(8, "0")).join("").slice(0, bytes);

/** The two servers, each seen through its own door, and how many bytes they take in a message. */
const servers = {
  "SyncEvolution's server": {
    skip: missing,
    remote: "addressbook",
    messageBytes: 150_000,
    async open(devices) {
      const folder = temporary();
      const server = await serving(folder.path, devices);
      return {
        url: server.url,
        bodies: async () => server.all(),
        close: async () => {
          await server.stop();
          folder.remove();
        },
      };
    },
  },
  "our server": {
    remote: "contacts",
    messageBytes: 500_000,
    async open() {
      const house = await open();
      const headers = { authorization: "Bearer demo-token" };
      return {
        url: `${house.url}/syncml`,
        async bodies() {
          const found = [];
          for (let after = ""; after !== undefined; ) {
            const answer = await fetch(`${house.url}/api/collections/contacts/records?limit=100${after}`, { headers });
            const { records: page, next } = await answer.json();
            found.push(...page);
            after = next === null ? undefined : `&after=${next}`;
          }
          const whole = async ({ id }) => (await fetch(`${house.url}/api/collections/contacts/records/${id}`, { headers })).json();
          return (await Promise.all(found.map(async (record) => (record.body === undefined ? whole(record) : record)))).map(({ body }) => body);
        },
        close: () => house.close(),
      };
    },
  },
};

/** A client with a store of its own. */
async function phone(server, device, remote, more = {}) {
  const store = memoryStore();
  await createAccount(store, { account: "local", collections: [{ id: "contacts", kind: "contacts" }] });
  const options = { store, url: server.url, login: "demo", password: "demo", device, collections: [{ collection: "contacts", remote }], ...more };
  const book = records(store, "contacts");
  const phone = {
    client: new SyncmlClient(options),
    sync: (how) => phone.client.sync(how),
    /** The same phone from here on with other settings. */
    reopen(different) {
      phone.client.close();
      phone.client = new SyncmlClient({ ...options, ...different });
    },
    add: (body) => book.add({ body }),
    async all() {
      const found = [];
      for (let after; after !== null; ) {
        const page = await book.list({ limit: 100, after });
        found.push(...page.records);
        after = page.next;
      }
      return Promise.all(found.map(async (record) => (record.body === undefined ? book.get(record.id) : record)));
    },
    names: async () => (await phone.all()).map(({ body }) => fn(body)).sort(),
    async named(name) {
      const found = (await phone.all()).filter(({ body }) => fn(body) === name);
      assert.equal(found.length, 1, `one record is ${name}`);
      return found[0];
    },
    async edit(name, change) {
      const { id, body } = await phone.named(name);
      await book.put(id, { body: change(body) });
    },
    async remove(name) {
      await book.remove((await phone.named(name)).id);
    },
  };
  return phone;
}

for (const [name, { skip, remote, messageBytes, open }] of Object.entries(servers)) {
  for (const encoding of ["wbxml", "xml"]) {
    describe(`the client of the package and ${name}, in ${encoding}`, { skip, timeout: 300_000 }, () => {
      let server, first, second;
      const named = async () => (await server.bodies()).map(fn).sort();

      before(async () => {
        server = await open(["first", "second"]);
        first = await phone(server, "first", remote, { encoding });
        second = await phone(server, "second", remote, { encoding });
      });
      after(() => server?.close());

      test("a slow sync carries everything over, and the next one nothing", async () => {
        for (const last of ["Albers", "Brandt", "Clasen"]) await first.add(card(last, "Anna"));
        const report = await first.sync();
        assert.equal(report.ended, "complete");
        assert.equal(report.collections[0].mode, "slow");
        assert.deepEqual(await named(), ["Anna Albers", "Anna Brandt", "Anna Clasen"]);
        await second.sync();
        assert.deepEqual(await second.names(), await named());
        const quiet = await first.sync();
        assert.equal(quiet.collections[0].mode, "two-way");
        assert.deepEqual([quiet.collections[0].sent, quiet.collections[0].received], Array(2).fill({ added: 0, changed: 0, deleted: 0 }));
      });

      test("two-way: what each adds, edits and deletes is on the other", async () => {
        await first.add(card("Dittmer", "Dora"));
        await first.edit("Anna Albers", (body) => body.replace("END:VCARD", "NOTE:edited by the first\r\nEND:VCARD"));
        await second.remove("Anna Clasen");
        await second.add(card("Ehlers", "Emil"));
        for (const phone of [first, second, first]) await phone.sync();
        const expected = ["Anna Albers", "Anna Brandt", "Dora Dittmer", "Emil Ehlers"];
        assert.deepEqual(await named(), expected);
        assert.deepEqual(await first.names(), expected);
        assert.deepEqual(await second.names(), expected);
        assert.match((await second.named("Anna Albers")).body, /edited by the first/);
      });

      test("a conflict is decided, and both end with the same", async () => {
        await first.edit("Anna Brandt", (body) => body.replace("END:VCARD", "TITLE:of the first\r\nEND:VCARD"));
        await second.edit("Anna Brandt", (body) => body.replace("END:VCARD", "ROLE:of the second\r\nEND:VCARD"));
        for (const phone of [first, second, first, second]) await phone.sync();
        assert.deepEqual(await first.names(), await second.names());
        assert.deepEqual(await first.names(), await named());
        const told = (await server.bodies()).join("\n");
        assert.match(told, /of the first|of the second/);
        if (name === "our server") {
          const { body } = await first.named("Anna Brandt");
          assert.match(body, /of the first/);
          assert.match(body, /of the second/);
        }
      });

      test("a slow sync with the same on both sides doubles nothing", async () => {
        const before = await named();
        const report = await first.sync({ mode: "slow" });
        assert.equal(report.collections[0].mode, "slow");
        assert.deepEqual(await named(), before);
        assert.deepEqual(await first.names(), before);
      });

      test("a refresh takes the place of what the other side has, either way", async () => {
        await first.add(card("Only here", "Olga"));
        await first.sync({ mode: "refresh-from-server" });
        assert.deepEqual(await first.names(), await named());
        assert.ok(!(await named()).includes("Olga Only here"));
        await first.remove("Anna Albers");
        await first.add(card("Fresh", "Frida"));
        await first.sync({ mode: "refresh-from-client" });
        assert.deepEqual(await named(), await first.names());
        assert.ok((await named()).includes("Frida Fresh"));
        await second.sync();
        assert.deepEqual(await second.names(), await named());
      });

      test("a large object goes in chunks, both ways", async () => {
        const photo = Buffer.from(Array.from({ length: 1_000_000 }, (_, n) => ((n + 1) * 2654435761) >>> 24)).toString("base64");
        await first.add(card("Large", "Lars", [`PHOTO;ENCODING=b;TYPE=JPEG:${photo}`]));
        const up = await first.sync();
        assert.ok(up.progress.messages > photo.length / messageBytes + 2, `${up.progress.messages} messages went up`);
        second.reopen({ messageBytesMax: 20_000 });
        const down = await second.sync();
        assert.ok(down.progress.messages >= 15, `${down.progress.messages} messages came down`);
        second.reopen({});
        const unfolded = (await second.named("Lars Large")).body.replace(/\r?\n[ \t]/g, "");
        assert.ok(unfolded.includes(photo), "the photo is whole");
      });

      test("what is suspended in the middle is resumed and ends the same", async () => {
        for (let n = 0; n < 150; n += 1) await second.add(card(`Many${n}`, "Max", [`NOTE:${long(messageBytes / 37)}`]));
        const pause = ({ sent }) => sent > 0 && second.client.suspend();
        const suspended = await second.sync({ onprogress: pause });
        assert.equal(suspended.ended, "suspended");
        assert.ok((await second.client.status()).pending > 0);
        const resumed = await second.sync();
        assert.equal(resumed.ended, "complete");
        assert.equal((await named()).filter((name) => name.includes("Many")).length, 150);
        await first.sync();
        assert.deepEqual(await first.names(), await named());
      });

      test("a wrong password is said in words, and nothing is lost", async () => {
        const stranger = await phone(server, "second", remote, { encoding, password: "wrong" });
        await stranger.add(card("Stranger", "Sven"));
        await assert.rejects(stranger.sync(), { code: "unauthorized" });
        assert.deepEqual(await stranger.names(), ["Sven Stranger"]);
        assert.equal((await stranger.client.status()).pending, 1);
      });
    });
  }
}

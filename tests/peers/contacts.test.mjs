// Two phones and a MAX application on one address book, through the worker in workerd.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { open, temporary } from "../worker/house.mjs";
import { device, install } from "./syncevolution.mjs";

const missing = install();
if (missing) {
  console.log(`\nSKIPPED: the tests with SyncEvolution, because ${missing}\n`);
  assert.notEqual(process.env.CI, "true", "a skip is a failure in CI");
}

const photo = Buffer.from(Array.from({ length: 600 }, (_, n) => (n * 7) % 256)).toString("base64");

/** A vCard with things a MAX application cannot show. */
const card = (last, first, mobile) =>
  [
    "BEGIN:VCARD",
    "VERSION:3.0",
    `N:${last};${first};;;`,
    `FN:${first} ${last}`,
    `TEL;TYPE=CELL:${mobile}`,
    "EMAIL;TYPE=HOME:anna@example.com",
    "ADR;TYPE=HOME:;;Hafenstraße 1;Kiel;;24103;Deutschland",
    "NOTE:first line\\nsecond\\, line",
    `PHOTO;ENCODING=b;TYPE=JPEG:${photo}`,
    "END:VCARD",
    "",
  ].join("\r\n");

const sorted = (cards) => cards.map(essence).sort();

/** What must be equal on both sides: the client stamps its cards, orders properties and parameters, and adds empty ones. */
function essence(card) {
  const lines = card.replace(/\r?\n[ \t]/g, "").split(/\r?\n/);
  const properties = lines.map((line) => {
    const [, head, value] = line.match(/^([^:]*):(.*)$/) ?? [, line, ""];
    const [name, ...parameters] = head.toUpperCase().split(";");
    return { name, text: `${[name, ...parameters.sort()].join(";")}:${value}`, empty: /^;*$/.test(value) };
  });
  const ours = properties.filter(({ name, empty }) => !empty && !["PRODID", "REV", "UID"].includes(name));
  return ours.map(({ text }) => text).sort().join("\n");
}

for (const [encoding, wbxml] of [["XML", 0], ["WBXML", 1]]) {
  describe(`two phones over ${encoding}`, { skip: missing, timeout: 600_000 }, () => {
    let house, folder, first, second;

    before(async () => {
      house = await open();
      folder = temporary();
      first = device(folder.path, `first-${wbxml}`, `${house.url}/syncml`, [`enableWBXML=${wbxml}`]);
      second = device(folder.path, `second-${wbxml}`, `${house.url}/syncml`, [`enableWBXML=${wbxml}`]);
      await first.configure();
      await second.configure();
    });
    after(async () => {
      await house?.close();
      folder?.remove();
    });

    test("a slow sync carries everything to the server and on to the other phone", async () => {
      for (const [n, name] of ["Albers", "Brandt", "Clasen"].entries()) first.add(String(n + 1), card(name, "Anna", `+49 171 ${n}`));
      await first.sync();
      await second.sync();
      assert.equal(second.all().length, 3);
      assert.deepEqual(sorted(second.all()), sorted(first.all()));
      const { items } = await house.max.pull("contacts");
      assert.deepEqual(items.map(({ lastname }) => lastname).sort(), ["Albers", "Brandt", "Clasen"]);
    });

    test("what both change is on both after a two-way sync each way", async () => {
      first.edit("Albers", "+49 171 0", "+49 171 999");
      first.add("17", card("Dittmer", "Dora", "+49 171 4"));
      second.edit("Brandt", "Anna Brandt", "Anna-Lena Brandt");
      second.remove("Clasen");
      await first.sync();
      await second.sync();
      await first.sync();
      assert.deepEqual(sorted(first.all()), sorted(second.all()));
      assert.match(second.read("Albers"), /999/);
      assert.match(first.read("Brandt"), /Anna-Lena/);
      assert.equal(first.all().length, 3);
    });

    test("a second slow sync makes no duplicates", async () => {
      await first.sync("slow");
      await second.sync("slow");
      assert.equal(first.all().length, 3);
      assert.equal(second.all().length, 3);
      assert.equal((await house.max.pull("contacts")).items.length, 3);
    });

    test("one field changed by a MAX application comes to the phone, and all else is intact", async () => {
      const { items, lbd } = await house.max.pull("contacts");
      const { id } = items.find(({ lastname }) => lastname === "Albers");
      const before = essence(first.read("Albers"));
      await house.max.push("contacts", { id, mobile: "+49 40 123" });
      await first.sync();
      assert.equal(essence(first.read("Albers")), before.replace("+49 171 999", "+49 40 123"));
      const changed = (await house.max.pull("contacts", lbd)).items;
      assert.deepEqual(changed.map(({ id }) => id), [id], "and the phone sent nothing back");
    });

    test("what a phone adds and removes is in the next MAX delta", async () => {
      const { lbd } = await house.max.pull("contacts");
      first.add("18", card("Evers", "Eva", "+49 171 5"));
      first.remove("Dittmer");
      await first.sync();
      const { items } = await house.max.pull("contacts", lbd);
      assert.equal(items.filter(({ lastname }) => lastname === "Evers").length, 1);
      const gone = items.filter(({ _deleted }) => _deleted === "1");
      assert.deepEqual(gone.map((item) => Object.keys(item).sort()), [["_deleted", "id"]]);
    });
  });
}

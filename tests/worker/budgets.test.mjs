// What a message may cost, counted at the D1 binding: round trips, statements, rows read and rows written.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { open, phone } from "./house.mjs";

let house;
let filled = 0;
before(async () => (house = await open()));
after(() => house?.close());

/** `count` rows of another's making in a collection of the demo account, stamped upwards from its head. */
async function fill(collection, count) {
  const insert = `
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < CAST(?2 AS INTEGER)),
      a AS (SELECT account AS id, (SELECT head FROM account WHERE id = login.account) AS head FROM login WHERE name = 'demo')
    INSERT INTO record (account, collection, id, seq, origin, key, form, size, body)
    SELECT a.id, ?1, 'fill' || n.i, a.head + n.i, '', NULL, 'table', 20, '[["title","row ' || n.i || '"]]' FROM n, a`;
  const move = `UPDATE account SET head = head + CAST(?1 AS INTEGER)
    WHERE id = (SELECT account FROM login WHERE name = 'demo')`;
  // Ten thousand at a time: no statement runs for long.
  for (let done = 0; done < count; done += 10_000) {
    const part = Math.min(10_000, count - done);
    await house.database.batch([
      house.database.prepare(insert.replace("'fill'", `'fill${(filled += 1)}-'`)).bind(collection, part),
      house.database.prepare(move).bind(part),
    ]);
  }
}

describe("MAX", () => {
  test("an empty poll is one batch and at most six rows, with ten records stored or 100,000 and others busy", async () => {
    for (let n = 0; n < 10; n += 1) await house.max.push("tasks", { id: `few${n}`, title: `task ${n}` });
    const { lbd } = await house.max.pull("tasks");
    const few = await house.max.pull("tasks", lbd);
    assert.deepEqual(few.items, []);
    assert.equal(few.cost.batches, 1);
    assert.ok(few.cost.rows_read <= 6, `${few.cost.rows_read} rows read with ten stored`);
    assert.equal(few.cost.rows_written, 0);

    await fill("tasks", 100_000);
    const { lbd: later } = await house.max.push("tasks", { id: "last", title: "last" }).then(() => head("tasks"));
    await fill("notes", 5_000);
    const many = await house.max.pull("tasks", later);
    assert.deepEqual(many.items, []);
    assert.equal(many.cost.batches, 1);
    assert.equal(many.cost.statements, few.cost.statements);
    assert.ok(many.cost.rows_read <= 6, `${many.cost.rows_read} rows read with 100,000 stored and notes busy`);
  });

  test("k changes are at most k + 6 rows, whatever changed elsewhere", async () => {
    const { lbd } = await head("tasks");
    await fill("notes", 1_000);
    for (const changes of [1, 10, 100]) {
      for (let n = 0; n < changes; n += 1) await house.max.push("tasks", { id: `k${changes}-${n}`, title: "changed" });
      const { items, cost, lbd: next } = await house.max.pull("tasks", lbd);
      const expected = { 1: 1, 10: 11, 100: 111 }[changes];
      assert.equal(items.length, expected);
      assert.equal(cost.batches, 1);
      assert.ok(cost.rows_read <= expected + 6, `${cost.rows_read} rows read for ${expected} changes`);
      assert.ok(next > lbd);
    }
  });

  test("a full feed is one batch for the first thousand records and one more for each further thousand", async () => {
    await fill("contacts", 2_500);
    const { items, cost } = await house.max.pull("contacts");
    assert.equal(items.length, 2_500);
    assert.ok(cost.batches <= 3, `${cost.batches} batches for 2,500 records`);
  });

  test("a push is at most two batches and four rows written", async () => {
    const pushes = [
      ["insert", { id: "one", title: "one", done: "0", due: "0" }],
      ["update", { id: "one", done: "1" }],
      ["delete", { id: "one", _deleted: "1" }],
      ["revive", { id: "one", title: "again" }],
    ];
    for (const [what, fields] of pushes) {
      const { cost } = await house.max.push("tasks", fields);
      assert.ok(cost.batches <= 2, `${what}: ${cost.batches} batches`);
      assert.ok(cost.rows_written <= 4, `${what}: ${cost.rows_written} rows written`);
    }
    const { cost } = await house.max.push("tasks", { id: "one", title: "again" });
    assert.equal(cost.rows_written, 0, "a push that changes nothing writes nothing");
  });

  /** The position of the end of a feed, without reading it all: a future position answers with the present one. */
  async function head(table) {
    const row = await house.database.prepare("SELECT head FROM account WHERE id = (SELECT account FROM login WHERE name = 'demo')").first();
    return house.max.pull(table, String(row.head));
  }
});

describe("SyncML", () => {
  /** A slow sync of these cards; gives the cost of each of its messages. */
  async function slow(device, count) {
    const costs = [];
    const mine = phone(house.url, device, { store: "calendar" });
    const note = async (answer) => costs.push((await answer).cost);
    const adds = Array.from({ length: count }, (_, n) => mine.add(`l${n}`, event(`${device}-${n}`)));
    mine.begin();
    await note(mine.send([mine.alert(201)]));
    await note(mine.send([mine.ok(0), mine.sync(adds)]));
    await note(mine.send([mine.ok(0)]));
    return costs;
  }

  const event = (name) =>
    ["BEGIN:VCALENDAR", "VERSION:2.0", "BEGIN:VEVENT", `UID:${name}`, `SUMMARY:${name}`, "DTSTART:20261121T100000Z", "END:VEVENT", "END:VCALENDAR", ""].join("\r\n");

  test("a message is one read and one commit, and its statements do not grow with its items", async () => {
    const few = await slow("IMEI:few", 1);
    const many = await slow("IMEI:many", 60);
    for (const cost of [...few, ...many]) assert.ok(cost.batches <= 2, `${cost.batches} batches`);
    few.forEach((cost, index) => {
      assert.equal(many[index].statements, cost.statements, `message ${index + 1}`);
    });
  });

  test("what is stored elsewhere costs a session nothing", async () => {
    const mine = phone(house.url, "IMEI:calm", { store: "todo" });
    mine.begin();
    const before = (await mine.send([mine.alert(201)])).cost;
    await fill("notes", 2_000);
    const other = phone(house.url, "IMEI:calm-2", { store: "todo" });
    other.begin();
    const later = (await other.send([other.alert(201)])).cost;
    assert.ok(later.rows_read <= before.rows_read + 6, `${before.rows_read} rows read before, ${later.rows_read} after`);
  });
});

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
    let stored = 0;
    for (const [count, batches] of [[900, 1], [1_500, 3], [2_700, 6]]) {
      await fill("contacts", count);
      stored += count;
      const { items, cost } = await house.max.pull("contacts");
      assert.equal(items.length, stored);
      assert.ok(cost.batches <= batches, `${cost.batches} batches for ${stored} records`);
    }
  });

  test("the first batch of a full feed fixes its position: what comes meanwhile is in the next delta, and once", async () => {
    const pushed = [];
    let pulling = true;
    const pushing = (async () => {
      for (let n = 0; pulling; n += 1) {
        await house.max.push("contacts", { id: `meanwhile${n}`, lastname: "Meanwhile" });
        pushed.push(`meanwhile${n}`);
      }
    })();
    for (let round = 0; round < 3; round += 1) {
      const full = await house.max.pull("contacts");
      const answered = [...pushed];
      const ids = [...full.items, ...(await house.max.pull("contacts", full.lbd)).items].map(({ id }) => id);
      assert.equal(new Set(ids).size, ids.length, "nothing comes twice");
      assert.ok(answered.every((id) => ids.includes(id)), "nothing is left out");
    }
    pulling = false;
    await pushing;
    assert.ok(pushed.length > 3);
  });

  test("contacts cost what tasks cost, whatever their fields are made of", async () => {
    const { lbd } = await head("contacts");
    const { cost: poll } = await house.max.pull("contacts", lbd);
    assert.equal(poll.batches, 1);
    assert.ok(poll.rows_read <= 6, `${poll.rows_read} rows read`);
    for (const fields of [{ lastname: "Albers", mobile: "1" }, { mobile: "2" }, { _deleted: "1" }]) {
      const { cost } = await house.max.push("contacts", { id: "albers", ...fields });
      assert.ok(cost.batches <= 2, `${cost.batches} batches`);
    }
    for (let n = 0; n < 20; n += 1) await house.max.push("contacts", { id: `more${n}`, lastname: "More" });
    const { items, cost } = await house.max.pull("contacts", lbd);
    assert.equal(items.length, 21);
    assert.ok(cost.rows_read <= 21 + 6, `${cost.rows_read} rows read for 21 changes`);
  });

  test("a push is at most two batches and four rows written, and one more for what it takes the place of", async () => {
    const pushes = [
      ["insert", { id: "one", title: "one", done: "0", due: "0" }],
      ["update", { id: "one", done: "1" }],
      ["delete", { id: "one", _deleted: "1" }],
      ["revive", { id: "one", title: "again" }],
    ];
    for (const [what, fields] of pushes) {
      const { cost } = await house.max.push("tasks", fields);
      assert.ok(cost.batches <= 2, `${what}: ${cost.batches} batches`);
      assert.ok(cost.rows_written <= (["update", "delete"].includes(what) ? 5 : 4), `${what}: ${cost.rows_written} rows written`);
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
  /** A slow sync of these events, then changes of all of them, then a sync of nothing; gives the cost of each message. */
  async function life(device, count) {
    const costs = [];
    const mine = phone(house.url, device, { store: "calendar" });
    const send = async (what, commands) => costs.push([what, (await mine.send(commands)).cost]);
    const each = (command) => Array.from({ length: count }, (_, n) => command(`l${n}`, n));
    mine.begin();
    await send("slow sync", [mine.alert(201)]);
    await send("adds", [mine.ok(0), mine.sync(each((luid, n) => mine.add(luid, event(`${device}-${n}`))))]);
    await send("end", [mine.ok(0)]);
    mine.begin();
    await send("two-way sync", [mine.alert(200)]);
    await send("replaces", [mine.ok(0), mine.sync(each((luid, n) => replace(mine, luid, event(`${device}-${n}-again`))))]);
    await send("end", [mine.ok(0)]);
    mine.begin();
    await send("two-way sync", [mine.alert(200)]);
    await send("deletes", [mine.ok(0), mine.sync(each((luid) => remove(luid)))]);
    await send("end", [mine.ok(0)]);
    mine.begin();
    await send("two-way sync", [mine.alert(200)]);
    await send("nothing", [mine.ok(0), mine.sync([])]);
    await send("end", [mine.ok(0)]);
    return costs;
  }

  const replace = (mine, luid, data) => (id) => mine.add(luid, data)(id).replaceAll("Add>", "Replace>");
  const remove = (luid) => (id) => `<Delete><CmdID>${id}</CmdID><Item><Source><LocURI>${luid}</LocURI></Source></Item></Delete>`;
  const event = (name) =>
    ["BEGIN:VCALENDAR", "VERSION:2.0", "BEGIN:VEVENT", `UID:${name}`, `SUMMARY:${name}`, "DTSTART:20261121T100000Z", "END:VEVENT", "END:VCALENDAR", ""].join("\r\n");

  test("a message is one read and one commit, and its statements do not grow with its items", async () => {
    const few = await life("IMEI:few", 1);
    const many = await life("IMEI:many", 60);
    for (const [what, { batches, statements }] of [...few, ...many]) {
      assert.ok(batches >= 1 && batches <= 2, `${what}: ${batches} batches`);
      assert.ok(statements > 0);
    }
    assert.deepEqual(many.map(statementsOf), few.map(statementsOf));
  });

  test("neither do those of what goes to the phone, nor those of its map", async () => {
    const taken = async (device, count) => {
      for (let n = 0; n < count; n += 1) await house.max.push("notes", { id: `${device}-${n}`, body: `note ${n} of ${device}` });
      const mine = phone(house.url, device, { store: "notes" });
      const costs = [];
      const send = async (what, commands) => {
        const answer = await mine.send(commands);
        costs.push([what, answer.cost]);
        return answer.text;
      };
      mine.begin();
      await send("slow sync", [mine.alert(201)]);
      const adds = [...(await send("what it gets", [mine.ok(0), mine.sync([])])).matchAll(/<Add>[^]*?<Source><LocURI>([^<]+)</g)];
      await send("its map", [mine.ok(0), map(adds.map(([, id]) => id))]);
      return { adds: adds.length, costs };
    };
    await house.database.prepare("DELETE FROM record WHERE collection = 'notes'").run();
    const few = await taken("few", 1);
    const many = await taken("many", 60);
    assert.deepEqual([few.adds, many.adds], [1, 61]);
    for (const [what, { batches }] of [...few.costs, ...many.costs]) assert.ok(batches <= 2, `${what}: ${batches} batches`);
    assert.deepEqual(many.costs.map(statementsOf), few.costs.map(statementsOf));
  });

  const statementsOf = ([what, { statements }]) => `${what}: ${statements}`;
  const map = (ids) => (id) => {
    const items = ids.map((id, n) => `<MapItem><Target><LocURI>${id}</LocURI></Target><Source><LocURI>m${n}</LocURI></Source></MapItem>`);
    return `<Map><CmdID>${id}</CmdID><Target><LocURI>notes</LocURI></Target><Source><LocURI>./notes</LocURI></Source>${items.join("")}</Map>`;
  };

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

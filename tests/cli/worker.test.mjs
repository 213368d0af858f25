// A folder of 1,000 cards to the worker in workerd, and back into another folder: the same files.

import assert from "node:assert/strict";
import { rmSync, writeFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { open } from "../worker/house.mjs";
import { card, cards, filesIn, nameOf, room, upTo } from "./house.mjs";

let worker;
before(async () => (worker = await open()));
after(() => worker?.close());

test("1,000 cards to the worker and back into another folder are the same files", async (t) => {
  const { path, json, stop } = room();
  t.after(stop);
  const sync = (folder) =>
    json(["sync", `${worker.url}/syncml`, "--data", path(folder), "--login", "demo"], { env: { ANCHORAGE_PASSWORD: "demo" } });
  cards(path("a"), upTo(1000));
  const before = filesIn(path("a"));
  const sent = await sync("a");
  assert.equal(sent.collections[0].outcome.sent.added, 1000);
  const received = await sync("b");
  assert.equal(received.collections[0].toFolder.added, 1000);
  assert.deepEqual(filesIn(path("b")), before);
  assert.deepEqual(filesIn(path("a")), before, "and the first folder is as it was");
  const file = (folder, number) => path(folder, `${nameOf(number)}.vcf`);
  for (const number of upTo(10)) writeFileSync(file("b", number), card(number).replace("Zürich", "Bern"));
  for (const number of [11, 12, 13]) rmSync(file("b", number));
  cards(path("b"), [1001, 1002]);
  assert.deepEqual(Object.values((await sync("b")).collections[0].fromFolder), [2, 10, 3]);
  const [{ toFolder, outcome }] = (await sync("a")).collections;
  assert.deepEqual([Object.values(toFolder), outcome.mode], [[2, 10, 3], "two-way"]);
  assert.deepEqual(filesIn(path("a")), filesIn(path("b")));
});

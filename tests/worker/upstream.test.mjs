// Servers synchronise with servers: two workers in workerd, one of them arranged by its operator to be the other's client, on its
// schedule, through a wire that is cut; over SyncML and over MAX.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { at, run } from "../../scripts/run.mjs";
import { cards, house, leave, minute, said, untilDone, wire } from "./neighbours.mjs";

after(leave);

async function agree(here, there, count) {
  const [ours, theirs] = [await said(here), await said(there)];
  assert.equal(ours.length, count);
  assert.deepEqual(ours, theirs);
}

for (const [protocol, path] of [
  ["SyncML", "/syncml"],
  ["MAX", "/max/"],
]) {
  test(`two workers synchronise 500 contacts over ${protocol} on a schedule and converge through a cut wire`, async () => {
    const [here, there] = [await house(), await house()];
    await there.account("import", "demo", "contacts", cards(there.state, "There", 400));
    await here.account("import", "demo", "contacts", cards(here.state, "Here", 100));
    await there.open();
    const line = await wire(there.url);
    const add = ["upstream", "demo", "add", "there", `${line.url}${path}`, "--collection", "contacts"];
    const text = await here.account(...add, "--login", "demo", "--password", "demo", "--every", "1");
    assert.match(text, new RegExp(`\\(${protocol}\\)`));
    await here.open();

    // The wire is cut in the middle of the first sync, and the worker is stopped in the middle of it.
    line.cut(2);
    const stopped = new Promise((done) => {
      line.onrequest = (count) => count === 3 && done();
    });
    const sync = minute(here).catch(() => {});
    await Promise.race([stopped, sync]);
    await here.stop();
    await sync;
    line.onrequest = undefined;
    assert.ok(line.cuts > 0 && line.requests >= 3, `${line.cuts} cuts, ${line.requests} requests`);
    await here.open();
    await here.database.prepare("UPDATE upstream SET leased = 0").run();
    await untilDone(here);
    await agree(here, there, 500);

    // Edits on both sides, of the same contact too, and a cut wire again.
    const idOf = async (place, name) => (await place.max.pull("contacts")).items.find(({ lastname }) => lastname === name).id;
    const both = "There7";
    await here.max.push("contacts", { id: await idOf(here, both), email: "here@example.org" });
    await there.max.push("contacts", { id: await idOf(there, both), note: "there" });
    await here.max.push("contacts", { id: await idOf(here, "Here3"), _deleted: "1" });
    await there.max.push("contacts", { id: await idOf(there, "There3"), _deleted: "1" });
    await there.max.push("contacts", { id: await idOf(there, "Here9"), mobile: "+1" });
    await here.max.push("contacts", { id: "brand-new", lastname: "New" });
    line.cut(2);
    const cuts = line.cuts;
    await untilDone(here);
    assert.ok(line.cuts > cuts);
    await untilDone(here);
    await agree(here, there, 499);
    const merged = (await here.max.pull("contacts")).items.find(({ lastname }) => lastname === both);
    assert.deepEqual([merged.email, merged.note], ["here@example.org", "there"]);

    // Quiet: nothing comes back as an echo.
    const lbds = async () => [(await here.max.pull("contacts")).lbd, (await there.max.pull("contacts")).lbd];
    const before = await lbds();
    await untilDone(here);
    assert.deepEqual(await lbds(), before);
    const shown = await here.account("upstream", "demo", "show", "there");
    assert.match(shown, /nothing waits to be sent/);
  });
}

test("the operator synchronises at once, with progress, and is told why it cannot be", async () => {
  const [here, there] = [await house(), await house()];
  await there.account("import", "demo", "contacts", cards(there.state, "There", 30));
  await there.open();
  const add = ["upstream", "demo", "add", "there", `${there.url}/syncml`, "--collection", "contacts", "--login", "demo"];
  const text = await here.account(...add, "--password", "demo", "--now");
  assert.match(text, /received 30 new/);
  await there.stop();
  const options = { capture: true, lenient: true };
  const words = ["upstream", "demo", "set", "there", "--password", "wrong", "--now", "--state", here.state];
  const { code, text: refused } = await run(process.execPath, [at("scripts", "account.mjs"), ...words], options);
  assert.equal(code, 1, refused);
  delete there.stop;
});

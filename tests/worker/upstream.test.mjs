// Servers synchronise with servers: two workers in workerd, one of them arranged by its operator to be the other's client, on its
// schedule, through a wire that is cut; over SyncML and over MAX.

import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { after, test } from "node:test";
import { serve } from "../../scripts/local.mjs";
import { at, run, secret } from "../../scripts/run.mjs";
import { card, maxClient, temporary } from "./house.mjs";

const cleanups = [];
after(async () => {
  for (const cleanup of cleanups.reverse()) await cleanup();
});

/** A state directory with the demo account; its operator, and the worker on it once it is opened. */
async function house() {
  const state = temporary();
  const place = { state: state.path, lines: [] };
  place.account = async (...words) => {
    const options = { capture: true, lenient: true };
    const { code, text } = await run(process.execPath, [at("scripts", "account.mjs"), ...words, "--state", state.path], options);
    assert.equal(code, 0, text);
    return text;
  };
  place.open = async () => {
    const vars = { ANCHORAGE_SECRET: secret(state.path), ANCHORAGE_LOCAL: "1" };
    Object.assign(place, await serve({ state: state.path, vars, line: (line) => place.lines.push(line) }));
    place.max = maxClient(place.url);
  };
  cleanups.push(async () => {
    await place.stop?.();
    state.remove();
  });
  await place.account("demo");
  return place;
}

/** A folder of cards. */
function cards(state, prefix, count) {
  const folder = join(state, `cards-${prefix}`);
  mkdirSync(folder);
  for (let n = 0; n < count; n += 1) writeFileSync(join(folder, `${n}.vcf`), card(`${prefix}${n}`));
  return folder;
}

/** A wire to a server: `cut(n)` breaks the answer to the n-th request from now, in its middle; counts requests. */
async function wire(url) {
  const { port } = new URL(url);
  const line = { requests: 0, cutAt: 0, cuts: 0 };
  const server = createServer((near) => {
    const far = connect(Number(port), "127.0.0.1");
    const hangUp = () => {
      near.destroy();
      far.destroy();
    };
    for (const socket of [near, far]) socket.on("error", hangUp).on("close", hangUp);
    let doomed = false;
    near.on("data", (bytes) => {
      if (/^(GET|POST) /.test(bytes.toString("latin1"))) {
        line.requests += 1;
        doomed = line.requests === line.cutAt;
        line.onrequest?.(line.requests);
      }
      far.write(bytes);
    });
    far.on("data", (bytes) => {
      if (!doomed) return near.write(bytes);
      line.cuts += 1;
      near.write(bytes.subarray(0, bytes.length >> 1), hangUp);
    });
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  cleanups.push(() => server.close());
  line.url = `http://127.0.0.1:${server.address().port}`;
  line.cut = (n) => (line.cutAt = line.requests + n);
  return line;
}

/** What every contact says, without its id: over SyncML ids differ. */
async function said(place) {
  const { items } = await place.max.pull("contacts");
  return items.map(({ id, ...fields }) => JSON.stringify(fields)).sort();
}

/** Makes what is arranged due, and runs the schedule once; answers what it said. */
async function minute(place) {
  await place.database.prepare("UPDATE upstream SET due = 0").run();
  const before = place.lines.length;
  assert.equal((await place.tick()).outcome, "ok");
  return place.lines.slice(before).filter((line) => line.startsWith("upstream "));
}

/** Runs the schedule until a sync ends well; how often it ran. */
async function untilDone(place, most = 60) {
  for (let times = 1; times <= most; times += 1) {
    const lines = await minute(place);
    if (lines.some((line) => line.includes("ended well"))) return times;
  }
  assert.fail(`no sync ended well:\n${place.lines.slice(-20).join("\n")}`);
}

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
    line.cut(3);
    const stopped = new Promise((done) => {
      line.onrequest = (count) => count === 5 && done();
    });
    const sync = minute(here).catch(() => {});
    await Promise.race([stopped, sync]);
    await here.stop();
    await sync;
    line.onrequest = undefined;
    assert.ok(line.cuts > 0 && line.requests >= 5, `${line.cuts} cuts, ${line.requests} requests`);
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

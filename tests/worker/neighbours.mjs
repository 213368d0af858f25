// Two servers and the wire between them: a worker whose operator arranges syncs, a wire that can be cut, and the minutes that pass.

import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { serve } from "../../scripts/local.mjs";
import { at, run, secret } from "../../scripts/run.mjs";
import { card, maxClient, temporary } from "./house.mjs";

const cleanups = [];

/** Takes down what was put up, the last first. */
export async function leave() {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
}

/** A state directory with the demo account; its operator, and the worker on it once it is opened. */
export async function house() {
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
export function cards(state, prefix, count) {
  const folder = join(state, `cards-${prefix}`);
  mkdirSync(folder);
  for (let n = 0; n < count; n += 1) writeFileSync(join(folder, `${n}.vcf`), card(`${prefix}${n}`));
  return folder;
}

/**
 * A wire to a server, or to the one that it is led to later: `cut(n)` breaks the answer to the n-th request from now, in its
 * middle; counts requests.
 */
export async function wire(url) {
  let port;
  const line = { requests: 0, cutAt: 0, cuts: 0, lead: (url) => ({ port } = new URL(url)) };
  if (url) line.lead(url);
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
export async function said(place) {
  const { items } = await place.max.pull("contacts");
  return items.map(({ id, ...fields }) => JSON.stringify(fields)).sort();
}

/** Makes what is arranged due, and runs the schedule once; answers what it said. */
export async function minute(place) {
  await place.database.prepare("UPDATE upstream SET due = 0").run();
  const before = place.lines.length;
  assert.equal((await place.tick()).outcome, "ok");
  return place.lines.slice(before).filter((line) => line.startsWith("upstream "));
}

/** Runs the schedule until a sync ends well; how often it ran. */
export async function untilDone(place, most = 60) {
  for (let times = 1; times <= most; times += 1) {
    const lines = await minute(place);
    if (lines.some((line) => line.includes("ended well"))) return times;
  }
  assert.fail(`no sync ended well:\n${place.lines.slice(-20).join("\n")}`);
}

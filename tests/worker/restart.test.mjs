// `npm start` as a user runs it: no terminal, standard input closed, stopped by Ctrl-C, started again.

import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { openSync, readFileSync, statSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { after, afterEach, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { at } from "../../scripts/run.mjs";
import { maxClient, request, temporary } from "./house.mjs";

let folder, port;
const groups = new Set();

before(async () => {
  folder = temporary();
  port = await freePort();
});
after(() => folder?.remove());
afterEach(() => {
  for (const group of groups) if (members(group).length > 0) process.kill(-group, "SIGKILL");
});

/** The first answer of whoever knocks from the beginning, until `started` is done. */
async function firstAnswer(url, started) {
  let over = false;
  started.then(() => (over = true));
  while (!over) {
    const answer = await request(url).catch(() => undefined);
    if (answer) return answer;
    await sleep(10);
  }
}

/** Starts it in a process group of its own, as a shell does; resolves when it says it is ready or has ended. */
async function start(...options) {
  const log = join(folder.path, `log-${groups.size}`);
  const out = openSync(log, "w");
  const state = join(folder.path, "state");
  // `<&-` closes standard input for good.
  const command = `exec npm start -- --port ${port} --state ${state} ${options.join(" ")} <&-`;
  const child = spawn("sh", ["-c", command], { cwd: at(), detached: true, stdio: ["ignore", out, out] });
  groups.add(child.pid);
  const ended = new Promise((resolve) => child.on("close", (code) => resolve(code)));
  const text = () => readFileSync(log, "utf8");
  for (let waited = 0; waited < 600 && child.exitCode === null && !text().includes("is ready on"); waited += 1) await sleep(200);
  return { group: child.pid, state, text, ended, child };
}

async function ready(...options) {
  const server = await start(...options);
  assert.match(server.text(), /is ready on/);
  return server;
}

/** Everything alive in a process group. */
function members(group) {
  const lines = execFileSync("ps", ["-eo", "pgid=,stat=,args="], { encoding: "utf8" }).split("\n");
  return lines.filter((line) => line.trim().startsWith(`${group} `) && !/^\s*\d+\s+Z/.test(line));
}

async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function stop({ group, ended }, signal) {
  process.kill(-group, signal);
  await ended;
  for (let waited = 0; waited < 25 && members(group).length > 0; waited += 1) await sleep(200);
  assert.deepEqual(members(group), [], `nothing is left of the group after ${signal}`);
  await assert.rejects(request(`http://127.0.0.1:${port}/`), /ECONNREFUSED/);
}

test("it starts, says how to use it, keeps its data over a restart, and leaves nothing behind", { timeout: 180_000 }, async () => {
  const url = `http://127.0.0.1:${port}`;
  const starting = ready();
  const early = await firstAnswer(maxClient(url).url("tasks", { lbd: "0" }), starting);
  const first = await starting;
  assert.equal(early?.status ?? 200, 200, "the demo account is there before the port is open");
  for (const said of [url, `${url}/syncml`, "demo-token", "curl", first.state]) {
    assert.ok(first.text().includes(said), `it says ${said}:\n${first.text()}`);
  }
  const alive = members(first.group).filter((line) => line.includes("workerd"));
  assert.equal(alive.length, 1, "workerd runs in the process group of npm");
  assert.equal(statSync(join(first.state, "secret")).mode & 0o777, 0o600);
  assert.equal((await request(`${url}/`)).status, 200);

  const max = maxClient(url);
  await max.push("tasks", { id: "a", title: "survives" });
  const { lbd } = await max.pull("tasks");
  await stop(first, "SIGINT");

  const began = Date.now();
  const second = await ready();
  assert.ok(Date.now() - began < 30_000, `the second start took ${Date.now() - began} ms`);
  assert.deepEqual((await max.pull("tasks", lbd)).items, [], "the position is still good");
  assert.ok((await max.pull("tasks")).items.some(({ id, title }) => id === "a" && title === "survives"));

  const third = await start();
  assert.equal(await third.ended, 1);
  assert.match(third.text(), new RegExp(`Port ${port} is in use`));
  await stop(second, "SIGTERM");
});

test("a second server on the same data, a bad port and an unknown option are refused in words", { timeout: 120_000 }, async () => {
  const first = await ready();
  const other = await freePort();
  for (const [options, said] of [
    [["--port", other], /Another npm start/],
    [["--port", "99999"], /no port/],
    [["--prot", "1"], /npm start \[-- --port N --state DIR\]/],
  ]) {
    const refused = await start(...options);
    assert.equal(await refused.ended, 1);
    assert.match(refused.text(), said);
  }
  await stop(first, "SIGINT");
});

test("ended alone, npm takes the server with it", { timeout: 120_000 }, async () => {
  const { group, child, ended } = await ready();
  assert.ok(members(group).some((line) => line.includes("workerd")));
  child.kill("SIGTERM");
  await ended;
  for (let waited = 0; waited < 50 && members(group).length > 0; waited += 1) await sleep(200);
  assert.deepEqual(members(group), []);
});

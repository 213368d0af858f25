// `npx anchorage serve`: the server on Node and SQLite, its bounds, its end, and what lies in its folder.

import assert from "node:assert/strict";
import { connect } from "node:net";
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { at } from "../../scripts/run.mjs";
import { maxClient, request } from "../worker/house.mjs";
import { card, node20, room, until } from "./house.mjs";

test("it serves SyncML and MAX, says who is asked for first, and keeps its secret to its owner", async (t) => {
  const { path, start, anchorage, json, stop } = room();
  t.after(stop);
  const { child, said, ended } = await start(["serve", "--data", path("new"), "--port", 0]);
  await until(() => /account add anna/.test(said.out));
  const url = said.out.match(/http:\/\/[^\s/]+/)[0];
  for (const name of ["secret", "anchorage.sqlite"]) assert.equal(statSync(path("new", name)).mode & 0o777, 0o600, name);
  assert.equal(statSync(path("new")).mode & 0o777, 0o700);
  const { out } = await anchorage(["account", "add", "anna", "--token", "--data", path("new")]);
  const max = maxClient(url, out.match(/^ {4}(\S{30,})/m)[1]);
  await max.push("contacts", { id: "1", name: "Ada" });
  assert.deepEqual((await max.pull("contacts")).items.map(({ name }) => name), ["Ada"], "an account made beside it is there at once");
  const feed = await json(["decode", "-"], { input: (await max.pull("contacts")).bytes });
  assert.deepEqual([feed.decoded.kind, feed.decoded.feed.items[0].name], ["feed", "Ada"]);
  const body = readFileSync(at("tests/corpus/syncevolution/auth-basic-xml/01-req.xml"));
  const answer = await request(`${url}/syncml`, { method: "POST", headers: { "content-type": "application/vnd.syncml+xml" }, body });
  assert.equal(answer.status, 200);
  assert.match(answer.text, /<Data>(401|407)<\/Data>/);
  child.kill("SIGTERM");
  assert.equal((await ended).code, 0);
  assert.match(said.out, /^syncml session /m, "each request has its line");
});

test("a request too large, too slow or no request is refused, and the server goes on", async (t) => {
  const { serve, stop } = room();
  t.after(stop);
  const { url, child, ended } = await serve(["--quiet"]);
  const port = Number(new URL(url).port);
  const huge = await request(`${url}/syncml`, {
    method: "POST",
    headers: { "content-type": "application/vnd.syncml+xml", "content-length": String(1 << 30) },
    body: (sent) => sent.write("x".repeat(100)),
  });
  assert.equal(huge.status, 413);
  const endless = await request(`${url}/syncml`, {
    method: "POST",
    headers: { "content-type": "application/vnd.syncml+xml" },
    body: (sent) => {
      sent.on("error", () => {});
      const chunk = Buffer.alloc(1 << 20, "x");
      const more = () => {
        while (!sent.destroyed && sent.write(chunk));
      };
      sent.on("drain", more);
      more();
    },
  }).catch((error) => ({ status: error.code }));
  assert.ok([413, "ECONNRESET", "EPIPE"].includes(endless.status), String(endless.status));
  for (const nonsense of ["GET http://[ HTTP/1.1\r\nHost: x\r\n\r\n", "NONSENSE\r\n\r\n", "GET /%00%ff/../../secret HTTP/1.1\r\nHost: [::\r\n\r\n", "GET //secret HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"]) {
    const answered = await new Promise((resolve) => {
      const socket = connect(port, "127.0.0.1", () => socket.write(nonsense));
      let text = "";
      socket.setTimeout(3000, () => socket.destroy());
      socket.on("data", (chunk) => (text += chunk));
      socket.on("error", () => {});
      socket.on("close", () => resolve(text));
    });
    assert.match(answered, /^HTTP\/1\.1 [45]\d\d/, nonsense);
    assert.doesNotMatch(answered, / 500 /);
  }
  assert.equal((await request(`${url}/max/contacts?auth=x&lbd=0`)).status, 401);
  child.kill("SIGINT");
  assert.equal((await ended).code, 0);
});

test("what has begun is answered before it ends", async (t) => {
  const { serve, stop } = room();
  t.after(stop);
  const { url, child, ended } = await serve();
  const body = readFileSync(at("tests/corpus/syncevolution/auth-basic-xml/01-req.xml"));
  const headers = { "content-type": "application/vnd.syncml+xml", "content-length": body.length };
  const answer = request(`${url}/syncml`, {
    method: "POST",
    headers,
    body: (sent) => {
      sent.write(body.subarray(0, 20));
      setTimeout(() => child.kill("SIGTERM"), 300);
      setTimeout(() => sent.end(body.subarray(20)), 900);
    },
  });
  assert.equal((await answer).status, 200);
  assert.equal((await ended).code, 0);
  await assert.rejects(request(url));
});

test("the demo is for this machine, and its account opens nothing without it", async (t) => {
  const { path, start, anchorage, json, stop } = room();
  t.after(stop);
  const data = ["--data", path("demo")];
  assert.match((await anchorage(["serve", ...data, "--demo", "--host", "0.0.0.0"], { code: 2 })).err, /everybody knows/);
  const { child, said, ended } = await start(["serve", ...data, "--demo", "--port", 0]);
  await until(() => /SyncML /.test(said.out));
  writeFileSync(path("a.vcf"), card(1));
  await anchorage(["account", "import", "demo", path("a.vcf"), ...data]);
  const sync = ["sync", `${said.out.match(/http:\/\/[^\s/]+/)[0]}/syncml`, "--data", path("cards"), "--login", "demo"];
  const env = { ANCHORAGE_PASSWORD: "demo" };
  assert.equal((await json(sync, { env })).collections[0].toFolder.added, 1);
  child.kill("SIGTERM");
  await ended;
  const port = new URL(sync[1]).port;
  const plain = await start(["serve", ...data, "--port", port]);
  await until(() => /SyncML /.test(plain.said.out));
  assert.equal((await json(sync, { env, code: 3 })).error.code, "unauthorized");
});

test("a port in use and a broken secret are said", async (t) => {
  const { path, serve, anchorage, json, stop } = room();
  t.after(stop);
  const { url, data } = await serve();
  const taken = await json(["serve", "--data", path("other"), "--port", new URL(url).port], { code: 5 });
  assert.match(taken.error.message, /--port chooses another/);
  assert.match((await anchorage(["serve", "--data", path("other"), "--port", "99999"], { code: 2 })).err, /from 0 to 65535/);
  assert.match((await anchorage(["account", "list", "--data", data], { code: 2, env: { ANCHORAGE_SECRET: "short" } })).err, /fewer than 16 bytes/);
  writeFileSync(path("other", "secret"), "");
  assert.match((await anchorage(["serve", "--data", path("other")], { code: 1 })).err, /broken/);
});

test("Node 20 is told that it is too old for a server", { skip: !node20 && "Node 20 is not here" }, async (t) => {
  const { path, anchorage, stop } = room();
  t.after(stop);
  const { err } = await anchorage(["serve", "--data", path("data"), "--port", 0], { code: 1, node: node20 });
  assert.match(err, /Node 22\.13 or later/);
  assert.ok(!existsSync(path("data")), "nothing was made");
  assert.match((await anchorage(["account", "list", "--data", path("data")], { code: 1, node: node20 })).err, /Node 22\.13 or later/);
});

test("a server that is the client of another: by itself, and at once by order", async (t) => {
  const [one, other] = [room(), room()];
  t.after(one.stop);
  t.after(other.stop);
  const there = await other.serve(["--quiet"]);
  const data = ["--data", one.path("server")];
  const fill = async (number) => {
    writeFileSync(other.path(`${number}.vcf`), card(number));
    await other.anchorage(["account", "import", "anna", other.path(`${number}.vcf`), "--data", there.data]);
  };
  const count = async () => (await one.json(["account", "list", "anna", ...data])).accounts[0].collections.find(({ id }) => id === "contacts").records;
  await fill(1);
  await one.anchorage(["account", "add", "anna", ...data]);
  const far = ["account", "upstream", "anna", "add", "far", there.syncml, "--collection", "contacts", "--login", "anna", "--every", "60"];
  await one.anchorage([...far, ...data]);
  assert.equal(await count(), 0);
  const { child } = await one.start(["serve", ...data, "--port", 0]);
  for (let waited = 0; (await count()) < 1 && waited < 60; waited += 1) await sleep(500);
  assert.equal(await count(), 1, "it is due, and the server goes there as soon as it runs");
  child.kill("SIGTERM");
  await fill(2);
  const { upstreams } = await one.json(["account", "upstream", "anna", ...data]);
  assert.equal(upstreams[0].id, "far");
  await one.anchorage(["account", "upstream", "anna", "show", "far", "--now", ...data]);
  assert.equal(await count(), 2);
});

test("pages are served beside it with the headers they ask for, and nothing else of the machine", async (t) => {
  const { path, serve, stop } = room();
  t.after(stop);
  mkdirSync(path("site", "assets"), { recursive: true });
  writeFileSync(path("site", "index.html"), "<!doctype html><title>console</title>");
  writeFileSync(path("site", "assets", "app.js"), "export {};");
  writeFileSync(path("site", "_headers"), "/*\n  Content-Security-Policy: default-src 'none'\n/assets/*\n  ! Content-Security-Policy\n  Cache-Control: immutable\n");
  writeFileSync(path("secret.txt"), "secret");
  const { url } = await serve(["--console", path("site")]);
  const index = await request(`${url}/`);
  assert.deepEqual([index.status, index.headers["content-type"], index.headers["content-security-policy"]], [200, "text/html; charset=utf-8", "default-src 'none'"]);
  const script = await request(`${url}/assets/app.js`);
  assert.deepEqual([script.headers["cache-control"], script.headers["content-security-policy"], script.headers["content-type"]], ["immutable", undefined, "text/javascript; charset=utf-8"]);
  for (const hidden of ["/_headers", "/../secret.txt", "/%2e%2e/secret.txt", "/assets/..%2f..%2fsecret.txt", "/assets"]) {
    assert.equal((await request(`${url}${hidden}`)).status, 404, hidden);
  }
  assert.equal((await request(`${url}/api/account`)).status, 401, "the API is the server's");
  assert.equal((await request(`${url}/`, { method: "POST" })).status, 404);
});

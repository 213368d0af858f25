// The IndexedDB store in Chromium: what was acknowledged survives a killed browser, tabs agree, and the log is folded.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import test from "node:test";
import { chromium } from "playwright-core";
import { args, executablePath, missing, served } from "./chromium.mjs";
import { consumer } from "./consumer.mjs";

const main = `
import * as anchorage from "./node_modules/anchorage/dist/browser.js";
await anchorage.load();
const store = await anchorage.indexedDbStore("phone");
await anchorage.createAccount(store, { account: "local" });
const contacts = anchorage.records(store, "contacts");
window.tab = {
  anchorage,
  store,
  add: async (name, note = "") => (await contacts.add({ fields: { name, note } })).id,
  names: async () => {
    const names = [];
    for (let after = 0; after !== null; ) {
      const page = await contacts.list({ after, limit: 200 });
      names.push(...page.records.map((record) => record.summary));
      after = page.next;
    }
    return names;
  },
  logged: () => new Promise((resolve) => {
    const open = indexedDB.open("phone");
    open.onsuccess = () => {
      const count = open.result.transaction("log").objectStore("log").count();
      count.onsuccess = () => { open.result.close(); resolve(count.result); };
    };
  }),
  addForEver: async () => {
    for (let number = 1; ; number++) {
      await tab.add("Contact " + number);
      console.log("safe " + number);
    }
  },
};
`;

const files = { "index.html": '<!doctype html><title>Phone</title><script type="module" src="./main.mjs"></script>', "main.mjs": main };

async function phone(context, address) {
  const tab = await context.newPage();
  await tab.goto(address);
  await tab.waitForFunction(() => window.tab);
  return tab;
}

/** A browser of our own process, so that it can be killed. */
async function browserIn(profile) {
  rmSync(join(profile, "DevToolsActivePort"), { force: true });
  const child = spawn(executablePath, [...args, "--headless=new", "--remote-debugging-port=0", `--user-data-dir=${profile}`, "about:blank"], { stdio: "ignore" });
  const file = join(profile, "DevToolsActivePort");
  for (let tries = 0; !existsSync(file) || readFileSync(file, "utf8").split("\n").length < 2; tries++) {
    if (tries > 200) throw new Error("Chromium does not come up");
    await pause(100);
  }
  const browser = await chromium.connectOverCDP(`http://127.0.0.1:${readFileSync(file, "utf8").split("\n")[0]}`);
  const gone = new Promise((resolve) => child.on("exit", resolve));
  return { context: browser.contexts()[0], kill: () => (child.kill("SIGKILL"), gone) };
}

test("what was acknowledged survives a killed browser and a crashed tab", { skip: missing }, async (t) => {
  const { address, end } = await served(await consumer(files));
  t.after(end);
  const profile = mkdtempSync(join(tmpdir(), "anchorage-profile-"));
  t.after(() => rmSync(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 }));
  let safe = 0;
  for (let round = 0; round < 2; round++) {
    const { context, kill } = await browserIn(profile);
    t.after(kill);
    const tab = await phone(context, address);
    const known = new Set(await tab.evaluate(() => window.tab.names()));
    for (let number = 1; number <= safe; number++) assert.ok(known.has(`Contact ${number}`), `contact ${number} was safe`);
    await new Promise((resolve) => {
      tab.on("console", (message) => {
        const [, number] = /^safe (\d+)$/.exec(message.text()) ?? [];
        safe = Math.max(safe, Number(number ?? 0));
        if (Number(number) === 20 + round * 20) resolve();
      });
      tab.evaluate(() => void window.tab.addForEver());
    });
    await kill();
  }
  const { context, kill } = await browserIn(profile);
  t.after(kill);
  const tab = await phone(context, address);
  const known = await tab.evaluate(() => window.tab.names());
  for (let number = 1; number <= safe; number++) assert.ok(known.includes(`Contact ${number}`), `contact ${number} was safe`);
  // A tab that crashes while another has the store open takes nothing with it.
  const other = await phone(context, address);
  await other.evaluate(() => window.tab.add("Before the crash"));
  const session = await context.newCDPSession(other);
  session.send("Page.crash").catch(() => undefined);
  await other.waitForEvent("crash").catch(() => undefined);
  assert.ok((await tab.evaluate(() => window.tab.names())).includes("Before the crash"));
  await tab.evaluate(() => window.tab.add("After the crash"));
});

test("tabs that write at once agree, and each sees what the other wrote", { skip: missing }, async (t) => {
  const { address, end } = await served(await consumer(files));
  t.after(end);
  const browser = await chromium.launch({ executablePath, args });
  t.after(() => browser.close());
  const context = await browser.newContext();
  const [one, two] = [await phone(context, address), await phone(context, address)];
  const fill = (tab, name) =>
    tab.evaluate(async (name) => {
      for (let number = 0; number < 15; number++) await window.tab.add(`${name} ${number}`);
    }, name);
  await Promise.all([fill(one, "one"), fill(two, "two")]);
  const seen = await Promise.all([one, two].map((tab) => tab.evaluate(() => window.tab.names())));
  assert.equal(new Set(seen[0]).size, 30);
  assert.deepEqual(seen[0], seen[1], "in the same order");
});

test("the log is folded into the whole, and another tab follows", { skip: missing }, async (t) => {
  const { address, end } = await served(await consumer(files));
  t.after(end);
  const browser = await chromium.launch({ executablePath, args });
  t.after(() => browser.close());
  const context = await browser.newContext();
  const [one, two] = [await phone(context, address), await phone(context, address)];
  await two.evaluate(() => window.tab.names());
  await one.evaluate(async () => {
    for (let number = 0; number < 40; number++) await window.tab.add(`Large ${number}`, "x".repeat(30_000));
  });
  const logged = await one.evaluate(() => window.tab.logged());
  assert.ok(logged < 40, `${logged} commits are in the log`);
  assert.equal((await two.evaluate(() => window.tab.names())).length, 40, "a tab that had none of it");
  await two.evaluate(() => window.tab.add("From the other"));
  assert.equal((await one.evaluate(() => window.tab.names())).length, 41);
  await one.reload();
  await one.waitForFunction(() => window.tab);
  assert.equal((await one.evaluate(() => window.tab.names())).length, 41, "opened anew");
});

test("a commit that the database does not take fails, and nothing of it is kept", { skip: missing }, async (t) => {
  const { address, end } = await served(await consumer(files));
  t.after(end);
  const browser = await chromium.launch({ executablePath, args });
  t.after(() => browser.close());
  const tab = await phone(await browser.newContext(), address);
  await tab.evaluate(() => window.tab.add("Fits"));
  const failing = (fault) =>
    tab.evaluate(async (fault) => {
      const { put } = IDBObjectStore.prototype;
      // The last request of a commit: by then memory is ahead of the database.
      IDBObjectStore.prototype.put = function (...given) {
        if (fault === "full") throw new DOMException("full", "QuotaExceededError");
        const request = put.apply(this, given);
        this.transaction.abort();
        return request;
      };
      const said = await window.tab.add("Does not fit").then(() => "stored", (error) => error.code);
      IDBObjectStore.prototype.put = put;
      return [said, await window.tab.names()];
    }, fault);
  assert.deepEqual(await failing("full"), ["busy", ["Fits"]]);
  assert.deepEqual(await failing("aborted"), ["broken", ["Fits"]]);
  await tab.evaluate(() => window.tab.add("Fits too"));
  assert.deepEqual(await tab.evaluate(() => window.tab.names()), ["Fits", "Fits too"]);
});

test("one tab synchronises at a time, and a closed one holds nobody back", { skip: missing }, async (t) => {
  const { address, end } = await served(await consumer(files));
  t.after(end);
  const browser = await chromium.launch({ executablePath, args });
  t.after(() => browser.close());
  const context = await browser.newContext();
  const [one, two] = [await phone(context, address), await phone(context, address)];
  const sync = (tab, answers) =>
    tab.evaluate(async (answers) => {
      const fetch = () => (answers ? Promise.resolve(new Response("", { status: 401 })) : new Promise(() => window.tab.asked()));
      const asked = new Promise((resolve) => (window.tab.asked = () => resolve("asked")));
      const { store, anchorage } = window.tab;
      const client = new anchorage.SyncmlClient({ store, url: "https://server.test/syncml", login: "a", password: "b", collections: [{ collection: "contacts" }], fetch });
      return Promise.race([asked, client.sync().then(() => "complete", (error) => error.code)]);
    }, answers);
  assert.equal(await sync(one, false), "asked");
  assert.equal(await sync(two, true), "busy");
  await one.close();
  // The browser notices a little later.
  let said = await sync(two, true);
  for (let tries = 0; said === "busy" && tries < 50; tries++) {
    await pause(100);
    said = await sync(two, true);
  }
  assert.equal(said, "unauthorized");
});

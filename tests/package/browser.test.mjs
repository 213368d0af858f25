// The packed package in Chromium: through a bare `<script type="module">`, and through Vite.

import assert from "node:assert/strict";
import { join } from "node:path";
import test from "node:test";
import { chromium } from "playwright-core";
import { build } from "vite";
import { args, executablePath, missing, served } from "./chromium.mjs";
import { consumer } from "./consumer.mjs";

const page = (script) => `<!doctype html><meta charset="utf-8"><title>Consumer</title><script type="module" src="${script}"></script>`;

const main = (from, address) => `
import * as anchorage from "${from}";
${address ? `import address from "${address}";` : "const address = undefined;"}
import { tryAll } from "./program.mjs";

try {
  let early;
  try { anchorage.memoryStore(); } catch (error) { early = error.code; }
  await Promise.all([anchorage.load(address), anchorage.load(address)]);
  await anchorage.load();
  let number = 0;
  const indexedDb = () => anchorage.indexedDbStore("tried-" + ++number);
  window.outcome = { early, tried: await tryAll(anchorage, { indexedDb }) };
} catch (error) {
  window.outcome = { error: String(error.stack ?? error) };
}
`;

async function tryIn(folder, t) {
  const { address, end } = await served(folder);
  t.after(end);
  const browser = await chromium.launch({ executablePath, args });
  t.after(() => browser.close());
  const tab = await browser.newPage();
  const complaints = [];
  tab.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
  tab.on("pageerror", (error) => complaints.push(String(error)));
  tab.on("requestfailed", (request) => complaints.push(`${request.url()} failed`));
  await tab.goto(address);
  const outcome = await (await tab.waitForFunction(() => window.outcome, null, { timeout: 120_000 })).jsonValue();
  assert.equal(outcome.error, undefined);
  assert.equal(outcome.early, "not-loaded");
  assert.ok(outcome.tried.includes("indexedDb: synchronises"), outcome.tried.join());
  assert.deepEqual(complaints, []);
}

test("a bare module script imports the package and everything in it works", { skip: missing }, async (t) => {
  const home = await consumer({ "index.html": page("./main.mjs"), "main.mjs": main("./node_modules/anchorage/dist/browser.js") });
  await tryIn(home, t);
});

for (const [how, address] of [["by itself", undefined], ["where it is told", "anchorage/wasm?url"]]) {
  test(`Vite bundles the package, which loads its module ${how}, and everything in it works`, { skip: missing }, async (t) => {
    const home = await consumer({ "index.html": page("./main.mjs"), "main.mjs": main("anchorage", address) });
    await build({ root: home, configFile: false, logLevel: "error", build: { outDir: join(home, "built"), target: "es2022", modulePreload: { polyfill: false } } });
    await tryIn(join(home, "built"), t);
  });
}

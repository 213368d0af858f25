// What the console's tests stand on: a worker in workerd that can go away and come back, Debian's Chromium, and a page that
// tells on itself: what it logs as an error, what axe-core finds, and how it looks.

import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";
import { serve } from "../../scripts/local.mjs";
import { at, run, secret } from "../../scripts/run.mjs";
import { chromium as browserOfDebian, installChromium } from "../debian.mjs";
import { temporary } from "../worker/house.mjs";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const screenshots = at("build", "screenshots");
const executablePath = process.env.CHROMIUM ?? browserOfDebian;

/** Why there is no browser to test in; `false` where there is one. */
export const skip = process.env.CHROMIUM ? false : (installChromium() ?? false);

/** How every view is looked at. */
export const looks = {
  light: { viewport: { width: 1280, height: 900 }, colorScheme: "light" },
  dark: { viewport: { width: 1280, height: 900 }, colorScheme: "dark" },
  narrow: { viewport: { width: 390, height: 844 }, colorScheme: "light", hasTouch: true, isMobile: true },
};

/** A server with the demo account and a browser beside it. */
export async function harbour() {
  const state = temporary();
  await run(process.execPath, [at("scripts", "account.mjs"), "--state", state.path, "demo"], { capture: true });
  const vars = { ANCHORAGE_SECRET: secret(state.path), ANCHORAGE_LOCAL: "1" };
  let server = await serve({ state: state.path, vars });
  const { url } = server;
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
  mkdirSync(screenshots, { recursive: true });
  return {
    url,
    browser,
    /** Nobody listens any more. */
    async away() {
      await server.stop();
      server = undefined;
    },
    /** The same database at the same address. */
    async back() {
      server = await serve({ port: Number(new URL(url).port), state: state.path, vars });
    },
    open: (look) => open(browser, url, look),
    api: apiOf(url),
    /** A record of each kind, under ids that tests know. */
    async stock() {
      for (const [path, fields] of Object.entries(stock)) await this.api(`collections/${path}`, { method: "PUT", json: { fields } });
    },
    async close() {
      await browser.close();
      await server?.stop();
      state.remove();
    },
  };
}

const stock = {
  "contacts/records/ada": { name: "Ada Lovelace", firstname: "Ada", lastname: "Lovelace", company: "Analytical Engines", mobile: "+44 1234", email: "ada@example.org", street: "12 St James's Square", zip: "SW1Y", city: "London", birthday: "-4861728000000", note: "Writes about the engine." },
  "contacts/records/grace": { name: "Grace Hopper", firstname: "Grace", lastname: "Hopper", company: "Navy", email: "grace@example.org" },
  "calendar/records/tea": { title: "Tea with Charles", location: "Dorset Street", start: String(Date.now() + 86_400_000), end: String(Date.now() + 90_000_000) },
  "todo/records/engine": { title: "Finish note G", due: String(Date.now() + 172_800_000), priority: "1" },
  "notes/records/poem": { body: "On the engine\nIt weaves algebraic patterns." },
};

/** The API as the demo account. */
function apiOf(url) {
  let signedIn;
  return async (path, { method = "GET", json } = {}) => {
    signedIn ??= fetch(`${url}/api/login`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ login: "demo", password: "demo" }) });
    const { token } = await (await signedIn).clone().json();
    const headers = { authorization: `Bearer ${token}`, ...(json ? { "content-type": "application/json" } : {}) };
    const answer = await fetch(`${url}/api/${path}`, { method, headers, body: json && JSON.stringify(json) });
    assert.ok(answer.ok, `${method} ${path}: ${answer.status} ${await answer.clone().text()}`);
    return answer.json();
  };
}

/** A page of its own, with storage of its own. */
async function open(browser, url, look = looks.light) {
  const context = await browser.newContext({ ...look, baseURL: url, locale: "en-GB", acceptDownloads: true });
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  const page = await context.newPage();
  page.setDefaultTimeout(60_000);
  const errors = [];
  const outside = [];
  let signedIn = false;
  page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
  page.on("pageerror", (error) => errors.push(error.stack ?? String(error)));
  page.on("request", (request) => new URL(request.url()).origin !== url && !/^(blob|data):/.test(request.url()) && outside.push(request.url()));
  return Object.assign(page, {
    /** Fails where the page has logged an error; `but` are those that a test provokes. */
    quiet(but = /^$/) {
      const told = errors.splice(0).filter((text) => !but.test(text));
      assert.deepEqual(told, [], "the page logged errors");
      assert.deepEqual(outside, [], "the page asked elsewhere");
    },
    async signIn(password = "demo") {
      await page.goto("/");
      await page.getByLabel("Login").fill("demo");
      await page.getByLabel("Password").fill(password);
      await page.getByRole("button", { name: "Sign in" }).click();
    },
    /** Signed in, and at a view. */
    async at(hash) {
      if (!signedIn) {
        signedIn = true;
        await page.signIn();
        await page.getByRole("heading", { name: "Overview" }).waitFor();
      }
      await page.goto(`/#/${hash}`);
    },
    /** Nothing is being fetched any more. */
    settled: () => page.waitForFunction(() => !document.querySelector("main .loading")),
    /** The page is kept for when there is no server. */
    kept: () => page.evaluate(async () => {
      await navigator.serviceWorker.ready;
      while (!navigator.serviceWorker.controller) await new Promise((resolve) => setTimeout(resolve, 50));
    }),
    async shot(name) {
      await page.screenshot({ path: `${screenshots}/${name}.png`, fullPage: true });
    },
    /** What axe-core holds for serious or critical. */
    async accessible() {
      // From outside of the page's policy, as a person's own tool would.
      await page.evaluate(axe);
      const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
      const grave = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
      assert.deepEqual(grave.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`), []);
    },
    /** Nothing sticks out at the side. */
    async fits() {
      const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      assert.ok(over <= 0, `the page is ${over} px wider than the screen`);
    },
    phone: (name) => page.getByRole("region", { name: `Phone ${name}`, exact: true }),
    close: () => context.close(),
  });
}

/** Adds a contact in a phone, or changes the one that is open. */
export async function fill(phone, fields) {
  for (const [label, value] of Object.entries(fields)) await phone.getByLabel(label, { exact: true }).fill(value);
  await phone.getByRole("button", { name: "Save" }).click();
}

export async function sync(phone) {
  await phone.getByRole("button", { name: "Sync", exact: true }).click();
  await phone.getByText(/sent, .* received|Nothing was new/).waitFor();
}

// What every suite here stands on: the command line out of an installed tarball, folders of cards, and servers to sync with.

import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import { buildPackage, pack } from "../../scripts/package.mjs";
import { at, environment, modernNode, run } from "../../scripts/run.mjs";

/** A Node that has no SQLite: the one npm brought for the suite of the package, or the machine's own. */
export const node20 = [at("tests", "package", "node_modules", `node-20-linux-${process.arch}`, "bin", "node"), "/usr/bin/node"].find(
  (path) => existsSync(path) && execFileSync(path, ["--version"], { encoding: "utf8" }).startsWith("v20."),
);

const PASSWORD = "correct-horse";

let installed;
const rooms = [];
after(async () => {
  for (const { stop } of rooms) await stop();
  if (installed) rmSync((await installed).home, { recursive: true, force: true });
});

/** `node_modules/.bin/anchorage`, once for a file of tests. */
async function program() {
  installed ??= install();
  return (await installed).bin;
}

async function install() {
  await buildPackage();
  const home = mkdtempSync(join(tmpdir(), "anchorage-cli-"));
  const tarball = await pack(join(home, "packed"));
  writeFileSync(join(home, "package.json"), JSON.stringify({ name: "consumer", private: true }));
  const options = ["--offline", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
  await run("npm", ["install", ...options, tarball], { cwd: home, capture: true });
  return { home, bin: join(home, "node_modules", ".bin", "anchorage") };
}

/** A room for one test: a folder, programs run in it, and everything of it gone at the end. */
export function room() {
  const home = mkdtempSync(join(tmpdir(), "anchorage-room-"));
  const children = new Set();
  const path = (...parts) => join(home, ...parts);

  /** Starts `npx anchorage …`; what it said so far, and how it ends. */
  const start = async (words, { env = {}, node = modernNode(), input } = {}) => {
    const settings = { ...environment(), NO_COLOR: "1", ANCHORAGE_PASSWORD: PASSWORD, ...env };
    for (const [name, value] of Object.entries(settings)) if (value === undefined) delete settings[name];
    const child = spawn(node, [await program(), ...words.map(String)], { cwd: home, env: settings, stdio: "pipe" });
    children.add(child);
    const said = { out: "", err: "" };
    child.stdout.setEncoding("utf8").on("data", (text) => (said.out += text));
    child.stderr.setEncoding("utf8").on("data", (text) => (said.err += text));
    child.stdin.on("error", () => {});
    child.stdin.end(input);
    const ended = new Promise((resolve) =>
      child.on("close", (code, signal) => {
        children.delete(child);
        resolve({ code, signal, ...said });
      }),
    );
    return { child, said, ended };
  };

  /** Runs it to its end. `code` is what is expected of it. */
  const anchorage = async (words, { code = 0, ...options } = {}) => {
    const ended = await (await start(words, options)).ended;
    assert.equal(ended.code, code, `anchorage ${words.join(" ")} ended with ${ended.code}:\n${ended.out}\n${ended.err}`);
    assert.doesNotMatch(ended.err, /^\s+at .*:\d+:\d+\)?$/m, "a stack is no message");
    return ended;
  };

  /** The same with --json, and the one document it prints. */
  const json = async (words, options) => JSON.parse((await anchorage([...words, "--json"], options)).out);

  /** `anchorage serve` with the account `anna`. */
  const serve = async (words = []) => {
    const data = path("server");
    await anchorage(["account", "add", "anna", "--data", data]);
    const { child, said, ended } = await start(["serve", "--data", data, "--port", 0, ...words]);
    await until(() => /http\S+/.test(said.out) || child.exitCode !== null);
    const url = said.out.match(/https?:\/\/[^\s/]+/)?.[0];
    assert.ok(url, said.err);
    return { url, syncml: `${url}/syncml`, data, child, said, ended };
  };

  const stop = async () => {
    for (const child of children) child.kill("SIGKILL");
    await until(() => children.size === 0);
    rmSync(home, { recursive: true, force: true });
  };
  const made = { path, start, anchorage, json, serve, stop };
  rooms.push(made);
  return made;
}

/** Waits for something to become true. */
export async function until(isSo, seconds = 60) {
  for (let waited = 0; !isSo(); waited += 20) {
    assert.ok(waited < seconds * 1000, "waited in vain");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** A card with things in it that a phone would lose. */
export const card = (number, more = "") =>
  [
    "BEGIN:VCARD",
    "VERSION:3.0",
    `UID:card-${number}@example.org`,
    `N:${number};Card;;;`,
    `FN:${nameOf(number)}`,
    `TEL;TYPE=CELL:+49 170 ${number}`,
    `EMAIL;TYPE=INTERNET:card${number}@example.org`,
    "ADR;TYPE=HOME:;;Am Wörthersee 1\\, hinten;Zürich;;8001;Schweiz",
    `NOTE:A long note of card ${number}\\, which goes on for so many letters that it is fo`,
    ` lded\\nand has two lines${more}`,
    `item1.X-ABRELATEDNAMES;X-P="a;b":relative ${number}`,
    "END:VCARD",
    "",
  ].join("\r\n");

export const nameOf = (number) => `Card ${String(number).padStart(4, "0")}`;

/** A folder with cards of these numbers, called as the command line calls them. */
export function cards(folder, numbers) {
  mkdirSync(folder, { recursive: true });
  for (const number of numbers) writeFileSync(join(folder, `${nameOf(number)}.vcf`), card(number));
}

export const upTo = (count) => Array.from({ length: count }, (_, index) => index + 1);

/** Every file of a folder by its name, as text; what is hidden is not seen. */
export function filesIn(folder) {
  if (!existsSync(folder)) return {};
  const names = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isFile() && !entry.name.startsWith("."));
  return Object.fromEntries(names.map(({ name }) => [name, readFileSync(join(folder, name), "utf8")]).sort());
}

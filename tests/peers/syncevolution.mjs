// SyncEvolution, a SyncML client nobody here wrote: installed where that is possible, and driven as a phone with a folder of
// vCards. https://syncevolution.org

import assert from "node:assert/strict";
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { at, say } from "../../scripts/run.mjs";

const packages = ["syncevolution", "syncevolution-libs", "libsynthesis0v5", "libsmltk0"];
const callbacks = at("artefacts", "curl_callbacks.so");

/** Makes it ready; gives the reason where it cannot be had. */
export function install() {
  const have = (program) => spawnSync("sh", ["-c", `command -v ${program}`]).status === 0;
  const missing = [...(have("syncevolution") ? [] : packages), ...(have("cc") ? [] : ["gcc", "libc6-dev"])];
  if (missing.length > 0) {
    if (process.getuid() !== 0 || !have("apt-get")) return `${missing.join(", ")} are not installed, and only root can with apt-get`;
    say(`Installing ${missing.join(", ")}`);
    const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
    const apt = (...args) => spawnSync("apt-get", ["-qq", ...args], { env, encoding: "utf8" });
    const steps = [apt("update"), apt("install", "--yes", "--no-install-recommends", ...missing)];
    if (steps.at(-1).status !== 0) return `apt-get could not install ${missing.join(", ")}: ${steps.at(-1).stderr}`;
  }
  mkdirSync(at("artefacts"), { recursive: true });
  execFileSync("cc", ["-O2", "-shared", "-fPIC", "-o", callbacks, at("tests", "peers", "curl_callbacks.c"), "-ldl"]);
  return undefined;
}

/** A phone: a home of its own under `folder`, contacts in files. `properties` are SyncEvolution's. */
export function device(folder, id, url, properties = []) {
  const home = join(folder, id);
  const book = join(home, "contacts");
  mkdirSync(join(home, "run"), { recursive: true });
  mkdirSync(book);
  const env = {
    PATH: process.env.PATH,
    LC_ALL: "C.UTF-8",
    LD_PRELOAD: callbacks,
    HOME: home,
    XDG_CONFIG_HOME: join(home, ".config"),
    XDG_CACHE_HOME: join(home, ".cache"),
    XDG_DATA_HOME: join(home, ".local/share"),
    XDG_RUNTIME_DIR: join(home, "run"),
    no_proxy: "*",
  };
  const run = (...args) =>
    new Promise((resolve, reject) => {
      const child = spawn("syncevolution", ["--daemon=no", ...args], { env, cwd: home, stdio: ["ignore", "pipe", "pipe"] });
      const timer = setTimeout(() => child.kill("SIGKILL"), 120_000);
      let text = "";
      child.stdout.on("data", (chunk) => (text += chunk));
      child.stderr.on("data", (chunk) => (text += chunk));
      child.on("error", reject);
      child.on("close", (code) => {
        clearTimeout(timer);
        resolve({ code, text });
      });
    });
  const names = () => readdirSync(book).sort((a, b) => Number(a) - Number(b));
  const all = () => names().map((name) => readFileSync(join(book, name), "utf8"));
  const path = (word) => {
    const found = names().filter((name) => readFileSync(join(book, name), "utf8").includes(word));
    assert.equal(found.length, 1, `one contact holds ${word}:\n${all().join("\n")}`);
    return join(book, found[0]);
  };
  return {
    async configure() {
      const store = ["backend=file", "databaseFormat=text/vcard", `database=file://${book}`, "uri=contacts"];
      const client = [`syncURL=${url}`, "username=demo", "password=demo", `deviceId=${id}`, "keyring=no"];
      const quick = ["preventSlowSync=0", "printChanges=0", "dumpData=0", "loglevel=3"];
      const set = [...client, ...quick, ...store.map((property) => `addressbook/${property}`), ...properties];
      const { code, text } = await run("--configure", "--template", "SyncEvolution", ...set, "target@default", "addressbook");
      assert.equal(code, 0, text);
    },
    /** A sync that must end well: two-way, unless `mode` says otherwise. */
    async sync(mode) {
      // Files are told apart by the second of their change.
      await sleep(1100);
      const { code, text } = await run(...(mode ? ["--sync", mode] : []), "target@default");
      assert.equal(code, 0, text);
      return text;
    },
    all,
    read: (word) => readFileSync(path(word), "utf8"),
    add: (name, card) => writeFileSync(join(book, name), card),
    edit: (word, from, to) => {
      const file = path(word);
      const before = readFileSync(file, "utf8");
      assert.ok(before.includes(from), `${from} is in\n${before}`);
      writeFileSync(file, before.replace(from, to));
    },
    remove: (word) => rmSync(path(word)),
  };
}

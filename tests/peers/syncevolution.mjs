// SyncEvolution, a SyncML client and a SyncML server nobody here wrote: installed where that is possible, driven as a phone with a
// folder of vCards, and run as the server that a client of ours syncs with. https://syncevolution.org

import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, openSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { at } from "../../scripts/run.mjs";
import { installed } from "../debian.mjs";

const callbacks = at("artefacts", "curl_callbacks.so");

/** What a role needs: files that show that a package is there, and the packages. */
const client = { "/usr/bin/syncevolution": ["syncevolution", "syncevolution-libs", "libsynthesis0v5", "libsmltk0"], "/usr/bin/cc": ["gcc", "libc6-dev"] };
const server = {
  "/usr/bin/syncevolution": client["/usr/bin/syncevolution"],
  "/usr/bin/syncevo-http-server": ["syncevolution-http"],
  "/usr/libexec/syncevo-dbus-server": ["syncevolution-dbus"],
  "/usr/bin/dbus-run-session": ["dbus"],
  "/usr/lib/python3/dist-packages/twisted": ["python3-twisted"],
  "/usr/lib/python3/dist-packages/dbus": ["python3-dbus"],
  "/usr/lib/python3/dist-packages/gi": ["python3-gi"],
  "/usr/lib/python3/dist-packages/OpenSSL": ["python3-openssl"],
};

/** Makes the phone ready; gives the reason where it cannot be had. */
export function install() {
  const reason = installed(client);
  if (reason) return reason;
  mkdirSync(at("artefacts"), { recursive: true });
  execFileSync("cc", ["-O2", "-shared", "-fPIC", "-o", callbacks, at("tests", "peers", "curl_callbacks.c"), "-ldl"]);
  return undefined;
}

/** Makes the server ready; gives the reason where it cannot be had. */
export const installServer = () => installed(server);

/** A home of its own under `folder`, and the program in it: gives the code it ended with and what it said. */
function homeIn(folder, id, more = {}) {
  const home = join(folder, id);
  mkdirSync(join(home, "run"), { recursive: true });
  const env = {
    PATH: process.env.PATH,
    LC_ALL: "C.UTF-8",
    HOME: home,
    XDG_CONFIG_HOME: join(home, ".config"),
    XDG_CACHE_HOME: join(home, ".cache"),
    XDG_DATA_HOME: join(home, ".local/share"),
    XDG_RUNTIME_DIR: join(home, "run"),
    no_proxy: "*",
    ...more,
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
  return { home, env, run };
}

/** A phone: a home of its own under `folder`, contacts in files. `properties` are SyncEvolution's. */
export function device(folder, id, url, properties = []) {
  const { home, run } = homeIn(folder, id, { LD_PRELOAD: callbacks });
  const book = join(home, "contacts");
  mkdirSync(book);
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

/** How a file of each datastore is written. */
const formats = { addressbook: "text/vcard", calendar: "text/calendar", todo: "text/calendar", memo: "text/plain" };

/**
 * SyncEvolution as a server, its home under `folder`, signed in to as `demo` with the password `demo` by the devices of these ids.
 * Each datastore is a folder of files, one for each item.
 */
export async function serving(folder, devices, { stores = ["addressbook"], properties = [] } = {}) {
  const { home, env, run } = homeIn(folder, "server");
  const book = (store) => join(home, store);
  for (const store of stores) mkdirSync(book(store), { recursive: true });
  for (const [n, device] of devices.entries()) {
    const sources = stores.flatMap((store) =>
      ["backend=file", `databaseFormat=${formats[store]}`, `database=file://${book(store)}`].map((property) => `${store}/${property}`),
    );
    const set = ["keyring=no", "username=demo", "password=demo", `remoteDeviceId=${device}`, "deviceId=server", ...sources, ...properties];
    const quick = ["printChanges=0", "dumpData=0", "loglevel=3"];
    const { code, text } = await run("--configure", "--template", "SyncEvolution_Client", ...quick, ...set, `device${n}@default`, ...stores);
    assert.equal(code, 0, text);
  }
  const port = await freePort();
  const url = `http://127.0.0.1:${port}/sync`;
  const log = join(home, "server.log");
  const out = openSync(log, "a");
  const script = at("tests", "peers", "syncevolution_server.py");
  const child = spawn("dbus-run-session", ["--", "/usr/bin/python3", script, url], { env, cwd: home, stdio: ["ignore", out, out] });
  await listening(port, child, log);
  const named = (word, store = "addressbook") => {
    const found = readdirSync(book(store)).filter((name) => readFileSync(join(book(store), name), "utf8").includes(word));
    assert.equal(found.length, 1, `one item holds ${word}`);
    return found[0];
  };
  return {
    url,
    log: () => readFileSync(log, "utf8"),
    names: (store = "addressbook") => readdirSync(book(store)).sort(),
    all: (store = "addressbook") => readdirSync(book(store)).sort().map((name) => readFileSync(join(book(store), name), "utf8")),
    write: (name, text, store = "addressbook") => writeFileSync(join(book(store), name), text),
    remove: (name, store = "addressbook") => rmSync(join(book(store), name)),
    /** The file whose text holds `word`. */
    named,
    read: (word, store = "addressbook") => readFileSync(join(book(store), named(word, store)), "utf8"),
    /** Ends it, and what its D-Bus session has started beside it. */
    async stop() {
      for (const signal of ["SIGTERM", "SIGKILL"]) {
        for (const pid of processesOf(home)) killed(pid, signal);
        for (let tries = 0; tries < 30 && processesOf(home).length > 0; tries += 1) await sleep(100);
      }
    },
  };
}

/** Every process with this home: what D-Bus activates leaves the family of who asked for it. */
function processesOf(home) {
  return readdirSync("/proc").filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/environ`, "utf8").split("\0").includes(`HOME=${home}`);
    } catch {
      return false;
    }
  });
}

function killed(pid, signal) {
  try {
    process.kill(Number(pid), signal);
  } catch {
    // It has ended by itself.
  }
}

function freePort() {
  return new Promise((resolve, reject) => {
    const socket = createServer();
    socket.on("error", reject);
    socket.listen(0, "127.0.0.1", () => {
      const { port } = socket.address();
      socket.close(() => resolve(port));
    });
  });
}

async function listening(port, child, log) {
  for (let tries = 0; tries < 300; tries += 1) {
    assert.equal(child.exitCode, null, `the server ended by itself:\n${readFileSync(log, "utf8")}`);
    const open = await new Promise((resolve) => {
      const socket = connect(port, "127.0.0.1");
      socket.on("connect", () => resolve(true)).on("error", () => resolve(false));
      socket.on("connect", () => socket.destroy());
    });
    if (open) return;
    await sleep(100);
  }
  assert.fail(`the server did not listen:\n${readFileSync(log, "utf8")}`);
}

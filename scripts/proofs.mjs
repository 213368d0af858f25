// Tests by name: which of them passed, as the runners themselves say it, and in which file each stands.
// A name is the binary of cargo (`lib` for the unit tests), or the suite of Node, then the test as its runner prints it:
// `conversation types::a_refresh_that_breaks_off_leaves_everything_as_it_was`, `worker unknown paths and methods are answered`.

import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { root } from "./run.mjs";

/** The suites that Node runs, and where. */
export const nodeSuites = { worker: "tests/worker" };

/**
 * What became of each test of `cargo test`: `passed`, `failed` or `skipped`, by name. Cargo says on `err` which binary it runs, the
 * binary says on `out` how many tests it has: the one of that number is meant, however the two streams were mixed.
 */
export function ofCargo({ out, err }) {
  const binaries = [...err.matchAll(/^ +(?:Running (?:unittests )?(\S+) \(|Doc-tests (\S+))/gm)].map(([, source, crate]) => binary(source ?? crate));
  const found = new Map();
  let at = -1;
  for (const line of out.split("\n")) {
    if (/^running \d+ tests?$/.test(line)) at += 1;
    const [, name, what] = line.match(/^test (\S+)(?: - should panic)? \.\.\. (ok|FAILED|ignored)/) ?? [];
    if (name) note(found, `${binaries[at]} ${name}`, { ok: "passed", FAILED: "failed", ignored: "skipped" }[what]);
  }
  return found;
}

/** The same of `node --test --test-reporter=spec`. */
export function ofNode(suite, { out }) {
  const found = new Map();
  const marks = { "✔": "passed", "✖": "failed", "﹣": "skipped" };
  for (const [, mark, title, skipped] of out.matchAll(/^\s*([✔✖﹣]) (.+) \([\d.]+ms\)( # SKIP.*)?$/gm)) {
    note(found, `${suite} ${title}`, skipped ? "skipped" : marks[mark]);
  }
  return found;
}

/** What happened twice under one name happened well only where both did. */
function note(found, name, what) {
  const worse = ["failed", "skipped", "passed"];
  const before = found.get(name) ?? "passed";
  found.set(name, worse.find((one) => one === what || one === before));
}

/** `tests/max.rs` is `max`, `src/lib.rs` is `lib`. */
function binary(source) {
  return source.split("/").at(-1).replace(/\.rs$/, "");
}

/** The first word of a name, and the rest. */
export function parts(name) {
  const [first] = name.split(" ", 1);
  return [first, name.slice(first.length + 1)];
}

/** The file that a test stands in, from the root of the repository; `undefined` where there is none. */
export function fileOf(name) {
  const [first, rest] = parts(name);
  if (nodeSuites[first]) return inFolder(nodeSuites[first], ".test.mjs", (text) => text.includes(JSON.stringify(rest)));
  const [top, folder] = first === "lib" ? ["src/lib.rs", "src"] : [`tests/${first}.rs`, `tests/${first}`];
  const path = rest.split("::");
  const title = path.pop();
  const declares = (text) => new RegExp(`\\bfn ${title}\\b`).test(text);
  const modules = path.map((_, index) => join(folder, `${path.slice(0, path.length - index).join("/")}.rs`));
  const likely = [...modules, top].find((file) => existsSync(join(root, file)) && declares(text(file)));
  // A macro may have made the test of a function that stands elsewhere.
  return likely ?? (existsSync(join(root, folder)) ? inFolder(folder, ".rs", declares) : undefined);
}

function inFolder(folder, end, test) {
  const names = readdirSync(join(root, folder), { recursive: true }).filter((name) => name.endsWith(end));
  return names.sort().map((name) => join(folder, name)).find((file) => test(text(file)));
}

const texts = new Map();

function text(file) {
  if (!texts.has(file)) texts.set(file, readFileSync(join(root, file), "utf8"));
  return texts.get(file);
}

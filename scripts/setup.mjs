// Everything a fresh clone needs: npm packages, the wasm target, worker-build and the wasm-bindgen CLI. What is there already
// is not looked at twice, so that a second start takes seconds.

import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Failure, at, pinned, root, run, say } from "./run.mjs";

/** worker-build belongs to the `worker` crate: the same version. */
export const workerBuild = () => tool("worker-build", pinned("worker"));

/** The CLI must be exactly the library's version. */
export const wasmBindgen = () => tool("wasm-bindgen", pinned("wasm-bindgen"));

const tool = (name, version) => at(".tools", `${name}-${version}`, "bin", name);

export async function setup() {
  await npmPackages();
  await wasmTarget();
  await cargoTool(workerBuild(), "worker-build", [`worker-build@${pinned("worker")}`]);
  await cargoTool(wasmBindgen(), "the wasm-bindgen CLI", ["--path", at("tools", "wasm-bindgen")]);
}

/** The packages that a folder's lock names. */
export async function npmPackages(folder = root) {
  const lock = createHash("sha256").update(readFileSync(join(folder, "package-lock.json"))).digest("hex");
  const stamp = join(folder, "node_modules", ".installed");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === lock) return;
  say("Installing npm packages (about 500 MB, none of their scripts are run)");
  await run("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], { cwd: folder });
  writeFileSync(stamp, lock);
}

async function wasmTarget() {
  const target = "wasm32-unknown-unknown";
  const found = await run("rustc", ["--print", "target-libdir", "--target", target], { capture: true }).catch(() => {
    throw new Failure("Rust is needed: install it with rustup (https://rustup.rs), then try again.");
  });
  if (existsSync(found.trim().split("\n").at(-1))) return;
  say(`Adding the Rust target ${target}`);
  await run("rustup", ["target", "add", target]);
}

async function cargoTool(path, name, what) {
  if (existsSync(path)) return;
  say(`Building ${name} (once, a few minutes)`);
  const home = join(path, "..", "..");
  await run("cargo", ["install", ...what, "--locked", "--root", home, "--target-dir", at(".tools", "target")]);
}

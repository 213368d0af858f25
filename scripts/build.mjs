// Builds the worker into build/ and the console into build/www, each when a source has changed since the last time.

import { createHash } from "node:crypto";
import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { buildConsole } from "./console.mjs";
import { at, environment, main, root, run, say } from "./run.mjs";
import { setup, wasmBindgen, workerBuild } from "./setup.mjs";

const stamp = at("build", "sources.sha256");
const modules = ["index.js", "index_bg.wasm"].map((name) => at("build", name));

export async function build() {
  await buildWorker();
  await buildConsole();
}

async function buildWorker() {
  const sources = fingerprint();
  const fresh = [stamp, ...modules].every(existsSync) && readFileSync(stamp, "utf8") === sources;
  if (fresh) return;
  say("Building the worker (about a minute, seconds after a small change)");
  // worker-build downloads what these three do not name.
  const env = {
    ...environment(),
    WASM_BINDGEN_BIN: wasmBindgen(),
    WASM_OPT_BIN: at("node_modules", ".bin", "wasm-opt"),
    ESBUILD_BIN: at("node_modules", ".bin", "esbuild"),
  };
  await run("cargo", ["fetch", "--locked", "--quiet"]);
  await run(workerBuild(), ["--release", "--features", "cloudflare"], { env });
  writeFileSync(stamp, sources);
}

/** SHA-256 over everything that the worker is made of. */
function fingerprint() {
  const hash = createHash("sha256");
  const files = readdirSync(at("src"), { recursive: true }).filter((name) => name.endsWith(".rs") && !name.startsWith("bin"));
  const all = ["Cargo.toml", "Cargo.lock", "rust-toolchain.toml", ...files.sort().map((name) => join("src", name))];
  for (const name of all) hash.update(`${name}\0`).update(readFileSync(join(root, name))).update("\0");
  return hash.digest("hex");
}

if (process.argv[1] === at("scripts", "build.mjs")) {
  await main(async () => {
    await setup();
    await build();
  });
}

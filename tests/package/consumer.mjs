// Consumers of the package: a folder outside the repository with the packed tarball installed and nothing else.

import { execFile } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import { promisify } from "node:util";
import { pack } from "../../scripts/package.mjs";
import { at, environment } from "../../scripts/run.mjs";

const here = (...parts) => at("tests", "package", ...parts);
const arch = process.arch;

/** Programs that came from npm, by platform. */
export const programs = {
  "Node 20": here("node_modules", `node-20-linux-${arch}`, "bin", "node"),
  "Node 22": at("node_modules", `node-linux-${arch}`, "bin", "node"),
  "Node 24": here("node_modules", `node-24-linux-${arch}`, "bin", "node"),
  Deno: here("node_modules", "@deno", `linux-${arch}-glibc`, "deno"),
  Bun: here("node_modules", "@oven", arch === "arm64" ? "bun-linux-aarch64" : "bun-linux-x64-baseline", "bin", "bun"),
};

/** Why a program cannot be run here: a reason to skip, which CI takes for a failure. */
export function missing(name) {
  return existsSync(programs[name]) ? false : `${name} is not here (${programs[name]}): npm brings it on Linux`;
}

let made;
after(async () => made && rmSync(await made, { recursive: true, force: true }));

/** A folder with the tarball installed, offline, and the files given; gone after the tests. */
export async function consumer(files = {}) {
  made ??= first();
  const folder = await made;
  const home = mkdtempSync(join(folder, "consumer-"));
  writeFileSync(join(home, "package.json"), JSON.stringify({ name: "consumer", private: true, type: "module" }));
  await run("npm", ["install", "--offline", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", join(folder, "anchorage.tgz")], home);
  copyFileSync(here("program.mjs"), join(home, "program.mjs"));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(home, name, ".."), { recursive: true });
    writeFileSync(join(home, name), text);
  }
  return home;
}

async function first() {
  const folder = mkdtempSync(join(tmpdir(), "anchorage-package-"));
  copyFileSync(await pack(join(folder, "packed")), join(folder, "anchorage.tgz"));
  return folder;
}

/** Runs a program in a folder; what it printed. A failure says what was printed too. */
export async function run(program, args, cwd, env = {}) {
  const options = { cwd, env: { ...environment(), NO_COLOR: "1", ...env }, maxBuffer: 64 * 1024 * 1024 };
  try {
    const { stdout } = await promisify(execFile)(program, args, options);
    return stdout;
  } catch (error) {
    throw new Error(`${program} ${args.join(" ")} failed (${error.code}):\n${error.stdout}\n${error.stderr}`, { cause: error });
  }
}

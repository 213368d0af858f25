// Builds the console into build/www, when a source of it has changed since the last time. It imports the npm package as everybody
// does, so that is built first.

import { createHash } from "node:crypto";
import { existsSync, readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { at, main, modernNode, root, run, say } from "./run.mjs";
import { buildPackage } from "./package.mjs";
import { setup } from "./setup.mjs";

const stamp = at("build", "www.sha256");

export async function buildConsole() {
  await buildPackage();
  const sources = fingerprint();
  const fresh = [stamp, at("build", "www", "index.html")].every(existsSync) && readFileSync(stamp, "utf8") === sources;
  if (fresh) return;
  say("Building the console");
  await run(at("node_modules", ".bin", "tsc"), ["-p", at("www")]);
  await run(modernNode(), [at("node_modules", "vite", "bin", "vite.js"), "build", at("www"), "--logLevel", "warn"]);
  writeFileSync(stamp, sources);
}

/** SHA-256 over everything that the console is made of. */
function fingerprint() {
  const hash = createHash("sha256");
  const within = (folder) => readdirSync(at(folder), { recursive: true }).map((name) => join(folder, name));
  const files = ["www", join("package", "dist")].flatMap(within).filter((name) => statSync(join(root, name)).isFile());
  for (const name of ["package-lock.json", ...files.sort()]) hash.update(`${name}\0`).update(readFileSync(join(root, name))).update("\0");
  return hash.digest("hex");
}

if (process.argv[1] === at("scripts", "console.mjs")) {
  await main(async () => {
    await setup();
    await buildConsole();
  });
}

// npm run package [-- FOLDER]: builds the npm package into package/dist, when a source has changed since the last time, packs it
// (into FOLDER, or target/package) and prints the tarball's path as its last line.

import { createHash } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { at, main, root, run, say } from "./run.mjs";
import { setup, wasmBindgen } from "./setup.mjs";

const home = at("package");
const dist = join(home, "dist");
const generated = join(home, "src", "generated");
const target = at("target", "package");
const licences = ["LICENSE", "LICENSE-APACHE", "LICENSE-MIT"];

/** Builds package/dist. */
export async function buildPackage() {
  mkdirSync(target, { recursive: true });
  const module = join(target, "anchorage.wasm");
  await unlessDone("wasm", [module, join(generated, "anchorage.js")], rustSources(), wasm, module);
  await unlessDone("dist", [join(dist, "anchorage.wasm")], [...rustSources(), ...ownSources()], compile, module);
}

/** Runs a step when it or one of its sources has changed since the last time, or what it makes is not there. */
async function unlessDone(name, makes, sources, step, module) {
  const stamp = join(target, `${name}.sha256`);
  const now = fingerprint(sources, String(step));
  if (makes.every(existsSync) && existsSync(stamp) && readFileSync(stamp, "utf8") === now) return;
  await step(module);
  writeFileSync(stamp, now);
}

/** The core with the package's face, and its JavaScript in src/generated. */
async function wasm(module) {
  say("Building the package's WebAssembly (about a minute)");
  const features = ["--features", "javascript", "--target", "wasm32-unknown-unknown"];
  await run("cargo", ["build", "--locked", "--profile", "javascript", "--lib", ...features, "--target-dir", target]);
  const built = join(target, "wasm32-unknown-unknown", "javascript", "anchorage.wasm");
  const out = join(target, "glue");
  const glue = ["--target", "web", "--omit-default-module-path", "--remove-name-section", "--remove-producers-section"];
  await run(wasmBindgen(), [built, "--out-dir", out, "--out-name", "anchorage", ...glue]);
  await run(at("node_modules", ".bin", "wasm-opt"), [join(out, "anchorage_bg.wasm"), "-Oz", "-o", module]);
  mkdirSync(generated, { recursive: true });
  for (const name of ["anchorage.js", "anchorage.d.ts"]) copyFileSync(join(out, name), join(generated, name));
}

/** The package's TypeScript, and beside it what else is in the tarball. */
async function compile(module) {
  say("Compiling the package's TypeScript");
  rmSync(dist, { recursive: true, force: true });
  writeFileSync(join(generated, "schema.ts"), schema());
  await run(at("node_modules", ".bin", "tsc"), ["-p", home]);
  // The command line imports the package like everybody else.
  if (existsSync(join(home, "cli", "tsconfig.json"))) await run(at("node_modules", ".bin", "tsc"), ["-p", join(home, "cli")]);
  copyFileSync(join(generated, "anchorage.js"), join(dist, "generated", "anchorage.js"));
  copyFileSync(module, join(dist, "anchorage.wasm"));
  copyFileSync(join(home, "src", "wasm.d.ts"), join(dist, "wasm.d.ts"));
  for (const name of licences) copyFileSync(at(name), join(home, name));
}

/** The parts of the schema in order, as a module. */
function schema() {
  const names = readdirSync(at("schema")).filter((name) => name.endsWith(".sql")).sort();
  const parts = names.map((name) => ({ name, sql: readFileSync(at("schema", name), "utf8").replace(/^\s*--.*\n/gm, "") }));
  return `// The parts of the schema, in the order in which they are run.

export const schema: { name: string; sql: string }[] = ${JSON.stringify(parts, null, 2)};
`;
}

const within = (folder, takes) => readdirSync(at(folder), { recursive: true }).filter(takes).sort().map((name) => join(folder, name));

const rustSources = () => [
  ...["Cargo.toml", "Cargo.lock", "rust-toolchain.toml"],
  ...within("src", (name) => name.endsWith(".rs") && !name.startsWith("bin")),
];

const ownSources = () => [
  ...["package-lock.json", "package/package.json", "package/tsconfig.json", "package/README.md", ...licences],
  ...within("schema", (name) => name.endsWith(".sql")),
  ...within("package/src", (name) => name.endsWith(".ts") && !name.startsWith("generated")),
  ...(existsSync(join(home, "cli")) ? within("package/cli", (name) => /\.(ts|json)$/.test(name)) : []),
];

/** SHA-256 over files, and what is done with them. */
function fingerprint(names, step) {
  const hash = createHash("sha256").update(step);
  for (const name of names) hash.update(`${name}\0`).update(readFileSync(join(root, name))).update("\0");
  return hash.digest("hex");
}

/** Packs what was built; the path of the tarball. */
export async function pack(folder) {
  mkdirSync(folder, { recursive: true });
  const options = ["--json", "--ignore-scripts", "--pack-destination", folder];
  const { out } = await run("npm", ["pack", ...options], { cwd: home, capture: true, lenient: true });
  const [{ filename }] = Object.values(JSON.parse(out));
  return join(folder, filename);
}

if (process.argv[1] === at("scripts", "package.mjs")) {
  await main(async () => {
    const folder = resolve(process.env.INIT_CWD ?? ".", process.argv[2] ?? target);
    await setup();
    await buildPackage();
    console.log(await pack(folder));
  });
}

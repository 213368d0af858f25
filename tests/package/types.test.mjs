// The package as TypeScript and bundlers see it: strict consumers in every mode of resolution, publint, and are-the-types-wrong.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import test from "node:test";
import { promisify } from "node:util";
import { at, modernNode } from "../../scripts/run.mjs";
import { consumer, run } from "./consumer.mjs";

const here = (...parts) => at("tests", "package", "node_modules", ...parts);
const tsc = at("node_modules", ".bin", "tsc");

const strict = { target: "es2022", strict: true, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true, noEmit: true, skipLibCheck: false, types: [] };

const program = `
import * as anchorage from "anchorage";
import type { Batch, Command, Decoded, Message, Reads, Receipt, Snapshot, Store, SyncReport } from "anchorage";

const store: Store = {
  read: async (reads: Reads): Promise<Snapshot> => anchorage.memoryStore().read(reads),
  commit: async (batch: Batch): Promise<Receipt> => ({ head: batch.now, cost: { batches: 1, statements: 1, rowsRead: 0, rowsWritten: 0 } }),
};
const response: Promise<Response> = anchorage.serve(new Request("https://host/syncml"), store, { secret: "a secret of 16 bytes" });
const client = new anchorage.SyncmlClient({ store, url: "https://host/syncml", login: "a", password: "b", collections: [{ collection: "contacts", mode: "slow" }] });
const report: Promise<SyncReport> = client.sync({ signal: new AbortController().signal });
const decoded: Decoded = anchorage.decode(new Uint8Array());
if (decoded.kind === "syncml") {
  const message: Message = decoded.message;
  for (const command of message.commands ?? []) {
    if (command.command === "Status") { const code: number = command.code; void code; }
    if (command.command === "Sync") { const inner: Command[] | undefined = command.commands; void inner; }
  }
}
const bytes: Uint8Array = anchorage.encode(decoded, { encoding: "wbxml" });
// @ts-expect-error: an encoding that there is not
anchorage.encode(decoded, { encoding: "json" });
// @ts-expect-error: a store without commit
anchorage.records({ read: store.read }, "contacts");
// @ts-expect-error: a mode that there is not
client.sync({ mode: "both" });
try { await report; } catch (error) { if (error instanceof anchorage.SyncError) { const status: number | undefined = error.status; void status; } }
void [response, bytes];
`;

test("a strict consumer compiles, as Node and as bundlers resolve it", async () => {
  for (const [module, moduleResolution] of [["nodenext", "nodenext"], ["esnext", "bundler"]]) {
    const compilerOptions = { ...strict, module, moduleResolution, lib: ["es2023", "dom", "dom.iterable"] };
    const home = await consumer({ "main.ts": program, "tsconfig.json": JSON.stringify({ compilerOptions, include: ["main.ts"] }) });
    await run(tsc, ["-p", "."], home);
  }
});

test("a consumer that has Node's types and not the browser's compiles", async () => {
  const compilerOptions = { ...strict, module: "nodenext", moduleResolution: "nodenext", lib: ["es2023"], types: ["node"], typeRoots: [at("node_modules", "@types")] };
  const text = `
import { DatabaseSync } from "node:sqlite";
import { memoryStore, serve, sqliteStore } from "anchorage";
const store = await sqliteStore(new DatabaseSync(":memory:"));
const response = await serve(new Request("https://host/syncml"), memoryStore());
console.log(store, response.status);
`;
  const home = await consumer({ "main.ts": text, "tsconfig.json": JSON.stringify({ compilerOptions: { ...compilerOptions, skipLibCheck: true }, include: ["main.ts"] }) });
  await run(tsc, ["-p", "."], home);
});

test("publint has nothing to say", async () => {
  const home = await consumer();
  const printed = await run(modernNode(), [here("publint", "src", "cli.js"), join(home, "node_modules", "anchorage"), "--strict"], home);
  assert.match(printed, /All good!/);
});

test("are-the-types-wrong finds nothing wrong", async () => {
  const home = await consumer();
  const folder = join(home, "..");
  await run(modernNode(), [here("@arethetypeswrong", "cli", "dist", "index.js"), join(folder, "anchorage.tgz"), "--profile", "esm-only", "--no-color"], home);
});

test("nothing is in the tarball that nobody needs", async () => {
  const home = await consumer();
  const { stdout } = await promisify(execFile)("tar", ["-tzf", join(home, "..", "anchorage.tgz")]);
  const names = stdout.trim().split("\n").map((name) => name.replace(/^package\//, ""));
  const strange = names.filter((name) => !/^(dist\/.*\.(js|d\.ts|wasm)|package\.json|README\.md|LICENSE(-APACHE|-MIT)?)$/.test(name));
  assert.deepEqual(strange, []);
  assert.equal(names.filter((name) => name.endsWith(".wasm")).length, 1);
  for (const name of ["LICENSE", "LICENSE-APACHE", "LICENSE-MIT"]) assert.ok(names.includes(name), name);
});

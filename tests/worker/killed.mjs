// node tests/worker/killed.mjs [ARGUMENT OF cargo test…]: every conversation and every recorded session over workerd, each
// message to a fresh one that is killed as soon as it has answered. Where there are thousands, fewer are drawn (`FIRST` and
// `is_drawn` in tests/conversation/fresh.rs); with ANCHORAGE_KILLED_ALL=1 none is left out. A test that puts something between
// a store and its server (`World::beside`) does so in its own process, over the same state.
//
// tests/conversation/fresh.rs starts and kills; here everything is laid out that it needs.

import { execFileSync } from "node:child_process";
import { existsSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openDatabase } from "../../scripts/local.mjs";
import { at, environment, main, run, say } from "../../scripts/run.mjs";
import { temporary } from "./house.mjs";

await main(async () => {
  const folder = temporary();
  try {
    await prepare(folder.path);
    const env = { ...environment(), ANCHORAGE_KILLED: folder.path };
    const args = process.argv.slice(2);
    const { code } = await run("cargo", ["test", "--locked", "--test", "conversation", ...args], { lenient: true, env });
    const started = join(folder.path, "started");
    const killed = existsSync(started) ? statSync(started).size : 0;
    say(`${killed} workerds were started and killed`);
    return killed > 0 ? code : 1;
  } finally {
    folder.remove();
  }
});

/** The program, its configuration with the built worker in it, and the state of an empty server. */
async function prepare(folder) {
  const { default: workerd } = (await import("workerd")).default;
  symlinkSync(workerd, join(folder, "workerd"));
  const compile = ["compile", "--config-only", at("tests", "worker", "killed", "config.capnp")];
  writeFileSync(join(folder, "config.bin"), execFileSync(workerd, compile, { maxBuffer: 2 ** 26 }));
  const database = await openDatabase(folder);
  await database.stop();
}

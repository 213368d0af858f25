// npm run account -- COMMAND …: manages accounts, here or (--remote) on the deployed database. docs/accounts.md tells more.
// What to do and how is in Rust (src/operate.rs); this builds that tool and starts it beside a database (database.mjs).

import { existsSync } from "node:fs";
import { at, main, modernNode, run, say } from "./run.mjs";
import { npmPackages } from "./setup.mjs";

const tool = at("target", "debug", "anchorage-account");

await main(async () => {
  await npmPackages();
  if (!existsSync(tool)) say("Building the account tool (once, about a minute)");
  const build = ["build", "--quiet", "--locked", "--bin", "anchorage-account", "--target-dir", at("target")];
  await run("cargo", build, { stdio: ["ignore", "inherit", "inherit"] });
  const { code } = await run(modernNode(), [at("scripts", "database.mjs"), tool, ...process.argv.slice(2)], {
    // npm changes the directory; the paths that were typed are meant where they were typed.
    cwd: process.env.INIT_CWD ?? process.cwd(),
    stdio: "inherit",
    lenient: true,
  });
  return code;
});

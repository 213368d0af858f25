// npm run deploy [-- OPTION…]: the schema, then the worker, to the Cloudflare account that wrangler is signed in to. The steps
// before and after it are in docs/deploy.md; options are those of `wrangler deploy`.

import { readFileSync } from "node:fs";
import { build } from "./build.mjs";
import { Failure, at, main, run, say } from "./run.mjs";
import { setup } from "./setup.mjs";

await main(async () => {
  const options = process.argv.slice(2);
  if (!options.includes("--dry-run") && /^database_id = "[0-]*"/m.test(readFileSync(at("wrangler.toml"), "utf8"))) {
    throw new Failure("wrangler.toml does not name your database yet: step 2 of docs/deploy.md makes it.");
  }
  await setup();
  await build();
  if (!options.includes("--dry-run")) {
    say("Bringing the database to this version's schema");
    await run("wrangler", ["d1", "migrations", "apply", "DB", "--remote"], { stdio: "inherit" });
  }
  say("Deploying the worker");
  await run("wrangler", ["deploy", ...options], { stdio: "inherit" });
});

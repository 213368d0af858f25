// What a deploy would upload: wrangler.toml is right, the worker bundles, and nobody is asked anything.

import assert from "node:assert/strict";
import { statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { at, environment, modernNode, run } from "../../scripts/run.mjs";
import { temporary } from "./house.mjs";

test("a dry run of wrangler deploy bundles the worker with its bindings", { timeout: 120_000 }, async () => {
  const folder = temporary();
  try {
    const wrangler = at("node_modules", "wrangler", "bin", "wrangler.js");
    const env = { ...environment(), CI: "1", CLOUDFLARE_API_TOKEN: "" };
    const said = await run(modernNode(), [wrangler, "deploy", "--dry-run", "--outdir", folder.path], { capture: true, env });
    for (const binding of ["env.DB", "env.MAX_LEGACY", "env.MAX_LENIENT", "env.MAX_DELETE_WINS"]) assert.ok(said.includes(binding), said);
    assert.doesNotMatch(said, /ANCHORAGE_LOCAL/);
    assert.ok(statSync(join(folder.path, "index.js")).size > 10_000);
  } finally {
    folder.remove();
  }
});

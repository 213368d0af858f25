// The packed package in workerd, bundled as wrangler bundles: a worker that is a whole server over the memory store.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { build } from "esbuild";
import { Miniflare, convertV4MiniflareOptions } from "miniflare";
import { consumer } from "./consumer.mjs";

const worker = `
import * as anchorage from "anchorage";
import { tryAll } from "./program.mjs";
export default {
  async fetch(request) {
    const { pathname } = new URL(request.url);
    if (pathname === "/try") return Response.json(await tryAll(anchorage));
    return anchorage.serve(request, anchorage.memoryStore());
  },
};
`;

test("a worker imports the package and everything in it works", async (t) => {
  const home = await consumer({ "worker.mjs": worker });
  const [bundle] = (
    await build({
      absWorkingDir: home,
      entryPoints: ["worker.mjs"],
      bundle: true,
      format: "esm",
      conditions: ["workerd", "worker", "browser"],
      external: ["*.wasm"],
      write: false,
      logLevel: "silent",
    })
  ).outputFiles;
  const modules = [
    { type: "ESModule", path: "worker.mjs", contents: bundle.text },
    { type: "CompiledWasm", path: "anchorage.wasm", contents: readFileSync(join(home, "node_modules", "anchorage", "dist", "anchorage.wasm")) },
  ];
  const flare = new Miniflare(convertV4MiniflareOptions({ modules, compatibilityDate: "2026-10-01" }));
  t.after(() => flare.dispose());
  const tried = await flare.dispatchFetch("http://worker.test/try");
  const text = await tried.text();
  assert.equal(tried.status, 200, text);
  assert.ok(JSON.parse(text).length >= 8, text);
  const served = await flare.dispatchFetch("http://worker.test/syncml", { method: "POST", body: "<no-syncml/>" });
  assert.equal(served.status, 400);
});

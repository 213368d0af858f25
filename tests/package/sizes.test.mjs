// How large each WebAssembly module is, raw and as gzip: printed, and held to the numbers of sizes.json.

import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import test from "node:test";
import { gzipSync } from "node:zlib";
import { at } from "../../scripts/run.mjs";

const sizes = JSON.parse(readFileSync(at("tests", "package", "sizes.json"), "utf8"));

for (const [name, { file, bytesMax, gzipMax }] of Object.entries(sizes)) {
  test(`the module of the ${name} is not larger than it says`, { skip: existsSync(at(file)) ? false : `${file} is not built` }, (t) => {
    const bytes = readFileSync(at(file));
    const gzip = gzipSync(bytes, { level: 9 }).length;
    const said = `${file}: ${bytes.length} bytes, ${gzip} as gzip`;
    t.diagnostic(said);
    assert.ok(bytes.length <= bytesMax, `${said}; ${bytesMax} at most`);
    assert.ok(gzip <= gzipMax, `${said}; ${gzipMax} as gzip at most`);
    // A limit that is far above says nothing.
    assert.ok(bytes.length >= bytesMax * 0.75, `${said}: lower the limit of ${bytesMax}`);
  });
}

test("the package's module has the core in it and not the worker's library", () => {
  const text = readFileSync(at(sizes.package.file), "latin1");
  assert.ok(text.includes("syncml:auth-md5") && text.includes("lastBuildDate"));
  const names = [...WebAssembly.Module.imports(new WebAssembly.Module(readFileSync(at(sizes.package.file))))].map(({ name }) => name);
  assert.deepEqual(names.filter((name) => /env|request|response|headers|workflow|durable/i.test(name)), []);
  assert.ok(!text.includes("worker-0."), "no path of the crate `worker`");
});

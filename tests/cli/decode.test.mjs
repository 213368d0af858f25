// `npx anchorage decode` on what a real client and a real server have said to each other (tests/corpus).

import assert from "node:assert/strict";
import { readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { at } from "../../scripts/run.mjs";
import { room } from "./house.mjs";

const corpus = at("tests", "corpus", "syncevolution");

/** Every recorded message, however deep. */
const recorded = readdirSync(corpus, { recursive: true })
  .map((name) => join(corpus, name))
  .filter((path) => /\d-re(q|sp)\.(xml|wbxml)$/.test(path) && statSync(path).size > 0);

test("every recorded message is read, told in words and parsed by a program", async (t) => {
  const { json, stop } = room();
  t.after(stop);
  const { ok, documents } = await json(["decode", ...recorded]);
  assert.ok(ok);
  assert.equal(documents.length, recorded.length);
  assert.ok(recorded.length > 50, "there is a corpus");
  for (const { file, decoded, explanation } of documents) {
    assert.equal(decoded.kind, "syncml", file);
    assert.equal(decoded.encoding, file.endsWith(".wbxml") ? "wbxml" : "xml");
    assert.ok(explanation.title && explanation.lines.length > 1, file);
  }
});

test("one is shown to a person, in colour only where it is wanted", async (t) => {
  const { anchorage, stop } = room();
  t.after(stop);
  const file = join(corpus, "large-object-from-client-wbxml", "01-req.wbxml");
  const { out } = await anchorage(["decode", file]);
  assert.match(out, /^Message 1 of session /);
  assert.match(out, /Alert 3 .*slow sync/);
  assert.match(out, /^ {4}<VerDTD>1\.2<\/VerDTD>$/m);
  assert.doesNotMatch(out, /\u001b/);
  const coloured = await anchorage(["decode", file], { env: { NO_COLOR: undefined, FORCE_COLOR: "1" } });
  assert.match(coloured.out, /\u001b\[36m/);
  assert.equal(coloured.out.replace(/\u001b\[\d+m/g, ""), out);
  assert.doesNotMatch((await anchorage(["decode", file, "--explain"])).out, /<SyncML/);
  assert.match((await anchorage(["decode", file, "--xml"])).out, /^<\?xml/);
});

test("standard input, and hexadecimal digits as they stand in a log", async (t) => {
  const { json, anchorage, path, stop } = room();
  t.after(stop);
  const file = join(corpus, "large-object-from-client-wbxml", "01-req.wbxml");
  const bytes = readFileSync(file);
  const direct = await json(["decode", file]);
  const { decoded } = await json(["decode", "-"], { input: bytes });
  assert.deepEqual(decoded, direct.decoded);
  writeFileSync(path("hex"), bytes.toString("hex").replace(/(..)/g, "$1 "));
  assert.deepEqual((await json(["decode", "--hex", path("hex")])).decoded, direct.decoded);
  writeFileSync(path("package0"), `${"00".repeat(16)} 03 08`);
  const read = await json(["decode", "--hex", path("package0")], { code: 1 });
  assert.match(read.error.message, /no message of SyncML or MAX/);
  await anchorage(["decode", path("hex")], { code: 1 });
});

test("what is no message is said, and the others are shown all the same", async (t) => {
  const { json, anchorage, path, stop } = room();
  t.after(stop);
  writeFileSync(path("text"), "hello");
  const good = recorded[0];
  const { ok, exit, error, documents } = await json(["decode", path("text"), path("nowhere"), good], { code: 1 });
  assert.deepEqual([ok, exit, error.code], [false, 1, "malformed"]);
  assert.match(error.message, /2 of 3 files/);
  const one = await json(["decode", path("nowhere")], { code: 1 });
  assert.deepEqual([one.ok, one.exit, one.error.code, one.file], [false, 1, "not-found", path("nowhere")]);
  const wrong = await json(["decode"], { code: 2 });
  assert.deepEqual([wrong.ok, wrong.exit, wrong.error.code], [false, 2, "usage"]);
  assert.deepEqual(documents.map(({ error }) => error?.code), ["malformed", "not-found", undefined]);
  assert.match((await anchorage(["decode"], { code: 2 })).err, /wants FILE/);
  assert.match((await anchorage(["decode", good, "--xlm"], { code: 2 })).err, /Did you mean `--xml`/);
});

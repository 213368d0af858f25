// The statement of conformance: what of HTTP only a server that runs can prove; and that the generator finds fault where there is one.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { compose, judge } from "../../scripts/conformance.mjs";
import { fileOf, ofCargo, ofNode } from "../../scripts/proofs.mjs";
import { named, quirkLines, statement } from "../../scripts/statement.mjs";
import { open, request } from "./house.mjs";

let house;
before(async () => (house = await open()));
after(() => house?.close());

const message = `<SyncML><SyncHdr><VerDTD>1.2</VerDTD><VerProto>SyncML/1.2</VerProto><SessionID>1</SessionID><MsgID>1</MsgID>
  <Target><LocURI>x</LocURI></Target><Source><LocURI>IMEI:chunks</LocURI></Source></SyncHdr><SyncBody><Final/></SyncBody></SyncML>`;

test("a message may come in chunks of HTTP, and the answer says its length", async () => {
  const inChunks = (sent) => {
    for (const piece of message.match(/[^]{1,40}/g)) sent.write(piece);
    sent.end();
  };
  const headers = { "content-type": "application/vnd.syncml+xml", "accept-encoding": "gzip, deflate", accept: "application/vnd.syncml+xml" };
  const answer = await request(`${house.url}/syncml`, { method: "POST", headers: { ...headers, "transfer-encoding": "chunked" }, body: inChunks });
  assert.equal(answer.status, 200, answer.text);
  assert.match(answer.text, /<Cmd>SyncHdr<\/Cmd>[^]*?<Data>407<\/Data>/);
  assert.equal(answer.headers["content-length"], String(answer.bytes.length));
  assert.equal(answer.headers["transfer-encoding"], undefined);
  assert.equal(answer.headers["content-encoding"], undefined);
  assert.match(answer.headers["cache-control"], /no-store/);
  assert.match(answer.headers["cache-control"], /private/);
});

// --------------------------------------------------------------------------------------------------------- the generator

const line = (more) => ({ cells: ["thing", "MUST"], support: "yes", does: "It is done.", tests: ["conversation a::b"], ...more });
const table = (more, ...lines) => ({ title: "Things", columns: ["what", "level"], lines, ...more });
const proven = { outcomes: new Map([["conversation a::b", "passed"]]), fileOf: () => "tests/conversation/a.rs" };
const complaints = (tables, proofs = proven) => statement([tables].flat(), proofs).complaints;

test("a statement that is proven has no complaints and says each thing once", () => {
  const { text, complaints } = statement([table({}, line(), line({ cells: ["other", "O"], support: "no", tests: [] }))], { ...proven, opening: "# Hello\n" });
  assert.deepEqual(complaints, []);
  assert.ok(text.startsWith("# Hello\n\n"));
  assert.match(text, /^\| \[Things\]\(#things\) \| 2 \| 1 \| 0 \| 1 \| 0 \|$/m);
  assert.match(text, /^\| thing \| MUST \| yes \| It is done\. \| \[b\]\(\.\.\/tests\/conversation\/a\.rs\) \|$/m);
  assert.match(text, /^\| other \| O \| no \| It is done\. \|  \|$/m);
});

test("a line that claims support and names no passing test is found", () => {
  for (const support of ["yes", "partly"]) {
    assert.match(complaints(table({}, line({ support, tests: [] })))[0], /claims support and names no test/);
    assert.match(complaints(table({}, line({ support, tests: undefined })))[0], /claims support and names no test/);
  }
  assert.match(complaints(table({}, line({ tests: ["conversation a::c"] })))[0], /no test `conversation a::c`/);
  for (const [outcome, words] of [["failed", /has failed/], ["skipped", /was skipped/]]) {
    const outcomes = new Map([["conversation a::b", outcome]]);
    assert.match(complaints(table({}, line()), { ...proven, outcomes })[0], words);
    assert.match(complaints(table({}, line({ support: "no" })), { ...proven, outcomes })[0], words, "whatever names a test rests on it");
  }
  assert.match(complaints(table({}, line()), { ...proven, fileOf: () => undefined })[0], /file of `conversation a::b` was not found/);
  assert.equal(complaints(table({}, line({ support: "no", tests: [] }))).length, 0);
});

test("a line that is none is found", () => {
  for (const broken of [{ cells: ["thing"] }, { support: "nearly" }, { does: "" }]) {
    assert.match(complaints(table({}, line(broken)))[0], /a line has 2 cells/);
  }
});

test("a code without a line is found, and one with two", () => {
  const of = (...codes) => table({ codes: { all: ["100–102", "110"] } }, ...codes.map((code) => line({ cells: [code, ""] })));
  assert.deepEqual(complaints(of("100–101", "102, 110")), []);
  assert.deepEqual(complaints(of("100–101", "110")), ["Things: 102 has no line"]);
  assert.deepEqual(complaints(of("100–102", "102", "110")), ["Things: 102 has two lines"]);
  const withConstants = { ...of("100–102", "110"), codes: { all: ["100"], constants: [110, 111] } };
  assert.deepEqual(complaints(withConstants), ["Things: 111 has no line"]);
});

test("a file that is not what the tests prove is found", () => {
  const proved = new Map([["conversation changes_of_two_phones_meet", "passed"]]);
  const { text } = compose(proved);
  const stale = (written) => judge(proved, written).filter((complaint) => /is stale/.test(complaint)).length;
  assert.deepEqual([stale(text), stale(`${text} `), stale("")], [0, 1, 1]);
  // And the real tables rest on real tests: without them each claim is refused.
  assert.ok(judge(new Map(), text).length > 200);
});

test("musts that are not met are shown first", () => {
  const { text } = statement([table({}, line({ cells: ["memory", "M"], support: "no", does: "Not heeded.", tests: [] }), line())], proven);
  const musts = text.slice(text.indexOf("## Musts"), text.indexOf("## Things"));
  assert.match(musts, /^\| memory \| \[Things\]\(#things\) \| no \| Not heeded\. \|$/m);
  assert.doesNotMatch(musts, /^\| thing \|/m);
});

test("each row of quirks is proven by the tests of its switches", () => {
  const rows = [{ device: "Acme", section: ["P1"], why: "it breaks", then: { message_bytes_max: 5, ctcap: true } }];
  const tests = ["conversation quirks::message_bytes_max_holds", "conversation quirks::ctcap_is_said"];
  const [made] = quirkLines(rows, tests);
  assert.deepEqual([made.cells, made.tests], [["Acme", "P1"], tests]);
  assert.equal(made.does, "it breaks: `message_bytes_max` 5, `ctcap` true");
  assert.match(complaints(table({}, ...quirkLines(rows, [])))[0], /no test `conversation quirks::message_bytes_max_…`/);
});

test("what the runners say is read, however their streams were mixed", () => {
  const err = "   Compiling x\n     Running unittests src/lib.rs (target/debug/deps/x-1)\n     Running tests/a.rs (target/debug/deps/a-2)\n   Doc-tests x\n";
  const out = `
running 2 tests
test one::two ... ok
test one::three has been running for over 60 seconds
test one::three ... FAILED

test result: FAILED. 1 passed; 1 failed

running 2 tests
test two ... ignored, for a reason
test four - should panic ... ok

running 0 tests
`;
  assert.deepEqual(Object.fromEntries(ofCargo({ out, err })), {
    "lib one::two": "passed",
    "lib one::three": "failed",
    "a two": "skipped",
    "a four": "passed",
  });
  const spec = "✔ it works (12.3ms)\n  ✖ it does not (1ms)\n﹣ it was not tried (0.1ms) # SKIP\n✔ it works (1ms)\nℹ tests 3\n";
  assert.deepEqual(Object.fromEntries(ofNode("worker", { out: spec })), {
    "worker it works": "passed",
    "worker it does not": "failed",
    "worker it was not tried": "skipped",
  });
  assert.equal(fileOf("conversation types::one_way_from_the_client_keeps_what_is_here_pending"), "tests/conversation/types.rs");
  assert.equal(fileOf("conversation changes_of_two_phones_meet"), "tests/conversation.rs");
  assert.equal(fileOf("operate over_sqlite::what_is_made_can_be_posted"), "tests/operate/alerts.rs");
  assert.equal(fileOf("lib syncml::filter::tests::the_element_is_read"), "src/syncml/filter/tests.rs");
  assert.equal(fileOf("worker unknown paths and methods are answered"), "tests/worker/hostile.test.mjs");
  assert.equal(fileOf("conversation types::no_such_test"), undefined);
  assert.deepEqual(named([table({}, line(), line({ tests: ["b", "a"] }))]), ["a", "b", "conversation a::b"]);
});

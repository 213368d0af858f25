// npm run conformance [-- --check]: sets up, runs the tests that the statement of conformance rests on, and writes it:
// docs/conformance.md, from the tables of tests/conformance. With --check it is only compared. `npm test` compares too, with
// what its own suites have shown.

import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { build } from "./build.mjs";
import { fileOf, nodeSuites, ofCargo, ofNode, parts } from "./proofs.mjs";
import { at, environment, main, modernNode, run, say } from "./run.mjs";
import { setup } from "./setup.mjs";
import { named, quirkLines, statement } from "./statement.mjs";

const file = at("docs", "conformance.md");

/** What is wrong with the statement and its file, given what became of the tests; nothing where all is well. */
export function judge(outcomes, written = existsSync(file) ? readFileSync(file, "utf8") : "") {
  const { text, complaints } = compose(outcomes);
  const stale = written !== text;
  return [...complaints, ...(stale ? ["docs/conformance.md is stale: `npm run conformance` writes it"] : [])];
}

/** What the output of a suite says of its tests. */
export function outcomesOf(suite, output) {
  if (suite === "native") return ofCargo(output);
  return nodeSuites[suite] ? ofNode(suite, output) : new Map();
}

/** The statement, and what is wrong with it. */
export function compose(outcomes) {
  const tables = read([...outcomes.keys()].sort());
  const opening = readFileSync(at("tests", "conformance", "opening.md"), "utf8");
  return statement(tables, { outcomes, fileOf, opening });
}

/** The tables in the order of their files' names. One about codes must have a line for each constant of a source, too. */
function read(tests) {
  const names = readdirSync(at("tests", "conformance")).filter((name) => name.endsWith(".json"));
  return names.sort().map((name) => {
    const table = JSON.parse(readFileSync(at("tests", "conformance", name), "utf8"));
    const { codes, quirks } = table;
    if (codes) codes.constants = constants(readFileSync(at(codes.source), "utf8"));
    if (quirks) table.lines = quirkLines(JSON.parse(readFileSync(at(quirks), "utf8")), tests);
    return table;
  });
}

function constants(source) {
  return [...source.matchAll(/^pub const \w+: u16 = (\d+);$/gm)].map(([, code]) => Number(code));
}

/** Runs the tests that are named, with the files they stand in, and says what became of each. */
async function prove() {
  const tests = named(read([]));
  const binaries = new Set(["conversation", ...tests.map((test) => parts(test)[0])]);
  const suites = Object.keys(nodeSuites).filter((suite) => binaries.delete(suite));
  if (suites.length > 0) await build();
  const env = { ...environment(), NO_COLOR: "1", CARGO_TERM_COLOR: "never" };
  const shown = { tee: true, lenient: true, env };
  const targets = [...binaries].sort().flatMap((name) => (name === "lib" ? ["--lib"] : ["--test", name]));
  say(`Running ${tests.length} tests, and those beside them`);
  const outcomes = ofCargo(await run("cargo", ["test", "--locked", "--no-fail-fast", ...targets], shown));
  for (const suite of suites) {
    const files = new Set(tests.filter((test) => parts(test)[0] === suite).map(fileOf));
    const args = ["--test", "--test-reporter=spec", "--test-concurrency=1", ...[...files].filter(Boolean)];
    for (const [name, what] of ofNode(suite, await run(modernNode(), args, shown))) outcomes.set(name, what);
  }
  return outcomes;
}

if (process.argv[1] === at("scripts", "conformance.mjs")) {
  await main(async () => {
    await setup();
    const outcomes = await prove();
    const { text, complaints } = compose(outcomes);
    const check = process.argv.includes("--check");
    if (!check && complaints.length === 0) writeFileSync(file, text);
    const wrong = check ? judge(outcomes) : complaints;
    for (const complaint of wrong) console.log(complaint);
    console.log(wrong.length > 0 ? `${wrong.length} complaints` : "docs/conformance.md is what the tests prove");
    return wrong.length > 0 ? 1 : 0;
  });
}

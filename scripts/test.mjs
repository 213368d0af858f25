// npm test [-- SUITE…]: sets up as `npm start` does, then runs every suite, native and in workerd, and counts. In CI the checks
// of `npm run check` are a suite too, and what is skipped for want of a package has failed. The last suite runs nothing: it holds
// the statement of conformance against what the others have shown.

import { readdirSync } from "node:fs";
import { build } from "./build.mjs";
import { judge, outcomesOf } from "./conformance.mjs";
import { buildPackage } from "./package.mjs";
import { at, environment, main, modernNode, run, say } from "./run.mjs";
import { npmPackages, setup } from "./setup.mjs";

const inCi = process.env.CI === "true";

/** Each suite's command, and how its own closing lines say what passed and failed. */
const suites = {
  check: { command: () => [process.execPath, at("scripts", "check.mjs")], count: whole, asked: inCi },
  native: { command: () => ["cargo", "test", "--locked", "--no-fail-fast"], count: cargo },
  worker: { command: () => nodeTest("tests/worker"), count: node },
  package: { prepare: preparePackage, command: () => nodeTest("tests/package"), count: node },
  killed: { command: () => [modernNode(), at("tests", "worker", "killed.mjs")], count: cargo },
  cli: { prepare: preparePackage, command: () => nodeTest("tests/cli"), count: node },
  console: { command: () => nodeTest("tests/console"), count: node },
  peers: { command: () => nodeTest("tests/peers"), count: node },
};

await main(async () => {
  const names = process.argv.slice(2);
  await setup();
  await build();
  let [passed, failed] = [0, 0];
  const outcomes = new Map();
  for (const [name, { prepare, command, count, asked = true }] of Object.entries(suites)) {
    if (names.length > 0 ? !names.includes(name) : !asked) continue;
    say(`Suite ${name}`);
    await prepare?.();
    const [program, ...args] = command();
    const env = { ...environment(), NO_COLOR: "1", CARGO_TERM_COLOR: "never" };
    const output = await run(program, args, { tee: true, lenient: true, env });
    for (const [test, outcome] of outcomesOf(name, output)) outcomes.set(test, outcome);
    const { code, text } = output;
    const counted = count(text, code);
    // A runner that fails without a failed test (it did not build, it was killed) is a failure of its own.
    const lost = code !== 0 && counted.failed === 0 ? 1 : 0;
    passed += counted.passed;
    failed += counted.failed + lost;
    say(`Suite ${name}: ${counted.passed} passed, ${counted.failed + lost} failed`);
  }
  if (names.length === 0) {
    say("Suite conformance");
    const complaints = judge(outcomes);
    for (const complaint of complaints) console.log(complaint);
    if (complaints.length > 0) failed += 1;
    else passed += 1;
    say(`Suite conformance: ${complaints.length === 0 ? "1 passed, 0" : "0 passed, 1"} failed`);
  }
  console.log(`${passed} passed, ${failed} failed`);
  return failed === 0 && passed > 0 ? 0 : 1;
});

/** The package, and the runtimes and browsers it is tried in. */
async function preparePackage() {
  await npmPackages(at("tests", "package"));
  await buildPackage();
}

function nodeTest(folder) {
  const files = readdirSync(at(folder)).filter((name) => name.endsWith(".test.mjs"));
  return [modernNode(), "--test", "--test-reporter=spec", "--test-concurrency=1", ...files.map((name) => `${folder}/${name}`)];
}

/** `test result: ok. 12 passed; 0 failed; …`, once for each binary. */
function cargo(text) {
  const sum = (what) => [...text.matchAll(new RegExp(`^test result: .*?(\\d+) ${what}`, "gm"))].reduce((n, [, m]) => n + Number(m), 0);
  return { passed: sum("passed"), failed: sum("failed") };
}

/** `ℹ pass 12`, `ℹ fail 0`. In CI what is skipped has failed. */
function node(text) {
  const last = (what) => Number([...text.matchAll(new RegExp(`^. ${what} (\\d+)$`, "gm"))].at(-1)?.[1] ?? 0);
  const skipped = inCi ? last("skipped") : 0;
  return { passed: last("pass"), failed: last("fail") + last("cancelled") + skipped };
}

/** All or nothing. */
function whole(_, code) {
  return code === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
}

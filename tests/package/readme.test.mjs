// The examples of the package's README and of docs/javascript.md: each is compiled strictly and run in Node, against a server of
// this process in place of https://sync.example.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { at } from "../../scripts/run.mjs";
import { consumer, programs, run } from "./consumer.mjs";

/** Puts a server behind https://sync.example, and ends a program that listens. */
const prelude = `
import { createAccount, memoryStore, records, serve } from "anchorage";
const secret = "a secret of this test";
const store = memoryStore();
await createAccount(store, { account: "anna", password: "secret", secret });
await records(store, "contacts", { account: "anna" }).add({ fields: { name: "Grace Hopper" } });
const ask = async (path, body) => {
  const init = { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
  return (await serve(new Request("https://sync.example" + path, init), store, { secret })).json();
};
const { token } = await ask("/api/login", { login: "anna", password: "secret", label: "demo" });
globalThis.fetch = async (address, init) => {
  if (new URL(address).host !== "sync.example") throw new TypeError("there is no other server here");
  const request = new Request(String(address).replace("demo-token", token), init);
  if (request.headers.get("authorization")) request.headers.set("authorization", request.headers.get("authorization").replace("demo-token", token));
  return serve(request, store, { secret });
};
setTimeout(() => process.exit(0), 3_000).unref();
process.on("beforeExit", () => process.exit(0));
`;

/** Starts an example that serves, and asks it something. */
const asked = (name, port) => `
import { get } from "node:http";
await import("./${name}");
get("http://127.0.0.1:${port}/syncml", (answer) => {
  console.log("answered " + answer.statusCode);
  process.exit(0);
});
`;

const options = {
  compilerOptions: {
    target: "es2022",
    module: "nodenext",
    moduleResolution: "nodenext",
    lib: ["es2023", "dom", "dom.iterable"],
    types: ["node"],
    typeRoots: [at("node_modules", "@types")],
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    noEmit: true,
    skipLibCheck: false,
  },
  include: ["*.ts"],
};

/** The fenced blocks of a page: their language, what stands behind it, and the text. */
function examples(page) {
  const blocks = readFileSync(at(page), "utf8").matchAll(/^```(ts|js)( browser)?\n(.*?)^```$/gms);
  return [...blocks].map(([, language, browser, text]) => ({ page, language, browser: Boolean(browser), text }));
}

const all = ["package/README.md", "docs/javascript.md"].flatMap(examples);
const files = Object.fromEntries(all.map(({ text }, index) => [`example-${index}.ts`, text]));

test("every example compiles strictly, as a consumer's own", async () => {
  assert.ok(all.length >= 8);
  const home = await consumer({ ...files, "tsconfig.json": JSON.stringify(options) });
  await run(at("node_modules", ".bin", "tsc"), ["-p", "."], home);
});

for (const [index, { page, browser, text }] of all.entries()) {
  if (browser) continue;
  test(`example ${index} (${page}) runs: ${/^(?!import)\S.*$/m.exec(text)[0]}`, async () => {
    const name = `example-${index}.ts`;
    const listens = text.includes("8080");
    const port = 20_000 + (process.pid % 20_000);
    const home = await consumer({ "prelude.mjs": prelude, [name]: text.replace("8080", port), "asked.mjs": asked(name, port) });
    const printed = await run(programs["Node 22"], ["--no-warnings", "--import", "./prelude.mjs", listens ? "asked.mjs" : name], home);
    if (listens) assert.match(printed, /^answered 405$/m, "it serves");
    else assert.ok(printed.length > 0 || !text.includes("console.log"), "it prints what it says it prints");
  });
}

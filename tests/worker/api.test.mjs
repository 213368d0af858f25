// The JSON API in the worker's own runtime: held to docs/openapi.json by schemathesis, which asks everything the document allows
// and much that it does not; and what requests cost at the D1 binding.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { at, run, say } from "../../scripts/run.mjs";
import { installed } from "../debian.mjs";
import { card, open, phone, request, temporary } from "./house.mjs";

const token = "demo-token";
const device = "IMEI:traced";
let house;
before(async () => (house = await open()));
after(() => house?.close());

/** One request with a token; its answer, with its JSON. */
async function ask(method, path, body) {
  const headers = { authorization: `Bearer ${token}`, ...(body && { "content-type": "application/json" }) };
  const answer = await request(`${house.url}/api/${path}`, { method, headers, body: body && JSON.stringify(body) });
  return { ...answer, json: answer.text.startsWith("{") ? JSON.parse(answer.text) : null };
}

describe("JSON API", () => {
  test("what is read is one batch, what is changed two, and a message's trace is one row more", async () => {
    const added = await ask("POST", "collections/contacts/records", { id: "ada", fields: { name: "Ada" } });
    assert.equal(added.status, 201, added.text);
    assert.equal(added.cost.batches, 2);
    assert.ok(added.cost.rows_written <= 6, `${added.cost.rows_written} rows written`);
    const patched = await ask("PATCH", "collections/contacts/records/ada", { fields: { company: "Engines" } });
    assert.equal(patched.cost.batches, 2);
    for (const path of ["account", "collections", "collections/contacts/records?limit=10", "devices", "sessions"]) {
      const { status, cost } = await ask("GET", path);
      assert.deepEqual([status, cost.batches, cost.rows_written], [200, 1, 0], path);
    }
  });

  test("a phone's session is kept, with the rows it wrote", async () => {
    const mine = phone(house.url, device);
    const costs = [];
    const send = async (commands) => costs.push((await mine.send(commands)).cost);
    mine.begin();
    await send([mine.alert(201)]);
    await send([mine.ok(0), mine.sync([1, 2, 3].map((n) => mine.add(`l${n}`, card(`Traced${n}`))))]);
    await send([mine.ok(0)]);
    const { json: all } = await ask("GET", `sessions?device=${device}`);
    const { json: session } = await ask("GET", `sessions/${all.sessions[0].id}`);
    assert.equal(session.trace.length, 3);
    assert.ok(session.trace.every(({ request, reply }) => request.bytes && reply.bytes));
    assert.ok(!JSON.stringify(session).includes(Buffer.from("demo:demo").toString("base64")));
    for (const [index, { cost }] of session.trace.entries()) {
      const counted = costs[index].rows_written;
      assert.ok(Math.abs(cost.rowsWritten - counted) <= 2 + counted / 3, `message ${index + 1}: ${cost.rowsWritten} told, ${counted} counted`);
    }
    const replayed = await ask("POST", `sessions/${all.sessions[0].id}/replay`);
    assert.deepEqual(replayed.json.messages.map(({ same }) => same), [true, true, true], replayed.text);
  });

  test("whatever is asked, the answer is what docs/openapi.json says", { timeout: 300_000 }, async (context) => {
    const program = await schemathesis();
    const { json: all } = await ask("GET", `sessions?device=${device}`);
    const session = all.sessions[0].id;
    if (!program) return context.skip("python3 with venv is needed (python3-venv)");
    const args = [
      "--config-file", at("tests", "worker", "schemathesis.toml"),
      "run", at("docs", "openapi.json"),
      "--url", house.url,
      "--header", `Authorization: Bearer ${token}`,
      "--checks", "all",
      "--phases", "examples,coverage,fuzzing",
      "--max-examples", "20",
      "--max-time", "110",
      "--seed", "1",
      // They would take away what all others are asked with, and about; tests/api signs out and forgets.
      "--exclude-operation-id", "signOut",
      "--exclude-operation-id", "forgetDevice",
      "--continue-on-failure",
      "--no-color",
    ];
    // It keeps notes where it stands.
    const place = temporary();
    context.after(place.remove);
    const env = { ...process.env, HYPOTHESIS_STORAGE_DIRECTORY: join(place.path, "hypothesis"), DEVICE: device, SESSION: session };
    const { code, text } = await run(program, args, { lenient: true, capture: true, cwd: place.path, env });
    assert.equal(code, 0, text);
    assert.ok(house.lines.every((line) => !/answered 500|panicked/.test(line)));
  });
});

/** The program, in a place of its own under .tools, made anew when what is pinned changes; nothing where there is no Python. */
async function schemathesis() {
  const pinned = at("tests", "worker", "requirements.txt");
  const name = `schemathesis-${createHash("sha256").update(readFileSync(pinned)).digest("hex").slice(0, 12)}`;
  const home = at(".tools", name);
  const [python, program, stamp] = [join(home, "bin", "python"), join(home, "bin", "schemathesis"), join(home, ".installed")];
  if (existsSync(stamp)) return program;
  installed({ "/usr/share/doc/python3-venv": ["python3-venv"] });
  await run("python3", ["-m", "venv", home], { lenient: true, capture: true }).catch(() => {});
  if (!existsSync(python)) return undefined;
  say("Installing schemathesis (once)");
  await run(python, ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--requirement", pinned]);
  writeFileSync(stamp, name);
  return program;
}

// The worker beside tests/worker/stores.test.mjs: runs a batch at the D1 binding that the path names, and refuses what D1 would
// refuse and its local runtime takes. https://developers.cloudflare.com/d1/platform/limits/

import { answer } from "../../scripts/batch.mjs";

export default {
  async fetch(request, env) {
    const batch = await request.json();
    const database = env[new URL(request.url).pathname.slice(1)];
    return Response.json(await answer(database, () => batch.map(bounded)));
  },
};

function bounded(statement) {
  const { sql, params } = statement;
  if (bytes(sql) > 100_000) refuse(`a statement of ${bytes(sql)} bytes`);
  if (params.length > 100) refuse(`${params.length} parameters`);
  for (const value of params) {
    // Our own bound (src/limits.rs): D1's is 2 MB, and a row is made of several.
    if (typeof value === "string" && bytes(value) > 1_000_000) refuse(`a string of ${bytes(value)} bytes`);
    if (typeof value === "number" && !(Number.isInteger(value) && Math.abs(value) <= 2 ** 53)) refuse(`the number ${value}`);
  }
  return statement;
}

function refuse(what) {
  throw new Error(`beyond D1: ${what}`);
}

const bytes = (text) => new TextEncoder().encode(text).length;

// The server half of D1, as small as it goes: workerd holds the other half, the binding. Miniflare's own takes longer to start
// than all else here; tests/worker/stores.test.mjs holds the store to its contract over that one.

import { DurableObject } from "cloudflare:workers";

/** `database_id` in wrangler.toml: the name that Miniflare gave the object that made this state. */
const id = "00000000-0000-0000-0000-000000000000";

export default {
  fetch: (request, { DATABASES }) => DATABASES.get(DATABASES.idFromName(id)).fetch(request),
};

export class Database extends DurableObject {
  async fetch(request) {
    const queries = [await request.json()].flat();
    const whole = new URL(request.url).searchParams.get("resultsFormat") === "ROWS_AND_COLUMNS";
    try {
      return Response.json(this.ctx.storage.transactionSync(() => queries.map((query) => this.run(query, whole))));
    } catch (error) {
      return Response.json({ success: false, error: error.message });
    }
  }

  run({ sql, params }, whole) {
    const cursor = this.ctx.storage.sql.exec(sql, ...(params ?? []));
    const [columns, rows] = [cursor.columnNames, [...cursor.raw()]];
    const meta = { rows_read: cursor.rowsRead, rows_written: cursor.rowsWritten };
    const objects = () => rows.map((row) => Object.fromEntries(columns.map((name, index) => [name, row[index]])));
    return { success: true, meta, results: whole ? { columns, rows } : objects() };
  }
}

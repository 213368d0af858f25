// A store in SQLite: `node:sqlite`, `bun:sqlite`, or any database object with the same few methods.

import { core } from "./core.js";
import { AnchorageError, expect } from "./error.js";
import { schema } from "./generated/schema.js";
import { storeAt, type Store } from "./store.js";

type Value = null | number | string;

/** A prepared statement; parameters are bound to `?1`, `?2`, … in order. */
export interface SqliteStatement {
  /** Runs it and answers its rows as objects, columns in order. */
  all(...parameters: Value[]): unknown[];
}

/** `DatabaseSync` of `node:sqlite`, `Database` of `bun:sqlite`, or alike. */
export interface SqliteDatabase {
  /** Runs statements that answer nothing. */
  exec(sql: string): unknown;
  /** Prepares one statement. */
  prepare(sql: string): SqliteStatement;
}

/** How long another process may hold the database before it is `busy`. */
const BUSY_MS = 5_000;

/**
 * A store in an open SQLite database (3.38 or later), with its tables made or brought up to date. Other processes may have the same
 * file open. The database stays yours: close it when nobody uses the store any more.
 */
export async function sqliteStore(database: SqliteDatabase): Promise<Store> {
  const usable = typeof database === "object" && database !== null && typeof database.exec === "function" && typeof database.prepare === "function";
  expect(usable, "sqliteStore takes an open database with exec(sql) and prepare(sql)");
  const { Store } = core();
  const connection = new Connection(database);
  connection.migrate();
  return storeAt(Store.database((statements: [string, Value[]][], writes: boolean) => connection.run(statements, writes)));
}

/** Whoever talks to the database: one transaction at a time. */
class Connection {
  readonly #database: SqliteDatabase;
  readonly #prepared = new Map<string, SqliteStatement>();

  constructor(database: SqliteDatabase) {
    this.#database = database;
    try {
      for (const pragma of [`busy_timeout = ${BUSY_MS}`, "journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"]) {
        database.prepare(`PRAGMA ${pragma}`).all();
      }
    } catch (thrown) {
      throw storeError(thrown);
    }
  }

  /** Runs statements after each other in one transaction; the rows of each as arrays. */
  run(statements: [string, Value[]][], writes: boolean): unknown[][][] {
    return this.#transaction(writes ? "BEGIN IMMEDIATE" : "BEGIN", () =>
      statements.map(([sql, parameters]) => this.#rows(sql, parameters)),
    );
  }

  /** Runs the parts of the schema that have not been run here yet. */
  migrate(): void {
    this.#transaction("BEGIN IMMEDIATE", () => {
      this.#database.exec("CREATE TABLE IF NOT EXISTS anchorage_schema (name TEXT PRIMARY KEY) STRICT");
      const known = new Set(this.#rows("SELECT name FROM anchorage_schema", []).map(([name]) => name));
      for (const { name, sql } of schema) {
        if (known.has(name)) continue;
        this.#database.exec(sql);
        this.#rows("INSERT INTO anchorage_schema (name) VALUES (?1)", [name]);
      }
    });
  }

  #transaction<T>(begin: string, body: () => T): T {
    try {
      this.#database.exec(begin);
      try {
        const done = body();
        this.#database.exec("COMMIT");
        return done;
      } catch (thrown) {
        this.#rollBack();
        throw thrown;
      }
    } catch (thrown) {
      throw storeError(thrown);
    }
  }

  #rollBack(): void {
    try {
      this.#database.exec("ROLLBACK");
    } catch {
      // SQLite has rolled back by itself.
    }
  }

  #rows(sql: string, parameters: Value[]): unknown[][] {
    let statement = this.#prepared.get(sql);
    if (!statement) {
      statement = this.#database.prepare(sql);
      this.#prepared.set(sql, statement);
    }
    // better-sqlite3 wants statements without rows run in another way.
    const { reader, run } = statement as SqliteStatement & { reader?: boolean; run?: SqliteStatement["all"] };
    if (reader === false && run) {
      run.apply(statement, parameters);
      return [];
    }
    return statement.all(...parameters).map((row) => Object.values(row as object));
  }
}

/** SQLITE_BUSY and SQLITE_LOCKED pass; what the rest means the core reads from the message. */
function storeError(thrown: unknown): unknown {
  if (!(thrown instanceof Error) || thrown instanceof AnchorageError) return thrown;
  const { errcode, code } = thrown as { errcode?: number; code?: unknown };
  const busy = [5, 6].includes((errcode ?? 0) & 0xff) || /SQLITE_(BUSY|LOCKED)/.test(String(code)) || /database (table )?is locked/.test(thrown.message);
  return busy ? new AnchorageError("busy", "The database is locked by another process.", { cause: thrown }) : thrown;
}

// `npx anchorage account …`: what `npm run account` does, on the data of `npx anchorage serve`, also while that runs.

import { randomBytes } from "node:crypto";
import { DATA, openData } from "./data.js";
import { Desk } from "./desk.js";
import { type Exit, exit, usage } from "./ending.js";
import { operate } from "./core.js";
import type { Screen } from "./screen.js";

/** Carries an order out; the options of an order are the core's to read. */
export async function account(typed: readonly string[], screen: Screen): Promise<Exit> {
  const { folder, rest } = withoutData(typed);
  const desk = new Desk(screen);
  const asksOnly = rest.length === 0 || rest.includes("--help") || rest.includes("-h");
  const data = asksOnly ? undefined : await openData(folder ?? DATA, { existing: folder === undefined });
  try {
    const code = await operate(rest, data?.store, desk, data?.secret, Date.now(), randomBytes(32));
    if (code === exit.done) screen.document({ ok: true, ...desk.told });
    if (code === exit.done || !screen.json) return code;
    const { error, ...told } = desk.told;
    screen.document({ ok: false, exit: code, ...told, error: { code: code === exit.usage ? "usage" : "refused", message: error } });
    return code;
  } finally {
    data?.close();
  }
}

/** `--data DIR`, wherever it stands, and the rest. */
function withoutData(typed: readonly string[]): { folder: string | undefined; rest: string[] } {
  const rest: string[] = [];
  let folder: string | undefined;
  for (let index = 0; index < typed.length; index++) {
    const word = typed[index] ?? "";
    if (word === "--") {
      rest.push(...typed.slice(index));
      break;
    }
    if (word !== "--data" && !word.startsWith("--data=")) {
      rest.push(word);
      continue;
    }
    if (folder !== undefined) throw usage("--data stands there twice.");
    folder = word === "--data" ? typed[++index] : word.slice("--data=".length);
    if (!folder) throw usage("--data wants DIR after it.");
  }
  return { folder, rest };
}


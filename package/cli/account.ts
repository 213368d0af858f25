// `npx anchorage account …`: what `npm run account` does, on the data of `npx anchorage serve`, also while that runs.

import { DATA, openData } from "./data.js";
import { Desk } from "./desk.js";
import { type Exit, exit, usage } from "./ending.js";
import { operate, orderOf } from "./core.js";
import type { Screen } from "./screen.js";

/** Carries an order out; what is an order, and what it does, is the core's to say. */
export async function account(typed: readonly string[], screen: Screen): Promise<Exit> {
  const { folder, rest } = withoutData(typed);
  const order = orderOf(rest);
  if ("help" in order) {
    screen.say(order.help);
    screen.document({ ok: true, help: order.help });
    return exit.done;
  }
  if ("wrong" in order) throw usage(order.wrong);
  if (order.command === "demo") throw usage("The demo account is made by `npx anchorage serve --demo`.");
  const desk = new Desk(screen);
  const data = await openData(folder ?? DATA, { existing: order.command !== "add" });
  try {
    const code = await operate(rest, data.store, desk, data.secret);
    const { error, ...told } = desk.told;
    if (code === exit.done) screen.document({ ok: true, ...told });
    else screen.document({ ok: false, exit: code, ...told, error: { code: code === exit.busy ? "busy" : "refused", message: String(error ?? "It was refused.") } });
    return code;
  } finally {
    data.close();
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


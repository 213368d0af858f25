#!/usr/bin/env node
// `npx anchorage`: which command is meant, and how it ends. What a command does is in the file of its name.

import { readFileSync } from "node:fs";
import { account } from "./account.js";
import { meant } from "./arguments.js";
import { decode } from "./decode.js";
import { type Exit, endingOf, exit, usage } from "./ending.js";
import { COMMANDS, type Command, page } from "./help.js";
import { Screen } from "./screen.js";
import { serve } from "./serve.js";
import { sync } from "./sync.js";

const commands: Readonly<Record<Command, (typed: readonly string[], screen: Screen) => Promise<Exit>>> = { sync, decode, serve, account };
const typed = process.argv.slice(2);
const before = typed.includes("--") ? typed.slice(0, typed.indexOf("--")) : typed;
const screen = new Screen(before.includes("--json"));

/** A reader that has heard enough (`… | head`) is no failure. */
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit();
    throw error;
  });
}

try {
  process.exitCode = await run();
} catch (error) {
  const ending = endingOf(error);
  screen.failed(ending);
  process.exitCode = ending.exit;
}

async function run(): Promise<Exit> {
  const words = typed.filter((word, index) => word !== "--json" || index >= before.length);
  const at = words.findIndex((word) => !word.startsWith("-"));
  const [name, rest] = at < 0 ? [undefined, words] : [words[at], words.toSpliced(at, 1)];
  const asksHelp = rest.slice(0, before.length).some((word) => word === "--help" || word === "-h");
  if (name === undefined || name === "help") return first(rest);
  const command = COMMANDS.find((known) => known === name);
  if (!command) throw usage(`There is no command \`${name}\`.${meant(name, COMMANDS)} There are: ${COMMANDS.join(", ")}.`);
  if (asksHelp && command !== "account") return shown(page(command));
  return commands[command](rest, screen);
}

/** No command: the first page, or the version. */
function first(rest: readonly string[]): Exit {
  const [word] = rest;
  if (word === undefined || word === "--help" || word === "-h") return shown(page());
  const command = COMMANDS.find((known) => known === word);
  if (command && command !== "account") return shown(page(command));
  if (word !== "--version" && word !== "-V") throw usage(`There is no option \`${word}\` without a command.${meant(word, ["--help", "--version"])}`);
  const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as { version: string };
  screen.document({ ok: true, version });
  screen.say(version);
  return exit.done;
}

function shown(text: string): Exit {
  screen.document({ ok: true, help: text });
  screen.say(text);
  return exit.done;
}

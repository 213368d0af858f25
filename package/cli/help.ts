// The pages of `--help`: each command by its line, its options and examples that can be typed as they stand.

import { type Options, everywhere } from "./arguments.js";
import { options as decodeOptions } from "./decode.js";
import { options as serveOptions } from "./serve.js";
import { options as syncOptions } from "./sync.js";

export const COMMANDS = ["sync", "decode", "serve", "account"] as const;
export type Command = (typeof COMMANDS)[number];

const GENERAL = `\
Anchorage: SyncML and MAX, from a terminal.

  npx anchorage sync URL --data DIR     a folder of .vcf, .ics or .txt files with any SyncML or MAX server
  npx anchorage decode FILE             a message in words and as XML, whether it is WBXML or XML
  npx anchorage serve --data DIR        the whole server, on Node and SQLite
  npx anchorage account …               the accounts of that server

\`serve\` and \`account\` need Node 22.13 or later; the others Node 20.
\`npx anchorage COMMAND --help\` shows one of them. Every command takes --json, for programs.

Exit codes: 0 done, 1 failed, 2 typed wrong, 3 not signed in, 4 server away, 5 busy, 6 done but for what is named,
130 paused or broken off by Ctrl-C.`;

interface Page {
  readonly line: string;
  readonly text: string;
  readonly options: Options;
  readonly examples: readonly (readonly [string, string])[];
}

const pages: Readonly<Record<Exclude<Command, "account">, Page>> = {
  sync: {
    line: "npx anchorage sync URL --data DIR [--collection NAME[=PATH]]… [--login NAME]",
    text: `\
Makes the files in DIR and the records on the server the same. New, changed and deleted files go to the server, what others
did there comes into DIR, and where both changed a record the server decides. Files stay as they are but for that; new ones
are called by what they hold (Ada Lovelace.vcf). What lies in DIR and is none of these files is left alone.
What is kept between two syncs is in DIR/.anchorage; without it the next sync compares everything.`,
    options: syncOptions,
    examples: [
      ["npx anchorage sync https://sync.example/syncml --data cards --login anna", "contacts, two-way; asks for the password"],
      ["npx anchorage sync https://old.example/funambol/ds --data cards --login anna --collection contacts=card", "the server calls them `card`"],
      ["npx anchorage sync https://sync.example/syncml --data pim --login anna --collection contacts,calendar,todo,notes", "each in a folder of its own"],
      ["ANCHORAGE_TOKEN=… npx anchorage sync https://sync.example/max/ --data cards", "a MAX server"],
      ["npx anchorage sync https://sync.example/syncml --data cards --login anna --mode refresh-from-server", "the files as the server has them"],
    ],
  },
  decode: {
    line: "npx anchorage decode FILE… [--type TYPE] [--hex] [--explain | --xml]",
    text: `\
Says in words what a message of SyncML says, command by command, and shows it as XML: WBXML or XML, a DevInf document, a
notification (package 0), a MAX feed. What it is, is told by its bytes. FILE is - for standard input.`,
    options: decodeOptions,
    examples: [
      ["npx anchorage decode message.wbxml", ""],
      ["curl -s --data-binary @request.wbxml -H 'content-type: application/vnd.syncml+wbxml' https://sync.example/syncml | npx anchorage decode -", ""],
      ["npx anchorage decode --json message.wbxml | jq .explanation.lines", ""],
    ],
  },
  serve: {
    line: "npx anchorage serve [--data DIR] [--port N] [--host ADDRESS]",
    text: `\
Serves SyncML at /syncml and MAX at /max/, until Ctrl-C. DIR holds one SQLite database, and the secret under which passwords
are sealed (DIR/secret, for its owner only; ANCHORAGE_SECRET comes before it): keep both, or neither is of use.`,
    options: serveOptions,
    examples: [
      ["npx anchorage serve --data server", "then: npx anchorage account add anna --data server"],
      ["npx anchorage serve --demo", "login demo, password demo, on this machine only"],
      ["npx anchorage serve --data server --host 0.0.0.0 --port 443 --cert chain.pem --key key.pem", ""],
      ["npx anchorage serve --data server --behind-proxy", "HTTPS is the proxy's"],
    ],
  },
};

/** The page of a command; of all where none is named. `account` has its own, in the core. */
export function page(command?: Exclude<Command, "account">): string {
  if (command === undefined) return GENERAL;
  const { line, text, options, examples } = pages[command];
  const rows = Object.entries({ ...options, ...everywhere } as Options).map(([name, { value, short, help }]) => {
    const head = `  ${short ? `-${short}, ` : ""}--${name}${value ? ` ${value}` : ""}`;
    return `${head.length < 26 ? head.padEnd(26) : `${head}\n${" ".repeat(26)}`}${wrapped(help, 26)}`;
  });
  const shown = examples.map(([typed, note]) => `  ${typed}${note ? `\n      ${note}` : ""}`);
  return `  ${line}\n\n${text}\n\n${rows.join("\n")}\n\nFor example:\n${shown.join("\n")}`;
}

const WIDTH = 110;

function wrapped(text: string, indent: number): string {
  const lines = [""];
  for (const word of text.split(" ")) {
    const last = lines.length - 1;
    const line = lines[last] ?? "";
    if (line && indent + line.length + 1 + word.length > WIDTH) lines.push(word);
    else lines[last] = line ? `${line} ${word}` : word;
  }
  return lines.join(`\n${" ".repeat(indent)}`);
}

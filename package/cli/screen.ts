// The terminal: what was asked for goes to standard output, everything else to standard error, colour only where a person looks.

import type { Exit } from "./ending.js";

type Stream = NodeJS.WriteStream;

/** The one document of a machine: what ended badly always says with what code, and why. */
export type Told = Readonly<Record<string, unknown>> &
  ({ readonly ok: true } | { readonly ok: false; readonly exit: Exit; readonly error: { readonly code: string; readonly message: string } });

/** `\u001b[…m` around a text. */
export type Paint = (text: string) => string;

const codes = { bold: [1, 22], dim: [2, 22], red: [31, 39], green: [32, 39], yellow: [33, 39], blue: [34, 39], magenta: [35, 39], cyan: [36, 39] } as const;
export type Palette = Readonly<Record<keyof typeof codes, Paint>>;

/** What is said, and how. */
export class Screen {
  readonly json: boolean;
  readonly colours: Palette;
  #progress = false;
  #due = 0;

  constructor(json: boolean) {
    this.json = json;
    this.colours = palette(coloured(process.stdout));
  }

  /** A line of what was asked for; nothing where a machine reads. */
  say(line: string): void {
    if (this.json) return;
    this.#clear();
    process.stdout.write(`${line}\n`);
  }

  /** A line of warning or news. */
  note(line: string): void {
    this.#clear();
    process.stderr.write(`${line}\n`);
  }

  /** Where a person looks: one line that is written over by the next. At most ten a second, unless it is the last. */
  progress(line: string, last = false): void {
    if (!process.stderr.isTTY || this.json) return;
    const now = Date.now();
    if (!last && now < this.#due) return;
    this.#due = now + 100;
    const width = Math.max(20, process.stderr.columns || 80) - 1;
    process.stderr.write(`\r\u001b[2K${line.slice(0, width)}`);
    this.#progress = true;
    if (last) this.#clear();
  }

  /** The one document of a machine. */
  document(value: Told): void {
    if (this.json) process.stdout.write(`${JSON.stringify(value)}\n`);
  }

  /** How it ended, where it did not end well. */
  failed(ending: { readonly exit: Exit; readonly code: string; readonly message: string }): void {
    this.#clear();
    const { exit, code, message } = ending;
    if (this.json) this.document({ ok: false, exit, error: { code, message } });
    const { red } = palette(coloured(process.stderr));
    process.stderr.write(`${red(plain(message))}\n`);
  }

  #clear(): void {
    if (!this.#progress) return;
    this.#progress = false;
    process.stderr.write("\r\u001b[2K");
  }
}

/** A stranger's text (a file's name, a server's words) without what a terminal would obey. */
export function plain(text: string): string {
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g, "\ufffd");
}

/** `1 file`, `2 files`. */
export const plural = (count: number, what: string): string => `${count} ${what}${count === 1 ? "" : "s"}`;

/** https://no-color.org; FORCE_COLOR is Node's own. */
function coloured(stream: Stream): boolean {
  const { NO_COLOR, FORCE_COLOR, TERM } = process.env;
  if (NO_COLOR) return false;
  if (FORCE_COLOR !== undefined) return FORCE_COLOR !== "0";
  return stream.isTTY === true && TERM !== "dumb";
}

function palette(on: boolean): Palette {
  const paint = ([begin, end]: readonly [number, number]): Paint => (text) => (on ? `\u001b[${begin}m${text}\u001b[${end}m` : text);
  return Object.fromEntries(Object.entries(codes).map(([name, code]) => [name, paint(code)])) as Palette;
}

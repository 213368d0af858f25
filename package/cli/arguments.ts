// What was typed after a command: options and words, by a table that the command's help is written from too.

import { parseArgs } from "node:util";
import { usage } from "./ending.js";

export interface Option {
  /** How its value is called in the help; without one it is a switch. */
  readonly value?: string;
  readonly short?: string;
  /** Whether it may stand there more than once. */
  readonly multiple?: boolean;
  readonly help: string;
}

export type Options = Readonly<Record<string, Option>>;

/** The options that every command takes. */
export const everywhere = {
  json: { help: "one JSON document on standard output instead of words for people" },
  help: { short: "h", help: "this page" },
} as const satisfies Options;

/** The words and options of a command line. */
export class Arguments {
  readonly words: readonly string[];
  readonly #values: ReadonlyMap<string, readonly string[]>;

  constructor(words: readonly string[], values: ReadonlyMap<string, readonly string[]>) {
    this.words = words;
    this.#values = values;
  }

  /** Whether a switch, or an option, stands there. */
  has(name: string): boolean {
    return this.#values.has(name);
  }

  /** An option's value. */
  value(name: string): string | undefined {
    return this.#values.get(name)?.at(-1);
  }

  /** All values of an option that may stand there more than once. */
  all(name: string): readonly string[] {
    return this.#values.get(name) ?? [];
  }

  /** An option's value as a whole number within bounds. */
  number(name: string, least: number, most: number): number | undefined {
    const text = this.value(name);
    if (text === undefined) return undefined;
    const number = Number(text);
    if (/^\d+$/.test(text) && number >= least && number <= most) return number;
    throw usage(`--${name} wants a whole number from ${least} to ${most}, not \`${text}\`.`);
  }

  /** An option's value as one of these words. */
  choice<Word extends string>(name: string, words: readonly Word[]): Word | undefined {
    const text = this.value(name);
    if (text === undefined) return undefined;
    const found = words.find((word) => word === text);
    if (found !== undefined) return found;
    throw usage(`--${name} is one of ${words.join(", ")}, not \`${text}\`.${meant(text, words)}`);
  }
}

/** Sorts what was typed; an option nobody knows, and one without its value, is a mistake that is said. */
export function read(typed: readonly string[], options: Options): Arguments {
  const table = { ...everywhere, ...options } as Options;
  const words: string[] = [];
  const values = new Map<string, string[]>();
  const config = Object.fromEntries(
    Object.entries(table).map(([name, { value, short }]) => [
      name,
      { type: value === undefined ? ("boolean" as const) : ("string" as const), ...(short ? { short } : {}) },
    ]),
  );
  const parsed = parseArgs({ args: [...typed], options: config, strict: false, allowPositionals: true, tokens: true });
  for (const token of parsed.tokens ?? []) {
    if (token.kind === "positional") words.push(token.value);
    if (token.kind !== "option") continue;
    const { name, rawName, value } = token;
    const option = Object.hasOwn(table, name) ? table[name] : undefined;
    if (!option) throw usage(`There is no option \`${rawName}\` here.${meant(rawName, Object.keys(table).map((known) => `--${known}`))} \`--help\` shows what there is.`);
    if (option.value === undefined && value !== undefined) throw usage(`${rawName} is a switch and takes no value.`);
    if (option.value !== undefined && (value === undefined || (value.startsWith("-") && !token.inlineValue))) {
      throw usage(`${rawName} wants ${option.value} after it.`);
    }
    const before = values.get(name) ?? [];
    if (before.length > 0 && !option.multiple && option.value !== undefined) throw usage(`${rawName} stands there twice.`);
    values.set(name, [...before, value ?? ""]);
  }
  return new Arguments(words, values);
}

/** ` Did you mean …?`, where a word is near enough to what was typed. */
export function meant(typed: string, words: readonly string[]): string {
  const near = words.map((word) => ({ word, far: distance(typed, word) })).sort((one, other) => one.far - other.far)[0];
  return near && near.far <= Math.max(2, typed.length / 3) ? ` Did you mean \`${near.word}\`?` : "";
}

/** How many letters to add, take, change or swap with their neighbour: Damerau's distance, for short words. */
function distance(one: string, other: string): number {
  const [a, b] = [[...one].slice(0, 64), [...other].slice(0, 64)];
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, index) => index)];
  const at = (row: number, column: number): number => rows[row]?.[column] ?? Number.POSITIVE_INFINITY;
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    rows.push(row);
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      const swapped = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? at(i - 2, j - 2) + 1 : Number.POSITIVE_INFINITY;
      row.push(Math.min(at(i - 1, j) + 1, (row[j - 1] ?? 0) + 1, at(i - 1, j - 1) + same, swapped));
    }
  }
  return at(a.length, b.length);
}

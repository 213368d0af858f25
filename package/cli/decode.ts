// `npx anchorage decode FILE`: a message of SyncML or MAX, WBXML or XML, in words and as XML.

import { readFileSync, statSync } from "node:fs";
import { type Decoded, type Explanation, decode as read, encode, explain } from "anchorage";
import { type Options, read as readArguments } from "./arguments.js";
import { Ending, type Exit, exit, usage } from "./ending.js";
import { type Palette, type Screen, plain, plural } from "./screen.js";
import { indented } from "./xml.js";

export const options = {
  type: { value: "TYPE", help: "the content type it was sent with, where the bytes alone do not say" },
  hex: { help: "FILE holds hexadecimal digits, as they stand in a log" },
  explain: { help: "the words only, not the XML" },
  xml: { help: "the XML only, not the words" },
} as const satisfies Options;

const BYTES_MAX = 64 * 1024 * 1024;

/** Decodes each file; one that is no message is said, and the others are shown all the same. */
export async function decode(typed: readonly string[], screen: Screen): Promise<Exit> {
  const given = readArguments(typed, options);
  if (given.words.length === 0) throw usage("`decode` wants FILE, or - for standard input. `npx anchorage decode --help` shows examples.");
  if (given.has("explain") && given.has("xml")) throw usage("--explain and --xml are each the one without the other: give one of them, or none for both.");
  const documents: Record<string, unknown>[] = [];
  const refusals: { code: string; message: string }[] = [];
  for (const file of given.words) {
    try {
      const bytes = given.has("hex") ? fromHex(bytesOf(file), file) : bytesOf(file);
      const decoded = read(bytes, { contentType: given.value("type") ?? "" });
      const explanation = explain(decoded);
      documents.push({ file, bytes: bytes.length, decoded: forJson(decoded), explanation });
      if (given.words.length > 1) screen.say(screen.colours.bold(`${plain(file)}:`));
      show(decoded, explanation, bytes.length, given.has("xml"), given.has("explain"), screen);
    } catch (error) {
      const { code, message } = refusal(error, file);
      refusals.push({ code, message });
      documents.push({ file, error: { code, message } });
      screen.note(plain(message));
    }
  }
  const [only] = documents;
  const body = documents.length === 1 ? only : { documents };
  const [first] = refusals;
  if (!first) {
    screen.document({ ...body, ok: true });
    return exit.done;
  }
  const message = refusals.length === 1 ? first.message : `${refusals.length} of ${documents.length} files could not be decoded. The first: ${first.message}`;
  screen.document({ ...body, ok: false, exit: exit.failed, error: { code: first.code, message } });
  return exit.failed;
}

function bytesOf(file: string): Uint8Array {
  if (file !== "-") {
    const { size } = statSync(file);
    if (size > BYTES_MAX) throw new Ending(exit.failed, "too-large", `${file} has ${size} bytes: no message is that large.`);
  }
  return readFileSync(file === "-" ? 0 : file);
}

function fromHex(text: Uint8Array, file: string): Uint8Array {
  const digits = Buffer.from(text).toString("latin1").replace(/0x|[\s,:]/gi, "");
  if (digits.length % 2 === 0 && /^[0-9a-f]+$/i.test(digits)) return Buffer.from(digits, "hex");
  throw new Ending(exit.failed, "malformed", `${file} holds something else than pairs of hexadecimal digits.`);
}

function refusal(error: unknown, file: string): { code: string; message: string } {
  if (error instanceof Ending) return error;
  const code = error instanceof Error && "code" in error ? String(error.code) : "failed";
  const message = error instanceof Error ? error.message : String(error);
  if (code === "malformed") return { code, message: `${file} is no message of SyncML or MAX: ${message}.` };
  if (code === "ENOENT") return { code: "not-found", message: `There is no file ${file}.` };
  return { code: code.toLowerCase(), message: `${file} cannot be read: ${message}` };
}

function show(decoded: Decoded, explanation: Explanation, bytes: number, xmlOnly: boolean, wordsOnly: boolean, screen: Screen): void {
  const { colours } = screen;
  if (!xmlOnly) {
    screen.say(`${colours.bold(plain(explanation.title))} ${colours.dim(`(${decoded.encoding}, ${plural(bytes, "byte")})`)}`);
    const width = Math.max(0, ...explanation.lines.map(({ command, id, depth }) => head(command, id, depth).length));
    for (const { command, id, depth, text, status } of explanation.lines) {
      const paint = paintOf(command, status, colours);
      screen.say(`  ${paint(head(command, id, depth).padEnd(width))}  ${plain(text)}`);
    }
  }
  const xml = wordsOnly ? undefined : xmlOf(decoded);
  if (xml === undefined) return;
  if (!xmlOnly) screen.say("");
  screen.say(indented(xml, colours));
}

const head = (command: string, id: string, depth = 0): string => plain(`${"  ".repeat(depth)}${command}${id && id !== "0" ? ` ${id}` : ""}`);

/** As XML, where it has one: package 0 has none. */
function xmlOf(decoded: Decoded): string | undefined {
  if (decoded.kind === "notification") return undefined;
  return new TextDecoder().decode(encode(decoded, { encoding: "xml" }));
}

function paintOf(command: string, status: number | undefined, colours: Palette): (text: string) => string {
  if (status === undefined) return command === "Final" ? colours.dim : colours.cyan;
  if (status < 300) return colours.green;
  return status < 500 && status !== 401 && status !== 407 ? colours.yellow : colours.red;
}

/** Bytes have no JSON of their own. */
function forJson(value: unknown): unknown {
  if (value instanceof Uint8Array) return { base64: Buffer.from(value).toString("base64") };
  if (Array.isArray(value)) return value.map(forJson);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, forJson(inner)]));
}

// A file cut into chunks that each are whole in themselves, as the API's import wants them: whole cards, whole calendars with their
// time zones, whole lines under their header.

export type Format = "text/vcard" | "text/calendar" | "text/csv" | "application/x-ndjson" | "text/plain";

export interface Cut {
  format: Format;
  chunks: string[];
  /** Of each chunk the lines of the file where its items begin, from 1. */
  lines: number[][];
  items: number;
}

/** A piece of the file, and the line where it begins. */
interface Item {
  text: string;
  line: number;
}

/** The API takes 500 items and 450,000 bytes, or one item that is larger; smaller chunks show how it goes on. */
const ITEMS_MAX = 50;
const BYTES_MAX = 200_000;

export function formatOf(name: string, text: string): Format | undefined {
  const begin = text.slice(0, 2000).replace(/^\uFEFF/, "").trimStart();
  if (/^BEGIN:VCARD/i.test(begin)) return "text/vcard";
  if (/^BEGIN:VCALENDAR/i.test(begin)) return "text/calendar";
  if (/\.(jsonl|ndjson)$/i.test(name) || begin.startsWith("{")) return "application/x-ndjson";
  if (/\.csv$/i.test(name)) return "text/csv";
  if (/\.(txt|vnt)$/i.test(name)) return "text/plain";
  return undefined;
}

/** A file as text. `bytewise` where each letter is a byte of windows-1252, see `bytesOf`. */
export interface Written {
  text: string;
  bytewise: boolean;
}

const decode = (encoding: string, bytes: Uint8Array, fatal = false): string => new TextDecoder(encoding, { fatal }).decode(bytes);

/** Files are UTF-8, and some programs' are UTF-16 or windows-1252. Cards and calendars say their charset in each property: they stay their bytes. */
export function written(bytes: Uint8Array): Written {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return { text: decode("utf-16le", bytes), bytewise: false };
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return { text: decode("utf-16be", bytes), bytewise: false };
  try {
    return { text: decode("utf-8", bytes, true), bytewise: false };
  } catch {
    const text = decode("windows-1252", bytes);
    return { text, bytewise: /^\s*BEGIN:VC/i.test(text) };
  }
}

/** What is sent of a file: its own bytes where letters are bytes, which no letter of windows-1252 shares with another. */
export function bytesOf({ text, bytewise }: Written): Uint8Array<ArrayBuffer> {
  if (!bytewise) return new TextEncoder().encode(text);
  const letters = decode("windows-1252", Uint8Array.from({ length: 256 }, (_, byte) => byte));
  const byte = new Map([...letters].map((letter, at) => [letter, at]));
  return Uint8Array.from(text, (letter) => byte.get(letter) ?? 0);
}

export function cut(format: Format, text: string): Cut {
  const plain = text.replace(/^\uFEFF/, "");
  switch (format) {
    case "text/vcard":
      return joined(format, components(plain, "VCARD"), "", "");
    case "text/calendar":
      return calendars(plain);
    case "text/csv":
      return csv(plain);
    case "application/x-ndjson":
      return joined(format, plain.split(/\r?\n/).map((text, at) => ({ text: `${text}\n`, line: at + 1 })).filter(({ text }) => text.trim() !== ""), "", "");
    case "text/plain":
      return { format, chunks: [plain], lines: [[]], items: 1 };
  }
}

function joined(format: Format, items: Item[], head: string, foot: string): Cut {
  const chunks: string[] = [];
  const lines: number[][] = [];
  let [chunk, held]: [string, number[]] = ["", []];
  const close = () => {
    if (held.length > 0) {
      chunks.push(head + chunk + foot);
      lines.push(held);
    }
    [chunk, held] = ["", []];
  };
  for (const { text, line } of items) {
    if (held.length > 0 && (held.length >= ITEMS_MAX || chunk.length + text.length > BYTES_MAX)) close();
    chunk += text;
    held.push(line);
  }
  close();
  return { format, chunks, lines, items: items.length };
}

/** The outermost components of a name with all that is in them, and whatever stands between them with the one before. */
function components(text: string, name: string): Item[] {
  const found: Item[] = [];
  let [depth, item, began] = [0, "", 1];
  for (const [at, line] of text.split(/(?<=\n)/).entries()) {
    const word = line.trim().toUpperCase();
    if (item.trim() === "") began = at + 1;
    if (word === `BEGIN:${name}`) depth += 1;
    item += line;
    if (word === `END:${name}`) {
      depth = Math.max(0, depth - 1);
      if (depth === 0) {
        found.push({ text: item.endsWith("\n") ? item : `${item}\r\n`, line: began });
        item = "";
      }
    }
  }
  // What never ended goes along, so that the server can say what is wrong with it.
  if (item.trim() !== "") found.push({ text: item, line: began });
  return found;
}

/** A calendar of many events becomes several, each with the properties and time zones of the whole; what has one UID stays together. */
function calendars(text: string): Cut {
  const cuts = components(text, "VCALENDAR").map((calendar) => {
    const { head, zones, items } = taken(calendar);
    return joined("text/calendar", items, head + zones, "END:VCALENDAR\r\n");
  });
  return {
    format: "text/calendar",
    chunks: cuts.flatMap(({ chunks }) => chunks),
    lines: cuts.flatMap(({ lines }) => lines),
    items: cuts.reduce((sum, { items }) => sum + items, 0),
  };
}

function taken(calendar: Item): { head: string; zones: string; items: Item[] } {
  let [head, zones, item, within, began] = ["", "", "", "", 1];
  const items = new Map<string, Item>();
  for (const [at, line] of calendar.text.split(/(?<=\n)/).entries()) {
    const word = line.trim().toUpperCase();
    if (within === "" && word.startsWith("BEGIN:") && word !== "BEGIN:VCALENDAR") {
      within = word.slice(6);
      began = calendar.line + at;
    }
    if (within === "") {
      if (word !== "END:VCALENDAR") head += line;
      continue;
    }
    item += line;
    if (word !== `END:${within}`) continue;
    if (within === "VTIMEZONE") zones += item;
    else {
      const uid = item.match(/^UID[^:\r\n]*:(.*)$/im)?.[1]?.trim() ?? `without ${items.size}`;
      const before = items.get(uid);
      items.set(uid, { text: (before?.text ?? "") + item, line: before?.line ?? began });
    }
    [item, within] = ["", ""];
  }
  return { head, zones, items: [...items.values()] };
}

/** What separates values, by the first line that has any: the server decides so. */
function separatorOf(text: string): string {
  const first = /.*\S.*/.exec(text)?.[0] ?? "";
  return first.split(";").length > first.split(",").length ? ";" : ",";
}

/** Where the value that begins here ends: before its separator, the end of its line, or that of the text. */
function valueEnd(text: string, begin: number, separator: string): number {
  let at = begin;
  if (text[at] === '"') {
    // Two quotes are one in the value, and it goes on.
    do {
      at = text.indexOf('"', at + 1) + 1;
      if (at === 0) return text.length;
    } while (text[at] === '"');
  }
  while (at < text.length && text[at] !== separator && text[at] !== "\n" && text[at] !== "\r") at += 1;
  return at;
}

const unquoted = (value: string): string => (value.startsWith('"') ? value.slice(1).replace(/"("?)/g, "$1") : value);

/** Rows of CSV in which there is something; a quoted value may have line breaks in it. */
function* csvRows(text: string): Generator<Item & { values: string[] }, undefined> {
  const separator = separatorOf(text);
  for (let [at, line] = [0, 1]; at < text.length; ) {
    const begin = at;
    const values: string[] = [];
    let end: number;
    do {
      end = valueEnd(text, at, separator);
      values.push(unquoted(text.slice(at, end)));
      at = end + (text.startsWith("\r\n", end) ? 2 : 1);
    } while (text[end] === separator);
    const row = text.slice(begin, at);
    if (values.some((value) => value.trim() !== "")) yield { text: /[\r\n]/.test(row.at(-1) ?? "") ? row : `${row}\r\n`, line, values };
    line += row.split(/\r\n|\r|\n/).length - 1;
  }
}

/** The names in a CSV file's first line; what follows it is not read. */
export function csvHeader(text: string): string[] {
  const { value } = csvRows(text.replace(/^\uFEFF/, "")).next();
  return (value?.values ?? [""]).map((name) => name.trim());
}

function csv(text: string): Cut {
  const [header, ...rows] = csvRows(text);
  return joined("text/csv", rows, header?.text ?? "", "");
}

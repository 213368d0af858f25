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

/** Lines of CSV; a quoted value may have line breaks in it. */
function csvLines(text: string): Item[] {
  const lines: Item[] = [];
  let [line, quoted, began] = ["", false, 1];
  for (const [at, part] of text.split(/(?<=\n)/).entries()) {
    if (line === "") began = at + 1;
    line += part;
    if ((part.match(/"/g)?.length ?? 0) % 2 === 1) quoted = !quoted;
    if (!quoted) {
      if (line.trim() !== "") lines.push({ text: line.endsWith("\n") ? line : `${line}\r\n`, line: began });
      line = "";
    }
  }
  if (line.trim() !== "") lines.push({ text: line, line: began });
  return lines;
}

/** The names in a CSV file's first line. */
export function csvHeader(text: string): string[] {
  const [header] = csvLines(text.replace(/^\uFEFF/, ""));
  const names: string[] = [""];
  let quoted = false;
  for (const letter of (header?.text ?? "").replace(/\r?\n$/, "")) {
    const last = names.length - 1;
    if (letter === '"') quoted = !quoted;
    else if (letter === "," && !quoted) names.push("");
    else names[last] += letter;
  }
  return names.map((name) => name.trim());
}

function csv(text: string): Cut {
  const [header, ...lines] = csvLines(text);
  return joined("text/csv", lines, header?.text ?? "", "");
}

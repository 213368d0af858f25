// A file cut into chunks that each are whole in themselves, as the API's import wants them: whole cards, whole calendars with their
// time zones, whole lines under their header.

export type Format = "text/vcard" | "text/calendar" | "text/csv" | "application/x-ndjson" | "text/plain";

export interface Cut {
  format: Format;
  chunks: string[];
  items: number;
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
      return joined(format, plain.split(/\r?\n/).filter((line) => line.trim() !== "").map((line) => `${line}\n`), "", "");
    case "text/plain":
      return { format, chunks: [plain], items: 1 };
  }
}

function joined(format: Format, items: string[], head: string, foot: string): Cut {
  const chunks: string[] = [];
  let [chunk, held] = ["", 0];
  const close = () => {
    if (held > 0) chunks.push(head + chunk + foot);
    [chunk, held] = ["", 0];
  };
  for (const item of items) {
    if (held > 0 && (held >= ITEMS_MAX || chunk.length + item.length > BYTES_MAX)) close();
    chunk += item;
    held += 1;
  }
  close();
  return { format, chunks, items: items.length };
}

/** The outermost components of a name with all that is in them, and whatever stands between them with the one before. */
function components(text: string, name: string): string[] {
  const found: string[] = [];
  let [depth, item] = [0, ""];
  for (const line of text.split(/(?<=\n)/)) {
    const word = line.trim().toUpperCase();
    if (word === `BEGIN:${name}`) depth += 1;
    item += line;
    if (word === `END:${name}`) {
      depth = Math.max(0, depth - 1);
      if (depth === 0) {
        found.push(item.endsWith("\n") ? item : `${item}\r\n`);
        item = "";
      }
    }
  }
  // What never ended goes along, so that the server can say what is wrong with it.
  if (item.trim() !== "") found.push(item);
  return found;
}

/** A calendar of many events becomes several, each with the properties and time zones of the whole; what has one UID stays together. */
function calendars(text: string): Cut {
  const cuts = components(text, "VCALENDAR").map((calendar) => {
    const { head, zones, items } = taken(calendar);
    return joined("text/calendar", items, head + zones, "END:VCALENDAR\r\n");
  });
  return { format: "text/calendar", chunks: cuts.flatMap(({ chunks }) => chunks), items: cuts.reduce((sum, { items }) => sum + items, 0) };
}

function taken(calendar: string): { head: string; zones: string; items: string[] } {
  let [head, zones, item, within] = ["", "", "", ""];
  const items = new Map<string, string>();
  for (const line of calendar.split(/(?<=\n)/)) {
    const word = line.trim().toUpperCase();
    if (within === "" && word.startsWith("BEGIN:") && word !== "BEGIN:VCALENDAR") within = word.slice(6);
    if (within === "") {
      if (word !== "END:VCALENDAR") head += line;
      continue;
    }
    item += line;
    if (word !== `END:${within}`) continue;
    if (within === "VTIMEZONE") zones += item;
    else {
      const uid = item.match(/^UID[^:\r\n]*:(.*)$/im)?.[1]?.trim() ?? `without ${items.size}`;
      items.set(uid, (items.get(uid) ?? "") + item);
    }
    [item, within] = ["", ""];
  }
  return { head, zones, items: [...items.values()] };
}

/** Lines of CSV; a quoted value may have line breaks in it. */
export function csvLines(text: string): string[] {
  const lines: string[] = [];
  let [line, quoted] = ["", false];
  for (const part of text.split(/(?<=\n)/)) {
    line += part;
    if ((part.match(/"/g)?.length ?? 0) % 2 === 1) quoted = !quoted;
    if (!quoted) {
      if (line.trim() !== "") lines.push(line.endsWith("\n") ? line : `${line}\r\n`);
      line = "";
    }
  }
  if (line.trim() !== "") lines.push(line);
  return lines;
}

/** The names in a CSV file's first line. */
export function csvHeader(text: string): string[] {
  const [header = ""] = csvLines(text.replace(/^\uFEFF/, ""));
  const names: string[] = [""];
  let quoted = false;
  for (const letter of header.replace(/\r?\n$/, "")) {
    const last = names.length - 1;
    if (letter === '"') quoted = !quoted;
    else if (letter === "," && !quoted) names.push("");
    else names[last] += letter;
  }
  return names.map((name) => name.trim());
}

function csv(text: string): Cut {
  const [header = "", ...lines] = csvLines(text);
  return joined("text/csv", lines, header, "");
}

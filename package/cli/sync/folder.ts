// The user's folder: which files are records, and what each holds. What is something else is left alone.

import { readFileSync, readdirSync, statSync } from "node:fs";
import { extname, join } from "node:path";
import { type Kind, pieces } from "../core.js";
import { hashOf } from "./ledger.js";

/** The endings of a kind's files; the first is the one that new files get by their form. */
const endings: Readonly<Record<Kind, readonly string[]>> = {
  contacts: [".vcf", ".vcard"],
  calendar: [".ics", ".ical", ".vcs"],
  todo: [".ics", ".ical", ".vcs"],
  notes: [".txt", ".vnt"],
};

const byForm: Readonly<Record<string, string>> = { "icalendar2.0": ".ics", "vcalendar1.0": ".vcs", "vnote1.1": ".vnt", plain: ".txt" };

export const endingOf = (form: string): string => byForm[form] ?? ".vcf";

const FILE_BYTES_MAX = 64 * 1024 * 1024;

/** A file as it is now. */
export interface Found {
  readonly name: string;
  readonly hash: string;
  /** The one record in it; or why it is none. */
  read(): Held;
}

export type Held = { readonly body: Uint8Array; readonly uid: string | undefined } | { readonly reason: string; readonly several: readonly Uint8Array[] };

export interface Scan {
  readonly files: readonly Found[];
  /** Files that are none of this kind. */
  readonly others: number;
  /** Files that cannot be read, with the reason. */
  readonly unread: readonly { readonly name: string; readonly reason: string }[];
}

/** Everything of a kind in the folder itself, by name. */
export function scan(folder: string, kind: Kind): Scan {
  const files: Found[] = [];
  const unread: { name: string; reason: string }[] = [];
  let others = 0;
  for (const name of readdirSync(folder).sort()) {
    if (name.startsWith(".")) continue;
    const path = join(folder, name);
    try {
      const found = statSync(path);
      if (!found.isFile() || !endings[kind].includes(extname(name).toLowerCase())) {
        if (found.isFile()) others++;
        continue;
      }
      if (found.size > FILE_BYTES_MAX) {
        unread.push({ name, reason: `it has ${found.size} bytes` });
        continue;
      }
      const bytes = readFileSync(path);
      files.push({ name, hash: hashOf(bytes), read: () => held(bytes, name, kind) });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") continue;
      unread.push({ name, reason: error instanceof Error ? error.message : String(error) });
    }
  }
  return { files, others, unread };
}

function held(bytes: Uint8Array, name: string, kind: Kind): Held {
  const found = pieces(bytes, name, kind);
  const [first] = found;
  const good = found.flatMap(({ body }) => (body ? [body] : []));
  if (!first) return { reason: "there is nothing in it", several: [] };
  if (found.length === 1 && first.body) return { body: first.body, uid: first.uid ?? undefined };
  const bad = found.find(({ reason }) => reason);
  if (bad) return { reason: `line ${bad.line}: ${bad.reason}`, several: [] };
  return { reason: `there are ${found.length} records in it`, several: good };
}

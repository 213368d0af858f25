// A file into a collection: cut here, sent chunk by chunk, with how far it has come and what was refused and why.

import { useRef, useState } from "preact/hooks";
import { ask } from "../api/ask";
import { fieldsOf } from "../api/columns";
import { bytesOf, csvHeader, cut, formatOf, written, type Cut, type Written } from "../api/cut";
import { saying, sentence } from "../api/refusal";
import type { Collection, ImportItem, Imported } from "../api/schema";
import { Dialog } from "../part/dialog";
import { labelOf } from "../part/fields";
import { Icon } from "../part/icon";
import { Notice, Progress } from "../part/notice";
import { bytes, count, digits } from "../words";

const FILE_BYTES_MAX = 100_000_000;

const takes: { [kind: string]: string } = {
  contacts: "vCard (.vcf), CSV or JSON lines",
  calendar: "iCalendar (.ics), CSV or JSON lines",
  todo: "iCalendar (.ics), CSV or JSON lines",
  notes: "text (.txt), CSV or JSON lines",
};

interface Running {
  done: number;
  of: number;
  added: number;
  exists: number;
  refused: ImportItem[];
  ignored: string[];
  /** Whether it has come to its end. */
  over: boolean;
  error: string;
}

export function ImportButton({ collection, done }: { collection: Collection; done: () => void }) {
  const [open, turn] = useState(false);
  return (
    <>
      <button type="button" class="button quiet" onClick={() => turn(true)}><Icon name="upload" size={18} />Import</button>
      {open && <Importing collection={collection} done={done} close={() => turn(false)} />}
    </>
  );
}

function Importing({ collection, done, close }: { collection: Collection; done: () => void; close: () => void }) {
  const [file, choose] = useState<Written & { name: string; cut: Cut }>();
  // Until somebody says otherwise the server decides by the columns' names.
  const [columns, map] = useState<string[]>();
  const [error, fail] = useState("");
  const [state, set] = useState<Running>();
  const stop = useRef<AbortController>(undefined);
  const busy = state !== undefined && !state.over;

  const take = async (files: FileList | null | undefined) => {
    const [first] = files ?? [];
    if (!first) return;
    fail("");
    set(undefined);
    map(undefined);
    choose(undefined);
    if (first.size > FILE_BYTES_MAX) return fail(`${first.name} has ${bytes(first.size)}; import it with npm run account -- import.`);
    const { text, bytewise } = written(new Uint8Array(await first.arrayBuffer()));
    const format = formatOf(first.name, text);
    if (!format) return fail(`${first.name} is none of the files that can be imported here: ${takes[collection.kind] ?? "CSV or JSON lines"}.`);
    choose({ name: first.name, text, bytewise, cut: cut(format, text) });
  };
  const begin = async () => {
    if (!file) return;
    stop.current = new AbortController();
    await run(file.cut, file.bytewise, collection.id, columns, stop.current.signal, set);
    done();
  };

  return (
    <Dialog title={`Import into ${collection.id}`} close={() => (stop.current?.abort(), close())}>
      <div class="stack">
        <label class="drop filedrop" onDragOver={(event) => event.preventDefault()} onDrop={(event) => (event.preventDefault(), void take(event.dataTransfer?.files))}>
          <Icon name="upload" size={28} />
          <span>{file ? `${file.name}: ${count(file.cut.items, "item")}` : "Choose a file, or drop one here"}</span>
          <small class="soft">{takes[collection.kind] ?? "CSV or JSON lines"}. What is there already is left alone.</small>
          <input class="input" type="file" accept=".vcf,.vcard,.ics,.ical,.csv,.jsonl,.ndjson,.txt,.vnt" aria-label="The file to import" disabled={busy} onChange={(event) => void take(event.currentTarget.files)} />
        </label>
        {error && <Notice tone="bad">{error}</Notice>}
        {file?.cut.format === "text/csv" && !state && <Columns names={csvHeader(file.text)} columns={columns} map={map} collection={collection} />}
        {state && <Going state={state} />}
      </div>
      <footer>
        {busy ? (
          <button type="button" class="button quiet" onClick={() => stop.current?.abort()}>Stop</button>
        ) : (
          <button type="button" class="button quiet" onClick={close}>{state ? "Close" : "Cancel"}</button>
        )}
        {!state?.over && <button type="button" class="button" disabled={!file || busy} onClick={() => void begin()}>Import</button>}
      </footer>
    </Dialog>
  );
}

async function run(file: Cut, bytewise: boolean, collection: string, columns: string[] | undefined, signal: AbortSignal, show: (state: Running) => void): Promise<void> {
  const state: Running = { done: 0, of: file.items, added: 0, exists: 0, refused: [], ignored: [], over: false, error: "" };
  show({ ...state });
  try {
    for (const [number, chunk] of file.chunks.entries()) {
      const query = columns ? { columns: columns.join(",") } : {};
      const body = bytesOf({ text: chunk, bytewise });
      const answer = await patiently(() => ask<Imported>(["collections", collection, "import"], { body, type: file.format, query, signal }));
      state.added += answer.added;
      state.exists += answer.exists;
      // The answer counts the chunk's lines; people look for the file's.
      const lines = file.lines[number] ?? [];
      const whole = file.chunks.length === 1;
      const lineOf = (line: number, at: number) => (lines.length === answer.items.length ? (lines[at] ?? 0) : whole ? line : 0);
      const items = answer.items.map((item, at) => ({ ...item, line: lineOf(item.line, at) }));
      state.refused = [...state.refused, ...items.filter(({ outcome }) => outcome === "refused")];
      state.ignored = answer.ignored ?? state.ignored;
      state.done += answer.items.length;
      show({ ...state });
    }
  } catch (error) {
    state.error = signal.aborted ? "Stopped. What was imported stays; the same file again goes on where it stopped." : `${saying(error)} What was imported stays; the same file again goes on.`;
  }
  show({ ...state, over: true });
}

/** A server that is busy is asked again, a few times. */
async function patiently<T>(attempt: () => Promise<T>): Promise<T> {
  for (let tries = 0; ; tries += 1) {
    try {
      return await attempt();
    } catch (error) {
      const busy = error instanceof Error && "status" in error && error.status === 503;
      if (!busy || tries >= 4) throw error;
      await new Promise((resolve) => setTimeout(resolve, 500 * 2 ** tries));
    }
  }
}

function Going({ state }: { state: Running }) {
  const { done, of, added, exists, refused, over } = state;
  return (
    <>
      {!over && <Progress label={`${digits(done)} of ${digits(of)}`} done={done} of={of} />}
      {over && !state.error && (
        <Notice tone={refused.length > 0 ? "warn" : "good"}>
          {count(added, "record")} added{exists > 0 && `, ${digits(exists)} were there already`}{refused.length > 0 && `, ${digits(refused.length)} refused`}.
        </Notice>
      )}
      {state.error && <Notice tone="bad">{state.error}</Notice>}
      {state.ignored.length > 0 && <Notice>No field took the columns {state.ignored.join(", ")}.</Notice>}
      {refused.length > 0 && (
        <ul class="refused small">
          {refused.slice(0, 50).map((item, at) => (
            <li key={at}><strong>{[item.line > 0 && `Line ${digits(item.line)}`, item.summary].filter(Boolean).join(", ")}</strong> {sentence(item.reason ?? "")}</li>
          ))}
          {refused.length > 50 && <li>and {digits(refused.length - 50)} more</li>}
        </ul>
      )}
    </>
  );
}

function Columns({ names, columns, map, collection }: { names: string[]; columns: string[] | undefined; map: (columns: string[]) => void; collection: Collection }) {
  const shown = columns ?? fieldsOf(names, collection);
  return (
    <fieldset class="columns">
      <legend class="small soft">Which field each column is</legend>
      {names.map((name, at) => (
        <label class="row" key={at}>
          <span class="wide">{name || `Column ${at + 1}`}</span>
          <select class="input" aria-label={name || `Column ${at + 1}`} value={shown[at] ?? ""} onChange={(event) => map(shown.map((column, index) => (index === at ? event.currentTarget.value : column)))}>
            <option value="">not imported</option>
            {collection.fields.map((field) => <option key={field.name} value={field.name}>{labelOf(field.name, collection.kind)}</option>)}
          </select>
        </label>
      ))}
    </fieldset>
  );
}

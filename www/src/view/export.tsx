// A collection into a file: fetched page by page, with how far it has come.

import { useRef, useState } from "preact/hooks";
import { request } from "../api/ask";
import { saying } from "../api/refusal";
import type { Collection } from "../api/schema";
import { save } from "../part/copy";
import { Dialog } from "../part/dialog";
import { Icon } from "../part/icon";
import { Notice, Progress } from "../part/notice";
import { bytes } from "../words";

type Format = "vcard" | "icalendar" | "text" | "csv" | "jsonl";

const formats: { [format in Format]: { name: string; end: string; type: string } } = {
  vcard: { name: "vCard, every byte", end: "vcf", type: "text/vcard" },
  icalendar: { name: "iCalendar, every byte", end: "ics", type: "text/calendar" },
  text: { name: "Text", end: "txt", type: "text/plain" },
  csv: { name: "CSV, the plain fields", end: "csv", type: "text/csv" },
  jsonl: { name: "JSON lines, the plain fields", end: "jsonl", type: "application/x-ndjson" },
};

const own: { [kind: string]: Format } = { contacts: "vcard", calendar: "icalendar", todo: "icalendar", notes: "text" };

export function ExportButton({ collection }: { collection: Collection }) {
  const [open, turn] = useState(false);
  return (
    <>
      <button type="button" class="button quiet" onClick={() => turn(true)}><Icon name="download" size={18} />Export</button>
      {open && <Exporting collection={collection} close={() => turn(false)} />}
    </>
  );
}

function Exporting({ collection, close }: { collection: Collection; close: () => void }) {
  const kinds: Format[] = [...(own[collection.kind] ? [own[collection.kind] as Format] : []), "csv", "jsonl"];
  const [format, choose] = useState<Format>(kinds[0] ?? "jsonl");
  const [state, set] = useState<{ pages: number; size: number; over: boolean; error: string }>();
  const stop = useRef<AbortController>(undefined);
  const busy = state !== undefined && !state.over;

  const begin = async () => {
    const { end, type } = formats[format];
    const control = new AbortController();
    stop.current = control;
    const parts: string[] = [];
    let size = 0;
    set({ pages: 0, size, over: false, error: "" });
    try {
      for (let after: string | null = ""; after !== null; ) {
        const answer: Response = await request(["collections", collection.id, "export"], { query: { format, after }, signal: control.signal });
        const text = await answer.text();
        parts.push(text);
        size += text.length;
        after = answer.headers.get("x-next");
        set({ pages: parts.length, size, over: false, error: "" });
      }
      save(`${collection.id}.${end}`, parts, type);
      set({ pages: parts.length, size, over: true, error: "" });
    } catch (error) {
      set({ pages: parts.length, size, over: true, error: control.signal.aborted ? "Stopped; nothing was saved." : saying(error) });
    }
  };

  return (
    <Dialog title={`Export ${collection.id}`} close={() => (stop.current?.abort(), close())}>
      <div class="stack">
        <fieldset class="stack options">
          <legend class="unseen">Format</legend>
          {kinds.map((kind) => (
            <label key={kind} class="row"><input type="radio" name="format" checked={kind === format} disabled={busy} onChange={() => choose(kind)} />{formats[kind].name}</label>
          ))}
        </fieldset>
        {busy && <Progress label={`${bytes(state.size)} so far`} done={0} />}
        {state?.error && <Notice tone="bad">{state.error}</Notice>}
        {state?.over && !state.error && <Notice tone="good">{bytes(state.size)} saved as {collection.id}.{formats[format].end}.</Notice>}
      </div>
      <footer>
        <button type="button" class="button quiet" onClick={() => (stop.current?.abort(), close())}>{state?.over ? "Close" : "Cancel"}</button>
        <button type="button" class="button" disabled={busy} onClick={() => void begin()}>Export</button>
      </footer>
    </Dialog>
  );
}

// A record's fields to be typed in: for a new one and for a change.

import { useRef, useState } from "preact/hooks";
import type { Field } from "../api/schema";
import { changed, faultOf, type Values } from "./changes";
import { arranged, asDays, fromInput, hasSomething, inputOf, labelOf, timesOf, toInput, type Input } from "./fields";
import { Notice } from "./notice";
import { useUnsaved } from "./unsaved";

interface Props {
  kind: string;
  fields: Field[];
  values: Values;
  /** What the button says. */
  save: string;
  /** Given only what was changed; says whether it was saved, and then the form goes. */
  onSave: (patch: Values) => Promise<boolean>;
  onCancel: () => void;
  error?: string;
  /** What one leaves with it: a phone; the whole view where nothing is said. */
  place?: string;
}

export function FieldsForm({ kind, fields, values, save, onSave, onCancel, error, place = "" }: Props) {
  const [typed, type] = useState<Values>(values);
  const [busy, work] = useState(false);
  const [fault, complain] = useState("");
  // Days have no times: those from before wait here for the switch to be turned back.
  const times = useRef(timesOf(values));
  useUnsaved(!busy && Object.keys(changed(values, typed, kind)).length > 0, place);
  const { main, more } = arranged(fields, kind);
  const allDay = typed.allday === "1";
  const some = more.some(({ name }) => name !== "name" && values[name]);

  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const patch = changed(values, typed, kind);
    const found = hasSomething(typed, fields) ? faultOf(patch, typed, kind) : "There is nothing in it yet. Fill in a field, then save it.";
    complain(found);
    if (found) return;
    work(true);
    if (!(await onSave(patch))) work(false);
  };
  const one = (field: Field) => {
    const input = inputOf(field, allDay);
    const put = (value: string) => {
      if (field.name === "allday") times.current = { ...times.current, ...timesOf(typed) };
      type((before) => ({ ...before, ...(field.name === "allday" ? asDays(before, value === "1", times.current) : { [field.name]: value }) }));
    };
    return <OneField key={field.name} field={field} kind={kind} input={input} value={typed[field.name] ?? ""} put={put} />;
  };
  return (
    <form class="form" onSubmit={(event) => void submit(event)}>
      {fault && <Notice tone="bad">{fault}</Notice>}
      {error && !fault && <Notice tone="bad">{error}</Notice>}
      <div class="fields">{main.map(one)}</div>
      {more.length > 0 && (
        <details open={some}>
          <summary>More fields</summary>
          <div class="fields">{more.map(one)}</div>
        </details>
      )}
      <div class="row">
        <button class="button" disabled={busy}>{busy ? "Saving…" : save}</button>
        <button type="button" class="button quiet" onClick={onCancel}>Cancel</button>
      </div>
    </form>
  );
}

/** Which keys a phone's keyboard shows. An address is what somebody once wrote: a browser's idea of one must not keep it from being saved. */
const modes: { [field: string]: "email" | "tel" | "url" } = { email: "email", email2: "email", mobile: "tel", phone: "tel", workphone: "tel", fax: "tel", web: "url" };

function OneField({ field, kind, input, value, put }: { field: Field; kind: string; input: Input; value: string; put: (value: string) => void }) {
  const label = labelOf(field.name, kind);
  if (input === "check") {
    return (
      <label class="switch">
        <input type="checkbox" role="switch" name={field.name} checked={value === "1"} onChange={(event) => put(event.currentTarget.checked ? "1" : "0")} />
        {label}
      </label>
    );
  }
  if (input === "long") {
    return (
      <label class="field whole">
        <span>{label}</span>
        <textarea class="input" name={field.name} value={value} rows={field.name === "body" ? 10 : 4} onInput={(event) => put(event.currentTarget.value)} />
      </label>
    );
  }
  // One type stands for all: what differs between them is not used here.
  const type = (input === "moment" ? "datetime-local" : input === "date" ? "date" : input === "number" ? "number" : "text") as "text";
  return (
    <label class="field">
      <span>{label}</span>
      <input class="input" name={field.name} type={type} inputMode={modes[field.name]} step={field.type === "real" ? "any" : undefined} autocomplete="off"
        value={toInput(value, input, field.name)} onInput={(event) => put(fromInput(event.currentTarget.value, input, field.name))} />
    </label>
  );
}

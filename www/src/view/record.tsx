// One record: what it says, who touched it last, and what one may do with it. What is changed here is a change like any other.

import { useState } from "preact/hooks";
import { ask, request } from "../api/ask";
import { useFetched } from "../api/fetched";
import { Refusal, saying } from "../api/refusal";
import type { Collection, Component, Property, Record } from "../api/schema";
import type { Values } from "../part/changes";
import { deviceName } from "../part/device-name";
import { Confirm } from "../part/dialog";
import { FieldsForm } from "../part/fields-form";
import { Icon } from "../part/icon";
import { RecordCard, titleOf } from "../part/record-card";
import { Shown } from "../part/shown";
import { toast } from "../part/toast";
import { go, route, to } from "../route";
import { ago, bytes, moment } from "../words";

const back = (collection: string) => go(["records", collection], { search: route.value.query.get("search") ?? "" });

function BackToList({ collection }: { collection: string }) {
  const search = route.value.query.get("search") ?? "";
  return <a class="back narrow-only" href={to(["records", collection], { search })}><Icon name="left" size={16} />{collection}</a>;
}

export function NewRecord({ collection, touched }: { collection: Collection; touched: () => void }) {
  const [error, fail] = useState("");
  const save = async (fields: Values) => {
    fail("");
    try {
      const record = await ask<Record>(["collections", collection.id, "records"], { json: { fields } });
      touched();
      toast("Added. Devices get it at their next sync.");
      go(["records", collection.id, record.id]);
      return true;
    } catch (reason) {
      fail(saying(reason));
      return false;
    }
  };
  return (
    <div class="stack">
      <BackToList collection={collection.id} />
      <h2>New in {collection.id}</h2>
      <FieldsForm kind={collection.kind} fields={collection.fields} values={{}} save="Add" onSave={save} onCancel={() => back(collection.id)} error={error} />
    </div>
  );
}

export function OpenRecord({ collection, id, touched }: { collection: Collection; id: string; touched: () => void }) {
  const record = useFetched(`${collection.id} ${id}`, (signal) => ask<Record>(["collections", collection.id, "records", id], { signal }));
  return (
    <div class="stack">
      <BackToList collection={collection.id} />
      <Shown of={record} what="the record">
        {(found) => <One key={found.seq} collection={collection} record={found} changed={(next) => (record.put(next), touched())} removed={() => (touched(), back(collection.id))} again={() => void record.again()} />}
      </Shown>
    </div>
  );
}

interface OneProps {
  collection: Collection;
  record: Record;
  changed: (record: Record) => void;
  removed: () => void;
  again: () => void;
}

function One({ collection, record, changed, removed, again }: OneProps) {
  const [editing, edit] = useState(false);
  const [error, fail] = useState("");
  const writable = !collection.readOnly && collection.kind !== "files";
  const save = async (fields: Values) => {
    fail("");
    try {
      if (Object.keys(fields).length === 0) {
        edit(false);
        return true;
      }
      const path = ["collections", collection.id, "records", record.id];
      changed(await withDetails(path, await ask<Record>(path, { method: "PATCH", json: { fields }, match: record.seq })));
      edit(false);
      toast("Saved. Devices get it at their next sync.");
      return true;
    } catch (reason) {
      fail(reason instanceof Refusal && reason.status === 412 ? "Somebody changed this record meanwhile. Cancel, look at it anew, and change it then." : saying(reason));
      return false;
    }
  };
  if (editing) {
    const cancel = () => {
      edit(false);
      fail("");
      again();
    };
    return (
      <>
        <h2>Edit {titleOf(record, collection.kind)}</h2>
        <FieldsForm kind={collection.kind} fields={collection.fields} values={record.fields} save="Save" onSave={save} onCancel={cancel} error={error} />
      </>
    );
  }
  return (
    <>
      <RecordCard record={record} kind={collection.kind} />
      {writable && (
        <div class="row">
          <button type="button" class="button" onClick={() => edit(true)}><Icon name="edit" size={18} />Edit</button>
          <Remove collection={collection.id} title={titleOf(record, collection.kind)} record={record} removed={removed} />
        </div>
      )}
      <Provenance record={record} />
      <Whole record={record} />
    </>
  );
}

/** An answer to a change need not say who touched it. */
async function withDetails(path: string[], record: Record): Promise<Record> {
  return record.touched ? record : ask<Record>(path);
}

function Remove({ collection, title, record, removed }: { collection: string; title: string; record: Record; removed: () => void }) {
  const [asked, question] = useState(false);
  const [busy, work] = useState(false);
  const remove = async () => {
    work(true);
    try {
      await request(["collections", collection, "records", record.id], { method: "DELETE", match: record.seq });
      toast("Deleted. Devices delete it at their next sync.");
      removed();
    } catch (reason) {
      toast(saying(reason));
      work(false);
      question(false);
    }
  };
  return (
    <>
      <button type="button" class="button quiet" onClick={() => question(true)}><Icon name="trash" size={18} />Delete</button>
      {asked && (
        <Confirm title={`Delete ${title}?`} yes="Delete" onYes={() => void remove()} close={() => question(false)} busy={busy}>
          <p>It is deleted here now, and on every device at its next sync.</p>
        </Confirm>
      )}
    </>
  );
}

function Provenance({ record: { touched, origin } }: { record: Record }) {
  if (!touched) return null;
  const device = touched.device || origin;
  return (
    <p class="provenance small soft">
      <Icon name={device ? "devices" : "edit"} size={16} />
      <span>
        Last touched <time dateTime={new Date(touched.at).toISOString()} title={moment(touched.at)}>{ago(touched.at)}</time>{" "}
        {device ? <>by <a href={to(["devices", device])}>{deviceName({ device, deviceName: touched.deviceName })}</a></> : "by an app, an import or this console"}
        {touched.session && <>, in <a href={to(["sessions", touched.session])}>this session</a></>}.
      </span>
    </p>
  );
}

function Whole({ record }: { record: Record }) {
  return (
    <details class="whole-record">
      <summary>Everything it says <span class="small soft">{record.form}, {bytes(record.size)}</span></summary>
      <div class="stack">
        {record.properties && record.properties.length > 0 && <Properties entries={record.properties} />}
        {record.body !== undefined && (
          <div class="code"><pre tabIndex={0} role="region" aria-label="The bytes of the record">{record.encoding === "base64" ? record.body.replace(/.{76}/g, "$&\n") : record.body}</pre></div>
        )}
        {record.body === undefined && <p class="small soft">It is too large to be shown whole; the export has all of it.</p>}
        <p class="small soft">Id <code>{record.id}</code>, version <code class="number">{record.seq}</code></p>
      </div>
    </details>
  );
}

const isComponent = (entry: Property | Component): entry is Component => "component" in entry;

function Properties({ entries }: { entries: (Property | Component)[] }) {
  return (
    <ul class="properties">
      {entries.map((entry, at) => isComponent(entry) ? (
        <li key={at}><strong>{entry.component}</strong><Properties entries={entry.properties} /></li>
      ) : (
        <li key={at}>
          <code>{entry.group && `${entry.group}.`}{entry.name}</code>
          {entry.parameters.map(({ name, values }, index) => <small key={index} class="soft"> {[name, values.join(",")].filter(Boolean).join("=")}</small>)}
          <span>{entry.value.length > 400 ? `${entry.value.slice(0, 400)}…` : entry.value}</span>
        </li>
      ))}
    </ul>
  );
}

// A phone as one holds it: contacts and tasks, a plug, and a button that synchronises.

import type { SyncProgress, SyncReport } from "anchorage";
import { useState } from "preact/hooks";
import { password, remember } from "../account";
import type { Field } from "../api/schema";
import type { Values } from "../part/changes";
import { Confirm } from "../part/dialog";
import { FieldsForm } from "../part/fields-form";
import { Icon, iconOf } from "../part/icon";
import { Empty, Notice, Progress } from "../part/notice";
import { Face, RecordCard, titleOf } from "../part/record-card";
import { leave } from "../part/unsaved";
import { ago, count, digits } from "../words";
import { protocols, type Collection, type Phone, type Protocol } from "./phone";
import { saying } from "../api/refusal";

type Screen = { at: "list" } | { at: "record"; id: string } | { at: "edit"; id: string | undefined };

const titles: { [collection in Collection]: string } = { contacts: "Contacts", todo: "Tasks" };

/** What this small app knows of; what else a record says stays in it, untouched. */
const text = (name: string): Field => ({ name, type: "string" });
const fields: { [collection in Collection]: Field[] } = {
  contacts: [...["name", "firstname", "lastname", "company", "mobile", "email", "city", "note"].map(text), { name: "birthday", type: "date" }],
  todo: [text("title"), { name: "due", type: "date" }, { name: "priority", type: "integer" }, { name: "done", type: "integer" }, text("note")],
};

const placeOf = (phone: Phone): string => `phone ${phone.name}`;

export function Handset({ phone }: { phone: Phone }) {
  const [collection, choose] = useState<Collection>("contacts");
  const [screen, turn] = useState<Screen>({ at: "list" });
  const list = () => turn({ at: "list" });
  return (
    <div class={`handset ${phone.offline.value ? "unplugged" : ""}`}>
      <header>
        <h2>Phone {phone.name.toUpperCase()}</h2>
        <label class="switch small">
          <input type="checkbox" role="switch" checked={!phone.offline.value} onChange={(event) => phone.go(!event.currentTarget.checked)} />
          <Icon name={phone.offline.value ? "offline" : "online"} size={18} />
          {phone.offline.value ? "Offline" : "Online"}
        </label>
      </header>
      <div class="screen">
        {screen.at === "list" && <ListOf phone={phone} collection={collection} open={(id) => turn({ at: "record", id })} add={() => turn({ at: "edit", id: undefined })} />}
        {screen.at === "record" && <One phone={phone} collection={collection} id={screen.id} edit={() => turn({ at: "edit", id: screen.id })} back={list} />}
        {screen.at === "edit" && <Edit phone={phone} collection={collection} id={screen.id} done={(id) => turn(id ? { at: "record", id } : { at: "list" })} />}
      </div>
      <Syncing phone={phone} list={list} />
      <nav class="tabs" aria-label={`Phone ${phone.name.toUpperCase()}`}>
        {(["contacts", "todo"] as const).map((each) => (
          <button type="button" key={each} aria-current={each === collection ? "true" : undefined} onClick={() => leave(() => (choose(each), list()), placeOf(phone))}>
            <Icon name={iconOf(each)} />
            {titles[each]}
          </button>
        ))}
      </nav>
    </div>
  );
}

function ListOf({ phone, collection, open, add }: { phone: Phone; collection: Collection; open: (id: string) => void; add: () => void }) {
  const records = phone.held[collection].value ?? [];
  return (
    <>
      <div class="bar">
        <h3>{titles[collection]}</h3>
        <button type="button" class="button bare icon" aria-label={collection === "contacts" ? "Add a contact" : "Add a task"} onClick={add}><Icon name="plus" /></button>
      </div>
      {records.length === 0 ? (
        <Empty icon={iconOf(collection)} title={`No ${titles[collection].toLowerCase()} yet`}><p>Add one, or sync to get what the server has.</p></Empty>
      ) : (
        <ul class="rows">
          {records.map((record) => (
            <li key={record.id}>
              {collection === "todo" ? (
                <div>
                  <input type="checkbox" class="check" aria-label={`${titleOf(record, "todo")}, done`} checked={record.fields.done === "1"} onChange={(event) => void phone.patch("todo", record.id, { done: event.currentTarget.checked ? "1" : "0" })} />
                  <button type="button" class={`what plain ${record.fields.done === "1" ? "struck" : ""}`} onClick={() => open(record.id)}><strong>{titleOf(record, "todo")}</strong></button>
                </div>
              ) : (
                <button type="button" onClick={() => open(record.id)}>
                  <Face name={titleOf(record, "contacts")} />
                  <span class="what"><strong>{titleOf(record, "contacts")}</strong><span>{record.fields.mobile ?? record.fields.email ?? record.fields.company ?? ""}</span></span>
                </button>
              )}
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

function One({ phone, collection, id, edit, back }: { phone: Phone; collection: Collection; id: string; edit: () => void; back: () => void }) {
  const [asked, question] = useState(false);
  const record = phone.held[collection].value?.find((each) => each.id === id);
  const remove = async () => {
    await phone.remove(collection, id);
    back();
  };
  return (
    <>
      <div class="bar">
        <button type="button" class="button bare" onClick={back}><Icon name="left" size={18} />{titles[collection]}</button>
        {record && <button type="button" class="button bare" onClick={edit}>Edit</button>}
      </div>
      {record ? (
        <div class="stack inside">
          <RecordCard record={record} kind={collection} />
          <div><button type="button" class="button bare" onClick={() => question(true)}><Icon name="trash" size={18} />Delete</button></div>
        </div>
      ) : <Empty icon={iconOf(collection)} title="It is gone"><p>Another device has deleted it.</p></Empty>}
      {asked && <Confirm title={`Delete ${record ? titleOf(record, collection) : "it"}?`} yes="Delete" onYes={() => void remove()} close={() => question(false)}><p>It is deleted on this phone now, and everywhere after the next syncs.</p></Confirm>}
    </>
  );
}

function Edit({ phone, collection, id, done }: { phone: Phone; collection: Collection; id: string | undefined; done: (id: string | undefined) => void }) {
  const [error, fail] = useState("");
  const record = phone.held[collection].value?.find((each) => each.id === id);
  const save = async (patch: Values) => {
    try {
      const saved = id === undefined ? await phone.add(collection, patch) : Object.keys(patch).length > 0 ? await phone.patch(collection, id, patch) : record;
      done(saved?.id);
      return true;
    } catch (reason) {
      fail(saying(reason));
      return false;
    }
  };
  return (
    <div class="inside">
      <div class="bar"><h3>{id === undefined ? (collection === "contacts" ? "New contact" : "New task") : "Edit"}</h3></div>
      <FieldsForm kind={collection} fields={fields[collection]} values={record?.fields ?? {}} save="Save" onSave={save} onCancel={() => done(id)} error={error} place={placeOf(phone)} />
    </div>
  );
}

function Syncing({ phone, list }: { phone: Phone; list: () => void }) {
  const standing = phone.standing.value;
  const wants = standing.is === "failed" && standing.secret !== undefined;
  // Another phone may have been told it meanwhile.
  const told = wants && standing.secret !== password();
  return (
    <div class="syncing">
      {standing.is === "failed" && !told && <Notice tone="bad">{standing.why}</Notice>}
      {wants && !told && <Password phone={phone} />}
      {standing.is === "idle" && standing.report && <Became report={standing.report} />}
      <div class="row">
        <div class="wide small" role="status">
          {standing.is === "syncing" ? <Going progress={standing.progress} lost={phone.wire.overheard.value.at(-1)?.lost ?? false} /> : <Waiting phone={phone} />}
        </div>
        {standing.is === "syncing" ? (
          <button type="button" class="button quiet" onClick={() => phone.stop()}>Stop</button>
        ) : (!wants || told) && (
          <button type="button" class="button" onClick={() => void phone.sync()}><Icon name="sync" size={18} />Sync</button>
        )}
      </div>
      <Speaks phone={phone} list={list} />
    </div>
  );
}

function Waiting({ phone }: { phone: Phone }) {
  const standing = phone.standing.value;
  if (standing.is === "syncing") return null;
  const waiting = standing.pending > 0 ? `${count(standing.pending, "change")} to send` : "Nothing to send";
  if (standing.is === "failed") return <>{waiting}</>;
  return <>{waiting}, {standing.last > 0 ? `synced ${ago(standing.last)}` : "never synced"}</>;
}

const phases = { idle: "Beginning", connecting: "Signing in", sending: "Sending", receiving: "Receiving", finishing: "Finishing" } as const;

function Going({ progress, lost }: { progress: SyncProgress | undefined; lost: boolean }) {
  if (lost) return <Progress label="No answer; trying again" done={0} />;
  if (!progress) return <Progress label="Beginning" done={0} />;
  const [done, of] = [progress.sent + progress.received, progress.sentOf + progress.receivedOf];
  const label = of > 0 ? `${phases[progress.phase]}, ${digits(done)} of ${digits(of)}` : phases[progress.phase];
  return <Progress label={label} done={done} {...(of > 0 ? { of } : {})} />;
}

function Became({ report }: { report: SyncReport }) {
  const sum = (of: (outcome: (typeof report.collections)[number]) => number) => report.collections.reduce((all, outcome) => all + of(outcome), 0);
  const total = ({ added, changed, deleted }: { added: number; changed: number; deleted: number }) => added + changed + deleted;
  const [sent, received, conflicts] = [sum(({ sent }) => total(sent)), sum(({ received }) => total(received)), sum(({ conflicts }) => conflicts)];
  const [refused, refusals] = [sum((outcome) => outcome.refused), report.collections.flatMap((outcome) => outcome.refusals)];
  const slow = report.collections.find(({ whySlow }) => whySlow)?.whySlow;
  return (
    <Notice tone={refused > 0 ? "warn" : report.ended === "complete" ? "good" : "info"}>
      {sent + received === 0 ? refused === 0 && "Nothing was new." : `${digits(sent)} sent, ${digits(received)} received.`}
      {conflicts > 0 && ` ${count(conflicts, "conflict")}, merged.`}
      {refused > 0 && ` ${count(refused, "record")} refused, or left for the next time. ${refusals[0]?.message ?? ""}`}
      {slow && <small class="soft line">A slow sync: {slow}</small>}
    </Notice>
  );
}

function Password({ phone }: { phone: Phone }) {
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    remember(String(new FormData(event.currentTarget as HTMLFormElement).get("password") ?? ""));
    void phone.sync();
  };
  return (
    <form class="row" onSubmit={submit}>
      <label class="wide"><span class="unseen">Password for phone {phone.name.toUpperCase()}</span><input class="input" name="password" type="password" required autocomplete="current-password" placeholder="Password" /></label>
      <button class="button">Sync</button>
    </form>
  );
}

/** Whichever protocol it speaks, and an emptied phone too, has other records: what is open is not among them. */
function Speaks({ phone, list }: { phone: Phone; list: () => void }) {
  const [asked, question] = useState(false);
  const busy = phone.standing.value.is === "syncing";
  const speak = (protocol: Protocol) => {
    if (protocol !== phone.protocol.value) leave(() => (list(), void phone.speak(protocol)), placeOf(phone));
  };
  return (
    <div class="row">
      <div class="choice" role="group" aria-label="What it speaks">
        {protocols.map((protocol) => (
          <button type="button" key={protocol} aria-pressed={phone.protocol.value === protocol} disabled={busy} onClick={() => speak(protocol)}>
            {protocol === "syncml" ? "SyncML" : "MAX"}
          </button>
        ))}
      </div>
      <button type="button" class="button bare small end" disabled={busy} onClick={() => question(true)}>Empty</button>
      {asked && (
        <Confirm title={`Empty phone ${phone.name.toUpperCase()}?`} yes="Empty it" onYes={() => (question(false), list(), void phone.empty())} close={() => question(false)}>
          <p>Its records go from this browser, and so do changes that were not sent yet. What the server has stays there, and comes back with the next sync.</p>
        </Confirm>
      )}
    </div>
  );
}

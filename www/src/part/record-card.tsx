// A record as what it is: a contact as a card, an event in its month, a task, a note, a row of a table.

import type { ComponentChildren } from "preact";
import type { Component, Property, Record } from "../api/schema";
import { DAY, capital, dayOf, initials, moment, timeOf } from "../words";
import { calledBy } from "./changes";
import { eventOf } from "./days";
import { labelOf } from "./fields";
import { Icon, type IconName } from "./icon";
import { Month } from "./month";
import { Badge } from "./notice";
import { inWords } from "./repeats";

export type Shown = Pick<Record, "id" | "fields" | "summary"> & { properties?: (Property | Component)[] };

export function RecordCard({ record, kind }: { record: Shown; kind: string }) {
  switch (kind) {
    case "contacts":
      return <Contact record={record} />;
    case "calendar":
      return <Event record={record} />;
    case "todo":
      return <Task record={record} />;
    case "notes":
      return <p class="note-text">{record.fields.body ?? ""}</p>;
    default:
      return <Rows fields={record.fields} names={Object.keys(record.fields)} kind={kind} />;
  }
}

/** What a record is called where it is listed. */
export function titleOf({ id, fields, summary }: Pick<Record, "id" | "fields" | "summary">, kind: string): string {
  if (summary) return summary;
  if (kind === "contacts") return fields.nickname ?? fields.email ?? fields.mobile ?? fields.phone ?? fields.workphone ?? "Nobody";
  return kind === "calendar" || kind === "todo" ? "Without a title" : kind === "notes" ? "An empty note" : id;
}

/** When a task is due, in words. */
export const dueOf = ({ due = "" }: Record["fields"]): string => (due === "" || due === "0" ? "" : utcDay(due));

export function Face({ name, photo, size }: { name: string; photo?: string | undefined; size?: "large" }) {
  return <span class={`face ${size ?? ""}`} aria-hidden="true">{photo ? <img src={photo} alt="" /> : initials(name)}</span>;
}

const isProperty = (entry: Property | Component): entry is Property => "name" in entry;

/** A PHOTO that is in the card: base64 of 2.1 and 3.0, a data: URI of 4.0. Pages elsewhere are not asked for one. */
export function photoOf(properties: (Property | Component)[] = []): string | undefined {
  const photo = properties.find((entry): entry is Property => isProperty(entry) && entry.name === "PHOTO");
  if (!photo) return undefined;
  if (/^data:image\/(jpeg|png|gif|webp)[;,]/i.test(photo.value)) return photo.value;
  const said = photo.parameters.flatMap(({ name, values }) => (["TYPE", ""].includes(name.toUpperCase()) ? values : [])).map((value) => value.toLowerCase());
  const type = ["png", "gif", "webp"].find((each) => said.some((value) => value.endsWith(each))) ?? "jpeg";
  const data = photo.value.replace(/\s+/g, "");
  return /^[A-Za-z0-9+/]+=*$/.test(data) && data.length > 32 ? `data:image/${type};base64,${data}` : undefined;
}

function Fact({ icon, label, children }: { icon: IconName; label: string; children: ComponentChildren }) {
  return (
    <div class="fact">
      <dt><Icon name={icon} size={18} /><span class="unseen">{label}</span></dt>
      <dd>{children}<small class="soft">{label}</small></dd>
    </div>
  );
}

const contactFacts: [string, IconName, string?][] = [
  ["mobile", "call", "tel:"], ["phone", "call", "tel:"], ["workphone", "call", "tel:"], ["fax", "call"], ["pager", "call"], ["email", "mail", "mailto:"], ["email2", "mail", "mailto:"],
];

function Contact({ record }: { record: Shown }) {
  const { fields } = record;
  const name = titleOf(record, "contacts");
  const whole = calledBy({ ...fields, company: "" });
  const work = [fields.title, fields.department, fields.company].filter(Boolean).join(", ");
  const address = [fields.street, [fields.zip, fields.city].filter(Boolean).join(" "), fields.state, fields.country].filter(Boolean);
  return (
    <div class="contact">
      <div class="top">
        <Face name={name} photo={photoOf(record.properties)} size="large" />
        <div>
          <h2>{name}</h2>
          {whole && whole !== name && <p class="soft">{whole}</p>}
          {fields.nickname && <p class="soft">“{fields.nickname}”</p>}
          {work && <p class="soft">{work}</p>}
        </div>
      </div>
      <dl class="facts-list">
        {contactFacts.map(([field, icon, scheme]) => fields[field] && (
          <Fact key={field} icon={icon} label={labelOf(field, "contacts")}>
            {scheme ? <a href={scheme + fields[field].replace(/\s+/g, "")}>{fields[field]}</a> : fields[field]}
          </Fact>
        ))}
        {address.length > 0 && <Fact icon="place" label="Address">{address.map((line) => <span key={line} class="line">{line}</span>)}</Fact>}
        {fields.birthday && fields.birthday !== "0" && <Fact icon="cake" label="Birthday">{utcDay(fields.birthday)}</Fact>}
        {fields.web && <Fact icon="web" label="Web page">{/^https?:\/\//i.test(fields.web) ? <a href={fields.web} rel="noreferrer" target="_blank">{fields.web}</a> : fields.web}</Fact>}
        {fields.categories && <Fact icon="tag" label="Categories">{fields.categories}</Fact>}
        {fields.note && <Fact icon="notes" label="Note"><span class="note-text">{fields.note}</span></Fact>}
      </dl>
    </div>
  );
}

const utc = new Intl.DateTimeFormat("en-GB", { timeZone: "UTC", day: "numeric", month: "long", year: "numeric" });

function utcDay(value: string): string {
  const milliseconds = Number(value);
  return Number.isFinite(milliseconds) && Math.abs(milliseconds) < 8.64e15 ? utc.format(milliseconds) : value;
}

const dayOnly = new Intl.DateTimeFormat("en-GB", { timeZone: "UTC", day: "numeric" });
const dayAndMonth = new Intl.DateTimeFormat("en-GB", { timeZone: "UTC", day: "numeric", month: "long" });

/** `24 – 25 November 2026`; the end of whole days is the first moment that is no longer in them. */
function daysOf(start: number, end: number): string {
  const [first, last] = [utcDay(String(start)), utcDay(String(end - 1))];
  if (end - start <= DAY || first === last) return first;
  const [a, b] = [new Date(start), new Date(end - 1)];
  if (a.getUTCFullYear() !== b.getUTCFullYear()) return `${first} – ${last}`;
  return `${(a.getUTCMonth() === b.getUTCMonth() ? dayOnly : dayAndMonth).format(a)} – ${last}`;
}

/** `22 Nov 2026, 09:00 to 10:30`. */
export function whenOf(fields: Record["fields"]): string {
  const [start, end] = [Number(fields.start ?? 0), Number(fields.end ?? 0)];
  if (!start) return "";
  if (fields.allday === "1") return daysOf(start, end);
  if (!end || end <= start) return moment(start);
  return dayOf(start) === dayOf(end) ? `${moment(start)} to ${timeOf(end)}` : `${moment(start)} to ${moment(end)}`;
}

function Event({ record }: { record: Shown }) {
  const { fields } = record;
  const event = eventOf(record);
  return (
    <div class="contact">
      <div class="top">
        <div>
          <h2>{titleOf(record, "calendar")}</h2>
          <p class="soft">{whenOf(fields) || "No date"}</p>
        </div>
      </div>
      {event && <Month events={[event]} chosen={record.id} at={event.start} />}
      <dl class="facts-list">
        {fields.location && <Fact icon="place" label="Place">{fields.location}</Fact>}
        {fields.rrule && <Fact icon="repeat" label="Repeats"><span title={fields.rrule}>{capital(inWords(fields.rrule))}</span></Fact>}
        {fields.status && <Fact icon="info" label="Status">{fields.status}</Fact>}
        {fields.categories && <Fact icon="tag" label="Categories">{fields.categories}</Fact>}
        {fields.note && <Fact icon="notes" label="Note"><span class="note-text">{fields.note}</span></Fact>}
      </dl>
    </div>
  );
}

function Task({ record }: { record: Shown }) {
  const { fields } = record;
  const done = fields.done === "1";
  return (
    <div class="contact">
      <div class="top">
        <div>
          <h2>{titleOf(record, "todo")}</h2>
          <p>{done ? <Badge tone="good" icon="good">Done</Badge> : <Badge>To do</Badge>}</p>
        </div>
      </div>
      <dl class="facts-list">
        {dueOf(fields) && <Fact icon="calendar" label="Due">{dueOf(fields)}</Fact>}
        {fields.priority && fields.priority !== "0" && <Fact icon="info" label="Priority">{fields.priority}</Fact>}
        {fields.categories && <Fact icon="tag" label="Categories">{fields.categories}</Fact>}
        {fields.note && <Fact icon="notes" label="Note"><span class="note-text">{fields.note}</span></Fact>}
      </dl>
    </div>
  );
}

function Rows({ fields, names, kind }: { fields: Record["fields"]; names: string[]; kind: string }) {
  if (names.length === 0) return <p class="soft">This record has no plain fields; its body is below.</p>;
  return <dl class="pairs">{names.map((name) => <><dt>{labelOf(name, kind)}</dt><dd class="note-text">{fields[name]}</dd></>)}</dl>;
}

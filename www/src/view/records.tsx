// The records of a collection: a list one can search, and the record that is open beside it.

import { useEffect, useRef, useState } from "preact/hooks";
import { ask } from "../api/ask";
import { useFetched } from "../api/fetched";
import type { Collection, Collections, Record, Records as Page } from "../api/schema";
import { eventOf } from "../part/days";
import { Icon, iconOf } from "../part/icon";
import { Month } from "../part/month";
import { Badge, Empty, Loading } from "../part/notice";
import { Face, dueOf, titleOf, whenOf } from "../part/record-card";
import { inWords } from "../part/repeats";
import { Shown } from "../part/shown";
import { go, replace, route, to } from "../route";
import { count, digits } from "../words";
import { ExportButton } from "./export";
import { ImportButton } from "./import";
import { NewRecord, OpenRecord } from "./record";

/** So many are fetched and put in order; search finds the rest. */
const SHOWN_MAX = 1000;

interface Found {
  records: Record[];
  /** Whether there are more than are shown. */
  more: boolean;
}

async function fetchAll(collection: string, search: string, signal: AbortSignal, partly: (found: Found) => void): Promise<Found> {
  const records: Record[] = [];
  let after: number | null = null;
  do {
    const page: Page = await ask<Page>(["collections", collection, "records"], { query: { search, after, limit: 200, bodies: false }, signal });
    records.push(...page.records);
    after = page.next;
    if (after !== null) partly({ records: [...records], more: true });
  } while (after !== null && records.length < SHOWN_MAX);
  return { records, more: after !== null };
}

export function Records({ collection, record }: { collection: string | undefined; record: string | undefined }) {
  const collections = useFetched("collections", (signal) => ask<Collections>(["collections"], { query: { count: true }, signal }));
  const all = collections.value?.collections ?? [];
  // Where none is asked for: the first in which there is something, and that one while it is shown.
  const first = useRef<string>(undefined);
  first.current ??= (all.find(({ records }) => records) ?? all[0])?.id;
  const chosen = all.find(({ id }) => id === (collection ?? first.current));
  return (
    <>
      <div class="head"><h1>Records</h1></div>
      <Shown of={collections} what="the collections">
        {({ collections: all }) => (
          <div class="stack">
            <Choice collections={all} chosen={chosen?.id} />
            {chosen ? (
              <Collected key={chosen.id} collection={chosen} record={record} counted={() => void collections.again()} />
            ) : (
              <section class="card"><Empty icon="records" title="There is no such collection"><p>Choose one of those above.</p></Empty></section>
            )}
          </div>
        )}
      </Shown>
    </>
  );
}

/** Where the screen is narrow the chosen one is scrolled to. */
function Choice({ collections, chosen }: { collections: Collection[]; chosen: string | undefined }) {
  const element = useRef<HTMLElement>(null);
  useEffect(() => {
    const { current } = element;
    const link = current?.querySelector<HTMLElement>("[aria-current]");
    if (current && link) current.scrollLeft = link.offsetLeft - (current.clientWidth - link.clientWidth) / 2;
  }, [chosen]);
  return (
    <nav class="choice" aria-label="Collections" ref={element}>
      {collections.map(({ id, kind, records }) => (
        <a key={id} href={to(["records", id])} aria-current={id === chosen ? "page" : undefined}>
          <Icon name={iconOf(kind)} size={18} />{id}<span class="number soft">{digits(records ?? 0)}</span>
        </a>
      ))}
    </nav>
  );
}

/** Whether the form for a new record is open. It is no part of the path, as any word there may be a record's id. */
const isNew = (): boolean => route.value.query.get("new") === "1";

function Collected({ collection, record, counted }: { collection: Collection; record: string | undefined; counted: () => void }) {
  const search = route.value.query.get("search") ?? "";
  const [partly, hold] = useState<Found>();
  const list = useFetched(`${collection.id} ${search}`, (signal) => {
    hold(undefined);
    return fetchAll(collection.id, search, signal, hold);
  });
  const found = list.value ?? partly;
  const fresh = !record && isNew();
  const records = found ? ordered(found.records, collection.kind) : [];
  const touched = () => {
    void list.again();
    counted();
  };
  return (
    <div class={`records ${record || fresh ? "opened" : ""}`}>
      <section class="card list" aria-label={`${collection.id}, the list`}>
        <div class="row">
          <Search collection={collection.id} search={search} />
          {!collection.readOnly && collection.kind !== "files" && (
            <a class="button" href={to(["records", collection.id], { search, new: "1" })}><Icon name="plus" size={18} />New</a>
          )}
        </div>
        <div class="row">
          {!collection.readOnly && collection.kind !== "files" && <ImportButton collection={collection} done={touched} />}
          <ExportButton collection={collection} />
          {collection.readOnly && <Badge>read-only</Badge>}
        </div>
        <Shown of={list.error ? list : { ...list, value: found }} what="the records">
          {() => records.length === 0 && !list.busy ? <None collection={collection} search={search} /> : (
            <>
              <List records={records} collection={collection} chosen={record} search={search} />
              {list.busy && <Loading what={`${digits(records.length)} so far`} />}
              {!list.busy && found?.more && <p class="small soft">These are the {digits(records.length)} that have not been changed for longest. Search finds the others.</p>}
            </>
          )}
        </Shown>
      </section>
      <section class="card detail" aria-label="The record">
        {fresh ? <NewRecord collection={collection} touched={touched} /> : <Detail collection={collection} record={record} records={records} search={search} touched={touched} />}
      </section>
    </div>
  );
}

function Detail({ collection, record, records, search, touched }: { collection: Collection; record: string | undefined; records: Record[]; search: string; touched: () => void }) {
  if (record) return <OpenRecord key={record} collection={collection} id={record} touched={touched} />;
  const events = collection.kind === "calendar" ? records.flatMap((each) => eventOf(each) ?? []) : [];
  if (events.length > 0) {
    return <Month events={events} at={Date.now()} open={(id) => go(["records", collection.id, id], { search })} />;
  }
  return (
    <Empty icon={iconOf(collection.kind)} title={records.length > 0 ? "Choose a record" : "Nothing is open"}>
      <p>What you change here is a change like any other: devices get it at their next sync.</p>
    </Empty>
  );
}

function Search({ collection, search }: { collection: string; search: string }) {
  const [text, type] = useState(search);
  // What was asked for here comes back as `search`, perhaps while more is being typed; anything else is another address, and counts.
  const wanted = useRef(search);
  useEffect(() => {
    if (search === wanted.current) return;
    wanted.current = search;
    type(search);
  }, [search]);
  useEffect(() => {
    if (text.trim() === wanted.current) return;
    const timer = setTimeout(() => {
      wanted.current = text.trim();
      // Whatever is open stays open.
      replace(["records", collection, ...route.value.path.slice(2)], { search: wanted.current, new: isNew() ? "1" : "" });
    }, 250);
    return () => clearTimeout(timer);
  }, [text]);
  return (
    <label class="search wide">
      <Icon name="search" size={18} />
      <span class="unseen">Search in {collection}</span>
      <input class="input" type="search" placeholder="Search" value={text} onInput={(event) => type(event.currentTarget.value)} />
    </label>
  );
}

function None({ collection, search }: { collection: Collection; search: string }) {
  if (search) {
    return <Empty icon="search" title={`Nothing has “${search}” in it`}><p>All words must be in a record's fields or its text.</p></Empty>;
  }
  return (
    <Empty icon={iconOf(collection.kind)} title="Nothing here yet">
      <p>Add a record, import a file, or let a phone bring what it has: <a href={to(["devices"], { new: "1" })}>set up a phone</a>.</p>
    </Empty>
  );
}

const compare = new Intl.Collator("en", { sensitivity: "base", numeric: true }).compare;

/** People and notes by name, what has a date by it. */
function ordered(records: Record[], kind: string): Record[] {
  const name = (a: Record, b: Record) => compare(a.summary, b.summary);
  const date = (field: string) => ({ fields }: Record) => Number(fields[field] ?? 0) || Number.MAX_SAFE_INTEGER;
  const by = kind === "calendar" ? date("start") : kind === "todo" ? date("due") : undefined;
  return records.toSorted((a, b) => (by ? by(a) - by(b) : 0) || name(a, b));
}

function List({ records, collection, chosen, search }: { records: Record[]; collection: Collection; chosen: string | undefined; search: string }) {
  return (
    <>
      <p class="small soft number">{count(records.length, "record")}{search && " found"}</p>
      <ul class="rows tall">
        {records.map((record) => (
          <li key={record.id}>
            <a href={to(["records", collection.id, record.id], { search })} aria-current={record.id === chosen ? "true" : undefined}>
              {collection.kind === "contacts" ? <Face name={titleOf(record, collection.kind)} /> : <span class="face square"><Icon name={record.fields.done === "1" ? "good" : iconOf(collection.kind)} /></span>}
              <span class="what">
                <strong>{titleOf(record, collection.kind)}</strong>
                <span>{underOf(record, collection.kind)}</span>
              </span>
            </a>
          </li>
        ))}
      </ul>
    </>
  );
}

function underOf({ fields }: Record, kind: string): string {
  switch (kind) {
    case "contacts":
      return [fields.company, fields.mobile ?? fields.phone ?? fields.workphone, fields.email].filter(Boolean).join(" · ");
    case "calendar":
      return [whenOf(fields), fields.rrule && inWords(fields.rrule), fields.location].filter(Boolean).join(" · ");
    case "todo":
      return [fields.done === "1" ? "Done" : dueOf(fields) && `Due ${dueOf(fields)}`, fields.note].filter(Boolean).join(" · ");
    case "notes":
      return (fields.body ?? "").split("\n").slice(1).join(" ").trim();
    default:
      return Object.entries(fields).slice(0, 3).map(([name, value]) => `${name}: ${value}`).join(" · ");
  }
}

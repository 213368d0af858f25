// The trace of one session: who said what when, what each message says in words and in bytes, what every item became, and why.

import { useCallback, useEffect, useMemo, useState } from "preact/hooks";
import { ask } from "../api/ask";
import { useFetched } from "../api/fetched";
import { sentence } from "../api/refusal";
import type { Outcome, Session, SessionDetail, Sessions, TraceMessage } from "../api/schema";
import { deviceName } from "../part/device-name";
import { Icon } from "../part/icon";
import { Reading, type Face, type Line, type Tie } from "../part/message";
import { Empty, Notice } from "../part/notice";
import { Outcomes } from "../part/outcomes";
import { How, howOf, modeOf } from "../part/session-row";
import { Shown } from "../part/shown";
import { answerOf, answered, crossings, type Crossing } from "../part/trace";
import { to } from "../route";
import { bytes, count, digits, duration, moment, secondOf } from "../words";
import { FixtureButton, ReplayButton } from "./replay";

/** A session longer than one answer is fetched to its end. */
async function whole(id: string, signal: AbortSignal): Promise<SessionDetail> {
  const first = await ask<SessionDetail>(["sessions", id], { signal });
  const trace = [...first.trace];
  for (let { next } = first; next !== null; ) {
    const page = await ask<SessionDetail>(["sessions", id], { query: { after: next }, signal });
    trace.push(...page.trace);
    next = page.next;
  }
  return { ...first, how: howOf(first, first.how === "open" ? await after(first, signal) : []), trace, next: null };
}

/** The last session of its device. */
async function after({ device }: Session, signal: AbortSignal): Promise<Session[]> {
  return (await ask<Sessions>(["sessions"], { query: { device, limit: 1 }, signal })).sessions;
}

const compare = new Intl.Collator("en", { numeric: true }).compare;

/** What came and what went, each as it stood in its message. */
function inOrder(items: Outcome[]): Outcome[] {
  const by = (of: (item: Outcome) => string | undefined) => (a: Outcome, b: Outcome) => compare(of(a) ?? "", of(b) ?? "");
  const keys = [by(({ direction }) => direction), by(({ message }) => String(message ?? "")), by(({ command }) => command), by(({ luid }) => luid)];
  return items.toSorted((a, b) => keys.reduce((order, key) => order || key(a, b), 0));
}

export function SessionTrace({ id }: { id: string }) {
  const fetched = useFetched(`session ${id}`, (signal) => whole(id, signal));
  return (
    <>
      <div class="head">
        <div>
          <a class="back" href={to(["sessions"])}><Icon name="left" size={16} />Sessions</a>
          <h1>{fetched.value ? deviceName(fetched.value) : "Session"}</h1>
        </div>
        {fetched.value && <FixtureButton id={id} />}
        {fetched.value && <ReplayButton id={id} />}
      </div>
      <Shown of={fetched} what="the session">{(session) => <Trace session={session} />}</Shown>
    </>
  );
}

function Trace({ session }: { session: SessionDetail }) {
  const all = useMemo(() => crossings(session.trace), [session]);
  const [chosen, choose] = useState<{ key: string; lit?: string | undefined }>({ key: all[0]?.key ?? "" });
  const face = useState<Face>("words");
  const crossing = all.find(({ key }) => key === chosen.key);
  const items = session.trace.flatMap((message) => inOrder(message.items));
  const leftOut = session.trace.reduce((sum, { itemsLeftOut }) => sum + (itemsLeftOut ?? 0), 0);
  return (
    <div class="stack">
      <Facts session={session} />
      <Why session={session} />
      {crossing ? (
        <section class="card trace" aria-label="The conversation">
          <TimeLine all={all} chosen={chosen.key} choose={(key) => choose({ key })} session={session} />
          <Chosen key={crossing.key} all={all} crossing={crossing} lit={chosen.lit} face={face} choose={(key, lit) => choose({ key, lit })} />
        </section>
      ) : (
        <section class="card"><Empty icon="sessions" title="No message was kept" /></section>
      )}
      <section class="card" aria-labelledby="became">
        <header><h2 id="became">What each item became</h2><span class="small soft">{count(items.length + leftOut, "item")}</span></header>
        <Outcomes items={items} leftOut={leftOut} />
      </section>
    </div>
  );
}

function Facts({ session }: { session: SessionDetail }) {
  const { cost } = session;
  const facts: [string, string][] = [
    ["When", `${moment(session.began)}, ${duration(session.ended - session.began)}`],
    ["Signed in as", session.login || "nobody"],
    ["Speaks", [session.version && `SyncML ${session.version}`, session.encoding?.toUpperCase()].filter(Boolean).join(", ") || "unknown"],
    ["Messages", digits(session.messages)],
    ["Traffic", `${bytes(cost.bytesIn)} in, ${bytes(cost.bytesOut)} out`],
    ["Rows", `${digits(cost.rowsRead)} read, ${digits(cost.rowsWritten)} written`],
  ];
  return (
    <section class="card facts" aria-label="The session in short">
      <dl>
        <div><dt>State</dt><dd><How how={session.how} /></dd></div>
        {facts.map(([name, value]) => <div key={name}><dt>{name}</dt><dd class="number">{value}</dd></div>)}
        <div><dt>Device</dt><dd><a href={to(["devices", session.device])}>{session.device}</a></dd></div>
      </dl>
    </section>
  );
}

/** What one would ask first: why it ended so, why it was slow. */
function Why({ session }: { session: SessionDetail }) {
  const slow = session.collections.filter(({ slowBecause }) => slowBecause);
  return (
    <>
      {session.why && <Notice tone={session.how === "complete" ? "info" : "warn"}>{sentence(session.why)}</Notice>}
      {slow.map(({ collection, slowBecause }) => (
        <Notice key={collection} tone="warn"><strong>Why {collection} was a slow sync.</strong> {sentence(slowBecause ?? "")}</Notice>
      ))}
      {session.collections.length > 0 && (
        <ul class="tallies">
          {session.collections.map((each) => (
            <li key={each.collection} class="card">
              <h2>{each.collection}</h2>
              <p class="small soft">{modeOf(each.mode)}</p>
              <Tallies of={each} />
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

function Tallies({ of }: { of: SessionDetail["collections"][number] }) {
  const tallies: [string, number][] = [
    ["added", of.added], ["changed", of.changed], ["deleted", of.deleted], ["same", of.same], [of.conflicts === 1 ? "conflict" : "conflicts", of.conflicts], ["refused", of.refused], ["sent", of.sent],
  ];
  const some = tallies.filter(([, value]) => value > 0);
  if (some.length === 0) return <p class="small">Nothing was new.</p>;
  return <dl class="tally">{some.map(([name, value]) => <div key={name}><dd class="number">{digits(value)}</dd><dt>{name}</dt></div>)}</dl>;
}

/** A sequence diagram whose arrows are buttons. */
function TimeLine({ all, chosen, choose, session }: { all: Crossing[]; chosen: string; choose: (key: string) => void; session: SessionDetail }) {
  return (
    <div class="timeline">
      <div class="ends small" aria-hidden="true"><span><Icon name="devices" size={16} />Device</span><span>Server<Icon name="anchor" size={16} /></span></div>
      <ol>
        {all.map(({ key, from, read, at, trace }) => (
          <li key={key} class={from}>
            <button type="button" aria-current={key === chosen ? "true" : undefined} onClick={() => choose(key)}>
              <span class="label">
                <strong>{from === "device" ? `Message ${trace.message}` : "Answer"}</strong>
                <span class="small soft number"> {bytes(read.size)}{from === "device" ? `, ${at === session.began ? secondOf(at) : `+${duration(at - session.began)}`}` : ""}</span>
                <span class="unseen"> from the {from}</span>
              </span>
              <svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true"><path d="M0 5H100" vector-effect="non-scaling-stroke" /></svg>
              <i class="tip" aria-hidden="true" />
              <span class="small soft gist">{gistOf(read.explained?.lines ?? [])}</span>
            </button>
          </li>
        ))}
      </ol>
    </div>
  );
}

const COUNTED = ["Alert", "Sync", "Add", "Replace", "Delete", "Map", "Put", "Get", "Results", "Status"];

/** `Alert, Sync, 3 Add`. */
function gistOf(lines: Line[]): string {
  return COUNTED.flatMap((name) => {
    const times = lines.filter(({ command }) => command === name).length;
    return times === 0 ? [] : [times === 1 ? name : `${digits(times)} ${name}`];
  }).join(", ");
}

function Chosen({ all, crossing, lit, face, choose }: { all: Crossing[]; crossing: Crossing; lit: string | undefined; face: [Face, (face: Face) => void]; choose: (key: string, lit?: string) => void }) {
  useEffect(() => {
    if (lit) document.querySelector(".chosen .lit")?.scrollIntoView({ block: "nearest" });
  }, [crossing, lit, face[0]]);
  const tie = useCallback((line: Line): Tie | undefined => {
    const asked = answered(all, crossing, line);
    if (asked) return { text: "what it answers", go: () => choose(asked.crossing.key, asked.command) };
    const answer = answerOf(all, crossing, line);
    return answer && { text: "answered", status: answer.line.status, go: () => choose(answer.crossing.key, answer.line.id) };
  }, [all, crossing]);
  return (
    <div class="chosen stack">
      <h2>{crossing.read.explained?.title ?? (crossing.from === "device" ? `Message ${crossing.message}` : "The answer")}</h2>
      {crossing.from === "server" && <Notes trace={crossing.trace} />}
      <Reading read={crossing.read} tie={tie} lit={lit} chosen={face} />
    </div>
  );
}

function Notes({ trace }: { trace: TraceMessage }) {
  return <>{trace.notes.map((note, at) => <Notice key={at}>{sentence(note)}</Notice>)}</>;
}

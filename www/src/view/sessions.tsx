// Every session whose trace is kept, the last first.

import { useState } from "preact/hooks";
import { ask } from "../api/ask";
import { useFetched } from "../api/fetched";
import { saying } from "../api/refusal";
import type { Account, Devices, Session, Sessions as Page } from "../api/schema";
import { deviceName, type Among } from "../part/device-name";
import { Icon } from "../part/icon";
import { Empty, Notice } from "../part/notice";
import { SessionRow } from "../part/session-row";
import { Shown } from "../part/shown";
import { replace, route, to } from "../route";
import { count, dayOf } from "../words";

export function Sessions() {
  const device = route.value.query.get("device") ?? "";
  const devices = useFetched("devices", (signal) => ask<Devices>(["devices"], { signal }));
  const account = useFetched("account", (signal) => ask<Account>(["account"], { signal }));
  const page = useFetched(`sessions ${device}`, (signal) => ask<Page>(["sessions"], { query: { device, limit: 50 }, signal }));
  const known = devices.value?.devices ?? [];
  return (
    <>
      <div class="head">
        <h1>Sessions</h1>
        <label class="row small">
          <span class="soft">Device</span>
          <select class="input" value={device} onChange={(event) => replace(["sessions"], { device: event.currentTarget.value })}>
            <option value="">all of them</option>
            {device && !known.some(({ id }) => id === device) && <option value={device}>{device}</option>}
            {known.map(({ id, name }) => <option key={id} value={id} title={id}>{deviceName({ device: id, deviceName: name }, known)}</option>)}
          </select>
        </label>
        <button type="button" class="button quiet" onClick={() => void page.again()} disabled={page.busy}>
          <Icon name="sync" size={18} turning={page.busy} />
          Look again
        </button>
      </div>
      <Shown of={page} what="the sessions">
        {(found) => <List key={`${device} ${found.sessions[0]?.id ?? ""}`} first={found} device={device} among={known} traceDays={account.value?.traceDays ?? 1} />}
      </Shown>
      {account.value && account.value.traceDays > 0 && (
        <p class="small soft">Traces are kept for {count(account.value.traceDays, "day")}; passwords are never in them.</p>
      )}
    </>
  );
}

function List({ first, device, among, traceDays }: { first: Page; device: string; among: Among; traceDays: number }) {
  const [more, add] = useState<Page[]>([]);
  const [error, fail] = useState("");
  const pages = [first, ...more];
  const sessions = pages.flatMap((page) => page.sessions);
  const next = pages.at(-1)?.next ?? null;
  const earlier = async () => {
    fail("");
    try {
      const page = await ask<Page>(["sessions"], { query: { device, limit: 50, after: next } });
      add((before) => [...before, page]);
    } catch (reason) {
      fail(saying(reason));
    }
  };
  if (sessions.length === 0) return <NoSession traceDays={traceDays} />;
  return (
    <div class="stack">
      {byDay(sessions).map(([day, group]) => (
        <section class="card" key={day} aria-label={day}>
          <h2 class="small soft">{day}</h2>
          <ul class="rows">{group.map((session) => <SessionRow key={session.id} session={session} sessions={sessions} among={among} />)}</ul>
        </section>
      ))}
      {error && <Notice tone="bad">{error}</Notice>}
      {next !== null && <button type="button" class="button quiet" onClick={() => void earlier()}>Earlier sessions</button>}
    </div>
  );
}

function byDay(sessions: Session[]): [string, Session[]][] {
  const days = new Map<string, Session[]>();
  for (const session of sessions) {
    const day = dayOf(session.began);
    days.set(day, [...(days.get(day) ?? []), session]);
  }
  return [...days];
}

function NoSession({ traceDays }: { traceDays: number }) {
  return (
    <section class="card">
      <Empty icon="sessions" title="No session to show">
        {traceDays === 0 ? (
          <p>This server keeps no traces: its setting <code>SYNCML_TRACE_DAYS</code> is 0. <a href={to(["read"])}>A message that you have</a> can be read all the same.</p>
        ) : (
          <>
            <p>When a device synchronises, every message of it can be read here, in words and in bytes.</p>
            <a class="button" href={to(["phones"])}>Open the phones and make one</a>
          </>
        )}
      </Empty>
    </section>
  );
}

// The overview: which device has what, how the last syncs ended, and what they cost.

import { ask } from "../api/ask";
import { useFetched } from "../api/fetched";
import type { Account, Collection, Collections, Device, Devices, Session, Sessions } from "../api/schema";
import { Bars, type Bar } from "../part/bars";
import { deviceName } from "../part/device-name";
import { Harbour } from "../part/harbour";
import { Icon } from "../part/icon";
import { Empty } from "../part/notice";
import { SessionRow } from "../part/session-row";
import { Shown } from "../part/shown";
import { to } from "../route";
import { bytes, count, digits, moment } from "../words";

interface All {
  account: Account;
  collections: Collection[];
  devices: Device[];
  sessions: Session[];
}

async function all(signal: AbortSignal): Promise<All> {
  const [account, { collections }, { devices }, { sessions }] = await Promise.all([
    ask<Account>(["account"], { signal }),
    ask<Collections>(["collections"], { query: { count: true }, signal }),
    ask<Devices>(["devices"], { signal }),
    ask<Sessions>(["sessions"], { query: { limit: 40 }, signal }),
  ]);
  return { account, collections, devices, sessions };
}

export function Overview() {
  const fetched = useFetched("overview", all);
  return (
    <>
      <div class="head">
        <h1>Overview</h1>
        <button type="button" class="button quiet" onClick={() => void fetched.again()} disabled={fetched.busy}>
          <Icon name="sync" size={18} turning={fetched.busy} />
          Look again
        </button>
      </div>
      <Shown of={fetched} what="the overview">{(found) => <Found {...found} />}</Shown>
    </>
  );
}

function Found({ account, collections, devices, sessions }: All) {
  return (
    <div class="stack">
      <section class="card" aria-labelledby="who-has-what">
        <header>
          <h2 id="who-has-what">Who has what</h2>
          <span class="small soft">{count(devices.length, "device")}, {count(collections.length, "collection")}</span>
        </header>
        {devices.length === 0 && <NoDevice />}
        {(devices.length > 0 || collections.length > 0) && <Harbour devices={devices} collections={collections} />}
      </section>
      {sessions.length > 0 && <Costs sessions={sessions} devices={devices} />}
      <section class="card" aria-labelledby="last-syncs">
        <header>
          <h2 id="last-syncs">Last syncs</h2>
          {sessions.length > 8 && <a href={to(["sessions"])}>All sessions</a>}
        </header>
        {sessions.length > 0 ? (
          <ul class="rows">{sessions.slice(0, 8).map((session) => <SessionRow key={session.id} session={session} sessions={sessions} among={devices} />)}</ul>
        ) : (
          <Empty icon="sessions" title="No sync yet">
            <p>{account.traceDays > 0
              ? "When a device synchronises, every message of it can be read here, in words and in bytes."
              : "This server keeps no traces of sessions: the setting SYNCML_TRACE_DAYS is 0."}</p>
          </Empty>
        )}
      </section>
    </div>
  );
}

function NoDevice() {
  return (
    <Empty icon="phones" title="No device has been here yet">
      <p>Set up a phone, or open two phones in this page and watch them agree.</p>
      <div class="row">
        <a class="button" href={to(["phones"])}>Open the phones</a>
        <a class="button quiet" href={to(["devices"], { new: "1" })}>Set up a phone</a>
      </div>
    </Empty>
  );
}

function Costs({ sessions, devices }: { sessions: Session[]; devices: Device[] }) {
  const oldestFirst = sessions.toReversed();
  const bar = (values: (session: Session) => number[], words: (session: Session) => string) => (session: Session): Bar => ({
    key: session.id,
    values: values(session),
    says: `${deviceName(session, devices)}, ${moment(session.began)}: ${words(session)}`,
    href: to(["sessions", session.id]),
  });
  const rows = bar(({ cost }) => [cost.rowsRead, cost.rowsWritten], ({ cost }) => `${count(cost.rowsRead, "row")} read, ${digits(cost.rowsWritten)} written`);
  const traffic = bar(({ cost }) => [cost.bytesIn, cost.bytesOut], ({ cost }) => `${bytes(cost.bytesIn)} in, ${bytes(cost.bytesOut)} out`);
  return (
    <div class="grid">
      <section class="card" aria-labelledby="cost-rows">
        <header><h2 id="cost-rows">Rows per sync</h2><span class="small soft">what the database bills</span></header>
        <Bars title="Rows per sync, oldest first" parts={["read", "written"]} bars={oldestFirst.map(rows)} unit={digits} />
      </section>
      <section class="card" aria-labelledby="cost-bytes">
        <header><h2 id="cost-bytes">Bytes per sync</h2><span class="small soft">what the network carries</span></header>
        <Bars title="Bytes per sync, oldest first" parts={["in", "out"]} bars={oldestFirst.map(traffic)} unit={bytes} />
      </section>
    </div>
  );
}

// One device: what it says it can do, how far it has come, what is done differently for it, and what one may ask of it.

import { useState } from "preact/hooks";
import { ask, request } from "../api/ask";
import { useFetched } from "../api/fetched";
import { saying } from "../api/refusal";
import type { Alerted, Bookmark, DeviceDetail, Place, SlowSync } from "../api/schema";
import { fromBase64 } from "../part/bytes";
import { save } from "../part/copy";
import { deviceName, upstreamOf, type Among } from "../part/device-name";
import { Confirm, Dialog } from "../part/dialog";
import { Icon } from "../part/icon";
import { Badge, Notice } from "../part/notice";
import { Shown } from "../part/shown";
import { toast } from "../part/toast";
import { go, to } from "../route";
import { ago, count, moment } from "../words";
import { Capabilities } from "./capabilities";
import { MappingOf } from "./mapping";
import { Quirks } from "./quirks";

export function Device({ id, among, gone }: { id: string; among: Among; gone: () => void }) {
  const device = useFetched(`device ${id}`, (signal) => ask<DeviceDetail>(["devices", id], { signal }));
  return (
    <>
      <a class="back narrow-only" href={to(["devices"])}><Icon name="left" size={16} />Devices</a>
      <Shown of={device} what="the device">
        {(found) => (
          <>
            <Facts device={found} among={among} gone={gone} again={() => void device.again()} />
            <Bookmarks marks={found.bookmarks} />
            {(found.devInf || !upstreamOf(id)) && <Capabilities devInf={found.devInf} />}
            <MappingOf device={found} />
            {!upstreamOf(id) && <Quirks device={found} put={device.put} />}
          </>
        )}
      </Shown>
    </>
  );
}

/** What the server waits for in a session, by the names it gives it. */
const waitsFor: { [phase: string]: string } = {
  ExpectAlerts: "at its alerts",
  ExpectChanges: "at its changes",
  ExpectMore: "while ours go out",
  ExpectEnd: "at its last statuses",
  Over: "over",
};

function Facts({ device, among, gone, again }: { device: DeviceDetail; among: Among; gone: () => void; again: () => void }) {
  const upstream = upstreamOf(device.id);
  const facts: [string, string | null][] = [
    ["Maker", device.maker], ["Model", device.model], ["Firmware", device.firmware], ["Software", device.software], ["Kind", device.type],
  ];
  return (
    <section class="card stack" aria-label="The device">
      <div class="top">
        <span class="face square large"><Icon name={upstream ? "anchor" : "devices"} size={26} /></span>
        <div>
          <h2 title={device.id}>{deviceName({ device: device.id, deviceName: device.name }, among)}</h2>
          <p class="soft" title={moment(device.seen)}>{upstream ? "Last reached" : "Here"} {ago(device.seen)}{device.login && `, as ${device.login}`}</p>
        </div>
      </div>
      {upstream && (
        <Notice>
          A server that this one synchronises with: here this server is the client. The operator arranges it, with <code>npm run account -- upstream</code>.
        </Notice>
      )}
      <dl class="pairs">
        <dt>{upstream ? "Kept as" : "Calls itself"}</dt><dd><code>{device.id}</code></dd>
        {facts.map(([name, value]) => value && <><dt>{name}</dt><dd>{value}</dd></>)}
        {device.session?.id && (
          <><dt>Last session</dt><dd>{[device.session.id, count(device.session.message, "message"), waitsFor[device.session.phase] ?? device.session.phase].filter(Boolean).join(", ")}</dd></>
        )}
        {device.settings.alerted.length > 0 && <><dt>Asked to come</dt><dd>{device.settings.alerted.map((session) => `session ${session}`).join(", ")}</dd></>}
      </dl>
      <div class="row">
        <a class="button quiet" href={to(["sessions"], { device: device.id })}><Icon name="sessions" size={18} />Its sessions</a>
        {!upstream && <SlowSyncButton device={device} done={again} />}
        {!upstream && <AlertButton device={device} done={again} />}
        {!upstream && <ForgetButton device={device} gone={gone} />}
      </div>
    </section>
  );
}

function Bookmarks({ marks }: { marks: Bookmark[] }) {
  return (
    <section class="card" aria-labelledby="how-far">
      <header><h2 id="how-far">How far it has come</h2></header>
      {marks.length === 0 ? <p class="soft">It has not asked for any collection yet.</p> : (
        <ul class="stack">
          {marks.map((mark) => (
            <li key={mark.collection} class="mark">
              <h3 class="row"><a href={to(["records", mark.collection])}>{mark.collection}</a>{mark.sending && <Badge tone="warn" icon="warn">not finished</Badge>}</h3>
              <p>{mark.state}</p>
              <div class="scroll" tabIndex={0} role="region" aria-label={`Anchors of ${mark.collection}`}>
                <table class="wraps">
                  <thead><tr><th /><th>Its anchor</th><th>Ours</th><th class="number">Has all up to</th></tr></thead>
                  <tbody>
                    <PlaceRow name="confirmed" place={mark.confirmed} />
                    {mark.offered && <PlaceRow name="offered" place={mark.offered} />}
                  </tbody>
                </table>
              </div>
              <p class="small soft">{slowSyncs(mark)}{mark.held > 0 && ` ${count(mark.held, "session")} in a row an item has held it back.`}</p>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

function PlaceRow({ name, place: { anchor, ownAnchor, cursor } }: { name: string; place: Place }) {
  return (
    <tr>
      <th>{name}</th>
      <td data-column="Its anchor"><code>{anchor || "none"}</code></td>
      <td data-column="Ours"><code>{ownAnchor || "none"}</code></td>
      <td data-column="Has all up to" class="number" title={String(cursor)}>{cursor ? moment(cursor) : "nothing"}</td>
    </tr>
  );
}

function slowSyncs({ attempt, generation }: Bookmark): string {
  if (attempt === 0) return "No slow sync has begun.";
  const begun = `${count(attempt, "slow sync")} begun`;
  if (generation === 0) return `${begun}, none has brought its ids yet.`;
  return attempt === generation ? `${begun}; its ids are those of the last one.` : `${begun}; its ids are those of number ${generation}.`;
}

function Collections({ device, chosen, choose }: { device: DeviceDetail; chosen: string[]; choose: (chosen: string[]) => void }) {
  return (
    <fieldset class="stack options">
      <legend class="small soft">Collections; none means all of them</legend>
      {device.bookmarks.map(({ collection }) => (
        <label class="row" key={collection}>
          <input type="checkbox" checked={chosen.includes(collection)} onChange={(event) => choose(event.currentTarget.checked ? [...chosen, collection] : chosen.filter((each) => each !== collection))} />
          {collection}
        </label>
      ))}
    </fieldset>
  );
}

function SlowSyncButton({ device, done }: { device: DeviceDetail; done: () => void }) {
  const [open, turn] = useState(false);
  const [chosen, choose] = useState<string[]>([]);
  const [error, fail] = useState("");
  const begin = async () => {
    fail("");
    try {
      const { collections } = await ask<SlowSync>(["devices", device.id, "slow-sync"], { json: { collections: chosen } });
      toast(collections.length > 0 ? `The next sync of ${collections.join(", ")} is a slow one.` : "It has no collection to compare.");
      turn(false);
      done();
    } catch (reason) {
      fail(saying(reason));
    }
  };
  return (
    <>
      <button type="button" class="button quiet" onClick={() => turn(true)}><Icon name="slow" size={18} />Slow sync</button>
      {open && (
        <Dialog title="Ask for a slow sync" close={() => turn(false)}>
          <div class="stack">
            <p>At its next sync the device sends everything it has, and it is compared with what is here. That repairs what has gone apart; nothing is lost.</p>
            {error && <Notice tone="bad">{error}</Notice>}
            <Collections device={device} chosen={chosen} choose={choose} />
          </div>
          <footer>
            <button type="button" class="button quiet" onClick={() => turn(false)}>Cancel</button>
            <button type="button" class="button" onClick={() => void begin()}>Ask for it</button>
          </footer>
        </Dialog>
      )}
    </>
  );
}

function AlertButton({ device, done }: { device: DeviceDetail; done: () => void }) {
  const [open, turn] = useState(false);
  const [chosen, choose] = useState<string[]>([]);
  const [error, fail] = useState("");
  const [made, make] = useState<Alerted>();
  const begin = async () => {
    fail("");
    try {
      make(await ask<Alerted>(["devices", device.id, "alert"], { json: { collections: chosen, mode: "two-way" } }));
      done();
    } catch (reason) {
      fail(saying(reason));
    }
  };
  return (
    <>
      <button type="button" class="button quiet" onClick={() => (make(undefined), turn(true))}><Icon name="bell" size={18} />Alert</button>
      {open && (
        <Dialog title="Ask the device to come" close={() => turn(false)}>
          <div class="stack">
            <p>This makes the notification (package 0) that asks the device to begin a sync. Whatever reaches it carries it there: a WAP push gateway, a cable, a post to its address.</p>
            {error && <Notice tone="bad">{error}</Notice>}
            {!made && <Collections device={device} chosen={chosen} choose={choose} />}
            {made && <Made made={made} />}
          </div>
          <footer>
            <button type="button" class="button quiet" onClick={() => turn(false)}>{made ? "Close" : "Cancel"}</button>
            {!made && <button type="button" class="button" onClick={() => void begin()}>Make it</button>}
          </footer>
        </Dialog>
      )}
    </>
  );
}

function Made({ made }: { made: Alerted }) {
  return (
    <>
      <Notice tone="good">It asks for session {made.session}. {made.signed ? "It is signed with the nonce the device gave." : "The device has given no nonce, so it is signed with an empty one."}</Notice>
      {made.address && <p class="small">Its address is <code>{made.address}</code>; <code>npm run account -- alert</code> posts there.</p>}
      <div class="row">
        <button type="button" class="button quiet" onClick={() => save("package-0.bin", [fromBase64(made.package)], made.mediaType)}><Icon name="download" size={18} />Package 0</button>
        <button type="button" class="button quiet" onClick={() => save("wap-push.bin", [fromBase64(made.push)], "application/octet-stream")}><Icon name="download" size={18} />As a WAP push</button>
      </div>
    </>
  );
}

function ForgetButton({ device, gone }: { device: DeviceDetail; gone: () => void }) {
  const [asked, question] = useState(false);
  const forget = async () => {
    try {
      await request(["devices", device.id], { method: "DELETE" });
      toast("Forgotten.");
      gone();
      go(["devices"]);
    } catch (reason) {
      toast(saying(reason));
      question(false);
    }
  };
  return (
    <>
      <button type="button" class="button quiet" onClick={() => question(true)}><Icon name="trash" size={18} />Forget</button>
      {asked && (
        <Confirm title={`Forget ${deviceName({ device: device.id, deviceName: device.name })}?`} yes="Forget" onYes={() => void forget()} close={() => question(false)}>
          <p>What it said it can do, its anchors, its ids and its settings go. Your records stay. If it comes back it is a new device, and its first sync is a slow one.</p>
        </Confirm>
      )}
    </>
  );
}

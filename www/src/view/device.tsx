// One device: what it says it can do, how far it has come, what is done differently for it, and what one may ask of it.

import { useState } from "preact/hooks";
import { ask, request } from "../api/ask";
import { useFetched } from "../api/fetched";
import { saying } from "../api/refusal";
import type { Alerted, Bookmark, DeviceDetail, SlowSync } from "../api/schema";
import { fromBase64 } from "../part/bytes";
import { save } from "../part/copy";
import { deviceName } from "../part/device-name";
import { Confirm, Dialog } from "../part/dialog";
import { Icon } from "../part/icon";
import { Badge, Notice } from "../part/notice";
import { Shown } from "../part/shown";
import { toast } from "../part/toast";
import { go, to } from "../route";
import { ago, moment } from "../words";
import { Capabilities } from "./capabilities";
import { MappingOf } from "./mapping";
import { Quirks } from "./quirks";

export function Device({ id, gone }: { id: string; gone: () => void }) {
  const device = useFetched(`device ${id}`, (signal) => ask<DeviceDetail>(["devices", id], { signal }));
  return (
    <>
      <a class="back narrow-only" href={to(["devices"])}><Icon name="left" size={16} />Devices</a>
      <Shown of={device} what="the device">
        {(found) => (
          <>
            <Facts device={found} gone={gone} again={() => void device.again()} />
            <Bookmarks marks={found.bookmarks} />
            <Capabilities devInf={found.devInf} />
            <MappingOf device={found} />
            <Quirks device={found} put={device.put} />
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

function Facts({ device, gone, again }: { device: DeviceDetail; gone: () => void; again: () => void }) {
  const facts: [string, string | null][] = [
    ["Maker", device.maker], ["Model", device.model], ["Firmware", device.firmware], ["Software", device.software], ["Kind", device.type],
  ];
  return (
    <section class="card stack" aria-label="The device">
      <div class="top">
        <span class="face square large"><Icon name="devices" size={26} /></span>
        <div>
          <h2>{deviceName({ device: device.id, deviceName: device.name })}</h2>
          <p class="soft" title={moment(device.seen)}>Here {ago(device.seen)}, as {device.login}</p>
        </div>
      </div>
      <dl class="pairs">
        <dt>Calls itself</dt><dd><code>{device.id}</code></dd>
        {facts.map(([name, value]) => value && <><dt>{name}</dt><dd>{value}</dd></>)}
        {device.session && <><dt>Last session</dt><dd>{device.session.id}, {device.session.message} messages, {waitsFor[device.session.phase] ?? device.session.phase}</dd></>}
        {device.settings.alerted.length > 0 && <><dt>Asked to come</dt><dd>{device.settings.alerted.map((session) => `session ${session}`).join(", ")}</dd></>}
      </dl>
      <div class="row">
        <a class="button quiet" href={to(["sessions"], { device: device.id })}><Icon name="sessions" size={18} />Its sessions</a>
        <SlowSyncButton device={device} done={again} />
        <AlertButton device={device} done={again} />
        <ForgetButton device={device} gone={gone} />
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
                <table>
                  <thead><tr><th /><th>Its anchor</th><th>Ours</th><th>Has all up to</th></tr></thead>
                  <tbody>
                    <tr><th>confirmed</th><td><code>{mark.confirmed.anchor || "none"}</code></td><td><code>{mark.confirmed.ownAnchor || "none"}</code></td><td class="number">{mark.confirmed.cursor ? moment(mark.confirmed.cursor) : "nothing"}</td></tr>
                    {mark.offered && <tr><th>offered</th><td><code>{mark.offered.anchor}</code></td><td><code>{mark.offered.ownAnchor}</code></td><td class="number">{moment(mark.offered.cursor)}</td></tr>}
                  </tbody>
                </table>
              </div>
              <p class="small soft">Slow syncs begun: {mark.attempt}; ids of number {mark.generation} count.{mark.held > 0 && ` ${mark.held} sessions in a row an item has held it back.`}</p>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
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

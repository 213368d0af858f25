// The devices that have been here, and how a new phone is set up.

import { ask } from "../api/ask";
import { useFetched } from "../api/fetched";
import type { Device as OneDevice, Devices as All } from "../api/schema";
import { Dialog } from "../part/dialog";
import { DeviceName, upstreamOf } from "../part/device-name";
import { Icon } from "../part/icon";
import { Empty } from "../part/notice";
import { Shown } from "../part/shown";
import { replace, route, to } from "../route";
import { ago, moment } from "../words";
import { Device } from "./device";
import { Provisioning } from "./provisioning";

export function Devices({ device }: { device: string | undefined }) {
  const devices = useFetched("devices", (signal) => ask<All>(["devices"], { signal }));
  const asked = route.value.query.has("new");
  const here = device ? ["devices", device] : ["devices"];
  return (
    <>
      <div class="head">
        <h1>Devices</h1>
        <a class="button" href={to(here, { new: "1" })}><Icon name="plus" size={18} />Set up a phone</a>
      </div>
      <Shown of={devices} what="the devices">
        {({ devices: all }) =>
          all.length === 0 && !device ? (
            <section class="card">
              <Empty icon="devices" title="No device has been here yet">
                <p>A device appears by itself at its first sync. Set one up, or open two phones in this page.</p>
                <div class="row">
                  <a class="button" href={to(["devices"], { new: "1" })}>Set up a phone</a>
                  <a class="button quiet" href={to(["phones"])}>Open the phones</a>
                </div>
              </Empty>
            </section>
          ) : (
            <div class={`records ${device ? "opened" : ""}`}>
              <section class="card list" aria-label="The devices"><List devices={all} chosen={device} /></section>
              <div class="detail stack">
                {device ? <Device key={device} id={device} among={all} gone={() => void devices.again()} /> : (
                  <section class="card"><Empty icon="devices" title="Choose a device"><p>What it can do, how far it has come in each collection, and what it calls your records.</p></Empty></section>
                )}
              </div>
            </div>
          )
        }
      </Shown>
      {asked && <Dialog title="Set up a phone" close={() => replace(here)}><Provisioning /></Dialog>}
    </>
  );
}

function List({ devices, chosen }: { devices: OneDevice[]; chosen: string | undefined }) {
  return (
    <ul class="rows">
      {devices.map((device) => (
        <li key={device.id}>
          <a href={to(["devices", device.id])} aria-current={device.id === chosen ? "true" : undefined}>
            <span class="face square"><Icon name={upstreamOf(device.id) ? "anchor" : "devices"} /></span>
            <span class="what">
              <strong><DeviceName of={{ device: device.id, deviceName: device.name }} among={devices} /></strong>
              <span title={moment(device.seen)}>{ago(device.seen)}{device.login && `, as ${device.login}`}</span>
            </span>
            <Icon name="right" size={16} />
          </a>
        </li>
      ))}
    </ul>
  );
}

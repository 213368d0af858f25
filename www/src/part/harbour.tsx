// Devices on one side, collections on the other, and a line where one has come: whole where the sync went well, broken where it has
// not ended.

import type { Bookmark, Collection, Device } from "../api/schema";
import { to } from "../route";
import { ago, count } from "../words";
import { DeviceName, upstreamOf, type Among } from "./device-name";
import { Icon, iconOf } from "./icon";

const STEP = 56;
const DEVICES_MAX = 8;

/** The bookmarks that say a device has been there. */
const came = ({ bookmarks }: Device): Bookmark[] => bookmarks.filter((mark) => mark.confirmed.cursor > 0 || mark.offered !== null || mark.sending);

export function Harbour({ devices, collections }: { devices: Device[]; collections: Collection[] }) {
  const shown = devices.slice(0, DEVICES_MAX);
  const height = Math.max(shown.length, collections.length) * STEP;
  const middle = (index: number, of: number) => (height - of * STEP) / 2 + (index + 0.5) * STEP;
  const lines = shown.flatMap((device, from) =>
    came(device).flatMap((mark) => {
      const at = collections.findIndex(({ id }) => id === mark.collection);
      if (at < 0) return [];
      const [y1, y2] = [middle(from, shown.length), middle(at, collections.length)];
      return [{ key: `${device.id} ${mark.collection}`, d: `M0 ${y1}C50 ${y1} 50 ${y2} 100 ${y2}`, mark }];
    }),
  );
  return (
    <>
      <div class={`harbour ${shown.length === 0 ? "alone" : ""}`}>
        {shown.length > 0 && (
          <>
            <ul style={{ height: `${height}px` }}>{shown.map((device) => <li key={device.id}><DeviceNode device={device} among={devices} /></li>)}</ul>
            <svg viewBox={`0 0 100 ${height}`} style={{ height: `${height}px` }} preserveAspectRatio="none" aria-hidden="true">
              {lines.map(({ key, d, mark }) => <path key={key} d={d} class={mark.sending ? "broken" : "whole"} vector-effect="non-scaling-stroke" />)}
            </svg>
          </>
        )}
        <ul style={shown.length > 0 ? { height: `${height}px` } : {}}>
          {collections.map((collection) => (
            <li key={collection.id}>
              <a class="node" href={to(["records", collection.id])}>
                <span class="face square"><Icon name={iconOf(collection.kind)} /></span>
                <span class="what">
                  <strong>{collection.id}</strong>
                  <span>{count(collection.records ?? 0, "record")}</span>
                </span>
              </a>
            </li>
          ))}
        </ul>
      </div>
      {devices.length > DEVICES_MAX && <p class="small"><a href={to(["devices"])}>and {count(devices.length - DEVICES_MAX, "more device")}</a></p>}
    </>
  );
}

function DeviceNode({ device, among }: { device: Device; among: Among }) {
  const names = came(device).map(({ collection, sending }) => (sending ? `${collection} (not finished)` : collection));
  return (
    <a class="node" href={to(["devices", device.id])} title={names.length > 0 ? `Has ${names.join(", ")}` : "Has nothing yet"}>
      <span class="face square"><Icon name={upstreamOf(device.id) ? "anchor" : "devices"} /></span>
      <span class="what">
        <strong><DeviceName of={{ device: device.id, deviceName: device.name }} among={among} /></strong>
        <span>{ago(device.seen)}</span>
        <span class="unseen">{names.length > 0 ? `Has ${names.join(", ")}` : "Has nothing yet"}</span>
      </span>
    </a>
  );
}

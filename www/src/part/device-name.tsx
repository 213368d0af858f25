// What a device is called in a list: what it says it is; the phones of this console, which all say the same, by their letters; a server
// that this one is a client of by what the operator calls it. Of two with one name each has the end of its id with it.

interface Named {
  device: string;
  deviceName?: string | undefined;
}

/** What is known of the account's devices. */
export type Among = { id: string; name: string }[];

const TAIL_MIN = 4;

/** What the operator calls the server whose place here this is; nothing for a device. */
export const upstreamOf = (device: string): string | undefined => /^upstream:(.+)$/.exec(device)?.[1];

function plainName({ device, deviceName: said }: Named): string {
  const upstream = upstreamOf(device);
  if (upstream) return `Upstream ${upstream}`;
  const [, letter] = /^page-phone-([a-z])-[0-9a-f]{8}$/.exec(device) ?? [];
  if (letter) return `Phone ${letter.toUpperCase()} in a page`;
  return said || device || "Unknown device";
}

/** `…9f3a`, as long as it must be to tell it from the others of its name; empty where there is none. */
function tailOf(named: Named, among: Among): string {
  const name = plainName(named);
  const others = among.filter(({ id, name: said }) => id !== named.device && plainName({ device: id, deviceName: said }) === name);
  if (others.length === 0) return "";
  for (let length = TAIL_MIN; length < named.device.length; length += 1) {
    const tail = named.device.slice(-length);
    if (!others.some(({ id }) => id.endsWith(tail))) return `…${tail}`;
  }
  return named.device;
}

export function deviceName(named: Named, among: Among = []): string {
  return [plainName(named), tailOf(named, among)].filter(Boolean).join(" · ");
}

/** The same where room may be short: the name is cut, the end of the id never. */
export function DeviceName({ of, among }: { of: Named; among: Among }) {
  const tail = tailOf(of, among);
  return (
    <span class="device-name" title={of.device}>
      <span>{plainName(of)}</span>
      {tail && <span class="tail"> · {tail}</span>}
    </span>
  );
}

// What is done differently for one device: what applies now, and what the operator has set.

import { useState } from "preact/hooks";
import { ask } from "../api/ask";
import { saying } from "../api/refusal";
import type { DeviceDetail } from "../api/schema";
import { Notice } from "../part/notice";
import { toast } from "../part/toast";

type Switches = { [name: string]: unknown };

const said = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value));

export function Quirks({ device, put }: { device: DeviceDetail; put: (device: DeviceDetail) => void }) {
  const { effective } = device;
  return (
    <section class="card" aria-labelledby="quirks">
      <header><h2 id="quirks">What is done differently for it</h2></header>
      <div class="stack">
        {effective.complaints.map((complaint) => <Notice key={complaint} tone="warn">{complaint}</Notice>)}
        {effective.devices.length > 0 && <p>Known from {effective.devices.join(", ")}.</p>}
        <details>
          <summary>Every switch as it applies now</summary>
          <dl class="pairs">
            {Object.entries(effective.quirks).map(([name, value]) => (
              <><dt><code>{name}</code></dt><dd>{name in device.settings.quirks ? <strong>{said(value)}, set here</strong> : said(value)}</dd></>
            ))}
          </dl>
        </details>
        <Settings device={device} put={put} />
      </div>
    </section>
  );
}

function Settings({ device, put }: { device: DeviceDetail; put: (device: DeviceDetail) => void }) {
  const [error, fail] = useState("");
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    fail("");
    const form = new FormData(event.currentTarget as HTMLFormElement);
    try {
      const json = { quirks: switches(String(form.get("quirks") ?? "")), ctcap: form.get("ctcap") === "on", alertUrl: String(form.get("alertUrl") ?? "").trim() };
      put(await ask<DeviceDetail>(["devices", device.id, "quirks"], { method: "PUT", json }));
      toast("Saved. It applies from the device's next message.");
    } catch (reason) {
      fail(saying(reason));
    }
  };
  const { settings } = device;
  const text = Object.keys(settings.quirks).length > 0 ? JSON.stringify(settings.quirks, null, 2) : "";
  return (
    <details>
      <summary>Change it</summary>
      <form class="form" onSubmit={(event) => void submit(event)}>
        {error && <Notice tone="bad">{error}</Notice>}
        <label class="field">
          <span>Switches of its own, as JSON; docs/syncml.md names them</span>
          <textarea class="input mono" name="quirks" spellcheck={false} placeholder={'{ "no_busy": true }'} defaultValue={text} />
        </label>
        <label class="switch"><input type="checkbox" role="switch" name="ctcap" defaultChecked={settings.ctcap} />Tell it every property in our DevInf</label>
        <label class="field">
          <span>Where package 0 is posted to for it</span>
          <input class="input" name="alertUrl" inputMode="url" placeholder="https://…" defaultValue={settings.alertUrl} />
        </label>
        <div><button class="button">Save</button></div>
      </form>
    </details>
  );
}

function switches(text: string): Switches {
  if (text.trim() === "") return {};
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Error('The switches are no JSON. They look like { "no_busy": true }.');
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new Error('The switches are one object, such as { "no_busy": true }.');
  return value as Switches;
}

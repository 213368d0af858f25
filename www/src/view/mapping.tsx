// Which record a device calls by which id.

import { useState } from "preact/hooks";
import { ask } from "../api/ask";
import { saying } from "../api/refusal";
import type { DeviceDetail, Mapping } from "../api/schema";
import { Loading, Notice } from "../part/notice";
import { to } from "../route";
import { count, moment } from "../words";

const compare = new Intl.Collator("en", { numeric: true }).compare;

export function MappingOf({ device }: { device: DeviceDetail }) {
  if (device.bookmarks.length === 0) return null;
  return (
    <section class="card" aria-labelledby="mapping">
      <header><h2 id="mapping">What it calls your records</h2></header>
      {device.bookmarks.map(({ collection }) => <Collection key={collection} device={device.id} collection={collection} />)}
    </section>
  );
}

function Collection({ device, collection }: { device: string; collection: string }) {
  const [pages, set] = useState<Mapping[]>([]);
  const [error, fail] = useState("");
  const [busy, work] = useState(false);
  const next = pages.at(-1)?.next;
  const fetchPage = async () => {
    fail("");
    work(true);
    try {
      const page = await ask<Mapping>(["devices", device, "mapping"], { query: { collection, after: next, limit: 100 } });
      set((before) => [...before, page]);
    } catch (reason) {
      fail(saying(reason));
    }
    work(false);
  };
  const items = pages.flatMap((page) => page.items).toSorted((a, b) => compare(a.luid ?? "", b.luid ?? ""));
  return (
    <details onToggle={(event) => event.currentTarget.open && pages.length === 0 && void fetchPage()}>
      <summary>{collection}{pages[0] && <span class="small soft"> {count(pages[0].total, "record")}</span>}</summary>
      {error && <Notice tone="bad" action={<button type="button" class="button bare" onClick={() => void fetchPage()}>Try again</button>}>{error}</Notice>}
      {busy && <Loading what="Fetching the mapping" />}
      {pages.length > 0 && items.length === 0 && <p class="soft">It has none of its records yet.</p>}
      {items.length > 0 && (
        <div class="scroll" tabIndex={0} role="region" aria-label={`Mapping of ${collection}`}>
          <table class="wraps">
            <thead><tr><th>Its id</th><th>The record</th><th class="number">Has the version of</th></tr></thead>
            <tbody>
              {items.map((item) => (
                <tr key={item.record}>
                  <td data-column="Its id"><code>{item.luid ?? "not said yet"}</code></td>
                  <td data-column="The record">{item.live === false ? <span><code>{item.record}</code> deleted</span> : <a href={to(["records", collection, item.record])}>{item.summary || item.record}</a>}</td>
                  <td class="number" data-column="Has the version of" title={String(item.seq)}>{item.seq === 0 ? "none" : item.seq < 0 ? "unsure" : moment(item.seq)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {next && <button type="button" class="button quiet" onClick={() => void fetchPage()}>More</button>}
    </details>
  );
}

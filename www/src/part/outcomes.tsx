// What each item of a session became: added, merged, in conflict and how that was decided, refused.

import { useState } from "preact/hooks";
import type { Outcome } from "../api/schema";
import { to } from "../route";
import { digits } from "../words";
import { Icon } from "./icon";
import { Badge, Empty } from "./notice";
import { Status } from "./message";

const PAGE = 100;

type Tone = "good" | "warn" | "bad" | "accent";

const tones: { [outcome in Outcome["outcome"]]?: Tone } = {
  added: "good",
  changed: "good",
  taken: "good",
  revived: "good",
  deleted: "accent",
  merged: "warn",
  "server-wins": "warn",
  "client-wins": "warn",
  "kept-both": "warn",
  refused: "bad",
  failed: "bad",
};

export function Outcomes({ items, leftOut }: { items: Outcome[]; leftOut: number }) {
  const [shown, show] = useState(PAGE);
  if (items.length === 0) {
    return <Empty icon="records" title="No item crossed"><p>Both sides had the same already, or the session ended before any was sent.</p></Empty>;
  }
  return (
    <div class="stack">
      <div class="scroll" tabIndex={0} role="region" aria-label="Items">
        <table class="wraps">
          <thead><tr><th>Item</th><th>Where</th><th>Became</th><th>Decided</th><th>Record</th></tr></thead>
          <tbody>{items.slice(0, shown).map((item, at) => <Row key={at} item={item} />)}</tbody>
        </table>
      </div>
      {items.length > shown && <button type="button" class="button quiet" onClick={() => show(shown + PAGE * 5)}>Show more of {digits(items.length)}</button>}
      {leftOut > 0 && <p class="small soft">{digits(leftOut)} more were not kept in the trace.</p>}
    </div>
  );
}

function Row({ item }: { item: Outcome }) {
  return (
    <tr>
      <td data-column="Item">
        <span class="row"><Icon name={item.direction === "received" ? "right" : "left"} size={16} />{item.verb ?? ""} <code>{item.luid ?? ""}</code><span class="unseen">{item.direction === "received" ? "from the device" : "to the device"}</span></span>
      </td>
      <td data-column="Where">{item.collection}</td>
      <td data-column="Became"><Badge {...(tones[item.outcome] ? { tone: tones[item.outcome] } : {})}>{item.outcome}</Badge></td>
      <td data-column="Decided">{(item.status !== undefined || item.decision) && <span>{item.status !== undefined && <Status code={item.status} />} {item.decision}</span>}</td>
      <td data-column="Record">{item.record && <a href={to(["records", item.collection, item.record])}>{item.record}</a>}</td>
    </tr>
  );
}

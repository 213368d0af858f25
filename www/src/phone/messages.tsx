// The messages going by between a phone and the server, the last below; one can be opened and read.

import { useEffect, useRef, useState } from "preact/hooks";
import { Dialog } from "../part/dialog";
import { Icon } from "../part/icon";
import { Reading } from "../part/message";
import { bytes, digits, secondOf } from "../words";
import type { Phone } from "./phone";
import type { Overheard } from "./wire";

export function Messages({ phone }: { phone: Phone }) {
  const [open, choose] = useState<number>();
  const overheard = phone.wire.overheard.value;
  const chosen = overheard.find(({ key }) => key === open);
  const end = useRef<HTMLOListElement>(null);
  useEffect(() => {
    end.current?.scrollTo({ top: end.current.scrollHeight });
  }, [overheard]);
  return (
    <section class="wire" aria-label={`What phone ${phone.name.toUpperCase()} and the server say`}>
      <header class="row">
        <h3 class="wide">Messages</h3>
        {overheard.length > 0 && <button type="button" class="button bare" onClick={() => phone.wire.clear()}>Clear</button>}
      </header>
      {overheard.length === 0 ? <p class="small soft">Sync, and watch them go by.</p> : (
        <ol ref={end} tabIndex={0} aria-label="Messages, the last below">
          {overheard.map((entry) => <li key={entry.key} class={entry.from}><One entry={entry} open={() => choose(entry.key)} /></li>)}
        </ol>
      )}
      {chosen?.read && (
        <Dialog title={chosen.read.explained?.title ?? chosen.line} close={() => choose(undefined)}>
          <Reading read={chosen.read} />
        </Dialog>
      )}
    </section>
  );
}

const PAIRS_MAX = 4;

/** A Map names every pair of ids in one line: the first of them, and how many more. */
function shortened(text: string): string {
  const pairs = text.split(/(?<=” here), (?=“)/);
  return pairs.length > PAIRS_MAX ? `${pairs.slice(0, PAIRS_MAX).join(", ")}, and ${digits(pairs.length - PAIRS_MAX)} more.` : text;
}

function One({ entry, open }: { entry: Overheard; open: () => void }) {
  const { from, read, line, size, at, lost } = entry;
  const says = read?.explained?.lines.filter(({ command }) => !["SyncHdr", "Final", "Status"].includes(command)).map(({ command, text }) => (read.encoding === "other" ? `${command}: ${text}` : shortened(text))) ?? [];
  const statuses = read?.explained?.lines.filter(({ status }) => status !== undefined).length ?? 0;
  return (
    <button type="button" class={`bubble ${lost ? "lost" : ""}`} disabled={!read} onClick={open}>
      <span class="small soft number row">
        <Icon name={lost ? "warn" : from === "phone" ? "right" : "left"} size={14} />
        <span class="unseen">{from === "phone" ? "from the phone" : "from the server"}</span>
        {lost ? "The answer was lost" : line}, {size > 0 ? `${bytes(size)}, ` : ""}{secondOf(at)}
      </span>
      {says.slice(0, 4).map((text, key) => <span key={key} class="says">{text}</span>)}
      {says.length > 4 && <span class="small soft">and {says.length - 4} more</span>}
      {says.length === 0 && statuses > 0 && <span class="says soft">Acknowledges what was said.</span>}
    </button>
  );
}

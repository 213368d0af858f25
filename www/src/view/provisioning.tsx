// How a phone is set up: the link as a QR code, what is typed in, and the documents that phones read by themselves. No password.

import { useMemo } from "preact/hooks";
import { encode } from "uqr";
import { ask } from "../api/ask";
import { useFetched } from "../api/fetched";
import type { Provision } from "../api/schema";
import { Copy, save } from "../part/copy";
import { Icon } from "../part/icon";
import { Shown } from "../part/shown";
import { capital } from "../words";

export function Provisioning() {
  const provision = useFetched("provision", (signal) => ask<Provision>(["provision"], { signal }));
  return <Shown of={provision} what="the settings">{(found) => <Found {...found} />}</Shown>;
}

function Found({ link, words, databases, documents }: Provision) {
  const local = /^https?:\/\/(localhost|127\.|\[::1\])/.test(link);
  return (
    <div class="stack provisioning">
      <div class="qr">
        <Qr text={link} />
        <div class="stack">
          <p>Let the phone's camera read this: it opens a page with all of the below, and the documents to install.</p>
          {local && <p class="small soft">This server listens on this machine only. A phone reaches it through a tunnel, or once it is deployed.</p>}
          <p class="small"><a href={link}>{link}</a></p>
        </div>
      </div>
      <section>
        <h3>Or type it in</h3>
        <dl class="pairs">
          {words.map(({ name, value }) => <><dt>{capital(name)}</dt><dd><code>{value}</code></dd></>)}
          {databases.map(({ title, path, mediaTypes }) => <><dt>{title}</dt><dd><code>{path}</code> <small class="soft">{mediaTypes}</small></dd></>)}
        </dl>
        <Copy label="Copy all of it" text={[...words.map(({ name, value }) => `${name}: ${value}`), ...databases.map(({ title, path }) => `${title}: ${path}`)].join("\n")} />
      </section>
      <section>
        <h3>Or send a document</h3>
        <div class="row">
          {documents.map(({ name, mediaType, text }) => (
            <button type="button" key={name} class="button quiet" onClick={() => save(`${name.toLowerCase().replace(/[^a-z0-9]+/g, "-")}.xml`, [text], mediaType)}>
              <Icon name="download" size={18} />{name}
            </button>
          ))}
        </div>
      </section>
    </div>
  );
}

/** Dark on light in both themes: that is what cameras read. */
function Qr({ text }: { text: string }) {
  const { size, d } = useMemo(() => {
    const { data, size } = encode(text, { border: 3 });
    const cells = data.flatMap((row, y) => row.flatMap((dark, x) => (dark ? [`M${x} ${y}h1v1h-1z`] : [])));
    return { size, d: cells.join("") };
  }, [text]);
  return (
    <svg viewBox={`0 0 ${size} ${size}`} role="img" aria-label="QR code of the link for the phone" shape-rendering="crispEdges">
      <rect width={size} height={size} fill="#fff" />
      <path d={d} fill="#000" />
    </svg>
  );
}

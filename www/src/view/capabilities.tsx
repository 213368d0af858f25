// What a device says it can do (DevInf), as it said it: its databases, the forms they take, and the properties of each.

import { Badge } from "../part/notice";

interface ContentType {
  mediaType: string;
  version: string;
}

interface Capability extends ContentType {
  properties: { name: string; sizeMax?: number; values?: string[] }[];
}

interface DataStore {
  sourceRef: string;
  displayName?: string;
  receivesPreferred?: ContentType;
  receives?: ContentType[];
  sendsPreferred?: ContentType;
  sends?: ContentType[];
  capabilities?: Capability[];
  hierarchical?: boolean;
  syncTypes?: string[];
}

interface Said {
  version?: string;
  utc?: boolean;
  largeObjects?: boolean;
  numberOfChanges?: boolean;
  datastores?: DataStore[];
  capabilities?: Capability[];
  extensions?: { name: string; values?: string[] }[];
}

/** Names with underscores or without, as the server has them. */
function camel(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(camel);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase()), camel(inner)]));
}

export function Capabilities({ devInf }: { devInf: { [name: string]: unknown } | null }) {
  const said = camel(devInf) as Said | null;
  return (
    <section class="card" aria-labelledby="capabilities">
      <header>
        <h2 id="capabilities">What it can do</h2>
        {said && <span class="small soft">DevInf {said.version}</span>}
      </header>
      {said ? <Known said={said} /> : <p class="soft">It has never said. It is treated as any device: vCard 2.1, vCalendar 1.0 and plain notes.</p>}
    </section>
  );
}

function Known({ said }: { said: Said }) {
  const abilities: [string, boolean | undefined][] = [["UTC times", said.utc], ["large objects", said.largeObjects], ["number of changes", said.numberOfChanges]];
  return (
    <div class="stack">
      <p class="row">{abilities.map(([name, able]) => <Badge key={name} {...(able ? { tone: "good" as const } : {})} icon={able ? "good" : "close"}>{able ? name : `no ${name}`}</Badge>)}</p>
      {said.datastores?.map((store) => <Store key={store.sourceRef} store={store} general={said.capabilities ?? []} />)}
      {said.extensions && said.extensions.length > 0 && <p class="small soft">Extensions: {said.extensions.map(({ name, values }) => [name, values?.join(", ")].filter(Boolean).join(" ")).join("; ")}</p>}
    </div>
  );
}

const named = ({ mediaType, version }: ContentType): string => `${mediaType} ${version}`.trim();

function Types({ title, preferred, others }: { title: string; preferred: ContentType | undefined; others: ContentType[] | undefined }) {
  const all = [...(preferred ? [preferred] : []), ...(others ?? []).filter((type) => !preferred || named(type) !== named(preferred))];
  if (all.length === 0) return null;
  return (
    <>
      <dt>{title}</dt>
      <dd>{all.map((type, at) => <span key={named(type)} class="line"><code>{named(type)}</code>{at === 0 && preferred && <small class="soft"> preferred</small>}</span>)}</dd>
    </>
  );
}

function Store({ store, general }: { store: DataStore; general: Capability[] }) {
  const types = [store.receivesPreferred, ...(store.receives ?? [])].map((type) => type?.mediaType);
  const own = store.capabilities?.length ? store.capabilities : general.filter(({ mediaType }) => types.includes(mediaType));
  return (
    <section class="mark">
      <h3>{store.displayName || store.sourceRef} {store.displayName && <code class="small soft">{store.sourceRef}</code>}</h3>
      <dl class="pairs">
        <Types title="Takes" preferred={store.receivesPreferred} others={store.receives} />
        <Types title="Sends" preferred={store.sendsPreferred} others={store.sends} />
        {store.hierarchical && <><dt>Folders</dt><dd>yes</dd></>}
      </dl>
      {own.map((capability) => (
        <details key={named(capability)}>
          <summary>{capability.properties.length} properties of <code>{named(capability)}</code></summary>
          <ul class="chips">{capability.properties.map(({ name, sizeMax }) => <li key={name}><code>{name}</code>{sizeMax !== undefined && <small class="soft"> {sizeMax}</small>}</li>)}</ul>
        </details>
      ))}
    </section>
  );
}

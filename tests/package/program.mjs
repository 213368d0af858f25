// What every consumer tries, wherever it runs: the server, the stores, both clients, the codec and the errors, of an installed package.
// It needs nothing but the package and what the web platform has everywhere.

const secret = "a secret of this test";
const url = "http://server.test/syncml";

/** Tries everything; the names of what was tried. `stores` makes empty stores by name. */
export async function tryAll(anchorage, stores = {}) {
  const { memoryStore } = anchorage;
  const makers = { memory: async () => memoryStore(), object: async () => wrapped(memoryStore()), ...stores };
  const tried = [];
  for (const [name, make] of Object.entries(makers)) {
    for (const [what, body] of Object.entries({ serves, synchronises, overMax })) {
      await body(anchorage, make);
      tried.push(`${name}: ${what}`);
    }
  }
  for (const [what, body] of Object.entries({ spellsMessages, refuses })) {
    await body(anchorage);
    tried.push(what);
  }
  return tried;
}

/** Any object with the two methods. */
function wrapped(store) {
  return { read: (reads) => store.read(structuredClone(reads)), commit: (batch) => store.commit(structuredClone(batch)) };
}

async function serverOn(anchorage, store) {
  await anchorage.createAccount(store, { account: "anna", password: "secret", secret });
  return (address, init) => anchorage.serve(new Request(address, init), store, { secret });
}

async function serves(anchorage, make) {
  const store = await make();
  const lines = [];
  await anchorage.createAccount(store, { account: "anna" });
  await anchorage.createAccount(store, { account: "anna", collections: [{ id: "files", kind: "files" }] });
  const contacts = anchorage.records(store, "contacts", { account: "anna" });
  const ada = await contacts.add({ fields: { name: "Ada Lovelace" } });
  equal((await contacts.list({ search: "lovelace" })).records.map((record) => record.id), [ada.id]);
  const changed = await contacts.patch(ada.id, { company: "Engines" }, { seq: ada.seq });
  equal(changed.fields.company, "Engines");
  await fails(() => contacts.patch(ada.id, { company: "Other" }, { seq: ada.seq }), "precondition-failed");
  equal(await anchorage.records(store, "files", { account: "anna" }).list(), { records: [], next: null, head: changed.seq });
  const latin = Uint8Array.from("BEGIN:VCARD\r\nVERSION:2.1\r\nN;CHARSET=ISO-8859-1:M\u00fcller\r\nEND:VCARD\r\n", (letter) => letter.charCodeAt(0));
  const mueller = await contacts.add({ body: latin });
  equal([mueller.form, [...(await contacts.get(mueller.id)).body]], ["vcard2.1", [...latin]], "bytes that are no UTF-8");
  await contacts.remove(mueller.id);
  await contacts.remove(ada.id);
  equal(await contacts.get(ada.id), null);
  const { changes } = await contacts.changes(changed.seq);
  equal(changes.map(({ id, deleted }) => [id, deleted]), [[mueller.id, true], [ada.id, true]]);
  const lost = await anchorage.serve(new Request("http://server.test/nothing"), store, { log: (line) => lines.push(line) });
  equal(lost.status, 404);
  const closed = await anchorage.serve(new Request("http://server.test/api/account"), store);
  equal(closed.status, 401, "nobody is trusted who is not named");
}

async function synchronises(anchorage, make) {
  const server = await make();
  const fetch = await serverOn(anchorage, server);
  const there = anchorage.records(server, "contacts", { account: "anna" });
  const device = async () => {
    const store = await make();
    await anchorage.createAccount(store, { account: "local" });
    const client = new anchorage.SyncmlClient({ store, url, login: "anna", password: "secret", collections: [{ collection: "contacts" }], fetch });
    return { client, here: anchorage.records(store, "contacts") };
  };
  const [one, two] = [await device(), await device()];
  const ada = await one.here.add({ fields: { name: "Ada Lovelace", mobile: "+44 1" } });
  equal((await one.client.status()).pending, 1);
  const phases = [];
  const report = await one.client.sync({ onprogress: ({ phase }) => phases.push(phase) });
  equal([report.ended, report.collections[0].mode, report.collections[0].sent.added], ["complete", "slow", 1]);
  truth(phases.length > 2, "progress is told");
  await two.client.sync();
  equal((await two.here.list()).records.map((record) => record.fields.name), ["Ada Lovelace"]);
  // Both change the same record, in different fields: both changes stay.
  const [same] = (await two.here.list()).records;
  await one.here.patch(ada.id, { company: "Engines" });
  await two.here.patch(same.id, { mobile: "+44 2" });
  for (const { client } of [one, two, one]) equal((await client.sync()).collections[0].mode, "two-way");
  for (const records of [one.here, two.here, there]) {
    const [{ fields }] = (await records.list()).records;
    equal([fields.company, fields.mobile], ["Engines", "+44 2"]);
  }
  const standing = await one.client.status();
  equal([standing.pending, standing.underWay, standing.lastReport.ended], [0, false, "complete"]);
}

async function overMax(anchorage, make) {
  const server = await make();
  const fetch = await serverOn(anchorage, server);
  const { token } = await (
    await fetch("http://server.test/api/login", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ login: "anna", password: "secret", label: "test" }),
    })
  ).json();
  await anchorage.records(server, "contacts", { account: "anna" }).add({ fields: { name: "Grace Hopper" } });
  const store = await make();
  await anchorage.createAccount(store, { account: "local" });
  const here = anchorage.records(store, "contacts");
  await here.add({ fields: { name: "Ada Lovelace" } });
  const client = new anchorage.MaxClient({ store, url: "http://server.test/max/", token, collections: [{ collection: "contacts" }], fetch });
  equal((await client.sync()).ended, "complete");
  for (const records of [here, anchorage.records(server, "contacts", { account: "anna" })]) {
    equal((await records.list()).records.map((record) => record.summary).sort(), ["Ada Lovelace", "Grace Hopper"]);
  }
}

async function spellsMessages({ decode, encode, explain }) {
  const text = `<SyncML><SyncHdr><VerDTD>1.2</VerDTD><VerProto>SyncML/1.2</VerProto><SessionID>7</SessionID><MsgID>1</MsgID><Target><LocURI>${url}</LocURI></Target><Source><LocURI>IMEI:1</LocURI></Source><Cred><Meta><Type xmlns="syncml:metinf">syncml:auth-basic</Type></Meta><Data>${btoa("anna:secret")}</Data></Cred></SyncHdr><SyncBody><Alert><CmdID>1</CmdID><Data>201</Data></Alert><Final/></SyncBody></SyncML>`;
  const decoded = decode(new TextEncoder().encode(text));
  equal([decoded.kind, decoded.encoding, decoded.message.commands[0].command], ["syncml", "xml", "Alert"]);
  const packed = encode(decoded, { encoding: "wbxml" });
  truth(packed instanceof Uint8Array && packed.length < text.length / 2, "WBXML is small");
  equal(decode(packed).message, decoded.message);
  const rss = "<rss><channel><title>tasks</title><lastBuildDate>7</lastBuildDate><item><id>1</id><title>Milk</title></item></channel></rss>";
  const { kind, feed } = decode(new TextEncoder().encode(rss));
  equal([kind, feed], ["feed", { title: "tasks", lastBuildDate: "7", items: [{ id: "1", title: "Milk" }] }]);
  truth(new TextDecoder().decode(encode({ kind, encoding: "rss", feed })).endsWith(rss), "a feed is written again");
  const items = [
    { _date: "1763805500000", id: "1", title: "Milk", note: "", ...Object.fromEntries(Array.from("abcdefgh", (name) => [name, name])) },
    { id: "2", _deleted: "1", _date: "nonsense" },
    { id: "3" },
  ];
  const told = explain({ kind, encoding: "rss", feed: { ...feed, items } });
  equal([told.title, told.lines.map(({ id }) => id)], ["What changed in tasks up to 7", ["1", "2", "3"]]);
  equal(told.lines.map(({ text }) => text), [
    "Has title “Milk”, a “a”, b “b”, c “c”, d “d”, e “e”, f “f”, g “g” and 1 more; changed 2025-11-22T09:58:20Z.",
    "Was deleted.",
    "Has nothing in it.",
  ]);
  const said = JSON.stringify(explain(packed));
  truth(said.includes("slow sync") && said.includes("anna") && !said.includes("secret"), "it is said in words, and no secret");
}

async function refuses(anchorage) {
  const { AnchorageError, decode, encode, memoryStore, records, serve, createAccount, SyncmlClient } = anchorage;
  await fails(() => decode(Uint8Array.of(9, 9)), "malformed");
  await fails(() => decode("text"), "invalid");
  await fails(() => encode({ kind: "letter" }), "malformed");
  await fails(() => serve("http://server.test/", memoryStore()), "invalid");
  await fails(() => serve(new Request("http://server.test/syncml"), {}), "invalid");
  await fails(() => serve(new Request("http://server.test/syncml"), memoryStore(), { secret: "short" }), "invalid");
  await fails(() => createAccount(memoryStore(), { account: "no / id" }), "invalid");
  const told = await fails(() => createAccount(memoryStore(), { account: "a", collections: ["contacts"] }), "invalid");
  truth(told.message.includes("a collection { id, kind }"), told.message);
  await fails(() => new SyncmlClient({ store: memoryStore(), url: "no address", login: "", password: "", collections: [] }), "invalid");
  await fails(() => records(memoryStore(), "contacts").list(), "not-found");
  const wrong = memoryStore();
  await createAccount(wrong, { account: "local" });
  const answers = { read: async () => ({ account: "text" }), commit: async () => ({}) };
  equal((await serve(new Request("http://server.test/api/account"), answers, { account: "a" })).status, 500);
  const torn = { read: async () => Promise.reject(new Error("disk full")), commit: async () => ({}) };
  equal((await fails(() => records(torn, "contacts").list(), "broken")).message, "The store, or this package, is wrong: disk full");
  const busy = { read: async () => Promise.reject(new AnchorageError("busy", "later")), commit: async () => ({}) };
  equal((await serve(new Request("http://server.test/api/account"), busy, { account: "a" })).status, 503);
  const client = new SyncmlClient({ store: wrong, url, login: "anna", password: "secret", collections: [{ collection: "contacts" }], fetch: async () => new Response("", { status: 401 }) });
  const error = await fails(() => client.sync(), "unauthorized");
  truth(error.report.ended === "failed", "the report comes with it");
}

function truth(condition, what) {
  if (!condition) throw new Error(what);
}

function equal(found, wanted, what = "") {
  const [a, b] = [ordered(found), ordered(wanted)];
  if (a !== b) throw new Error(`${what || "different"}: found ${a}, wanted ${b}`);
}

function ordered(value) {
  return JSON.stringify(value, (_, held) => (held && typeof held === "object" && !Array.isArray(held) ? Object.fromEntries(Object.entries(held).sort()) : held));
}

async function fails(body, code) {
  try {
    await body();
  } catch (thrown) {
    if (thrown instanceof Error && thrown.name === "AnchorageError" && thrown.code === code) return thrown;
    throw new Error(`failed otherwise than with ${code}: ${thrown} (${thrown?.code})`, { cause: thrown });
  }
  throw new Error(`did not fail with ${code}`);
}

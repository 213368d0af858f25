// `npx anchorage sync URL --data DIR`: a folder of files as one side of a sync, and any SyncML or MAX server as the other.

import { existsSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { AnchorageError, MaxClient, SyncError, type SyncMode, type SyncNews, type SyncOptions, type SyncOutcome, type SyncReport, SyncmlClient } from "anchorage";
import { type Arguments, type Options, read } from "./arguments.js";
import { KINDS } from "./core.js";
import { Ending, type Exit, endingOf, exit, usage } from "./ending.js";
import { askHidden } from "./password.js";
import { type Screen, plain, plural } from "./screen.js";
import { lock } from "./sync/lock.js";
import { Mirror, type Rules, type Tally } from "./sync/mirror.js";
import { ACCOUNT, Shelf } from "./sync/shelf.js";
import { type State, type Wanted, openState, stateFolder } from "./sync/state.js";

const MODES = ["two-way", "slow", "one-way-from-client", "refresh-from-client", "one-way-from-server", "refresh-from-server"] as const satisfies readonly SyncMode[];

export const options = {
  data: { value: "DIR", help: "the folder of files; it is made where it is missing" },
  collection: { value: "NAME[=PATH]", multiple: true, help: "what to synchronise; PATH is what the server calls it. contacts unless said. One lies in DIR itself, several each in a folder of its name" },
  kind: { value: "KIND", help: "contacts, calendar, todo or notes, where a collection's name does not tell" },
  login: { value: "NAME", short: "l", help: "the name to sign in with" },
  password: { value: "P", help: "better in ANCHORAGE_PASSWORD, or typed when asked: a command line is seen by all" },
  token: { value: "T", help: "a MAX server's token; better in ANCHORAGE_TOKEN" },
  protocol: { value: "NAME", help: "syncml or max, where the address does not tell (a path with /max is MAX)" },
  mode: { value: "MODE", help: `${MODES.join(", ")}; two-way unless said` },
  encoding: { value: "NAME", help: "wbxml or xml (SyncML); wbxml unless said" },
  version: { value: "V", help: "1.0, 1.1 or 1.2 (SyncML); 1.2 unless said" },
  scheme: { value: "NAME", help: "auto, basic, md5, hmac or none: how the password is shown to the server" },
  split: { help: "make a file of each record, where a file holds several" },
  "allow-deletions": { help: "most files are gone, and that is meant" },
} as const satisfies Options;

interface Client {
  sync(options: SyncOptions): Promise<SyncReport>;
  suspend(): void;
  close(): void;
}

/** One sync: the folder into the records, the records with the server, the records into the folder. */
export async function sync(typed: readonly string[], screen: Screen): Promise<Exit> {
  const given = read(typed, options);
  const url = address(given);
  const wanted = collections(given);
  const rules: Rules = { split: given.has("split"), allowDeletions: given.has("allow-deletions") };
  const folder = resolve(given.value("data") ?? wrong("`sync` wants --data DIR: the folder of files."));
  if (existsSync(folder) && !statSync(folder).isDirectory()) throw usage(`${folder} is a file, and --data wants a folder.`);
  const speaks = protocol(given, url);
  const credentials = await signIn(given, speaks);
  const hidden = stateFolder(folder);
  const unlock = lock(hidden);
  try {
    const state = await openState(folder, hidden, wanted);
    try {
      return await run({ given, url, wanted, rules, folder, speaks, credentials, state, screen });
    } finally {
      state.close();
    }
  } finally {
    unlock();
  }
}

interface Run {
  readonly given: Arguments;
  readonly url: URL;
  readonly wanted: readonly Wanted[];
  readonly rules: Rules;
  readonly folder: string;
  readonly speaks: "syncml" | "max";
  readonly credentials: Credentials;
  readonly state: State;
  readonly screen: Screen;
}

async function run(all: Run): Promise<Exit> {
  const { state, rules, screen, wanted } = all;
  const mirrors = new Map<string, Mirror>();
  for (const { collection } of wanted) {
    const place = state.places.get(collection);
    if (!place) continue;
    const mirror = new Mirror(place.folder, state.folder, collection, place.kind, new Shelf(state.store, collection));
    mirrors.set(collection, mirror);
    await mirror.take(rules, (done, of) => screen.progress(`Reading ${collection}: ${done} of ${plural(of, "file")}`));
  }
  const { report, ending } = await carry(all);
  // Also after a sync that broke off: what has come in is in the records, and belongs into the files.
  for (const [collection, mirror] of mirrors) {
    await mirror.give((done, of) => screen.progress(`Writing ${collection}: ${done} of ${plural(of, "file")}`));
  }
  return tell(all, mirrors, report, ending);
}

/** The sync itself: Ctrl-C pauses it, and again breaks it off. */
async function carry(all: Run): Promise<{ report: SyncReport | undefined; ending: Ending | undefined }> {
  const { given, screen, url } = all;
  const abort = new AbortController();
  const line = new Line(url, abort);
  const client = clientOf(all, line.fetch);
  let stops = 0;
  const stop = (): void => {
    if (++stops > 1) return abort.abort();
    screen.note("Pausing; once more breaks it off.");
    client.suspend();
  };
  process.on("SIGINT", stop);
  process.on("SIGTERM", stop);
  try {
    const mode = given.choice("mode", MODES);
    const report = await client.sync({ ...(mode ? { mode } : {}), signal: abort.signal, onprogress: (progress) => screen.progress(words(progress)) });
    const paused = report.ended === "suspended" ? new Ending(exit.interrupted, "suspended", "Paused. The next sync goes on where this one stopped.") : undefined;
    return { report, ending: paused };
  } catch (error) {
    if (line.dead) return { report: undefined, ending: line.dead };
    if (!(error instanceof AnchorageError)) throw error;
    return { report: error instanceof SyncError ? error.report : undefined, ending: endingOf(error) };
  } finally {
    process.off("SIGINT", stop);
    process.off("SIGTERM", stop);
    client.close();
  }
}

/** Tries of a server that has never answered. One that has is waited for longer, as the core says. */
const KNOCKS = 2;

/** The way to the server. */
class Line {
  /** Why it was given up. */
  dead: Ending | undefined;
  #heard = false;
  #lost = 0;
  readonly #url: URL;
  readonly #abort: AbortController;

  constructor(url: URL, abort: AbortController) {
    this.#url = url;
    this.#abort = abort;
  }

  readonly fetch: typeof globalThis.fetch = async (input, init) => {
    try {
      const answer = await fetch(input, init);
      this.#heard = true;
      return answer;
    } catch (error) {
      if (!this.#heard && ++this.#lost >= KNOCKS && !this.#abort.signal.aborted) {
        const why = error instanceof Error && error.cause instanceof Error ? error.cause : error;
        const words = why instanceof Error ? why.message || ("code" in why ? String(why.code) : why.name) : String(why);
        this.dead = new Ending(exit.unreachable, "unreachable", `${this.#url.host} cannot be reached: ${words}. What was done to the files is kept for the next sync.`);
        this.#abort.abort();
      }
      throw error;
    }
  };
}

function clientOf({ given, url, wanted, speaks, credentials, state }: Run, fetch: typeof globalThis.fetch): Client {
  const pairs = wanted.map(({ collection, remote }) => ({ collection, ...(remote === undefined ? {} : { remote }) }));
  const common = { store: state.store, url: url.href, account: ACCOUNT, device: state.device, collections: pairs, fetch };
  if (speaks === "max") return new MaxClient({ ...common, token: credentials.token });
  const encoding = given.choice("encoding", ["wbxml", "xml"] as const);
  const version = given.choice("version", ["1.0", "1.1", "1.2"] as const);
  const scheme = given.choice("scheme", ["auto", "basic", "md5", "hmac", "none"] as const);
  return new SyncmlClient({
    ...common,
    login: credentials.login,
    password: credentials.password,
    ...(encoding ? { encoding } : {}),
    ...(version ? { version } : {}),
    ...(scheme ? { scheme } : {}),
  });
}

// ------------------------------------------------------------------------------------------------------------------- typed

function address(given: Arguments): URL {
  const [word, more] = given.words;
  if (word === undefined) throw usage("`sync` wants URL, the server's address. `npx anchorage sync --help` shows examples.");
  if (more !== undefined) throw usage(`\`${more}\` is one word too many: the folder goes after --data, what to synchronise after --collection.`);
  if (!URL.canParse(word) || !/^https?:$/.test(new URL(word).protocol)) throw usage(`\`${word}\` is no address like https://sync.example/syncml.`);
  const url = new URL(word);
  if (url.username || url.password) throw usage("A password in an address is seen by all: give --login, and the password in ANCHORAGE_PASSWORD or when asked.");
  return url;
}

function protocol(given: Arguments, url: URL): "syncml" | "max" {
  const said = given.choice("protocol", ["syncml", "max"] as const);
  return said ?? (/\/max(\/|$)/.test(url.pathname) ? "max" : "syncml");
}

function collections(given: Arguments): Wanted[] {
  const kind = given.choice("kind", KINDS);
  const typed = given.all("collection").flatMap((word) => word.split(",")).filter(Boolean);
  const wanted = (typed.length > 0 ? typed : ["contacts"]).map((word): Wanted => {
    const at = word.indexOf("=");
    const [collection, remote] = at < 0 ? [word, undefined] : [word.slice(0, at), word.slice(at + 1)];
    if (!/^[a-z0-9][a-z0-9._-]{0,63}$/i.test(collection)) throw usage(`\`${collection}\` is no name for a collection: 1 to 64 letters, digits and ._-, as in contacts=./addressbook.`);
    return { collection, remote: remote || undefined, kind };
  });
  const names = wanted.map(({ collection }) => collection.toLowerCase());
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw usage(`--collection ${twice} stands there twice.`);
  if (kind && wanted.length > 1) throw usage("--kind goes with one --collection; synchronise the others by themselves.");
  return wanted;
}

interface Credentials {
  readonly login: string;
  readonly password: string;
  readonly token: string;
}

async function signIn(given: Arguments, speaks: "syncml" | "max"): Promise<Credentials> {
  if (speaks === "max") {
    if (given.has("login") || given.has("password")) throw usage("A MAX server is shown a token (--token, or ANCHORAGE_TOKEN), no login and password.");
    const token = given.value("token") ?? process.env.ANCHORAGE_TOKEN ?? (await askHidden("Token"));
    return { login: "", password: "", token: token || wrong("A MAX server wants a token: ANCHORAGE_TOKEN=… or --token.") };
  }
  if (given.has("token")) throw usage("--token is for MAX; a SyncML server is shown --login and a password.");
  const login = given.value("login") ?? "";
  if (given.value("scheme") === "none") return { login, password: "", token: "" };
  if (!login) wrong("`sync` wants --login NAME, the name to sign in with.");
  const password = given.value("password") ?? process.env.ANCHORAGE_PASSWORD ?? (await askHidden(`Password of ${login}`));
  return { login, password: password ?? wrong("`sync` wants a password: ANCHORAGE_PASSWORD=…, or type it at a terminal."), token: "" };
}

function wrong(message: string): never {
  throw usage(message);
}

// -------------------------------------------------------------------------------------------------------------------- said

function words({ phase, sent, sentOf, received, receivedOf, lost }: SyncNews): string {
  const part = (what: string, done: number, of: number): string => (done === 0 && of === 0 ? "" : ` ${what} ${done}${of > 0 ? ` of ${of}` : ""}`);
  if (lost !== undefined) return `${phase}… no answer (${plain(lost)}), trying again`;
  return `${phase}…${part("sent", sent, sentOf)}${part("received", received, receivedOf)}`;
}

const any = ({ added, changed, deleted }: Tally): boolean => added + changed + deleted > 0;
const told = ({ added, changed, deleted }: Tally): string => `${added} new, ${changed} changed, ${deleted} deleted`;

/** What the server took, in words. A sync that compares sends everything: what of that is news, only the files can tell. */
function went({ mode, sent }: SyncOutcome, fromFolder: Tally): string {
  const sum = ({ added, changed, deleted }: Tally): number => added + changed + deleted;
  if (mode !== "slow") return told(sent);
  return sum(sent) === sum(fromFolder) ? told(fromFolder) : `${plural(sum(sent), "record")} sent to be compared`;
}

function tell({ screen, url }: Run, mirrors: ReadonlyMap<string, Mirror>, report: SyncReport | undefined, ending: Ending | undefined): Exit {
  const { green, yellow, dim } = screen.colours;
  const outcomes = new Map((report?.collections ?? []).map((outcome) => [outcome.collection, outcome]));
  let partly = false;
  const documents = [];
  for (const [collection, mirror] of mirrors) {
    const { fromFolder, toFolder, troubles, others } = mirror;
    const outcome = outcomes.get(collection);
    partly ||= troubles.length > 0 || (outcome?.refused ?? 0) > 0 || !!outcome?.error;
    const refused = (outcome?.refusals ?? []).map(({ record, item, message }) => ({ name: mirror.fileOf(record) ?? (record || item || "an item"), reason: message }));
    documents.push({ collection, fromFolder, toFolder, troubles, refused, others, outcome });
    const out = outcome && any(outcome.sent) ? went(outcome, fromFolder) : undefined;
    const back = any(toFolder) ? told(toFolder) : undefined;
    // Of a sync that did not come to its end only what it did is told.
    if (!ending || out || back || troubles.length > 0) screen.say(`${ending ? yellow(collection) : green(collection)}`);
    if (!ending || out) screen.say(`  files to ${url.host}   ${out ?? dim("nothing new")}`);
    if (!ending || back) screen.say(`  ${url.host} to files   ${back ?? dim("nothing new")}`);
    if (outcome?.whySlow && !ending) screen.say(dim(`  everything was compared: ${plain(outcome.whySlow)}`));
    if (outcome?.conflicts) screen.say(`  ${plural(outcome.conflicts, "conflict")}, decided by the server`);
    for (const { name, reason } of refused) screen.note(yellow(`  refused: ${plain(name)}: ${plain(reason)}`));
    const more = (outcome?.refused ?? 0) - refused.length;
    if (more > 0) screen.note(yellow(`  and ${plural(more, "record")} more refused, or left for the next time`));
    if (outcome?.error && !ending) screen.note(yellow(`  ${plain(outcome.error.message)}`));
    for (const { name, reason } of troubles) screen.note(yellow(`  left alone: ${plain(name)}: ${plain(reason)}`));
    if (others > 0 && !ending) screen.say(dim(`  ${plural(others, "file")} of another kind left alone`));
  }
  const rest = { collections: documents, report };
  if (!ending && !partly) {
    screen.document({ ok: true, exit: exit.done, ...rest });
    return exit.done;
  }
  const { exit: code, ...error } = ending ? { exit: ending.exit, code: ending.code, message: ending.message } : { exit: exit.partly, ...left(documents) };
  screen.document({ ok: false, exit: code, error, ...rest });
  if (ending) screen.note(plain(ending.message));
  return code;
}

/** What was not done of a sync that ended well. */
function left(documents: readonly { readonly troubles: readonly unknown[]; readonly outcome: SyncOutcome | undefined }[]): { code: string; message: string } {
  const files = documents.reduce((sum, { troubles }) => sum + troubles.length, 0);
  const records = documents.reduce((sum, { outcome }) => sum + (outcome?.refused ?? 0), 0);
  const reasons = documents.flatMap(({ outcome }) => outcome?.error?.message ?? []);
  const parts = [files > 0 ? `${plural(files, "file")} left alone` : "", records > 0 ? `${plural(records, "record")} refused, or left for the next time` : "", ...reasons];
  return { code: "partly", message: `Done, but for what is named: ${parts.filter(Boolean).join("; ")}` };
}

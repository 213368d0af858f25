// `npx anchorage serve --data DIR`: the whole server on Node and SQLite. What a request means is the core's; here it comes in
// from a socket, with bounds on its size and its time, and the answer goes out.

import { readFileSync } from "node:fs";
import { type IncomingMessage, type Server, type ServerResponse, createServer } from "node:http";
import { createServer as createSecureServer } from "node:https";
import { isIP } from "node:net";
import { Readable } from "node:stream";
import { type ServeOptions, type Store, serve as answer } from "anchorage";
import { type Arguments, type Options, read } from "./arguments.js";
import { type Data, DATA, openData } from "./data.js";
import { Ending, type Exit, exit, usage } from "./ending.js";
import { operate, tend } from "./core.js";
import { Desk } from "./desk.js";
import { type Screen, plain } from "./screen.js";
import { type Site, siteIn } from "./site.js";

export const options = {
  data: { value: "DIR", help: `the folder of the data; ./${DATA} unless said` },
  port: { value: "N", short: "p", help: "the port; 8787 unless said, 0 for any that is free" },
  host: { value: "ADDRESS", help: "where to listen; 127.0.0.1 unless said, 0.0.0.0 for every network" },
  cert: { value: "FILE", help: "a certificate chain in PEM: then it speaks HTTPS" },
  key: { value: "FILE", help: "the certificate's private key" },
  "behind-proxy": { help: "a proxy in front says who comes and over what (X-Forwarded-For, X-Forwarded-Proto)" },
  console: { value: "DIR", help: "a console to serve at /, as `npm run build` in a checkout leaves it in build/www; none unless said" },
  demo: { help: "make the account demo with the password demo, for trying out on this machine only" },
  quiet: { short: "q", help: "no line for each request" },
} as const satisfies Options;

/** How long a request may take to come in, and how long answers in flight are waited for at the end. */
const REQUEST_MS_MAX = 60_000;
const HEADERS_MS_MAX = 15_000;
const GRACE_MS = 10_000;
const CONNECTIONS_MAX = 1_000;

/** How often arranged syncs are looked after. */
const TEND_MS = 60_000;
const HEADER_BYTES_MAX = 32 * 1024;

/** Serves until it is told to stop. */
export async function serve(typed: readonly string[], screen: Screen): Promise<Exit> {
  const given = read(typed, options);
  const extra = given.words[0];
  if (extra !== undefined) throw usage(`\`${extra}\` is one word too many. The folder goes after --data.`);
  const host = given.value("host") ?? "127.0.0.1";
  if (given.has("demo") && !loopback(host)) throw usage("--demo makes an account with a password that everybody knows: leave --host out with it.");
  const data = await openData(given.value("data") ?? DATA);
  try {
    if (given.has("demo")) await demo(data, screen);
    const server = listenerOf(given, data, screen);
    await listen(server, given.number("port", 0, 65_535) ?? 8787, host);
    await greet(server, given, data, screen);
    const untend = tending(data, given, screen);
    await stopped(server, screen);
    await untend();
    return exit.done;
  } finally {
    data.close();
  }
}

function listenerOf(given: Arguments, data: Data, screen: Screen): Server {
  const site = siteIn(given.value("console"));
  const behind = given.has("behind-proxy");
  const log = given.has("quiet") || screen.json ? undefined : (line: string) => screen.say(plain(line));
  const respond = (request: IncomingMessage, response: ServerResponse): void => {
    const from = origin(request, behind, given.has("cert"));
    const settings: ServeOptions = { secret: data.secret, local: given.has("demo"), address: from.address, ...(log ? { log } : {}) };
    void exchange(request, response, from.url, data.store, settings, site).catch((error: unknown) => {
      screen.note(plain(`A request could not be answered: ${error instanceof Error ? error.message : String(error)}`));
      if (!response.headersSent) response.writeHead(500).end();
      else response.destroy();
    });
  };
  const bounds = { requestTimeout: REQUEST_MS_MAX, headersTimeout: HEADERS_MS_MAX, keepAliveTimeout: 30_000, maxHeaderSize: HEADER_BYTES_MAX };
  const server = secured(given, bounds, respond) ?? createServer(bounds, respond);
  server.maxConnections = CONNECTIONS_MAX;
  // Also for who asks and does not listen.
  server.timeout = 2 * REQUEST_MS_MAX;
  return server;
}

function secured(given: Arguments, bounds: object, respond: (request: IncomingMessage, response: ServerResponse) => void): Server | undefined {
  const [cert, key] = [given.value("cert"), given.value("key")];
  if (cert === undefined && key === undefined) return undefined;
  if (cert === undefined || key === undefined) throw usage("--cert and --key go together.");
  return createSecureServer({ ...bounds, cert: readFileSync(cert), key: readFileSync(key) }, respond);
}

/** One request in the web's own words, and its answer back. */
async function exchange(request: IncomingMessage, response: ServerResponse, url: string, store: Store, settings: ServeOptions, site: Site | undefined): Promise<void> {
  const method = request.method ?? "GET";
  const page = await site?.page(method, new URL(url).pathname);
  if (page) {
    response.writeHead(200, page.headers).end(method === "HEAD" ? undefined : page.body);
    return;
  }
  const headers = new Headers();
  for (let index = 0; index + 1 < request.rawHeaders.length; index += 2) {
    headers.append(request.rawHeaders[index] ?? "", request.rawHeaders[index + 1] ?? "");
  }
  const gone = new AbortController();
  response.once("close", () => gone.abort());
  const hasBody = method !== "GET" && method !== "HEAD";
  const body = hasBody ? { body: Readable.toWeb(request) as ReadableStream<Uint8Array>, duplex: "half" as const } : {};
  const answered = await answer(new Request(url, { method, headers, signal: gone.signal, ...body }), store, settings);
  response.writeHead(answered.status, [...answered.headers].flat());
  const bytes = new Uint8Array(await answered.arrayBuffer());
  // What was not read of a body that is too large: the connection is of no more use.
  if (hasBody && !request.complete) response.shouldKeepAlive = false;
  response.end(method === "HEAD" ? undefined : bytes);
}

/** Where the request was meant for, and whose it is. */
function origin(request: IncomingMessage, behindProxy: boolean, secure: boolean): { url: string; address: string } {
  const told = (name: string): string | undefined => {
    const value = behindProxy ? request.headers[name] : undefined;
    return (Array.isArray(value) ? value.join(",") : value)?.split(",").at(-1)?.trim() || undefined;
  };
  const scheme = (told("x-forwarded-proto") ?? (secure ? "https" : "http")) === "https" ? "https" : "http";
  const host = request.headers.host ?? "localhost";
  const path = request.url?.startsWith("/") ? request.url : "/";
  const base = URL.canParse(`${scheme}://${host}`) ? `${scheme}://${host}` : `${scheme}://localhost`;
  const forwarded = told("x-forwarded-for");
  const address = forwarded && isIP(forwarded) ? forwarded : (request.socket.remoteAddress ?? "");
  return { url: new URL(base).origin + path, address };
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      const why = error.code === "EADDRINUSE" ? `something listens on port ${port} already: --port chooses another` : error.message;
      reject(new Ending(error.code === "EADDRINUSE" ? exit.busy : exit.failed, "listen", `${host} cannot be listened on: ${why}.`));
    });
    server.listen(port, host, () => resolve());
  });
}

async function greet(server: Server, given: Arguments, data: Data, screen: Screen): Promise<void> {
  const found = server.address();
  const { address, port } = typeof found === "object" && found ? found : { address: "", port: 0 };
  const name = isIP(address) === 6 ? `[${address}]` : address;
  const url = `${given.has("cert") ? "https" : "http"}://${name}:${port}`;
  screen.document({ ok: true, url, data: data.folder, pid: process.pid });
  const { bold } = screen.colours;
  screen.say(`Anchorage serves ${data.folder} on ${bold(url)}`);
  screen.say(`  SyncML  ${url}/syncml`);
  screen.say(`  MAX     ${url}/max/contacts, calendar, todo, notes`);
  const folder = given.value("data");
  const where = folder === undefined ? "" : ` --data ${folder}`;
  if (data.fresh && !given.has("demo")) {
    screen.say(`There is no account yet. In another terminal:`);
    screen.say(`  npx anchorage account add anna${where}`);
  }
  if (!loopback(address) && !given.has("cert") && !given.has("behind-proxy")) {
    screen.note("Passwords go over this network in the clear: give --cert and --key, or put a proxy with HTTPS in front (--behind-proxy).");
  }
}

const loopback = (host: string): boolean => host === "localhost" || host === "::1" || /^127\./.test(host);

/** The demo account of local development; the same order as a checkout's. */
async function demo(data: Data, screen: Screen): Promise<void> {
  const desk = new Desk(screen);
  const code = await operate(["demo"], data.store, desk, data.secret);
  if (code !== exit.done) throw new Ending(exit.failed, "demo", String(desk.told.error ?? "The demo account could not be made."));
}

/** At once and every minute, as a worker's cron trigger does: arranged syncs with other servers go on. The answer ends it. */
function tending(data: Data, given: Arguments, screen: Screen): () => Promise<void> {
  const desk = new Desk(screen);
  let under: Promise<void> | undefined;
  const tendOnce = async (): Promise<void> => {
    try {
      const lines = await tend(data.store, desk, data.secret);
      if (!given.has("quiet")) for (const line of lines) screen.say(plain(line));
    } catch (error) {
      screen.note(plain(`Arranged syncs were not looked after: ${error instanceof Error ? error.message : String(error)}`));
    }
  };
  const begin = (): void => {
    under ??= tendOnce().finally(() => (under = undefined));
  };
  begin();
  const timer = setInterval(begin, TEND_MS);
  return async () => {
    clearInterval(timer);
    // One that is cut off here goes on where it stopped, as after a crash.
    await Promise.race([under, new Promise((resolve) => setTimeout(resolve, GRACE_MS).unref())]);
  };
}

/** Waits for a signal; then answers what has come in, and takes no more. A second signal ends it at once. */
function stopped(server: Server, screen: Screen): Promise<void> {
  return new Promise((resolve) => {
    const stop = (): void => {
      for (const signal of ["SIGINT", "SIGTERM"] as const) {
        process.off(signal, stop);
        process.once(signal, () => process.exit(exit.interrupted));
      }
      screen.note("Stopping.");
      const late = setTimeout(() => server.closeAllConnections(), GRACE_MS);
      server.close(() => {
        clearTimeout(late);
        resolve();
      });
      server.closeIdleConnections();
    };
    process.once("SIGINT", stop);
    process.once("SIGTERM", stop);
  });
}

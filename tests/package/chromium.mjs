// Chromium for the tests: the one that Debian brings, with nothing to ask the network, and pages served from folders.

import { existsSync, readFileSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { chromium, installChromium } from "../debian.mjs";

const places = [process.env.CHROMIUM, chromium, "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
const found = () => places.find((path) => path && existsSync(path));
const reason = found() ? undefined : installChromium();
export const executablePath = found();

/** A reason to skip, which CI takes for a failure. */
export const missing = executablePath ? false : (reason ?? "no Chromium is installed");

export const args = ["--no-sandbox", "--disable-gpu", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1", "--disable-component-update", "--no-pings"];

const types = { ".html": "text/html", ".js": "text/javascript", ".mjs": "text/javascript", ".wasm": "application/wasm", ".json": "application/json" };

/** The strictest policy under which WebAssembly runs at all: no `eval`. */
const policy = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'";

/** Serves a folder on this machine; the address, and how to end it. */
export async function served(folder) {
  const server = createServer((request, response) => {
    if (request.url === "/favicon.ico") return void response.writeHead(204).end();
    const path = join(folder, normalize(new URL(request.url, "http://x").pathname));
    const file = existsSync(path) && statSync(path).isDirectory() ? join(path, "index.html") : path;
    if (!file.startsWith(folder) || !existsSync(file)) return void response.writeHead(404).end();
    response.writeHead(200, { "content-type": types[extname(file)] ?? "application/octet-stream", "content-security-policy": policy });
    response.end(readFileSync(file));
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const end = () => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  };
  return { address: `http://127.0.0.1:${server.address().port}`, end };
}

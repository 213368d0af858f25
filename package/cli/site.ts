// The console's files, where they are there: pages, scripts and pictures that `serve` hands out beside the server.

import { existsSync, readFileSync, readdirSync, realpathSync, statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { extname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { Ending, exit } from "./ending.js";

export interface Site {
  /** The file at a path, or nothing: then the server answers. */
  page(method: string, path: string): Promise<{ headers: Record<string, string>; body: Buffer } | undefined>;
}

/** Where a package that brings the console has it. */
const OWN = fileURLToPath(new URL("../console", import.meta.url));

/** A file beside the pages that says with which headers they are sent, in the words of Cloudflare's static assets. */
const RULES = "/_headers";

interface Rule {
  readonly path: RegExp;
  /** Headers to take away, and headers to give. */
  readonly lines: readonly string[];
}

const types: Readonly<Record<string, string>> = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".ico": "image/x-icon",
  ".js": "text/javascript; charset=utf-8",
  ".json": "application/json",
  ".map": "application/json",
  ".png": "image/png",
  ".svg": "image/svg+xml",
  ".txt": "text/plain; charset=utf-8",
  ".wasm": "application/wasm",
  ".webmanifest": "application/manifest+json",
  ".woff2": "font/woff2",
};

/** The files of a folder, known by name before anybody asks: no path leads out of it. */
export function siteIn(folder: string | undefined): Site | undefined {
  if (folder === undefined && !existsSync(OWN)) return undefined;
  const root = folder ?? OWN;
  if (!existsSync(join(root, "index.html"))) throw new Ending(exit.failed, "not-found", `There is no console in ${root}: it has no index.html.`);
  const files = new Map<string, string>();
  for (const name of readdirSync(realpathSync(root), { recursive: true, encoding: "utf8" })) {
    const path = join(root, name);
    if (statSync(path).isFile()) files.set(`/${relative(root, path).split(sep).join("/")}`, path);
  }
  const rules = rulesOf(files.get(RULES));
  files.delete(RULES);
  return {
    async page(method, path) {
      if (method !== "GET" && method !== "HEAD") return undefined;
      const file = files.get(path.endsWith("/") ? `${path}index.html` : path);
      if (file === undefined) return undefined;
      const basic: Record<string, string> = { "content-type": types[extname(file)] ?? "application/octet-stream", "x-content-type-options": "nosniff", "cache-control": "no-cache" };
      return { headers: rules.reduce((headers, rule) => applied(rule, path, headers), basic), body: await readFile(file) };
    },
  };
}

function rulesOf(file: string | undefined): Rule[] {
  const rules: { path: RegExp; lines: string[] }[] = [];
  for (const line of file === undefined ? [] : readFileSync(file, "utf8").split("\n")) {
    if (/^\s*(#|$)/.test(line)) continue;
    if (/^\s/.test(line)) rules.at(-1)?.lines.push(line.trim());
    else rules.push({ path: new RegExp(`^${line.trim().split("*").map((part) => part.replace(/[.+?^${}()|[\]\\]/g, "\\$&")).join(".*")}$`), lines: [] });
  }
  return rules;
}

/** `Name: value` gives a header, `! Name` takes one away that an earlier rule gave. */
function applied({ path: pattern, lines }: Rule, path: string, headers: Record<string, string>): Record<string, string> {
  if (!pattern.test(path)) return headers;
  const after = { ...headers };
  for (const line of lines) {
    if (line.startsWith("!")) delete after[line.slice(1).trim().toLowerCase()];
    const at = line.indexOf(":");
    if (!line.startsWith("!") && at > 0) after[line.slice(0, at).trim().toLowerCase()] = line.slice(at + 1).trim();
  }
  return after;
}

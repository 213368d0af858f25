// Where things are, and how a step is run: shown with its progress, stopped with its parent.
// Plain Node 20 and nothing from npm: this runs before npm has installed anything.

import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = dirname(dirname(fileURLToPath(import.meta.url)));
export const at = (...parts) => join(root, ...parts);

const beganAt = Date.now();
const signals = ["SIGINT", "SIGTERM", "SIGHUP"];

/** One line of progress: `[  12 s] Building the worker`. */
export function say(text) {
  const seconds = String(Math.round((Date.now() - beganAt) / 1000)).padStart(4);
  process.stderr.write(`[${seconds} s] ${text}\n`);
}

/** A failure that the user can do something about: shown without a stack. */
export class Failure extends Error {}

/** Runs a script's main function; ends the process with 1 where it fails. */
export async function main(body) {
  process.stdout.on("error", () => {});
  process.stderr.on("error", () => {});
  try {
    process.exitCode = (await body()) ?? 0;
  } catch (error) {
    process.stderr.write(`\n${error instanceof Failure ? error.message : error.stack}\n`);
    process.exitCode = 1;
  }
}

/** The Node that wrangler and Miniflare need: the one npm brought, or this one where it is new enough. */
export function modernNode() {
  const brought = at("node_modules", `node-${process.platform}-${process.arch}`, "bin", "node");
  if (existsSync(brought)) return brought;
  if (Number(process.versions.node.split(".")[0]) >= 22) return process.execPath;
  throw new Failure(`Node 22 or later is needed here (this is ${process.version}); npm brings it on Linux only.`);
}

/** The version that a lock or a manifest pins, so that it is written down once. */
export function pinned(name) {
  const found = readFileSync(at("Cargo.toml"), "utf8").match(new RegExp(`^${name} = .*"=([0-9.]+)"`, "m"));
  if (!found) throw new Failure(`Cargo.toml does not pin ${name}.`);
  return found[1];
}

/** What passwords are sealed with on this machine: made once, readable by its owner only. */
export function secret(state) {
  const path = join(state, "secret");
  if (!existsSync(path)) writeFileSync(path, randomBytes(32).toString("base64url"), { mode: 0o600 });
  return readFileSync(path, "utf8").trim();
}

/** What every tool is told: its helpers are here, nothing is to be downloaded, reported or asked. */
export function environment() {
  const state = at(".wrangler");
  const bins = [at("node_modules", ".bin")];
  if (existsSync(at("node_modules"))) bins.unshift(dirname(modernNode()));
  return {
    ...process.env,
    PATH: [...bins, process.env.PATH].join(delimiter),
    CLOUDFLARE_CF_FETCH_ENABLED: "false",
    CLOUDFLARE_DEV_REGISTRY_PATH: join(state, "registry"),
    WRANGLER_CACHE_DIR: join(state, "cache"),
    WRANGLER_HIDE_BANNER: "true",
    WRANGLER_LOG_PATH: join(state, "logs"),
    WRANGLER_NO_SKILLS_UPDATE_PROMPTS: "true",
    WRANGLER_SEND_ERROR_REPORTS: "false",
    WRANGLER_SEND_METRICS: "false",
  };
}

const running = new Set();
let stopped = false;

/** While something runs, a signal is its to answer, and then ours. */
function pass(signal) {
  stopped = true;
  for (const child of running) child.kill(signal);
}

function follow(child) {
  if (running.size === 0) for (const signal of signals) process.on(signal, pass);
  running.add(child);
}

function forget(child) {
  running.delete(child);
  if (running.size === 0) for (const signal of signals) process.off(signal, pass);
}

/**
 * Runs a program in our own process group and waits for it: its output is shown, or with `capture` given back, or with `tee`
 * both. With `lenient` its exit code is given back too, where otherwise any but 0 is a failure, and `out` and `err` apart: each is
 * in order, and which came first is chance.
 */
export function run(program, args = [], options = {}) {
  const { capture = false, tee = false, lenient = false, env = environment(), stdio, ...rest } = options;
  return new Promise((resolve, reject) => {
    const output = capture || tee ? "pipe" : "inherit";
    const child = spawn(program, args, { cwd: root, env, stdio: stdio ?? ["ignore", output, output], ...rest });
    follow(child);
    let text = "";
    const apart = { out: "", err: "" };
    const keep = (name, shown) => (chunk) => {
      text += chunk;
      apart[name] += chunk;
      if (tee) shown.write(chunk);
    };
    child.stdout?.setEncoding("utf8").on("data", keep("out", process.stdout));
    child.stderr?.setEncoding("utf8").on("data", keep("err", process.stderr));
    child.on("error", (error) => {
      forget(child);
      reject(error.code === "ENOENT" ? new Failure(`${program} is not installed.`) : error);
    });
    child.on("close", (code, signal) => {
      forget(child);
      if (stopped) process.exit(code ?? 130);
      if (lenient) resolve({ code: code ?? 1, text, ...apart });
      else if (code === 0) resolve(text);
      else reject(new Failure(`${text}${program} ${args.join(" ")} failed (${signal ?? `exit code ${code}`}).`));
    });
  });
}

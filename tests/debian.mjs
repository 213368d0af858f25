// What the tests need of Debian and npm does not bring: SyncEvolution, Chromium. Installed where that is possible.

import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { say } from "../scripts/run.mjs";

/** The browser of the tests. */
export const chromium = "/usr/bin/chromium";

/** Makes the browser ready; gives the reason where it cannot be had. */
export const installChromium = () => installed({ [chromium]: ["chromium"] });

/**
 * Installs what is missing; gives the reason where that cannot be. `needs`: files that show that something is there, each with the
 * packages that bring it.
 */
export function installed(needs) {
  const missing = Object.entries(needs).flatMap(([file, packages]) => (existsSync(file) ? [] : packages));
  if (missing.length === 0) return undefined;
  const hasApt = spawnSync("sh", ["-c", "command -v apt-get"]).status === 0;
  if (process.getuid() !== 0 || !hasApt) return `${missing.join(", ")} are not installed, and only root can with apt-get`;
  say(`Installing ${missing.join(", ")}`);
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const apt = (...args) => spawnSync("apt-get", ["-qq", ...args], { env, encoding: "utf8" });
  const steps = [apt("update"), apt("install", "--yes", "--no-install-recommends", ...missing)];
  return steps.at(-1).status === 0 ? undefined : `apt-get could not install ${missing.join(", ")}: ${steps.at(-1).stderr}`;
}

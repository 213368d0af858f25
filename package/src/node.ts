// The entry for Node, Deno and Bun: the module is beside this file, and loaded on import.

import { readFileSync } from "node:fs";
import { loadFromStandard, loadNow } from "./core.js";

const bytes = () => readFileSync(new URL("./anchorage.wasm", import.meta.url));

loadFromStandard(bytes);
try {
  loadNow(bytes());
} catch {
  // Bundled away from its file: load() says so, or is told where it is.
}

export * from "./index.js";

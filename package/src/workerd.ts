// The entry for Cloudflare-style workers: the runtime compiles the module, and it is loaded on import.

import module from "./anchorage.wasm";
import { loadFromStandard, loadNow } from "./core.js";

loadFromStandard(() => module);
loadNow(module);

export * from "./index.js";

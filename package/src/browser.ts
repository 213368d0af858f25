// The entry for browsers and bundlers: the module is beside this file, and fetched when `load` is called.

import { loadFromStandard } from "./core.js";

loadFromStandard(() => new URL("./anchorage.wasm", import.meta.url));

export * from "./index.js";

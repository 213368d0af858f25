// The WebAssembly module: loading it, once, and handing it to whoever needs it.

import initialise, * as glue from "./generated/anchorage.js";
import { AnchorageError, asAnchorageError, expect } from "./error.js";

/** From where the WebAssembly module can be loaded. */
export type Source = URL | string | Response | BufferSource | WebAssembly.Module;

let loaded = false;
let loading: Promise<void> | undefined;
let standard: (() => Source | Promise<Source>) | undefined;

/** Says where the module is when nobody says otherwise. An entry's business. */
export function loadFromStandard(source: () => Source | Promise<Source>): void {
  standard = source;
}

/** Loads at once. An entry's business, where the bytes are at hand. */
export function loadNow(module: BufferSource | WebAssembly.Module): void {
  if (loaded) return;
  glue.initSync({ module });
  loaded = true;
}

/**
 * Loads the WebAssembly module; a second call does nothing. Node, Deno, Bun and workerd load it by themselves when this package is
 * imported; in a browser call it once before anything else.
 *
 * Without an argument the module is fetched from beside the package's own files. Where a bundler or a content security policy puts
 * it elsewhere, say so: an address, a `Response` (or a promise's outcome), bytes, or a compiled `WebAssembly.Module`. Its file
 * is exported as `anchorage/wasm`.
 */
export async function load(source?: Source): Promise<void> {
  if (loaded) return;
  expect(source === undefined || typeof source === "string" || typeof source === "object", "load takes an address, a response, bytes or a module");
  loading ??= begin(source).finally(() => (loading = undefined));
  return loading;
}

async function begin(source: Source | undefined): Promise<void> {
  try {
    const found = source ?? (await standard?.());
    if (found === undefined) throw new AnchorageError("not-loaded", "load needs to be told where the WebAssembly module is");
    await initialise({ module_or_path: await found });
    loaded = true;
  } catch (thrown) {
    const error = asAnchorageError(thrown);
    throw new AnchorageError("not-loaded", `The WebAssembly module could not be loaded: ${error.message}`, { cause: thrown });
  }
}

/** The module's functions, once it is loaded. @internal */
export function core(): typeof glue {
  if (!loaded) {
    throw new AnchorageError("not-loaded", "The WebAssembly module is not loaded yet: call `await load()` once before anything else.");
  }
  return glue;
}

/** 32 random bytes: the core has no randomness of its own. */
export function random(): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(32));
}

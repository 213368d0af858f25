// What this package throws: errors with a code that stays.

/**
 * An error of this package. `code` stays the same from version to version; the message is for people.
 *
 * | code | what happened |
 * | --- | --- |
 * | `not-loaded` | the WebAssembly module is not loaded yet: call `load()` first |
 * | `invalid` | an argument cannot be used |
 * | `malformed` | bytes or an object that are no message |
 * | `conflict` | a store: what was read has moved on |
 * | `busy` | a store or a server has too much to do: try again later |
 * | `unauthorized`, `unreachable`, `not-found`, `refused`, `protocol`, `store`, `aborted` | why a sync failed |
 * | `broken` | this package, or a store, is wrong |
 */
export class AnchorageError extends Error {
  override readonly name = "AnchorageError";
  /** In lower case with hyphens. */
  readonly code: string;
  /** The protocol's own status, where there is one. */
  declare readonly status?: number;

  constructor(code: string, message: string, options: { status?: number; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    if (options.status !== undefined) this.status = options.status;
  }
}

/** Throws `invalid` where a condition does not hold. */
export function expect(condition: boolean, message: string): asserts condition {
  if (!condition) throw new AnchorageError("invalid", message);
}

/** Whatever was thrown, as an {@link AnchorageError}. */
export function asAnchorageError(thrown: unknown): AnchorageError {
  if (thrown instanceof AnchorageError) return thrown;
  const code = codeOf(thrown) ?? "broken";
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new AnchorageError(code, message, { cause: thrown });
}

/** Runs something, now or later, and turns what it throws into an {@link AnchorageError}. */
export function guarded<T>(body: () => T): T {
  try {
    return body();
  } catch (thrown) {
    throw asAnchorageError(thrown);
  }
}

/** The same for promises. */
export async function guardedLater<T>(body: () => Promise<T>): Promise<T> {
  try {
    return await body();
  } catch (thrown) {
    throw asAnchorageError(thrown);
  }
}

/** Without what is there and `undefined`: the core takes that for a value of the wrong kind. @internal */
export function given<T extends object>(options: T): T {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as T;
}

function codeOf(thrown: unknown): string | undefined {
  if (typeof thrown !== "object" || thrown === null || !("code" in thrown)) return undefined;
  const { code } = thrown;
  return typeof code === "string" && /^[a-z][a-z-]*$/.test(code) ? code : undefined;
}

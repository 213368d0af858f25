// What the package keeps to itself and the command line, which comes with it, may use: the module's own functions
// (src/javascript/operator.rs, src/javascript/folder.rs), and how a store reaches them.

declare module "#core" {
  interface Core {
    tend(store: unknown, desk: object, secret: string, random: Uint8Array): Promise<string[]>;
    pieces(file: Uint8Array, name: string, kind: string): unknown;
    orderOf(words: string[]): string;
    operate(words: string[], store: unknown, desk: object, secret: string, now: number, random: Uint8Array): Promise<number>;
  }
  export function core(): Core;
}

declare module "#store" {
  import type { Store } from "anchorage";
  export function placeOf(store: Store): unknown;
}

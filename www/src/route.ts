// Where in the console one is: the part of the address behind `#`, so that no server is asked for a page and nothing secret is in it.

import { signal } from "@preact/signals";
import { leave } from "./part/unsaved";

export interface Route {
  /** `["records", "contacts", "7f3a"]`. */
  path: string[];
  query: URLSearchParams;
}

export const route = signal<Route>(read());

/** The address that is shown, and how many came before it: each entry of the history has its number, or none where it is new. */
let here = location.hash;
let index = 0;
stamp(numberOf(history.state) ?? 0);

window.addEventListener("hashchange", () => {
  const [wanted, at] = [location.hash, numberOf(history.state)];
  if (wanted === here) return stamp(at ?? index + 1);
  const turn = () => {
    here = wanted;
    if (location.hash === wanted) stamp(at ?? index + 1);
    else location.hash = wanted;
    route.value = read();
  };
  // Whoever has something to lose is asked, and is meanwhile where one was.
  if (!leave(turn)) history.go(at === undefined ? -1 : index - at);
});

function stamp(at: number): void {
  index = at;
  history.replaceState({ at }, "");
}

function numberOf(state: unknown): number | undefined {
  return typeof state === "object" && state !== null && "at" in state && typeof state.at === "number" ? state.at : undefined;
}

function read(): Route {
  const [path = "", query = ""] = location.hash.replace(/^#\/?/, "").split("?", 2);
  return { path: path.split("/").filter(Boolean).map(decode), query: new URLSearchParams(query) };
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** `#/records/contacts/7f3a?search=ada`. */
export function to(path: string[], query: Record<string, string> = {}): string {
  const text = new URLSearchParams(Object.entries(query).filter(([, value]) => value !== "")).toString();
  return `#/${path.map(encodeURIComponent).join("/")}${text && `?${text}`}`;
}

export function go(path: string[], query: Record<string, string> = {}): void {
  location.hash = to(path, query);
}

/** Another address for the same view: nothing to go back to. */
export function replace(path: string[], query: Record<string, string> = {}): void {
  history.replaceState({ at: index }, "", to(path, query));
  here = location.hash;
  route.value = read();
}

// Where in the console one is: the part of the address behind `#`, so that no server is asked for a page and nothing secret is in it.

import { signal } from "@preact/signals";

export interface Route {
  /** `["records", "contacts", "7f3a"]`. */
  path: string[];
  query: URLSearchParams;
}

export const route = signal<Route>(read());

window.addEventListener("hashchange", () => {
  route.value = read();
});

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
  history.replaceState(null, "", to(path, query));
  route.value = read();
}

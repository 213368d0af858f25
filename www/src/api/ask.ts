// One request to the API under the token of who is signed in; docs/openapi.json says what there is.

import { forget, signed } from "../account";
import { Refusal } from "./refusal";

export interface Ask {
  method?: string;
  /** Sent as JSON. */
  json?: unknown;
  /** Or as it is, of this media type. */
  body?: string | Uint8Array<ArrayBuffer>;
  type?: string;
  query?: { [name: string]: string | number | boolean | null | undefined };
  /** The version a record must still have. */
  match?: number;
  signal?: AbortSignal | undefined;
}

/** `/api/…`, each part of the path encoded. */
export async function request(path: string[], ask: Ask = {}): Promise<Response> {
  const headers: { [name: string]: string } = { authorization: `Bearer ${signed.value?.token ?? ""}` };
  if (ask.json !== undefined) headers["content-type"] = "application/json";
  else if (ask.type) headers["content-type"] = ask.type;
  if (ask.match !== undefined) headers["if-match"] = `"${ask.match}"`;
  const body = ask.json !== undefined ? JSON.stringify(ask.json) : ask.body;
  const answer = await fetch(address(path, ask.query), {
    method: ask.method ?? (body === undefined ? "GET" : "POST"),
    headers,
    ...(body === undefined ? {} : { body }),
    ...(ask.signal ? { signal: ask.signal } : {}),
  }).catch(Refusal.unreachable);
  if (answer.ok) return answer;
  if (answer.status === 401) forget("Your sign-in has ended. Sign in again to go on.");
  throw await Refusal.of(answer);
}

export async function ask<T>(path: string[], options: Ask = {}): Promise<T> {
  const answer = await request(path, options);
  return (answer.status === 204 ? undefined : await answer.json()) as T;
}

function address(path: string[], query: Ask["query"] = {}): string {
  const said = Object.entries(query).flatMap(([name, value]) => (value === undefined || value === null || value === "" ? [] : [[name, String(value)]]));
  const text = new URLSearchParams(said).toString();
  return `/api/${path.map(encodeURIComponent).join("/")}${text && `?${text}`}`;
}

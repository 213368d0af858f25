// What a phone and the server say to each other, overheard where the phone's requests go out; and the phone's plug, to pull.

import { signal } from "@preact/signals";
import { readMessage } from "../part/engine";
import type { Read } from "../part/message";

export interface Overheard {
  key: number;
  from: "phone" | "server";
  at: number;
  size: number;
  /** `POST /syncml`, `200`; without a query, because a MAX token may stand in it. */
  line: string;
  /** Nothing while it is being read, and where it cannot be. */
  read?: Read;
  /** Instead of an answer. */
  lost?: boolean;
}

const KEPT_MAX = 200;

export class Wire {
  readonly overheard = signal<Overheard[]>([]);
  private count = 0;

  constructor(private readonly pulled: () => boolean) {}

  clear(): void {
    this.overheard.value = [];
  }

  /** For the client of the package in place of the browser's own. */
  readonly fetch: typeof fetch = async (input, init) => {
    const request = new Request(input, init);
    const sent = new Uint8Array(await request.clone().arrayBuffer());
    const line = `${request.method} ${new URL(request.url).pathname}`;
    const key = this.push({ from: "phone", at: Date.now(), size: sent.length, line });
    void this.read(key, "from-phone", sent, request.headers.get("content-type"));
    try {
      if (this.pulled()) throw new TypeError("this phone is offline");
      const answer = await fetch(request);
      const received = new Uint8Array(await answer.clone().arrayBuffer());
      const back = this.push({ from: "server", at: Date.now(), size: received.length, line: `${answer.status}` });
      void this.read(back, "from-server", received, answer.headers.get("content-type"));
      return answer;
    } catch (error) {
      this.push({ from: "server", at: Date.now(), size: 0, line: "lost", lost: true });
      throw error;
    }
  };

  private push(entry: Omit<Overheard, "key">): number {
    const key = ++this.count;
    this.overheard.value = [...this.overheard.value, { key, ...entry }].slice(-KEPT_MAX);
    return key;
  }

  private async read(key: number, name: string, bytes: Uint8Array, contentType: string | null): Promise<void> {
    if (bytes.length === 0) return;
    try {
      const isForm = contentType?.startsWith("application/x-www-form-urlencoded") ?? false;
      const read = isForm ? formOf(`${key}-${name}`, bytes) : await readMessage(`${key}-${name}`, bytes, contentType ?? undefined);
      this.overheard.value = this.overheard.value.map((entry) => (entry.key === key ? { ...entry, read } : entry));
    } catch {
      // What is no message is shown by its line alone.
    }
  }
}

/** What a MAX client posts: a record's fields; the token is not shown. */
function formOf(name: string, bytes: Uint8Array): Read {
  const said = new URLSearchParams(new TextDecoder().decode(bytes));
  const exact = !said.has("auth");
  said.delete("auth");
  const lines = [...said].map(([field, value]) => ({ command: field, text: value === "" ? "nothing any more" : value }));
  return { name, encoding: "other", size: bytes.length, bytes: new TextEncoder().encode(said.toString()), explained: { title: "Fields of a record", lines }, exact };
}

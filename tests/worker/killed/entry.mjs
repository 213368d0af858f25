// The entry of a worker that lives for one message: the test says in `x-anchorage-turn` what time it is, what chance brings
// and how the operator has set it, and is told beside the answer what was logged and how much memory it took. The worker itself is the built one.

import { grown } from "./memory.mjs";
import Worker from "./index.js";

const Clock = Date;

export default {
  async fetch(request, env, context) {
    const { now, random, env: vars } = JSON.parse(text(request.headers.get("x-anchorage-turn")));
    globalThis.Date = class extends Clock {
      constructor() {
        super(now);
      }
    };
    Object.defineProperty(globalThis.crypto, "getRandomValues", {
      value: (bytes) => (bytes.set(random), bytes),
      configurable: true,
    });
    const [lines, errors] = [[], []];
    console.log = (line) => lines.push(String(line));
    console.error = (error) => errors.push(String(error));

    const headers = new Headers(request.headers);
    headers.delete("x-anchorage-turn");
    const answer = await new Worker(context, { ...env, ...vars }).fetch(new Request(request, { headers }));
    // Not a new response: that would forget how its body is encoded.
    answer.headers.set("x-anchorage-logged", bytes(JSON.stringify({ lines, errors, memory: grown() })));
    return answer;
  },
};

const text = (base64) => new TextDecoder().decode(Uint8Array.from(atob(base64), (char) => char.charCodeAt(0)));
const bytes = (text) => btoa(String.fromCharCode(...new TextEncoder().encode(text)));

// Why the server did not do what it was asked, in words for people, with what to do next.

import type { Error as Body } from "./schema";

export class Refusal extends Error {
  constructor(
    readonly code: string,
    message: string,
    readonly status = 0,
  ) {
    super(message);
    this.name = "Refusal";
  }

  static async of(answer: Response): Promise<Refusal> {
    const body = (await answer.json().catch(() => null)) as Body | null;
    const said = body?.error?.message.replace(/`([^`]*)`/g, "“$1”") ?? `The server answered with ${answer.status}.`;
    const wait = answer.headers.get("retry-after");
    const next = wait && answer.status !== 401 ? ` Try again in ${wait} s.` : "";
    return new Refusal(body?.error?.code ?? "broken", sentence(said) + next, answer.status);
  }

  /** What a `fetch` that failed rejects with becomes this. */
  static unreachable(error: unknown): never {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new Refusal("unreachable", "The server cannot be reached. Look whether it runs and whether you are online, then try again.");
  }
}

export function sentence(text: string): string {
  const begun = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(begun) ? begun : `${begun}.`;
}

/** What to say about anything that was thrown. */
export function saying(error: unknown): string {
  return error instanceof Error ? sentence(error.message) : "Something went wrong.";
}

// Who is signed in: a token in this tab's session storage and nowhere else; and, until the page is closed or reloaded, the
// password that was typed, so that the phones in the page need not ask for it again.

import { signal } from "@preact/signals";
import { Refusal } from "./api/refusal";
import type { Token } from "./api/schema";

export interface Signed {
  token: string;
  account: string;
  login: string;
}

export const signed = signal<Signed | null>(stored());

/** Why one has to sign in again, where there is a reason. */
export const ended = signal("");

const typed = signal("");

/** Known only where somebody has signed in since the page was loaded. */
export const password = (): string => typed.value;

function stored(): Signed | null {
  try {
    const found: unknown = JSON.parse(sessionStorage.getItem("signed") ?? "null");
    return isSigned(found) ? found : null;
  } catch {
    return null;
  }
}

function isSigned(value: unknown): value is Signed {
  return typeof value === "object" && value !== null && "token" in value && "login" in value && "account" in value;
}

function keep(value: Signed | null): void {
  signed.value = value;
  try {
    if (value) sessionStorage.setItem("signed", JSON.stringify(value));
    else sessionStorage.removeItem("signed");
  } catch {
    // Without storage one is signed in until the page is left.
  }
}

export async function signIn(login: string, secret: string): Promise<void> {
  const body = JSON.stringify({ login, password: secret, label: "console" });
  const answer = await fetch("/api/login", { method: "POST", headers: { "content-type": "application/json" }, body }).catch(Refusal.unreachable);
  if (!answer.ok) throw await Refusal.of(answer);
  const { token, account, login: name } = (await answer.json()) as Token;
  typed.value = secret;
  ended.value = "";
  keep({ token, account, login: name });
}

/** Forgets the token here at once, and asks the server to revoke it. */
export async function signOut(): Promise<void> {
  const token = signed.value?.token;
  forget("");
  if (token) await fetch("/api/login", { method: "DELETE", headers: { authorization: `Bearer ${token}` } }).catch(() => undefined);
}

export function forget(why: string): void {
  typed.value = "";
  ended.value = why;
  keep(null);
}

/** For the phones, after the page was loaded again. */
export function remember(secret: string): void {
  typed.value = secret;
}

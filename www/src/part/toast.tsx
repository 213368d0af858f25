// A word that something was done, which goes away by itself.

import { signal } from "@preact/signals";

const said = signal("");
let timer = 0;

export function toast(text: string): void {
  said.value = text;
  clearTimeout(timer);
  timer = window.setTimeout(() => {
    said.value = "";
  }, 4000);
}

/** Always in the page, so that screen readers notice what changes in it. */
export function Toast() {
  return <div role="status" aria-live="polite" class={said.value ? "toast" : "unseen"}>{said.value}</div>;
}

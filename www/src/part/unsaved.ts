// What is typed in and not saved yet: whoever is about to leave it is asked first.

import { signal } from "@preact/signals";
import { useLayoutEffect } from "preact/hooks";

/** What waits for an answer; nothing where nobody is asked. */
export const leaving = signal<(() => void) | null>(null);

/** Each form that has something in it, and the place it is in. */
const forms = new Map<symbol, string>();

/** Before anything else can happen, which is why it is a layout effect. */
export function useUnsaved(is: boolean, place: string): void {
  useLayoutEffect(() => {
    if (!is) return;
    const form = Symbol(place);
    forms.set(form, place);
    return () => void forms.delete(form);
  }, [is, place]);
}

/** Goes on at once where nothing would be lost, of the place or of all; says whether it did. */
export function leave(go: () => void, place?: string): boolean {
  const lost = place === undefined ? forms.size > 0 : [...forms.values()].includes(place);
  if (lost) leaving.value = go;
  else go();
  return !lost;
}

/** The answer. */
export function answer(yes: boolean): void {
  const go = leaving.value;
  leaving.value = null;
  if (!yes) return;
  forms.clear();
  go?.();
}

// The browser asks in its own words when the page is closed or loaded again.
window.addEventListener("beforeunload", (event) => {
  if (forms.size > 0) event.preventDefault();
});

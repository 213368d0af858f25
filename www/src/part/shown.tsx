// What was fetched, or that it is being fetched, or why it could not be, with a way to try again.

import type { ComponentChildren } from "preact";
import type { Fetched } from "../api/fetched";
import { Loading, Notice } from "./notice";

export function Shown<T>({ of, what, children }: { of: Fetched<T>; what: string; children: (value: T) => ComponentChildren }) {
  return (
    <>
      {of.error && (
        <Notice tone="bad" action={!of.missing && <button type="button" class="button bare" onClick={() => void of.again()}>Try again</button>}>
          {of.error}
        </Notice>
      )}
      {of.value !== undefined ? children(of.value) : of.busy && <Loading what={`Fetching ${what}`} />}
    </>
  );
}

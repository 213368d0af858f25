// A view whose code is fetched when it is first opened, or before, when there is nothing else to do: a server that has gone away
// must not take the views along.

import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Loading, Notice } from "./notice";

const waiting: (() => Promise<unknown>)[] = [];

/** Fetches what has not been opened yet, one after the other. */
export async function fetchAhead(): Promise<void> {
  for (let next = waiting.shift(); next; next = waiting.shift()) await next().catch(() => undefined);
}

export function lazy<Props extends object>(load: () => Promise<ComponentType<Props>>): ComponentType<Props> {
  let found: ComponentType<Props> | undefined;
  waiting.push(load);
  return function Lazy(props: Props) {
    const [, turn] = useState(0);
    const [failed, fail] = useState(false);
    useEffect(() => {
      if (found) return;
      load().then(
        (view) => {
          found = view;
          turn((count) => count + 1);
        },
        () => fail(true),
      );
    }, []);
    if (found) {
      const View = found;
      return <View {...props} />;
    }
    if (!failed) return <Loading what="Opening" />;
    return (
      <Notice tone="bad" action={<button type="button" class="button bare" onClick={() => location.reload()}>Load again</button>}>
        This part of the console could not be fetched. Look whether you are online, then load the page again.
      </Notice>
    );
  };
}

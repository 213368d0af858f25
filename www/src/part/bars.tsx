// Amounts side by side, oldest first: a bar each, made of parts, which leads to what it stands for. The last of them, as many as there
// is room for, and as high as the highest of these.

import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { count } from "../words";

export interface Bar {
  key: string;
  /** One for each entry of `parts`. */
  values: number[];
  /** What it stands for and how much it is, in words. */
  says: string;
  href: string;
}

/** The list beside a chart has the same links, so that the keyboard need not walk through every bar. */
/** As narrow as a bar gets, with the space beside it (views.css). */
const BAR_PX = 9.5;

export function Bars({ title, parts, bars: all, unit }: { title: string; parts: string[]; bars: Bar[]; unit: (value: number) => string }) {
  const sum = (bar: Bar) => bar.values.reduce((all, value) => all + value, 0);
  const [room, fit] = useState(all.length);
  const list = useRef<HTMLOListElement>(null);
  useLayoutEffect(() => {
    const { current } = list;
    if (!current) return;
    const measure = () => fit(Math.max(1, Math.floor(current.clientWidth / BAR_PX)));
    const watch = new ResizeObserver(measure);
    watch.observe(current);
    measure();
    return () => watch.disconnect();
  }, []);
  const bars = all.slice(-room);
  const most = Math.max(1, ...bars.map(sum));
  return (
    <figure class="bars" role="group" aria-label={title}>
      <div class="plot">
        <span class="most small soft number">{unit(most)}</span>
        <ol ref={list}>
          {bars.map((bar) => (
            <li key={bar.key}>
              <a href={bar.href} title={bar.says} aria-label={bar.says} tabIndex={-1}>
                {bar.values.map((value, part) => <span key={part} class={`part-${part}`} style={{ height: `${(value / most) * 100}%` }} />)}
              </a>
            </li>
          ))}
        </ol>
      </div>
      <figcaption class="row small soft">
        {parts.map((part, index) => <span key={part} class="row"><i class={`dot part-${index}`} />{part}</span>)}
        {bars.length < all.length && <span>the last {count(bars.length, "sync")}</span>}
      </figcaption>
    </figure>
  );
}

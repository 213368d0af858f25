// Amounts side by side, oldest first: a bar each, made of parts, which leads to what it stands for.

import { useRef, useLayoutEffect } from "preact/hooks";

export interface Bar {
  key: string;
  /** One for each entry of `parts`. */
  values: number[];
  /** What it stands for and how much it is, in words. */
  says: string;
  href: string;
}

/** The list beside a chart has the same links, so that the keyboard need not walk through every bar. */
export function Bars({ title, parts, bars, unit }: { title: string; parts: string[]; bars: Bar[]; unit: (value: number) => string }) {
  const sum = (bar: Bar) => bar.values.reduce((all, value) => all + value, 0);
  const most = Math.max(1, ...bars.map(sum));
  const scroll = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    if (scroll.current) scroll.current.scrollLeft = scroll.current.scrollWidth;
  }, [bars.length]);
  return (
    <figure class="bars" role="group" aria-label={title}>
      <div class="plot">
        <span class="most small soft number">{unit(most)}</span>
        <div class="scroll" ref={scroll}>
          <ol>
            {bars.map((bar) => (
              <li key={bar.key}>
                <a href={bar.href} title={bar.says} aria-label={bar.says} tabIndex={-1}>
                  {bar.values.map((value, part) => <span key={part} class={`part-${part}`} style={{ height: `${(value / most) * 100}%` }} />)}
                </a>
              </li>
            ))}
          </ol>
        </div>
      </div>
      <figcaption class="row small soft">
        {parts.map((part, index) => <span key={part} class="row"><i class={`dot part-${index}`} />{part}</span>)}
      </figcaption>
    </figure>
  );
}

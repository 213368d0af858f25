// A month with its events: each on the days it covers. Recurrence is not computed, as nowhere on the server: a sign says that an event
// comes again.

import { useState } from "preact/hooks";
import type { Record } from "../api/schema";
import { DAY, count } from "../words";
import { Icon } from "./icon";
import { inWords } from "./repeats";

export interface Event {
  id: string;
  title: string;
  /** Epoch milliseconds; days of whole-day events are in this browser's zone already. */
  start: number;
  end: number;
  /** The rule, where it comes again on other days. */
  repeats?: string | undefined;
}

const names = ["Mo", "Tu", "We", "Th", "Fr", "Sa", "Su"];
const title = new Intl.DateTimeFormat("en-GB", { month: "long", year: "numeric" });
const long = new Intl.DateTimeFormat("en-GB", { weekday: "long", day: "numeric", month: "long" });

/** Nothing where there is no date. A day is UTC's midnight in its fields, and is that day here. */
export function eventOf({ id, summary, fields }: Pick<Record, "id" | "summary" | "fields">): Event | undefined {
  const [start, end] = [Number(fields.start ?? 0), Number(fields.end ?? 0)];
  if (!Number.isFinite(start) || start === 0 || Math.abs(start) > 8e15) return undefined;
  const local = (value: number) => (fields.allday === "1" ? value + new Date(value).getTimezoneOffset() * 60_000 : value);
  const last = Number.isFinite(end) && end > start ? end : start + 1;
  return { id, title: summary || "Without a title", start: local(start), end: local(last), repeats: fields.rrule };
}

/** The Mondays' weeks that a month touches. */
function daysOf(year: number, month: number): Date[] {
  const first = new Date(year, month, 1);
  const lead = (first.getDay() + 6) % 7;
  const weeks = Math.ceil((lead + new Date(year, month + 1, 0).getDate()) / 7);
  return Array.from({ length: weeks * 7 }, (_, at) => new Date(year, month, 1 - lead + at));
}

interface Props {
  events: Event[];
  /** Epoch milliseconds: the month it opens with. */
  at: number;
  chosen?: string;
  open?: (id: string) => void;
}

export function Month({ events, at, chosen, open }: Props) {
  const [month, turn] = useState(() => new Date(new Date(at).getFullYear(), new Date(at).getMonth(), 1));
  const days = daysOf(month.getFullYear(), month.getMonth());
  const step = (by: number) => turn(new Date(month.getFullYear(), month.getMonth() + by, 1));
  const today = new Date().toDateString();
  return (
    <div class={`month ${open ? "open" : "small"}`}>
      <div class="row">
        <button type="button" class="button bare icon" aria-label="The month before" onClick={() => step(-1)}><Icon name="left" /></button>
        <h3 aria-live="polite">{title.format(month)}</h3>
        <button type="button" class="button bare icon" aria-label="The next month" onClick={() => step(1)}><Icon name="right" /></button>
      </div>
      <div class="weekdays small soft" aria-hidden="true">{names.map((name) => <span key={name}>{name}</span>)}</div>
      <ol>
        {days.map((day) => {
          const here = events.filter(({ start, end }) => start < day.getTime() + DAY && end > day.getTime());
          const classes = [day.getMonth() === month.getMonth() ? "" : "other", day.toDateString() === today ? "today" : "", here.length > 0 ? "busy" : ""];
          return (
            <li key={day.getTime()} class={classes.join(" ")} aria-label={`${long.format(day)}${here.length > 0 ? `, ${count(here.length, "event")}` : ""}`}>
              <span class="date number" aria-hidden="true">{day.getDate()}</span>
              {here.slice(0, open ? 3 : 1).map(({ id, title, repeats }) =>
                open ? (
                  <button type="button" key={id} class={id === chosen ? "event lit" : "event"} title={repeats ? `${title}, ${inWords(repeats)}` : title} onClick={() => open(id)}>
                    {repeats && <Icon name="repeat" size={12} />}
                    <span>{title}</span>
                    {repeats && <span class="unseen">, repeats</span>}
                  </button>
                ) : (
                  <i key={id} class="event lit" title={title} />
                ),
              )}
              {open && here.length > 3 && <span class="small soft">+{here.length - 3}</span>}
            </li>
          );
        })}
      </ol>
    </div>
  );
}

// A month with its events: each on the days it covers. Recurrence is not computed, as nowhere on the server: a sign says that an event
// comes again.

import { useState } from "preact/hooks";
import { count } from "../words";
import { isOn, midnight, weeksOf, type Event } from "./days";
import { Icon } from "./icon";
import { inWords } from "./repeats";

const names = ["Mo", "Tu", "We", "Th", "Fr", "Sa", "Su"];
const title = new Intl.DateTimeFormat("en-GB", { month: "long", year: "numeric" });
const long = new Intl.DateTimeFormat("en-GB", { weekday: "long", day: "numeric", month: "long" });

interface Props {
  events: Event[];
  /** Epoch milliseconds: the month it opens with. */
  at: number;
  chosen?: string;
  open?: (id: string) => void;
}

export function Month({ events, at, chosen, open }: Props) {
  const [month, turn] = useState(() => midnight(new Date(at).getFullYear(), new Date(at).getMonth(), 1));
  const days = weeksOf(month.getFullYear(), month.getMonth());
  const step = (by: number) => turn(midnight(month.getFullYear(), month.getMonth() + by, 1));
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
          const here = events.filter((event) => isOn(event, day));
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

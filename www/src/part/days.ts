// Events on the days of this browser's zone. A day is from its own midnight to the next day's: where clocks change it has no 24 hours.

import type { Record } from "../api/schema";

export interface Event {
  id: string;
  title: string;
  /** Epoch milliseconds; days of whole-day events are in this browser's zone already. */
  start: number;
  end: number;
  /** The rule, where it comes again on other days. */
  repeats?: string | undefined;
}

/** When a day begins here. `new Date` would take a year below 100 for one of the last century. */
export function midnight(year: number, month: number, day: number): Date {
  const date = new Date(2000, 0, 1);
  date.setFullYear(year, month, day);
  return date;
}

/** The midnight here of the day that it is in UTC, or of one so many days after it. */
function dayHere(value: number, after = 0): number {
  const day = new Date(value);
  return midnight(day.getUTCFullYear(), day.getUTCMonth(), day.getUTCDate() + after).getTime();
}

/** Nothing where there is no date. A day is UTC's midnight in its fields, and is that day here. */
export function eventOf({ id, summary, fields }: Pick<Record, "id" | "summary" | "fields">): Event | undefined {
  const [start, end] = [Number(fields.start ?? 0), Number(fields.end ?? 0)];
  if (!Number.isFinite(start) || start === 0 || Math.abs(start) > 8e15) return undefined;
  const last = Number.isFinite(end) && end > start && end < 8e15 ? end : start + 1;
  const about = { id, title: summary || "Without a title", repeats: fields.rrule };
  return fields.allday === "1" ? { ...about, start: dayHere(start), end: dayHere(last - 1, 1) } : { ...about, start, end: last };
}

/** Whether it is on a day, which is given by its midnight. */
export function isOn({ start, end }: Pick<Event, "start" | "end">, day: Date): boolean {
  return start < midnight(day.getFullYear(), day.getMonth(), day.getDate() + 1).getTime() && end > day.getTime();
}

/** The Mondays' weeks that a month touches. */
export function weeksOf(year: number, month: number): Date[] {
  const lead = (midnight(year, month, 1).getDay() + 6) % 7;
  const weeks = Math.ceil((lead + midnight(year, month + 1, 0).getDate()) / 7);
  return Array.from({ length: weeks * 7 }, (_, at) => midnight(year, month, 1 - lead + at));
}

// Numbers, sizes, moments and names as people read them.

/** In milliseconds. */
export const DAY = 86_400_000;

const number = new Intl.NumberFormat("en");
const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
const day = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric" });
const time = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const second = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });

/** `1,204`. */
export const digits = (value: number): string => number.format(value);

/** `1 contact`, `3 contacts`, `2 entries`. */
export function count(value: number, one: string, many = `${one}s`): string {
  return `${digits(value)} ${value === 1 ? one : many}`;
}

/** `812 B`, `1.4 kB`, `2.0 MB`. */
export function bytes(value: number): string {
  if (value < 1000) return `${value} B`;
  if (value < 1_000_000) return `${(value / 1000).toFixed(1)} kB`;
  return `${(value / 1_000_000).toFixed(1)} MB`;
}

/** `240 ms`, `3.2 s`, `4 min`. */
export function duration(milliseconds: number): string {
  if (milliseconds < 1000) return `${Math.max(0, Math.round(milliseconds))} ms`;
  if (milliseconds < 60_000) return `${(milliseconds / 1000).toFixed(1)} s`;
  if (milliseconds < 7_200_000) return `${Math.round(milliseconds / 60_000)} min`;
  return `${Math.round(milliseconds / 3_600_000)} h`;
}

const steps: [Intl.RelativeTimeFormatUnit, number][] = [
  ["year", 31_557_600_000],
  ["month", 2_629_800_000],
  ["day", DAY],
  ["hour", 3_600_000],
  ["minute", 60_000],
];

/** `now`, `5 minutes ago`, `in 2 days`; epoch milliseconds. */
export function ago(moment: number, now = Date.now()): string {
  const distance = moment - now;
  for (const [unit, size] of steps) {
    if (Math.abs(distance) >= size) return relative.format(Math.round(distance / size), unit);
  }
  return Math.abs(distance) < 45_000 ? "just now" : relative.format(Math.sign(distance), "minute");
}

/** `22 Nov 2026, 09:38`. */
export const moment = (value: number): string => `${day.format(value)}, ${time.format(value)}`;
export const dayOf = (value: number): string => day.format(value);
export const timeOf = (value: number): string => time.format(value);
export const secondOf = (value: number): string => second.format(value);

/** `AL` of `Ada Lovelace`. */
export function initials(name: string): string {
  const words = name.trim().split(/\s+/).filter((word) => /^[\p{L}\p{N}]/u.test(word));
  const ends = words.length > 1 ? [words[0], words.at(-1)] : words;
  return ends.map((word) => [...(word ?? "")][0] ?? "").join("").toUpperCase() || "?";
}

/** `Two-way` of `two-way`. */
export const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

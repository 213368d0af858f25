// A recurrence rule in words (RFC 5545, section 3.3.10), as far as words are short: how often, on which days, until when.

const every: { [frequency: string]: [string, string] } = { DAILY: ["day", "days"], WEEKLY: ["week", "weeks"], MONTHLY: ["month", "months"], YEARLY: ["year", "years"] };
const weekdays: { [day: string]: string } = { MO: "Monday", TU: "Tuesday", WE: "Wednesday", TH: "Thursday", FR: "Friday", SA: "Saturday", SU: "Sunday" };
const day = new Intl.DateTimeFormat("en-GB", { timeZone: "UTC", day: "numeric", month: "long", year: "numeric" });

/** `every 2 weeks on Monday, 10 times`; a rule that says more than that is given as it is. */
export function inWords(rule: string): string {
  const parts = new Map(rule.trim().toUpperCase().split(";").map((part) => part.split("=", 2) as [string, string]));
  const frequency = every[parts.get("FREQ") ?? ""];
  const interval = Number(parts.get("INTERVAL") ?? "1");
  const ends = [untilOf(parts.get("UNTIL")), timesOf(parts.get("COUNT"))];
  const on = onOf(parts);
  const known = [...parts.keys()].every((name) => ["FREQ", "INTERVAL", "UNTIL", "COUNT", "WKST", "BYDAY", "BYMONTHDAY"].includes(name));
  if (!frequency || !known || !Number.isInteger(interval) || interval < 1 || on === undefined || ends.includes(undefined)) return rule;
  const [one, many] = frequency;
  return [[`every ${interval === 1 ? one : `${interval} ${many}`}`, on].filter(Boolean).join(" "), ...ends.filter(Boolean)].join(", ");
}

/** Empty for nothing said, `undefined` for what there are no words for; so of all that follow. */
function onOf(parts: Map<string, string>): string | undefined {
  const [days, monthDays, frequency] = [parts.get("BYDAY"), parts.get("BYMONTHDAY"), parts.get("FREQ")];
  if (days === undefined && monthDays === undefined) return "";
  if (days !== undefined && monthDays === undefined && frequency === "WEEKLY") {
    const named = days.split(",").map((each) => weekdays[each]);
    return named.includes(undefined) ? undefined : `on ${listed(named as string[])}`;
  }
  if (days === undefined && frequency === "MONTHLY" && /^[1-9]\d?$/.test(monthDays ?? "")) return `on day ${monthDays}`;
  return undefined;
}

const listed = (names: string[]): string => (names.length > 1 ? `${names.slice(0, -1).join(", ")} and ${names.at(-1)}` : (names[0] ?? ""));

function untilOf(until: string | undefined): string | undefined {
  if (until === undefined) return "";
  const [, year, month, date] = /^(\d{4})(\d\d)(\d\d)(T\d{6}Z?)?$/.exec(until) ?? [];
  const moment = Date.UTC(Number(year), Number(month) - 1, Number(date));
  return Number.isNaN(moment) ? undefined : `until ${day.format(moment)}`;
}

function timesOf(count: string | undefined): string | undefined {
  if (count === undefined) return "";
  if (!/^[1-9]\d*$/.test(count)) return undefined;
  return count === "1" ? "once" : `${count} times`;
}

// What of a form is saved: the fields that were changed, and a contact's name where it follows from them.

export type Values = { [field: string]: string };

/** What speaks against saving it, in words. An end that was wrong before does not stand in the way of other changes. */
export function faultOf(patch: Values, after: Values, kind: string): string {
  const [start, end] = [Number(after.start ?? 0), Number(after.end ?? 0)];
  const isTimed = kind === "calendar" && ("start" in patch || "end" in patch);
  return isTimed && start && end && end < start ? "It ends before it begins." : "";
}

/** What a card is called by what else it says, as the server calls one without a name. */
export function calledBy({ prefix, firstname, middlename, lastname, suffix, company }: Values): string {
  const said = [prefix, firstname, middlename, lastname, suffix].map((part) => part?.trim()).filter(Boolean);
  return said.join(" ") || (company ?? "").trim();
}

/** Without prefixes and middle names, which many programs leave out of it. */
const calledPlainly = ({ firstname = "", lastname = "" }: Values): string => calledBy({ firstname, lastname });

/** What was changed; a card that was called by its other fields keeps being so. */
export function changed(before: Values, after: Values, kind: string): Values {
  const patch: Values = Object.fromEntries(Object.entries(after).filter(([name, value]) => (before[name] ?? "") !== value));
  if (kind !== "contacts" || "name" in patch) return patch;
  const called = [calledBy, calledPlainly].find((by) => !before.name || before.name === by(before));
  const [was, is] = [called?.(before), called?.({ ...before, ...after })];
  return is && is !== was ? { ...patch, name: is } : patch;
}

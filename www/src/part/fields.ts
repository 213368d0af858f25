// A record's plain fields as people call them, and their values as inputs take them.

import type { Field } from "../api/schema";
import { DAY } from "../words";
import type { Values } from "./changes";

const labels: { [field: string]: string } = {
  name: "Name",
  firstname: "First name",
  lastname: "Last name",
  middlename: "Middle name",
  prefix: "Title before the name",
  suffix: "After the name",
  nickname: "Nickname",
  company: "Company",
  department: "Department",
  phone: "Phone",
  workphone: "Phone at work",
  mobile: "Mobile",
  fax: "Fax",
  pager: "Pager",
  email: "E-mail",
  email2: "Second e-mail",
  street: "Street",
  city: "City",
  state: "State",
  zip: "Postcode",
  country: "Country",
  web: "Web page",
  birthday: "Birthday",
  note: "Note",
  categories: "Categories",
  location: "Place",
  status: "Status",
  start: "Begins",
  end: "Ends",
  allday: "All day",
  rrule: "Repeats (RRULE)",
  due: "Due",
  completed: "Completed",
  done: "Done",
  priority: "Priority (1 is the highest)",
  body: "Text",
};

/** What a form begins with; the rest is behind "More fields". */
const first: { [kind: string]: string[] } = {
  contacts: ["firstname", "lastname", "company", "mobile", "phone", "workphone", "email", "street", "zip", "city", "country", "birthday", "note"],
  calendar: ["title", "location", "start", "end", "allday", "note"],
  todo: ["title", "due", "priority", "done", "note"],
  notes: ["body"],
};

export function labelOf(name: string, kind: string): string {
  if (name === "title") return kind === "contacts" ? "Position" : "Title";
  return labels[name] ?? name;
}

/** The fields of a form, in order, and those that may wait. */
export function arranged(fields: Field[], kind: string): { main: Field[]; more: Field[] } {
  const open = fields.filter(({ type, name }) => type !== "primarykey" && !(kind === "notes" && name === "title"));
  const order = first[kind];
  if (!order) return { main: open, more: [] };
  const main = order.flatMap((name) => open.filter((field) => field.name === name));
  return { main, more: open.filter((field) => !main.includes(field)) };
}

export type Input = "text" | "long" | "date" | "moment" | "check" | "number";

export function inputOf(field: Field, allDay: boolean): Input {
  if (field.name === "note" || field.name === "body") return "long";
  if (field.name === "allday" || field.name === "done") return "check";
  if (field.type === "date") return ["start", "end"].includes(field.name) && !allDay ? "moment" : field.name === "completed" ? "moment" : "date";
  return field.type === "integer" || field.type === "real" ? "number" : "text";
}

/** Whole days end with the first moment after them; people say the last day. */
const isLastDay = (field: string, input: Input): boolean => field === "end" && input === "date";

const two = (value: number): string => String(value).padStart(2, "0");
const dayHere = (date: Date): string => `${String(date.getFullYear()).padStart(4, "0")}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;

/** Epoch milliseconds as an input has them: a day in UTC, a moment in this browser's zone. While a year is typed it is 2, 20, 202. */
export function toInput(value: string, input: Input, field = ""): string {
  if (input !== "date" && input !== "moment") return value;
  const milliseconds = Number(value) - (isLastDay(field, input) ? 1 : 0);
  if (value === "" || value === "0" || !Number.isFinite(milliseconds)) return "";
  const date = new Date(milliseconds);
  if (Number.isNaN(date.getTime())) return "";
  if (input === "date") return date.toISOString().slice(0, 10);
  return `${dayHere(date)}T${two(date.getHours())}:${two(date.getMinutes())}`;
}

export function fromInput(value: string, input: Input, field = ""): string {
  if ((input !== "date" && input !== "moment") || value === "") return value;
  const milliseconds = input === "date" ? Date.parse(`${value}T00:00:00Z`) : new Date(value).getTime();
  if (Number.isNaN(milliseconds)) return "";
  // 0 would be none: the beginning of 1970 is the millisecond after it (docs/max.md).
  return String(milliseconds + (isLastDay(field, input) ? DAY : 0) || 1);
}

/** The times of day that begin and end have while they are moments; days have none. */
export function timesOf(values: Values): Values {
  if (values.allday === "1") return {};
  const known = ["start", "end"].filter((field) => toInput(values[field] ?? "", "moment") !== "");
  return Object.fromEntries(known.map((field) => {
    const date = new Date(Number(values[field]));
    return [field, [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(":")];
  }));
}

/** Begin and end when they become days, or moments: the days here stay what they are. `times` are those of `timesOf` from before. */
export function asDays(values: Values, allDay: boolean, times: Values = {}): Values {
  const turned = (field: string): Values => {
    const value = Number(values[field] ?? 0);
    if (!value || Math.abs(value) > 8e15) return {};
    const day = toInput(values[field] ?? "", allDay ? "moment" : "date", field).slice(0, 10);
    const time = times[field] ?? (field === "end" ? "10:00" : "09:00");
    return { [field]: allDay ? fromInput(day, "date", field) : fromInput(`${day}T${time}`, "moment", field) };
  };
  return { ...turned("start"), ...turned("end"), allday: allDay ? "1" : "0" };
}

/** Whether there is anything to save: a switch alone is nothing, nor is the id. */
export function hasSomething(values: Values, fields: Field[]): boolean {
  return Object.entries(values).some(([name, value]) => {
    const type = fields.find((field) => field.name === name)?.type;
    if (type === "primarykey" || ["id", "allday", "done"].includes(name)) return false;
    return value.trim() !== "" && (type === "string" || value !== "0");
  });
}

// On which days of a month the console shows an event, where clocks change too.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { eventOf, isOn, midnight, weeksOf } from "../../www/src/part/days.ts";

const zone = process.env.TZ;
after(() => {
  if (zone === undefined) delete process.env.TZ;
  else process.env.TZ = zone;
});

/** The days of a month's weeks that an event is on, `10-25` for one. */
function daysOf(fields, year, month) {
  const event = eventOf({ id: "x", summary: "X", fields });
  return weeksOf(year, month - 1).filter((day) => isOn(event, day)).map((day) => `${day.getMonth() + 1}-${day.getDate()}`);
}

const moments = (start, end) => ({ start: String(new Date(start).getTime()), end: String(new Date(end).getTime()) });
const wholeDays = (start, end) => ({ start: String(Date.parse(start)), end: String(Date.parse(end)), allday: "1" });

test("a day has the hours that its clocks give it", () => {
  process.env.TZ = "Europe/Berlin";
  assert.deepEqual(daysOf(moments("2026-10-25T23:30", "2026-10-25T23:50"), 2026, 10), ["10-25"], "25 hours");
  assert.deepEqual(daysOf(moments("2027-03-29T00:10", "2027-03-29T00:30"), 2027, 3), ["3-29"], "23 hours the day before");
  assert.deepEqual(daysOf(moments("2026-10-24T22:00", "2026-10-26T00:00"), 2026, 10), ["10-24", "10-25"]);
});

test("a whole day is that day in every zone", () => {
  for (const name of ["Australia/Sydney", "Europe/Berlin", "America/New_York", "Pacific/Kiritimati", "UTC"]) {
    process.env.TZ = name;
    assert.deepEqual(daysOf(wholeDays("2026-10-04", "2026-10-05"), 2026, 10), ["10-4"], name);
    assert.deepEqual(daysOf(wholeDays("2026-10-25", "2026-10-27"), 2026, 10), ["10-25", "10-26"], name);
    assert.deepEqual(daysOf({ ...wholeDays("2027-03-28", "2027-03-29"), end: "0" }, 2027, 3), ["3-28"], `${name}, without an end`);
  }
});

test("a year below 100 is that year", () => {
  process.env.TZ = "UTC";
  assert.equal(midnight(27, 0, 1).toISOString(), "0027-01-01T00:00:00.000Z");
  assert.deepEqual(daysOf(moments("0027-01-05T10:00", "0027-01-05T11:00"), 27, 1), ["1-5"]);
});

// Recurrence rules as the console says them.

import assert from "node:assert/strict";
import { test } from "node:test";
import { inWords } from "../../www/src/part/repeats.ts";

test("a rule is said in words", () => {
  const said = {
    "FREQ=DAILY": "every day",
    "FREQ=WEEKLY": "every week",
    "FREQ=MONTHLY;INTERVAL=1": "every month",
    "FREQ=YEARLY;INTERVAL=4": "every 4 years",
    "freq=weekly;interval=2;count=10": "every 2 weeks, 10 times",
    "FREQ=DAILY;COUNT=1": "every day, once",
    "FREQ=WEEKLY;UNTIL=20261231T235959Z": "every week, until 31 December 2026",
    "FREQ=WEEKLY;UNTIL=20261231;WKST=MO": "every week, until 31 December 2026",
    "FREQ=WEEKLY;BYDAY=MO,WE,FR": "every week on Monday, Wednesday and Friday",
    "FREQ=MONTHLY;BYMONTHDAY=24": "every month on day 24",
  };
  for (const [rule, words] of Object.entries(said)) assert.equal(inWords(rule), words, rule);
});

test("a rule that says more is given as it is", () => {
  for (const rule of ["", "W1 MO #0", "FREQ=HOURLY", "FREQ=MONTHLY;BYDAY=-1FR", "FREQ=YEARLY;BYMONTH=3;BYDAY=2SU", "FREQ=DAILY;INTERVAL=0", "FREQ=DAILY;COUNT=x", "FREQ=DAILY;UNTIL=soon", "FREQ=MONTHLY;BYMONTHDAY=-1"]) {
    assert.equal(inWords(rule), rule);
  }
});

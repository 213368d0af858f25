// Records in forms, files and phones: what somebody types, brings or looks at stays what it is.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { fill, harbour, skip } from "./harbour.mjs";

let house;
before(async () => {
  if (!skip) house = await harbour();
});
after(() => house?.close());

const put = (path, fields) => house.api(`collections/${path}`, { method: "PUT", json: { fields } });

/** Imports a file into what is open, and leaves the dialogue open at its outcome. */
async function bring(page, name, bytes, outcome) {
  await page.getByRole("button", { name: "Import" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("The file to import").setInputFiles({ name, mimeType: "", buffer: Buffer.from(bytes) });
  await dialog.getByRole("button", { name: "Import", exact: true }).click();
  await dialog.getByText(outcome).waitFor();
  return dialog;
}

async function found(search) {
  const { records } = await house.api(`collections/contacts/records?search=${encodeURIComponent(search)}`);
  return records;
}

test("a year typed into a moment leaves its day and its time", { skip }, async () => {
  const page = await house.open();
  await put("calendar/records/year", { title: "Year", start: String(new Date("2026-11-24T14:30").getTime()) });
  await page.at("records/calendar/year");
  await page.getByRole("button", { name: "Edit" }).click();
  const begins = page.getByLabel("Begins");
  const was = await begins.inputValue();
  await begins.focus();
  // Day and month are before the year; which comes first is the browser's language's.
  for (const key of ["Tab", "Tab"]) await begins.press(key);
  for (const [digit, year] of [["2", "0002"], ["0", "0020"], ["2", "0202"], ["7", "2027"]]) {
    await page.keyboard.press(digit);
    assert.equal(await begins.inputValue(), was.replace(/^\d{4}/, year));
  }
  page.quiet();
  await page.close();
});

test("what is no UTF-8 comes in as it was written", { skip }, async () => {
  const page = await house.open();
  await page.at("records/contacts");
  const card = "BEGIN:VCARD\r\nVERSION:2.1\r\nN;CHARSET=ISO-8859-1:Müller;Jörg\r\nFN;CHARSET=ISO-8859-1:Jörg Müller\r\nEND:VCARD\r\n";
  const cards = await bring(page, "latin.vcf", Buffer.from(card, "latin1"), "1 record added.");
  await cards.getByRole("button", { name: "Close" }).first().click();
  assert.equal((await found("Jörg"))[0]?.fields.lastname, "Müller");

  const rows = await bring(page, "sheet.csv", Buffer.from("name,note\r\nSøren,\x80\r\n", "latin1"), "1 record added.");
  await rows.getByRole("button", { name: "Close" }).first().click();
  assert.equal((await found("Søren"))[0]?.fields.note, "€");

  const lines = await bring(page, "marked.csv", Buffer.from("\uFEFFname\r\nŁukasz\r\n"), "1 record added.");
  await lines.getByRole("button", { name: "Close" }).first().click();
  assert.equal((await found("Łukasz"))[0]?.fields.name, "Łukasz");
  page.quiet();
  await page.close();
});

test("the switch for whole days gives the times back", { skip }, async () => {
  const page = await house.open();
  const at = (text) => String(new Date(text).getTime());
  await put("calendar/records/times", { title: "Times", start: at("2026-11-24T14:30:15"), end: at("2026-11-24T16:45") });
  await page.at("records/calendar/times");
  await page.getByRole("button", { name: "Edit" }).click();
  const [begins, ends, allDay] = ["Begins", "Ends", "All day"].map((label) => page.getByLabel(label));
  const [was, until] = [await begins.inputValue(), await ends.inputValue()];
  await allDay.check();
  await ends.fill(until.slice(0, 8) + "26");
  await allDay.uncheck();
  assert.equal(await begins.inputValue(), was);
  assert.equal(await ends.inputValue(), until.replace(/-24T/, "-26T"), "the day that was chosen meanwhile, at its time");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByRole("button", { name: "Edit" }).waitFor();
  const { fields } = await house.api("collections/calendar/records/times");
  assert.equal(fields.start, at("2026-11-24T14:30:15"), "not even the seconds are lost");
  page.quiet();
  await page.close();
});

test("a record whose id is “new” is opened like any other", { skip }, async () => {
  const page = await house.open();
  await put("contacts/records/new", { name: "Neo", firstname: "Neo" });
  await page.at("records/contacts");
  await page.getByRole("link", { name: /Neo/ }).click();
  await page.getByRole("heading", { name: "Neo" }).waitFor();
  await page.getByRole("link", { name: "New", exact: true }).click();
  await page.getByRole("heading", { name: "New in contacts" }).waitFor();
  await page.getByRole("button", { name: "Cancel" }).click();
  await page.getByText("Choose a record").waitFor();
  page.quiet();
  await page.close();
});

test("a phone that speaks something else is at its list, and what is typed in is asked about", { skip }, async () => {
  const page = await house.open();
  await page.at("phones");
  const a = page.phone("A");
  await a.getByRole("button", { name: "Add a contact" }).click();
  await fill(a, { "First name": "Ida" });
  await a.getByRole("heading", { name: "Ida" }).waitFor();
  await a.getByRole("button", { name: "MAX" }).click();
  await a.getByText("No contacts yet").waitFor();
  assert.equal(await a.getByText("It is gone").count(), 0);

  await a.getByRole("button", { name: "SyncML" }).click();
  await a.getByRole("button", { name: /Ida/ }).click();
  await a.getByRole("button", { name: "SyncML" }).click();
  await a.getByRole("button", { name: "Edit" }).click();
  await a.getByLabel("Last name").fill("Rhodes");
  await a.getByRole("button", { name: "MAX" }).click();
  const dialog = page.getByRole("dialog", { name: "Leave without saving?" });
  await dialog.getByRole("button", { name: "Cancel" }).click();
  assert.equal(await a.getByLabel("Last name").inputValue(), "Rhodes");
  await a.getByRole("button", { name: "MAX" }).click();
  await dialog.getByRole("button", { name: "Leave" }).click();
  await a.getByText("No contacts yet").waitFor();
  page.quiet();
  await page.close();
});

test("rows with nothing in them are no items, and lines are the file's own", { skip }, async () => {
  const page = await house.open();
  await page.at("records/contacts");
  const dialog = await bring(page, "rows.csv", "name,birthday\r\nEpoch CSV,1970-01-01\r\n,\r\nBad Row,31.12.1990\r\n", "1 record added, 1 refused.");
  assert.match(await dialog.getByRole("listitem").innerText(), /^Line 4 /);
  await dialog.getByText("rows.csv: 2 items").waitFor();
  page.quiet();
  await page.close();
});

test("an event does not end before it begins, and what has no name is called something", { skip }, async () => {
  const page = await house.open();
  const at = (text) => String(new Date(text).getTime());
  await put("calendar/records/back", { title: "Backwards", start: at("2026-11-24T14:30"), end: at("2026-11-24T15:30") });
  await page.at("records/calendar/back");
  await page.getByRole("button", { name: "Edit" }).click();
  await page.getByLabel("Ends").fill("2026-11-24T14:00");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("It ends before it begins.").waitFor();
  await page.getByLabel("Ends").fill("2026-11-24T15:00");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByRole("button", { name: "Edit" }).waitFor();
  assert.equal((await house.api("collections/calendar/records/back")).fields.end, at("2026-11-24T15:00"));

  await put("calendar/records/untitled", { start: at("2026-11-26T09:00") });
  await page.at("records/calendar/untitled");
  await page.getByRole("heading", { name: "Without a title" }).waitFor();

  await put("todo/records/due", { title: "Taxes", due: String(Date.parse("2027-05-31")) });
  await page.at("records/todo");
  assert.match(await page.getByRole("link", { name: /Taxes/ }).innerText(), /Due 31 May 2027/);

  await put("contacts/records/nameless", { email: "who@example.org", pager: "555 77" });
  await put("contacts/records/whole", { name: "The Countess", prefix: "Lady", firstname: "Ada", middlename: "Augusta", lastname: "King" });
  await page.at("records/contacts/nameless");
  await page.getByRole("heading", { name: "who@example.org" }).waitFor();
  await page.locator(".fact", { hasText: "555 77" }).waitFor();
  await page.at("records/contacts/whole");
  await page.getByText("Lady Ada Augusta King", { exact: true }).waitFor();
  page.quiet();
  await page.close();
});

// The console as people use it, in Chromium against the worker in workerd: nothing in between is made up.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { at } from "../../scripts/run.mjs";
import { fill, harbour, skip, sync } from "./harbour.mjs";

const corpus = at("tests", "corpus", "syncevolution", "slow-contacts-wbxml");

let house;
before(async () => {
  if (!skip) house = await harbour();
});
after(() => house?.close());

test("one signs in, and a wrong password is said", { skip }, async () => {
  const page = await house.open();
  await page.signIn("wrong");
  await page.getByRole("alert").waitFor();
  assert.match(await page.getByRole("alert").innerText(), /password/i);
  page.quiet(/status of 401/);
  await page.signIn();
  await page.getByRole("heading", { name: "Overview" }).waitFor();
  assert.ok(!page.url().includes("demo"), "credentials are not in the address");
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByRole("button", { name: "Sign in" }).waitFor();
  page.quiet();
  await page.close();
});

test("a token that counts no longer asks for a new sign-in", { skip }, async () => {
  const page = await house.open();
  await page.at("");
  await page.evaluate(() => sessionStorage.setItem("signed", JSON.stringify({ token: "wrong", account: "demo", login: "demo" })));
  await page.reload();
  await page.getByText("Your sign-in has ended").waitFor();
  await page.getByRole("button", { name: "Sign in" }).waitFor();
  page.quiet(/status of 401/);
  await page.close();
});

test("a contact added in phone A is in phone B and in Records", { skip }, async () => {
  const page = await house.open();
  await page.at("phones");
  const [a, b] = [page.phone("A"), page.phone("B")];
  await a.getByRole("button", { name: "Add a contact" }).click();
  await fill(a, { "First name": "Ada", "Last name": "Lovelace", Mobile: "+44 1234" });
  await a.getByText("1 change to send").or(a.getByText(/changes to send/)).waitFor();
  await a.getByRole("button", { name: "Contacts" }).first().click();
  await sync(a);
  await sync(b);
  await b.getByRole("button", { name: /Ada Lovelace/ }).waitFor();
  await page.getByText("The phones agree").waitFor();
  // The messages went by, and can be read.
  const messages = b.getByRole("list", { name: "Messages, the last below" });
  assert.ok((await messages.getByRole("listitem").count()) >= 4);
  await messages.getByRole("button").nth(1).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByText("SyncHdr").waitFor();
  await dialog.getByRole("button", { name: "Close" }).click();

  await page.at("records/contacts");
  await page.getByRole("link", { name: /Ada Lovelace/ }).click();
  await page.getByRole("heading", { name: "Ada Lovelace" }).waitFor();
  await page.getByRole("link", { name: "+44 1234", exact: true }).waitFor();
  const told = await page.getByText("Last touched").innerText();
  assert.match(told, /Phone A in a page, in this session/, "which device last touched it");
  page.quiet();
  await page.close();
});

test("what both phones edit while offline is merged", { skip }, async () => {
  const page = await house.open();
  await page.at("phones");
  const [a, b] = [page.phone("A"), page.phone("B")];
  await a.getByRole("button", { name: "Add a contact" }).click();
  await fill(a, { "First name": "Grace", "Last name": "Hopper" });
  await page.getByRole("button", { name: "Sync both" }).click();
  await b.getByRole("button", { name: /Grace Hopper/ }).waitFor();
  // It can be pressed again once all syncs are over.
  await page.getByRole("button", { name: "Sync both" }).click({ trial: true });
  await a.getByRole("button", { name: "Contacts" }).first().click();

  for (const [phone, change] of [[a, { Mobile: "+1 555 0100" }], [b, { "E-mail": "grace@example.org" }]]) {
    await phone.getByRole("switch").setChecked(false);
    await phone.getByRole("button", { name: /Grace Hopper/ }).click();
    await phone.getByRole("button", { name: "Edit" }).click();
    await fill(phone, change);
    await phone.getByRole("button", { name: "Sync", exact: true }).click();
    await phone.getByText("This phone is offline").waitFor();
  }
  await page.getByText("The phones differ").waitFor();
  for (const phone of [a, b]) await phone.getByRole("switch").setChecked(true);
  await page.getByRole("button", { name: "Sync both" }).click();
  await page.getByText("The phones agree").waitFor();
  for (const phone of [a, b]) {
    await phone.getByRole("link", { name: "+1 555 0100" }).waitFor();
    await phone.getByRole("link", { name: "grace@example.org" }).waitFor();
  }
  await page.shot("phones-agree");
  page.quiet();
  await page.close();
});

test("a phone that speaks MAX sees the same contacts and changes them", { skip }, async () => {
  const page = await house.open();
  await page.at("phones");
  const [a, b] = [page.phone("A"), page.phone("B")];
  await b.getByRole("button", { name: "MAX" }).click();
  await sync(b);
  await b.getByRole("button", { name: /^Grace Hopper/ }).click();
  await b.getByRole("button", { name: "Edit" }).click();
  await fill(b, { Company: "Navy" });
  await sync(b);
  await sync(a);
  await a.getByRole("button", { name: /Grace Hopper/ }).click();
  await a.getByText("Navy").waitFor();
  page.quiet();
  await page.close();
});

test("one password is enough for both phones, and a round says what all of it brought", { skip }, async () => {
  const page = await house.open();
  await page.at("phones");
  await page.kept();
  await page.reload();
  const [a, b] = [page.phone("A"), page.phone("B")];
  for (const [name, phone] of [["A", a], ["B", b]]) {
    await phone.getByRole("button", { name: "Sync", exact: true }).click();
    await phone.getByLabel(`Password for phone ${name}`).waitFor();
    assert.equal(await phone.getByRole("button", { name: "Sync", exact: true }).count(), 1, "one button to sync with");
  }
  await a.getByLabel("Password for phone A").fill("demo");
  await a.getByLabel("Password for phone A").press("Enter");
  await a.getByText(/sent, .* received/).waitFor();
  await b.getByText("needs your password").waitFor({ state: "detached" });
  assert.equal(await b.getByLabel("Password for phone B").count(), 0);
  await sync(b);

  for (let number = 1; number <= 6; number += 1) {
    await house.api(`collections/contacts/records/round${number}`, { method: "PUT", json: { fields: { name: `Round ${number}`, firstname: "Round", lastname: String(number) } } });
  }
  await page.getByRole("button", { name: "Sync both" }).click();
  await b.getByText("0 sent, 6 received.").waitFor();
  await page.getByRole("button", { name: "Sync both" }).click({ trial: true });
  await a.getByText("0 sent, 6 received.").waitFor();
  // Six pairs of ids, four of them by name.
  const map = a.getByText(/^In “.*” is “.*” here, and 2 more\.$/);
  await map.first().waitFor();
  assert.equal((await map.first().innerText()).match(/” here/g).length, 4);
  page.quiet();
  await page.close();
});

test("nothing is not saved, and what is typed in is not lost without a word", { skip }, async () => {
  const page = await house.open();
  await page.at("phones");
  const a = page.phone("A");
  await a.getByRole("button", { name: "Add a contact" }).click();
  await a.getByRole("button", { name: "Save" }).click();
  await a.getByText("There is nothing in it yet").waitFor();
  await a.getByLabel("First name").fill("Emmy");
  const dialog = page.getByRole("dialog", { name: "Leave without saving?" });
  await a.getByRole("button", { name: "Tasks" }).click();
  await dialog.getByRole("button", { name: "Cancel" }).click();
  assert.equal(await a.getByLabel("First name").inputValue(), "Emmy");
  await page.phone("B").getByRole("button", { name: "Tasks" }).click();
  assert.equal(await dialog.count(), 0, "the other phone has nothing to lose");
  await a.getByRole("button", { name: "Save" }).click();
  await a.getByRole("heading", { name: "Emmy" }).waitFor();

  await page.at("records/contacts?new=1");
  await page.getByRole("button", { name: "Add", exact: true }).click();
  await page.getByText("There is nothing in it yet").waitFor();
  assert.equal(await page.getByText("Nobody").count(), 0);
  await page.getByLabel("First name").fill("Emmy");
  for (const go of [() => page.getByRole("link", { name: "Overview" }).click(), () => page.goBack(), () => page.at("sessions")]) {
    await go();
    await dialog.getByRole("button", { name: "Cancel" }).click();
    await dialog.waitFor({ state: "detached" });
    assert.match(page.url(), /records\/contacts\?new=1$/);
    assert.equal(await page.getByLabel("First name").inputValue(), "Emmy");
  }
  await page.accessible();
  // A search beside it leaves it alone.
  await page.getByRole("searchbox").fill("hopper");
  await page.getByText("1 record found").waitFor();
  assert.equal(await page.getByLabel("First name").inputValue(), "Emmy");
  await page.getByRole("link", { name: "Overview" }).click();
  await dialog.getByRole("button", { name: "Leave" }).click();
  await page.getByRole("heading", { name: "Overview" }).waitFor();

  // What is saved is not asked about, and neither is what was not touched.
  await page.at("records/contacts?new=1");
  await page.getByLabel("Last name").fill("Noether");
  await page.getByLabel("Birthday").fill("1882-03-23");
  await page.getByRole("button", { name: "Add", exact: true }).click();
  await page.getByRole("heading", { name: "Noether" }).waitFor();
  await page.getByText("23 March 1882").waitFor();
  await page.getByRole("button", { name: "Edit" }).click();
  // The day whose number is none is a day like any other.
  await page.getByLabel("Birthday").fill("1970-01-01");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("1 January 1970").waitFor();
  await page.getByRole("button", { name: "Edit" }).click();
  assert.equal(await page.getByLabel("Birthday").inputValue(), "1970-01-01");
  await page.getByRole("link", { name: "Overview" }).click();
  await page.getByRole("heading", { name: "Overview" }).waitFor();
  page.quiet();
  await page.close();
});

test("a dropped WBXML file is read in words, as XML and as bytes", { skip }, async () => {
  const page = await house.open();
  await page.at("read");
  const bytes = readFileSync(`${corpus}/01-req.wbxml`).toString("base64");
  const data = await page.evaluateHandle((text) => {
    const transfer = new DataTransfer();
    transfer.items.add(new File([Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0))], "01-req.wbxml"));
    return transfer;
  }, bytes);
  const box = page.getByRole("form", { name: "A message to read" });
  await box.dispatchEvent("dragover", { dataTransfer: data });
  await box.dispatchEvent("drop", { dataTransfer: data });
  await page.getByText("SyncHdr").waitFor();
  assert.match(await page.getByRole("region", { name: "The message", exact: true }).innerText(), /Slow sync|Alert/);
  await page.getByRole("button", { name: "XML and WBXML" }).click();
  await page.getByRole("region", { name: "The message as XML" }).getByText("<SyncHdr>").first().waitFor();
  assert.match(await page.getByRole("region", { name: "The message as bytes" }).innerText(), /^0000 {2}02 /);
  await page.accessible();
  await page.shot("read-wbxml");

  // The same, pasted as hexadecimal; and what is no message is said.
  await page.getByRole("textbox").fill(readFileSync(`${corpus}/01-req.wbxml`).toString("hex"));
  await page.getByRole("button", { name: "Read it" }).click();
  await page.getByText("SyncHdr").waitFor();
  await page.getByRole("textbox").fill("this is no message");
  await page.getByRole("button", { name: "Read it" }).click();
  await page.getByRole("alert").waitFor();
  page.quiet();
  await page.close();
});

test("a record is edited and deleted, and phones follow", { skip }, async () => {
  const page = await house.open();
  await page.at("records/contacts?new=1");
  await page.getByLabel("First name").fill("Alan");
  await page.getByLabel("Last name").fill("Turing");
  await page.getByRole("button", { name: "Add", exact: true }).click();
  await page.getByRole("heading", { name: "Alan Turing" }).waitFor();
  await page.getByRole("button", { name: "Edit" }).click();
  await page.getByLabel("E-mail", { exact: true }).fill("alan@example.org");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByRole("link", { name: "alan@example.org", exact: true }).waitFor();
  await page.at("phones");
  await sync(page.phone("A"));
  await page.phone("A").getByRole("button", { name: /Alan Turing/ }).waitFor();

  await page.at("records/contacts");
  await page.getByRole("searchbox").fill("turing");
  await page.getByText("1 record found").waitFor();
  await page.getByRole("link", { name: /Alan Turing/ }).click();
  await page.getByRole("button", { name: "Delete" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await page.getByText("Nothing has “turing” in it").waitFor();
  await page.at("phones");
  await sync(page.phone("A"));
  await page.phone("A").getByRole("button", { name: /Alan Turing/ }).waitFor({ state: "detached" });
  page.quiet();
  await page.close();
});

test("500 cards are imported with progress, once, and exported again", { skip }, async () => {
  const page = await house.open();
  await page.at("records/contacts");
  const card = (number) => `BEGIN:VCARD\r\nVERSION:3.0\r\nN:Person${number};Imported\r\nFN:Imported Person${number}\r\nTEL;TYPE=CELL:+49 30 ${number}\r\nEND:VCARD\r\n`;
  const file = { name: "500.vcf", mimeType: "text/vcard", buffer: Buffer.from(Array.from({ length: 500 }, (_, number) => card(number)).join("")) };
  for (const outcome of ["500 records added.", "0 records added, 500 were there already."]) {
    await page.getByRole("button", { name: "Import" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("The file to import").setInputFiles(file);
    await dialog.getByText("500 items").waitFor();
    await dialog.getByRole("button", { name: "Import", exact: true }).click();
    await dialog.getByRole("progressbar").waitFor();
    await dialog.getByText(outcome).waitFor({ timeout: 120_000 });
    await dialog.getByRole("button", { name: "Close" }).first().click();
  }
  await page.getByRole("searchbox").fill("Person499");
  await page.getByText("1 record found").waitFor();

  await page.getByRole("button", { name: "Export" }).click();
  const downloading = page.waitForEvent("download");
  await page.getByRole("dialog").getByRole("button", { name: "Export" }).click();
  const text = readFileSync(await (await downloading).path(), "utf8");
  assert.ok(text.match(/^FN:Imported Person/gm).length === 500, "all of them are in the file");
  page.quiet();
  await page.close();
});

test("the search box and the list say the same", { skip }, async () => {
  const page = await house.open();
  await page.at("records/contacts");
  const box = page.getByRole("searchbox");
  const count = page.getByText(/^\d+ records?$/);
  await count.waitFor();
  // They come page by page, and are counted as they come.
  await page.getByText(/so far/).waitFor({ state: "hidden" });
  const all = await count.innerText();
  for (let time = 0; time < 2; time += 1) {
    await box.fill("Person498");
    await page.getByText("1 record found").waitFor();
    await page.getByRole("navigation", { name: "Collections" }).getByRole("link", { name: /contacts/ }).click();
    await page.getByText(all, { exact: true }).waitFor();
    assert.equal(await box.inputValue(), "");
  }
  // An address with a search in it fills the box, and typing on does not lose a letter.
  await page.at("records/contacts?search=Person49");
  await page.getByText("11 records found").waitFor();
  assert.equal(await box.inputValue(), "Person49");
  await box.press("End");
  await box.pressSequentially("8 Imported", { delay: 120 });
  await page.getByText("1 record found").waitFor();
  assert.equal(await box.inputValue(), "Person498 Imported");
  page.quiet();
  await page.close();
});

test("days are said as days, and what repeats is said to", { skip }, async () => {
  const page = await house.open();
  const event = (uid, lines) => ["BEGIN:VCALENDAR", "VERSION:2.0", "BEGIN:VEVENT", `UID:${uid}`, ...lines, "END:VEVENT", "END:VCALENDAR", ""].join("\r\n");
  const put = (id, lines) => house.api(`collections/calendar/records/${id}`, { method: "PUT", json: { body: event(id, lines) } });
  await put("fair", ["SUMMARY:Fair", "DTSTART;VALUE=DATE:20261124", "DTEND;VALUE=DATE:20261126"]);
  await put("day", ["SUMMARY:Holiday", "DTSTART;VALUE=DATE:20261127", "DTEND;VALUE=DATE:20261128"]);
  await put("turn", ["SUMMARY:Turn of the year", "DTSTART;VALUE=DATE:20261230", "DTEND;VALUE=DATE:20270103"]);
  const now = new Date().toISOString().replace(/[-:]|\.\d+/g, "");
  await put("choir", ["SUMMARY:Choir", `DTSTART:${now}`, "RRULE:FREQ=WEEKLY;INTERVAL=2"]);
  await page.at("records/calendar");
  for (const [name, when] of [["Fair", "24 – 25 November 2026"], ["Holiday", "27 November 2026"], ["Turn of the year", "30 December 2026 – 2 January 2027"], ["Choir", /every 2 weeks/]]) {
    const link = page.getByRole("link", { name: new RegExp(name) });
    await link.getByText(when, { exact: true }).or(link.getByText(when).and(page.locator("span"))).first().waitFor();
  }
  await page.getByRole("link", { name: /Fair/ }).click();
  await page.getByRole("region", { name: "The record" }).getByText("24 – 25 November 2026", { exact: true }).waitFor();
  // The form says the last day too, and keeps it.
  await page.getByRole("button", { name: "Edit" }).click();
  assert.equal(await page.getByLabel("Ends").inputValue(), "2026-11-25");
  await page.getByLabel("Ends").fill("2026-11-26");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByRole("region", { name: "The record" }).getByText("24 – 26 November 2026", { exact: true }).waitFor();
  assert.match((await house.api("collections/calendar/records/fair")).body, /DTEND;VALUE=DATE:20261127/);

  await page.getByRole("link", { name: /Choir/ }).click();
  await page.getByText("Every 2 weeks", { exact: true }).waitFor();
  await page.at("records/calendar");
  const month = page.locator(".month.open");
  await month.getByRole("button", { name: /^Choir ?, repeats$/ }).waitFor();
  assert.equal(await month.getByRole("button", { name: /repeats/ }).count(), 1);
  page.quiet();
  await page.close();
});

test("a server that goes away while syncing is said, and nothing is lost when it is back", { skip }, async () => {
  const page = await house.open();
  await page.at("phones");
  const a = page.phone("A");
  await a.getByRole("button", { name: "Add a contact" }).click();
  await fill(a, { "First name": "Barbara", "Last name": "Liskov" });
  // Its second message finds nobody.
  let messages = 0;
  await page.route("**/syncml*", async (route) => {
    messages += 1;
    if (messages === 2) await house.away();
    await route.continue();
  });
  await a.getByRole("button", { name: "Sync", exact: true }).click();
  await a.getByText("The server cannot be reached").waitFor({ timeout: 120_000 });
  await page.unroute("**/syncml*");
  await page.at("records/contacts");
  await page.getByText("The server cannot be reached").first().waitFor();

  await house.back();
  await page.getByRole("button", { name: "Try again" }).first().click();
  await page.getByRole("navigation", { name: "Collections" }).waitFor();
  await page.at("phones");
  await sync(a);
  await page.at("records/contacts");
  await page.getByRole("searchbox").fill("liskov");
  await page.getByText("1 record found").waitFor();
  page.quiet(/ERR_CONNECTION|Failed to load resource|ERR_EMPTY|ERR_SOCKET/);
  await page.close();
});

test("the page opens without the server, with what its phones have", { skip }, async () => {
  const page = await house.open();
  await page.at("phones");
  const a = page.phone("A");
  await a.getByRole("button", { name: "Add a contact" }).click();
  await fill(a, { "First name": "Hedy", "Last name": "Lamarr" });
  await page.kept();
  await house.away();
  try {
    await page.reload();
    await page.phone("A").getByRole("button", { name: /Hedy Lamarr/ }).waitFor();
  } finally {
    await house.back();
  }
  // After a reload nobody knows the password any more.
  const again = page.phone("A");
  await again.getByRole("button", { name: "Sync", exact: true }).click();
  await again.getByLabel("Password for phone A").fill("demo");
  await again.getByLabel("Password for phone A").press("Enter");
  await again.getByText(/sent, .* received/).waitFor();
  page.quiet(/ERR_CONNECTION|Failed to load resource/);

  // Emptied, it is a new device, and gets everything back.
  await again.getByRole("button", { name: "Contacts" }).first().click();
  await again.getByRole("button", { name: "Empty" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Empty it" }).click();
  await again.getByText("No contacts yet").waitFor();
  await sync(again);
  await again.getByRole("button", { name: /Hedy Lamarr/ }).waitFor();
  page.quiet();
  await page.close();
});

test("a table of Google's comes in as the server reads its columns, and what is refused is said with its line", { skip }, async () => {
  const page = await house.open();
  await page.at("records/contacts");
  const asked = [];
  page.on("request", (request) => request.url().includes("/import") && asked.push(new URL(request.url()).search));
  const begin = async (text) => {
    await page.getByRole("button", { name: "Import" }).click();
    await page.getByRole("dialog").getByLabel("The file to import").setInputFiles({ name: "google.csv", mimeType: "text/csv", buffer: Buffer.from(text) });
  };
  const dialog = page.getByRole("dialog");
  const header = "Given Name,Family Name,E-mail 1 - Value,Phone 1 - Value,Birthday";
  await begin(`${header}\r\nMary,Somerville,mary@example.org,+44 131,1780-12-26\r\n\r\nAnne,Nobirthday,,,the day after\r\n`);
  for (const [column, field] of [["E-mail 1 - Value", "email"], ["Phone 1 - Value", "phone"], ["Birthday", "birthday"]]) {
    assert.equal(await dialog.getByLabel(column).inputValue(), field);
  }
  await dialog.getByRole("button", { name: "Import", exact: true }).click();
  await dialog.getByText("1 record added, 1 refused.").waitFor();
  assert.match(await dialog.getByRole("listitem").innerText(), /^Line 4.* Birthday: ./);
  await dialog.getByRole("button", { name: "Close" }).first().click();
  assert.deepEqual(asked, [""], "the server decides what nobody has changed");
  await page.getByRole("link", { name: /Mary Somerville/ }).click();
  await page.getByRole("link", { name: "mary@example.org", exact: true }).waitFor();
  await page.getByRole("link", { name: "+44 131", exact: true }).waitFor();
  await page.getByText("26 December 1780").waitFor();

  // What somebody says counts.
  await begin(`${header}\r\nCaroline,Herschel,caroline@example.org,+44 132,1750-03-16\r\n`);
  await dialog.getByLabel("Phone 1 - Value").selectOption("Mobile");
  await dialog.getByRole("button", { name: "Import", exact: true }).click();
  await dialog.getByText("1 record added.").waitFor();
  await dialog.getByRole("button", { name: "Close" }).first().click();
  await page.getByRole("link", { name: /Caroline Herschel/ }).click();
  await page.getByText("Mobile", { exact: true }).first().waitFor();
  page.quiet();
  await page.close();
});

test("CSV with other programs' columns, calendars and JSON lines come in, and go out as plain fields", { skip }, async () => {
  const page = await house.open();
  const bring = async (collection, name, text, outcome) => {
    await page.at(`records/${collection}`);
    await page.getByRole("button", { name: "Import" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("The file to import").setInputFiles({ name, mimeType: "", buffer: Buffer.from(text) });
    await dialog.getByRole("button", { name: "Import", exact: true }).click();
    await dialog.getByText(outcome).waitFor();
    await dialog.getByRole("button", { name: "Close" }).first().click();
  };
  await bring("contacts", "a.csv", 'Given Name,Family Name,E-mail Address,Shoe size\r\nRosalind,Franklin,"rosalind@example.org",38\r\n', "1 record added.");
  await page.getByRole("link", { name: /Rosalind Franklin/ }).click();
  await page.getByRole("link", { name: "rosalind@example.org", exact: true }).waitFor();
  const event = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:launch\r\nSUMMARY:Launch\r\nDTSTART:20261122T120000Z\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
  await bring("calendar", "b.ics", event, "1 record added.");
  await page.getByRole("link", { name: /Launch/ }).click();
  await page.getByRole("heading", { name: "November 2026" }).waitFor();
  await bring("todo", "c.jsonl", '{"title":"Write it down"}\nthis is no JSON\n', "1 record added, 1 refused.");

  for (const [format, first] of [["CSV", /Write it down/], ["JSON lines", /"Write it down"/], ["iCalendar", /SUMMARY:Write it down/]]) {
    await page.getByRole("button", { name: "Export" }).click();
    await page.getByRole("dialog").getByLabel(new RegExp(format)).check();
    const downloading = page.waitForEvent("download");
    await page.getByRole("dialog").getByRole("button", { name: "Export" }).click();
    assert.match(readFileSync(await (await downloading).path(), "utf8"), first);
    await page.getByRole("dialog").getByRole("button", { name: "Close" }).first().click();
  }
  page.quiet();
  await page.close();
});

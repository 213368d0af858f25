// Every view in light, in dark and on a screen of 390 px: it fits, nothing is logged, axe-core finds nothing serious, and there is a
// picture of it in build/screenshots.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { fill, harbour, looks, skip, sync } from "./harbour.mjs";


let house;
let session;
let device;
before(async () => {
  if (skip) return;
  house = await harbour();
  await house.stock();
  const page = await house.open();
  await page.at("phones");
  for (const name of ["A", "B"]) await sync(page.phone(name));
  const a = page.phone("A");
  await a.getByRole("button", { name: "Add a contact" }).click();
  await fill(a, { "First name": "Edith", "Last name": "Clarke", Mobile: "+1 555 0102" });
  await sync(a);
  const { sessions } = await house.api("sessions");
  session = sessions.find(({ collections }) => collections.length > 0).id;
  device = (await house.api("devices")).devices[0].id;
  await page.close();
});
after(() => house?.close());

const views = {
  overview: () => ({ hash: "", shows: "Who has what" }),
  sessions: () => ({ hash: "sessions", shows: "Sessions" }),
  session: () => ({ hash: `sessions/${encodeURIComponent(session)}`, shows: "What each item became" }),
  records: () => ({ hash: "records/contacts", shows: "Ada Lovelace" }),
  contact: () => ({ hash: "records/contacts/ada", shows: "Last touched" }),
  "new-contact": () => ({ hash: "records/contacts?new=1", shows: "New in contacts" }),
  calendar: () => ({ hash: "records/calendar", shows: "Tea with Charles" }),
  event: () => ({ hash: "records/calendar/tea", shows: "Last touched" }),
  task: () => ({ hash: "records/todo/engine", shows: "Last touched" }),
  note: () => ({ hash: "records/notes/poem", shows: "Last touched" }),
  devices: () => ({ hash: "devices", shows: "Set up a phone" }),
  device: () => ({ hash: `devices/${encodeURIComponent(device)}`, shows: "How far it has come" }),
  "set-up": () => ({ hash: "devices?new=1", shows: "Or type it in" }),
  phones: () => ({ hash: "phones", shows: "Phone A" }),
  read: () => ({ hash: "read", shows: "Read a message" }),
};

for (const [look, options] of Object.entries(looks)) {
  test(`every view, ${look}`, { skip }, async () => {
    const page = await house.open(options);
    await page.goto("/");
    await page.getByRole("button", { name: "Sign in" }).waitFor();
    await page.accessible();
    await page.shot(`sign-in-${look}`);
    for (const [name, where] of Object.entries(views)) {
      const { hash, shows } = where();
      await page.at(hash);
      await page.getByText(shows).filter({ visible: true }).first().waitFor();
      await page.settled();
      await page.fits();
      await page.accessible();
      await page.shot(`${name}-${look}`);
      page.quiet();
    }
    await page.close();
  });
}

test("the keyboard reaches everything, and focus is seen", { skip }, async () => {
  const page = await house.open();
  await page.at("");
  await page.getByText("Who has what").waitFor();
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement.textContent), "To the content");
  for (let step = 0; step < 4; step += 1) await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement.textContent), "Records");
  assert.notEqual(await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle), "none");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Records" }).waitFor();
  // A dialogue keeps the focus, closes with Escape, and gives the focus back.
  await page.getByRole("button", { name: "Export" }).focus();
  await page.keyboard.press("Enter");
  await page.getByRole("dialog").waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  assert.match(await page.evaluate(() => document.activeElement.textContent), /Export/);
  page.quiet();
  await page.close();
});

test("the switch overrules the system's colours, and is remembered", { skip }, async () => {
  const page = await house.open(looks.dark);
  await page.at("");
  const ground = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
  const dark = await ground();
  await page.getByRole("button", { name: /^Colours/ }).click();
  const light = await ground();
  assert.notEqual(light, dark);
  await page.reload();
  assert.equal(await ground(), light);
  page.quiet();
  await page.close();
});

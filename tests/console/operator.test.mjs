// What an operator looks at: what was said in a session and what became of it, and what a device is and may be asked.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { fill, harbour, skip, sync } from "./harbour.mjs";


let house;
before(async () => {
  if (skip) return;
  house = await harbour();
  await house.stock();
});
after(() => house?.close());

test("a session is read message by message, statuses lead to their commands, items to their records", { skip }, async () => {
  const page = await house.open();
  await page.at("phones");
  const a = page.phone("A");
  await a.getByRole("button", { name: "Add a contact" }).click();
  await fill(a, { "First name": "Edith", "Last name": "Clarke" });
  await sync(a);

  await page.at("sessions");
  await page.getByRole("link", { name: /Phone A in a page/ }).first().click();
  await page.getByRole("heading", { name: "Phone A in a page" }).waitFor();
  await page.getByText("Why contacts was a slow sync").waitFor();
  const conversation = page.getByRole("region", { name: "The conversation" });
  assert.ok((await conversation.getByRole("button", { name: /^Message/ }).count()) >= 3);

  // The card went out in some message; its status leads there and back.
  await conversation.getByRole("button", { name: /^Message.*Add/ }).first().click();
  const add = conversation.getByRole("listitem").filter({ hasText: /^Add/ }).first();
  await add.getByRole("button", { name: /answered/ }).click();
  const lit = conversation.locator(".lit");
  await lit.getByText("Status").first().waitFor();
  await lit.getByRole("button", { name: "what it answers" }).click();
  await conversation.locator(".lit").getByText("Add").first().waitFor();

  await conversation.getByRole("button", { name: "XML and WBXML" }).click();
  await conversation.getByRole("region", { name: "The message as XML" }).getByText("Edith").first().waitFor();
  assert.match(await conversation.getByRole("region", { name: "The message as bytes" }).innerText(), /^0000/);
  await conversation.getByRole("region", { name: "The message as XML" }).getByRole("button", { name: /answered/ }).first().click();
  await conversation.locator("mark").waitFor();
  await page.shot("session-bytes");
  await conversation.getByRole("button", { name: /^Message 1/ }).click();
  const xml = await conversation.getByRole("region", { name: "The message as XML" }).innerText();
  assert.ok(!xml.includes(Buffer.from("demo:demo").toString("base64")), "credentials are not shown");

  const items = page.getByRole("region", { name: "Items" });
  assert.match(await items.innerText(), /added/);
  await page.getByRole("button", { name: "Copy as fixture" }).click();
  await page.getByText("Copied: paste it").waitFor();
  const script = await page.evaluate(() => navigator.clipboard.readText());
  assert.match(script, /^mkdir -p '/);
  assert.match(script, /01-req\.wbxml/);

  await page.getByRole("button", { name: "Replay" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("button", { name: "Replay", exact: true }).click();
  await dialog.getByText(/The copy began with \d+ records?/).waitFor();
  await page.accessible();
  await dialog.getByRole("button", { name: "Close" }).first().click();
  await items.getByRole("link").first().click();
  await page.getByText("Last touched").waitFor();
  page.quiet();
  await page.close();
});

test("a conflict says what it was and how it was decided", { skip }, async () => {
  const page = await house.open();
  await page.at("phones");
  const [a, b] = [page.phone("A"), page.phone("B")];
  for (const phone of [a, b]) await sync(phone);
  for (const [phone, number] of [[a, "+1"], [b, "+2"]]) {
    await phone.getByRole("button", { name: /Grace Hopper/ }).click();
    await phone.getByRole("button", { name: "Edit" }).click();
    await fill(phone, { Mobile: number });
    await sync(phone);
  }
  await page.at("sessions");
  await page.getByRole("link", { name: /1 conflict/ }).first().click();
  const items = page.getByRole("region", { name: "Items" });
  await items.waitFor();
  assert.match(await items.innerText(), /merged/);
  await page.getByText("conflict", { exact: true }).waitFor();
  page.quiet();
  await page.close();
});

test("a device is looked at, asked to sync slowly, alerted, set up differently and forgotten", { skip }, async () => {
  const page = await house.open();
  await page.at("phones");
  await sync(page.phone("B"));
  await page.at("devices");
  await page.getByRole("link", { name: /Phone B in a page/ }).first().click();
  await page.getByText("How far it has come").waitFor();
  await page.getByText("text/vcard 3.0").first().waitFor();
  await page.getByText("contacts", { exact: true }).last().click();
  await page.getByRole("region", { name: "Mapping of contacts" }).getByText("Ada Lovelace").waitFor();

  await page.getByRole("button", { name: "Slow sync" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Ask for it" }).click();
  await page.getByText("The next sync of").waitFor();
  await page.getByRole("button", { name: "Alert" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Make it" }).click();
  await page.getByText("It asks for session").waitFor();
  const downloading = page.waitForEvent("download");
  await page.getByRole("button", { name: "Package 0" }).click();
  await downloading;
  await page.getByRole("dialog").getByRole("button", { name: "Close" }).first().click();

  await page.getByText("Change it").click();
  await page.getByLabel(/Switches of its own/).fill("{ no");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByRole("alert").getByText("no JSON").waitFor();
  await page.getByLabel(/Switches of its own/).fill('{ "no_busy": true }');
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("It applies from the device's next message").waitFor();

  await page.at("phones");
  await sync(page.phone("B"));
  await page.phone("B").getByText("A slow sync:").waitFor();

  await page.at("devices");
  await page.getByRole("link", { name: /Phone B in a page/ }).first().click();
  await page.getByRole("button", { name: "Forget" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Forget" }).click();
  await page.getByText("Forgotten").waitFor();
  page.quiet();
  await page.close();
});

test("devices of one name are told apart, and what is not there is not asked for again", { skip }, async () => {
  for (let browser = 0; browser < 2; browser += 1) {
    const page = await house.open();
    await page.at("phones");
    await sync(page.phone("A"));
    await page.close();
  }
  const page = await house.open();
  const { devices } = await house.api("devices");
  const same = devices.filter(({ id }) => id.startsWith("page-phone-a-"));
  assert.ok(same.length >= 2);
  for (const place of ["", "sessions", "devices"]) {
    await page.at(place);
    for (const { id } of same.slice(0, 2)) await page.locator(`main .device-name[title="${id}"]`, { hasText: `…${id.slice(-4)}` }).first().waitFor();
  }
  await page.at("sessions");
  await page.getByLabel("Device").selectOption({ label: `Phone A in a page · …${same[0].id.slice(-4)}` });
  await page.waitForURL(/device=page-phone-a/);

  await page.at("records/contacts/nobody");
  await page.getByRole("alert").getByText("There is no record “nobody” in “contacts”.").waitFor();
  assert.equal(await page.getByRole("button", { name: "Try again" }).count(), 0);
  page.quiet(/status of 404/);
  await page.close();
});

test("a phone is set up by a QR code, by typing, or by a document; no password is in it", { skip }, async () => {
  const page = await house.open();
  await page.at("devices");
  await page.getByRole("link", { name: "Set up a phone" }).first().click();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("img", { name: /QR code/ }).waitFor();
  await dialog.getByText(`${house.url}/syncml`).first().waitFor();
  const downloading = page.waitForEvent("download");
  await dialog.getByRole("button", { name: /OMA/ }).click();
  await downloading;
  page.quiet();
  await page.close();
});

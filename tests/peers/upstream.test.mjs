// The worker as the client of SyncEvolution's server, as its operator arranges it: both directions, a conflict, a wire that is cut.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { card, temporary } from "../worker/house.mjs";
import { cards, house, leave, said, untilDone, wire } from "../worker/neighbours.mjs";
import { installServer, serving } from "./syncevolution.mjs";

const missing = installServer();
if (missing) {
  console.log(`\nSKIPPED: the worker as a client of SyncEvolution's server, because ${missing}\n`);
  assert.notEqual(process.env.CI, "true", "a skip is a failure in CI");
}
after(leave);

test("a worker and SyncEvolution's server converge, through a conflict and a cut wire", { skip: missing, timeout: 300_000 }, async (t) => {
  const here = await house();
  const line = await wire();
  await here.account("import", "demo", "contacts", cards(here.state, "Here", 30));
  const add = ["upstream", "demo", "add", "there", `${line.url}/sync`, "--collection", "contacts=addressbook"];
  await here.account(...add, "--login", "demo", "--password", "demo", "--every", "1");
  await here.open();
  const { definition } = await here.database.prepare("SELECT definition FROM upstream").first();
  const { device } = JSON.parse(definition);
  const folder = temporary();
  const there = await serving(folder.path, [device]);
  t.after(async () => {
    await there.stop();
    folder.remove();
  });
  line.lead(there.url);
  for (let n = 0; n < 20; n += 1) there.write(`${n}`, card(`There${n}`));
  const lastNames = () => there.all().map((text) => /^N[^:]*:([^;]*);/m.exec(text)[1]).sort();
  const agree = async (count) => {
    const names = (await here.max.pull("contacts")).items.map(({ lastname }) => lastname).sort();
    assert.equal(names.length, count);
    assert.deepEqual(lastNames(), names);
  };

  // The wire is cut in the middle of the first sync.
  line.cut(3);
  await untilDone(here);
  assert.equal(line.cuts, 1);
  await agree(50);

  // Edits on both sides, of one contact too; deletions both ways.
  const idOf = async (name) => (await here.max.pull("contacts")).items.find(({ lastname }) => lastname === name).id;
  const edit = (name, text) => there.write(there.named(name), there.read(name).replace("END:VCARD", `${text}\r\nEND:VCARD`));
  await new Promise((done) => setTimeout(done, 1_100));
  edit("There7;", "ROLE:there");
  await here.max.push("contacts", { id: await idOf("There7"), email: "here@example.org" });
  edit("Here5;", "NOTE:there");
  there.remove(there.named("There3;"));
  await here.max.push("contacts", { id: await idOf("Here3"), _deleted: "1" });
  line.cut(2);
  await untilDone(here);
  assert.equal(line.cuts, 2);
  await untilDone(here);
  await agree(48);
  assert.match(there.read("There7;"), /here@example\.org/);
  assert.match(there.read("There7;"), /ROLE:there/);
  const told = (await said(here)).find((fields) => fields.includes("Here5"));
  assert.match(told, /there/);
});

// The types that the package documents are those of the core: every field of every structure has the name and the place it has in Rust.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { at } from "../../scripts/run.mjs";

const text = (path) => readFileSync(at(path), "utf8");

/** What is called otherwise here, because its name would say too little outside of its module. */
const renamed = {
  plain: { Change: "RecordChange", Record: "StoredRecord", Outgoing: "OutgoingRecord" },
  message: {
    ...Object.fromEntries(["Alert", "Change", "Exec", "Get", "Map", "Results", "Search", "Group", "Status", "Sync"].map((name) => [name, `${name}Command`])),
  },
  sync: { Pair: "SyncPair", Progress: "SyncProgress", Report: "SyncReport", Reason: "SyncReason", Outcome: "SyncOutcome", Refusal: "SyncRefusal", Tally: "SyncTally", Standing: "SyncStanding" },
};

const pages = {
  plain: ["store/question", "store/batch", "store/rows", "store/throttle", "store/view", "store/arrangement", "store", "peer", "record"],
  message: ["syncml/message", "syncml/metinf", "syncml/device", "syncml/notification"],
  sync: ["upstream"],
};

const camel = (name) => name.replace(/_(\w)/g, (_, letter) => letter.toUpperCase());

/** Structures with serde's names for their fields: those that cross. */
function structures(rust) {
  const found = new Map();
  for (const [, attributes, name, body] of rust.matchAll(/((?:^#\[[^\n]*\n)+)pub struct (\w+) \{\n(.*?)^\}/gms)) {
    if (!/Serialize/.test(attributes)) continue;
    const same = !/rename_all/.test(attributes);
    const fields = [];
    let given;
    let skipped = false;
    for (const line of body.split("\n")) {
      given = /rename = "(\w+)"/.exec(line)?.[1] ?? given;
      skipped ||= /#\[serde\(skip\)\]/.test(line);
      const field = /^ {4}pub (\w+):/.exec(line)?.[1];
      if (!field) continue;
      if (!skipped) fields.push(given ?? (same ? field : camel(field)));
      [given, skipped] = [undefined, false];
    }
    found.set(name, fields);
  }
  return found;
}

function interfaces(typescript) {
  const found = new Map();
  for (const [, name, body] of typescript.matchAll(/^export interface (\w+) \{\n(.*?)^\}/gms)) {
    found.set(name, [...body.matchAll(/^ {2}(\w+)\??:/gm)].map(([, field]) => field));
  }
  return found;
}

// These do not cross: they are text in a column, or nobody's business outside.
const inside = ["PeerSettings", "AccountId", "CollectionId", "PeerId", "Luid", "Upstream", "Outgoing"];

for (const [page, rooms] of Object.entries(pages)) {
  test(`every structure of package/src/${page}.ts is the core's`, () => {
    const written = interfaces(text(`package/src/${page}.ts`));
    let compared = 0;
    for (const room of rooms) {
      for (const [name, fields] of structures(text(`src/${room}.rs`))) {
        if (inside.includes(name) && !(page === "plain" && name === "Outgoing")) continue;
        const known = written.get(renamed[page][name] ?? name);
        assert.ok(known, `${name} of src/${room}.rs is not in package/src/${page}.ts`);
        // DevInf is kept in columns by its Rust names, and renamed on its way out.
        const wanted = room === "syncml/device" ? fields.map(camel) : fields;
        assert.deepEqual(known, wanted, `${name} of src/${room}.rs`);
        compared += 1;
      }
    }
    assert.ok(compared >= 7, `${compared} compared`);
  });
}

test("every choice of package/src/plain.ts is the core's", () => {
  const written = text("package/src/plain.ts");
  for (const [room, name] of [["store/question", "Who"], ["store/question", "PageAsk"], ["store/view", "View"], ["store/batch", "Edit"], ["record", "Content"], ["peer", "Looking"]]) {
    const [, body] = new RegExp(`pub enum ${name} \\{\\n(.*?)^\\}`, "ms").exec(text(`src/${room}.rs`));
    const variants = [...body.matchAll(/^ {4}([A-Z]\w*)/gm)].map(([, variant]) => variant[0].toLowerCase() + variant.slice(1));
    const [, union] = new RegExp(`export type ${name} =(.*?);\\n\\n`, "s").exec(written);
    const choices = [...union.replaceAll(/\/\*\*.*?\*\//g, "").matchAll(/(?:\{ |")(\w+)(?:: |")/g)].map(([, choice]) => choice);
    for (const variant of variants) assert.ok(choices.includes(variant), `${name}: ${variant} is not in ${choices.join()}`);
    assert.ok(variants.length > 1, name);
  }
});

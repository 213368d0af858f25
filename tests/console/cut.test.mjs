// How the console cuts files for the import, and whether its types are those of the API's document.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { types } from "../../scripts/api-types.mjs";
import { at } from "../../scripts/run.mjs";
import { fieldsOf, names } from "../../www/src/api/columns.ts";
import { bytesOf, csvHeader, cut, formatOf, written } from "../../www/src/api/cut.ts";
import { changed } from "../../www/src/part/changes.ts";

test("the console's types are those of docs/openapi.json", () => {
  assert.equal(readFileSync(at("www", "src", "api", "schema.ts"), "utf8"), types(), "stale: node scripts/api-types.mjs");
});

test("a file's format is told by what is in it, then by its name", () => {
  assert.equal(formatOf("x.txt", "\uFEFFBEGIN:VCARD\r\n"), "text/vcard");
  assert.equal(formatOf("x", "BEGIN:VCALENDAR\n"), "text/calendar");
  assert.equal(formatOf("x.csv", "name,email\n"), "text/csv");
  assert.equal(formatOf("x", '{"fields":{}}\n'), "application/x-ndjson");
  assert.equal(formatOf("x.txt", "a note"), "text/plain");
  assert.equal(formatOf("x.pdf", "%PDF"), undefined);
});

test("cards are cut between cards, also where a card has one in it", () => {
  const agent = "BEGIN:VCARD\r\nVERSION:2.1\r\nFN:Boss\r\nAGENT:\r\nBEGIN:VCARD\r\nFN:Agent\r\nEND:VCARD\r\nEND:VCARD\r\n";
  const { chunks, items } = cut("text/vcard", agent.repeat(120));
  assert.equal(items, 120);
  assert.equal(chunks.join(""), agent.repeat(120), "not a byte is lost");
  for (const chunk of chunks) assert.ok(chunk.startsWith("BEGIN:VCARD\r\nVERSION") && chunk.endsWith("END:VCARD\r\nEND:VCARD\r\n"));
});

test("what never ends goes along, for the server to say so", () => {
  const { chunks } = cut("text/vcard", "BEGIN:VCARD\nFN:A\nEND:VCARD\nBEGIN:VCARD\nFN:B\n");
  assert.match(chunks.join(""), /FN:B/);
});

test("a calendar's pieces have its head and its time zones, and what has one UID stays together", () => {
  const zone = "BEGIN:VTIMEZONE\r\nTZID:Europe/Berlin\r\nBEGIN:STANDARD\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n";
  const event = (uid, more = "") => `BEGIN:VEVENT\r\nUID:${uid}\r\n${more}BEGIN:VALARM\r\nEND:VALARM\r\nEND:VEVENT\r\n`;
  const events = Array.from({ length: 130 }, (_, number) => event(number));
  const text = `BEGIN:VCALENDAR\r\nVERSION:2.0\r\n${zone}${events.join("")}${event(0, "RECURRENCE-ID:20260101\r\n")}END:VCALENDAR\r\n`;
  const { chunks, items } = cut("text/calendar", text);
  assert.equal(items, 130);
  assert.ok(chunks.length >= 3);
  for (const chunk of chunks) {
    assert.ok(chunk.startsWith(`BEGIN:VCALENDAR\r\nVERSION:2.0\r\n${zone}`) && chunk.endsWith("END:VCALENDAR\r\n"));
  }
  assert.equal(chunks.join("").match(/BEGIN:VEVENT/g).length, 131);
  assert.match(chunks[0], /UID:0\r\n[\s\S]*UID:0\r\nRECURRENCE-ID/);
});

test("each chunk of CSV begins with the header, and quoted line breaks stay in their line", () => {
  const lines = Array.from({ length: 120 }, (_, number) => `"Person ${number}","one\nline ""and"" another"\r\n`);
  const { chunks, items } = cut("text/csv", `name,"note, long"\r\n${lines.join("")}`);
  assert.equal(items, 120);
  for (const chunk of chunks) assert.ok(chunk.startsWith('name,"note, long"\r\n'));
  assert.equal(chunks.map((chunk) => chunk.split("\r\n").slice(1).join("\r\n")).join(""), lines.join(""));
  assert.deepEqual(csvHeader('name,"note, long",,x\r\n1,2,3,4'), ["name", "note, long", "", "x"]);
});

test("JSON lines are cut between lines", () => {
  const text = Array.from({ length: 101 }, (_, number) => `{"fields":{"name":"${number}"}}`).join("\n");
  const { chunks, items } = cut("application/x-ndjson", text);
  assert.equal(items, 101);
  assert.equal(chunks.join(""), `${text}\n`);
});

test("what a column means is what the server takes it for", () => {
  const rust = readFileSync(at("src", "api", "import", "columns.rs"), "utf8");
  const [table] = rust.match(/const NAMES[\s\S]*?\n\];/);
  const kinds = Object.fromEntries(table.split("Kind::").slice(1).map((part) => {
    const fields = [...part.matchAll(/\("(\w+)", &\[([^\]]*)\]\)/g)].map(([, field, others]) => [field, [...others.matchAll(/"(\w+)"/g)].map(([, name]) => name)]);
    return [part.match(/^\w+/)[0].toLowerCase(), Object.fromEntries(fields)];
  }));
  assert.deepEqual(Object.keys(kinds), ["contacts", "calendar", "todo"]);
  assert.deepEqual(names, kinds, "stale: www/src/api/columns.ts says what src/api/import/columns.rs says");

  const contacts = { kind: "contacts", fields: ["id", "name", "firstname", "lastname", "phone", "email", "email2", "birthday", "note"].map((name) => ({ name, type: "string" })) };
  const google = ["Given Name", "Family Name", "E-mail 1 - Value", "Phone 1 - Value", "Birthday", "E-mail", "Shoe size", "É-mail"];
  assert.deepEqual(fieldsOf(google, contacts), ["firstname", "lastname", "email", "phone", "birthday", "", "", ""], "the first of two; no other letters");
  assert.deepEqual(fieldsOf(["Id", "NAME"], { ...contacts, kind: "table" }), ["id", "name"]);
});

test("what is refused is found again in the file", () => {
  assert.deepEqual(cut("text/csv", 'name,note\r\n\r\nA,"two\nlines"\r\nB,\r\n').lines, [[3, 5]]);
  assert.deepEqual(cut("application/x-ndjson", '{}\n\n{}').lines, [[1, 3]]);
  assert.deepEqual(cut("text/vcard", "BEGIN:VCARD\nEND:VCARD\n\nBEGIN:VCARD\nEND:VCARD\n").lines, [[1, 4]]);
  const event = (uid) => `BEGIN:VEVENT\nUID:${uid}\nEND:VEVENT\n`;
  assert.deepEqual(cut("text/calendar", `BEGIN:VCALENDAR\nVERSION:2.0\n${event(1)}${event(2)}END:VCALENDAR\n`).lines, [[3, 6]]);
  const { chunks, lines } = cut("text/csv", `name\n${"x\n".repeat(120)}`);
  assert.deepEqual([lines.length, lines[1][0]], [chunks.length, 52]);
});

test("rows of CSV with nothing in them are no items", () => {
  const { items, lines, chunks } = cut("text/csv", 'name,note\r\nA,1\r\n,\r\n""," "\r\n" ",""\r\nB,"x\n\ny"\r\n","\r\n5" pipe,2\r\nlast,');
  assert.equal(items, 5, "a quoted separator is something");
  assert.deepEqual(lines, [[2, 6, 9, 10, 11]]);
  assert.ok(chunks[0].endsWith("last,\r\n"));
  assert.deepEqual(cut("text/csv", "name;note\n;\nA;\n").lines, [[3]], "as spreadsheets of other countries write it");
  assert.deepEqual(csvHeader('name;"a ""note"", long";x\n'), ["name", 'a "note", long', "x"]);
  assert.deepEqual(cut("text/csv", "name\rA\r\rB").lines, [[2, 4]], "as an old Mac writes it");
  assert.equal(cut("text/csv", 'name\nA\n"B').items, 2, "the server says that the quote is never closed");
});

test("a file that is no UTF-8 keeps its letters, and a card its bytes", () => {
  const every = Uint8Array.from({ length: 256 }, (_, byte) => byte);
  const card = Buffer.concat([Buffer.from("BEGIN:VCARD\r\nNOTE:"), every, Buffer.from("\r\nEND:VCARD\r\n")]);
  const bytewise = written(card);
  assert.deepEqual(Buffer.from(bytesOf(bytewise)), card);
  assert.equal(bytewise.bytewise, true);
  const sheet = written(Buffer.from("name\r\nS\xf8ren \x80\r\n", "latin1"));
  assert.deepEqual(sheet, { text: "name\r\nSøren €\r\n", bytewise: false });
  assert.equal(Buffer.from(bytesOf(sheet)).toString(), sheet.text);
  for (const [encoding, mark] of [["utf16le", [0xff, 0xfe]], ["utf8", []]]) {
    const { text } = written(Buffer.concat([Buffer.from(mark), Buffer.from("name\nŁukasz\n", encoding)]));
    assert.equal(text, "name\nŁukasz\n", encoding);
  }
});

test("a card goes on being called by its names", () => {
  const name = (before, after) => changed(before, { ...before, ...after }, "contacts").name;
  const ada = { name: "Ada King", firstname: "Ada", lastname: "King" };
  assert.equal(name({}, { firstname: "Ada" }), "Ada");
  assert.equal(name(ada, { lastname: "Lovelace" }), "Ada Lovelace");
  assert.equal(name({ ...ada, name: "Dr Ada King", prefix: "Dr" }, { lastname: "Lovelace" }), "Dr Ada Lovelace");
  assert.equal(name({ ...ada, prefix: "Dr" }, { lastname: "Lovelace" }), "Ada Lovelace", "as it was called");
  assert.equal(name({ name: "Acme", company: "Acme" }, { company: "Globex" }), "Globex");
  assert.equal(name({ name: "Acme", company: "Acme" }, { firstname: "Ada" }), "Ada");
  assert.equal(name({ ...ada, name: "The Countess" }, { lastname: "Lovelace" }), undefined, "a name of its own");
  assert.equal(name(ada, { note: "x" }), undefined);
  assert.equal(name(ada, { firstname: "", lastname: "" }), undefined, "nobody is called nothing");
});

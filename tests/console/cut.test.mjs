// How the console cuts files for the import, and whether its types are those of the API's document.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { types } from "../../scripts/api-types.mjs";
import { at } from "../../scripts/run.mjs";
import { csvHeader, cut, formatOf } from "../../www/src/api/cut.ts";

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

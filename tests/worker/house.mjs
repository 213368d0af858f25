// What every suite here stands on: a worker in workerd with a state directory of its own, and two small clients that show
// answers as they were on the wire.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import http from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { serve } from "../../scripts/local.mjs";
import { at, run, secret } from "../../scripts/run.mjs";

/** A temporary directory and what removes it. */
export function temporary() {
  const path = mkdtempSync(join(tmpdir(), "anchorage-"));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** A worker with the demo account, counting what it costs. `vars` as in wrangler.toml. */
export async function open(vars = {}) {
  const state = temporary();
  await run(process.execPath, [at("scripts", "account.mjs"), "--state", state.path, "demo"], { capture: true });
  const lines = [];
  const server = await serve({
    state: state.path,
    vars: { ANCHORAGE_SECRET: secret(state.path), ANCHORAGE_LOCAL: "1", ANCHORAGE_COST: "1", ...vars },
    line: (text) => lines.push(text),
  });
  const close = async () => {
    await server.stop();
    state.remove();
  };
  return { ...server, lines, close, max: maxClient(server.url) };
}

/** One request, nothing added and nothing decoded: Node's fetch would ask for gzip and inflate it behind our back. */
export function request(url, { method = "GET", headers = {}, body } = {}) {
  return new Promise((resolve, reject) => {
    const sent = http.request(url, { method, headers, agent: false }, (answer) => {
      const chunks = [];
      answer.on("data", (chunk) => chunks.push(chunk));
      answer.on("error", reject);
      answer.on("end", () => {
        const bytes = Buffer.concat(chunks);
        const { statusCode: status, headers, rawHeaders } = answer;
        resolve({ status, headers, rawHeaders, bytes, text: bytes.toString("utf8"), cost: costOf(headers) });
      });
    });
    sent.on("error", reject);
    if (typeof body === "function") body(sent);
    else sent.end(body);
  });
}

function costOf(headers) {
  const text = headers["x-anchorage-cost"] ?? "";
  return Object.fromEntries([...text.matchAll(/(\w+)=(\d+)/g)].map(([, name, value]) => [name, Number(value)]));
}

/** A MAX application: `pull` a feed, `push` one record. */
export function maxClient(origin, token = "demo-token") {
  const url = (table, query) => `${origin}/max/${table}?${new URLSearchParams({ ...query, auth: token })}`;
  return {
    url,
    async pull(table, lbd = "0", headers = {}) {
      const answer = await request(url(table, { lbd }), { headers });
      assert.equal(answer.status, 200, answer.text);
      return { ...answer, ...feedOf(answer.text) };
    },
    async push(table, fields) {
      const headers = { "content-type": "application/x-www-form-urlencoded" };
      const answer = await request(url(table), { method: "POST", headers, body: new URLSearchParams(fields).toString() });
      assert.equal(answer.status, 200, answer.text);
      return answer;
    },
  };
}

/** `{ lbd, items: [{ id, … }] }` of a feed. */
export function feedOf(text) {
  const plain = (value) =>
    value
      .replace(/&#(\d+);/g, (_, code) => String.fromCodePoint(Number(code)))
      .replace(/&lt;/g, "<")
      .replace(/&gt;/g, ">")
      .replace(/&quot;/g, '"')
      .replace(/&apos;/g, "'")
      .replace(/&amp;/g, "&");
  const fields = (item) =>
    Object.fromEntries([...item.matchAll(/<([\w-]+)>([^<]*)<\/\1>|<([\w-]+)\/>/g)].map(([, name, value, empty]) => [name ?? empty, plain(value ?? "")]));
  return {
    lbd: text.match(/<lastBuildDate>(\d+)<\/lastBuildDate>/)?.[1],
    items: [...text.matchAll(/<item>([\s\S]*?)<\/item>/g)].map(([, item]) => fields(item)),
  };
}

/** A SyncML 1.2 phone in XML with basic login: enough to count by. */
export function phone(origin, name, { store = "contacts", user = "demo", password = "demo" } = {}) {
  const type = store === "contacts" ? "text/x-vcard" : "text/calendar";
  const phone = { url: `${origin}/syncml`, session: 0, message: 0, anchor: 0, command: 0 };
  const id = () => ++phone.command;
  const cred = Buffer.from(`${user}:${password}`).toString("base64");

  /** Sends one message of these commands, the same again while the server is busy and we are patient; gives the answer. */
  phone.send = async (commands, { final = true, patient = false } = {}) => {
    phone.message += 1;
    phone.command = 0;
    const body = `<SyncML xmlns='SYNCML:SYNCML1.2'><SyncHdr><VerDTD>1.2</VerDTD><VerProto>SyncML/1.2</VerProto>
      <SessionID>${phone.session}</SessionID><MsgID>${phone.message}</MsgID><Target><LocURI>${phone.url}</LocURI></Target>
      <Source><LocURI>${name}</LocURI></Source><Cred><Meta><Format xmlns='syncml:metinf'>b64</Format>
      <Type xmlns='syncml:metinf'>syncml:auth-basic</Type></Meta><Data>${cred}</Data></Cred>
      <Meta><MaxMsgSize xmlns='syncml:metinf'>150000</MaxMsgSize></Meta></SyncHdr>
      <SyncBody>${commands.map((command) => command(id())).join("")}${final ? "<Final/>" : ""}</SyncBody></SyncML>`;
    const headers = { "content-type": "application/vnd.syncml+xml" };
    let answer = await request(phone.url, { method: "POST", headers, body });
    for (let tries = 0; patient && answer.status === 503 && tries < 20; tries += 1) {
      answer = await request(phone.url, { method: "POST", headers, body });
    }
    assert.equal(answer.status, 200, answer.text);
    phone.url = answer.text.match(/<RespURI>([^<]+)<\/RespURI>/)?.[1].replaceAll("&amp;", "&") ?? phone.url;
    return answer;
  };
  phone.begin = () => {
    Object.assign(phone, { url: `${origin}/syncml`, session: phone.session + 1, message: 0 });
  };
  phone.ok = (command) => (id) =>
    `<Status><CmdID>${id}</CmdID><MsgRef>${phone.message - 1}</MsgRef><CmdRef>${command}</CmdRef><Cmd>SyncHdr</Cmd><Data>200</Data></Status>`;
  phone.alert = (code) => (id) => {
    const last = phone.anchor ? `<Last>${phone.anchor}</Last>` : "";
    phone.anchor += 1;
    return `<Alert><CmdID>${id}</CmdID><Data>${code}</Data><Item><Target><LocURI>${store}</LocURI></Target>
      <Source><LocURI>./${store}</LocURI></Source><Meta><Anchor xmlns='syncml:metinf'>${last}<Next>${phone.anchor}</Next>
      </Anchor></Meta></Item></Alert>`;
  };
  phone.sync = (items) => (id) =>
    `<Sync><CmdID>${id}</CmdID><Target><LocURI>${store}</LocURI></Target><Source><LocURI>./${store}</LocURI></Source>
      ${items.map((item, index) => item(id * 10000 + index)).join("")}</Sync>`;
  phone.add = (luid, data) => (id) =>
    `<Add><CmdID>${id}</CmdID><Meta><Type xmlns='syncml:metinf'>${type}</Type></Meta><Item><Source><LocURI>${luid}</LocURI>
      </Source><Data><![CDATA[${data}]]></Data></Item></Add>`;
  return phone;
}

/** A vCard that no other one equals. */
export const card = (name) =>
  ["BEGIN:VCARD", "VERSION:2.1", `N:${name};Anna`, `FN:Anna ${name}`, `TEL;CELL:+49 30 ${name}`, "END:VCARD", ""].join("\r\n");

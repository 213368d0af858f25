// How answers travel: gzip above 1,024 bytes for those who ask, the exact length, nothing changed on the way, no cookies.

import assert from "node:assert/strict";
import { gunzipSync } from "node:zlib";
import { after, before, test } from "node:test";
import { open, request } from "./house.mjs";

let house;
before(async () => (house = await open()));
after(() => house?.close());

/** A feed of exactly so many bytes before compression: one task with a title as long as it takes. */
async function feedOf(bytes) {
  const position = async () => (await house.max.pull("tasks")).lbd;
  const before = await position();
  await house.max.push("tasks", { id: "sized", title: "x" });
  const { bytes: short } = await house.max.pull("tasks", before);
  const since = await position();
  await house.max.push("tasks", { id: "sized", title: "x".repeat(bytes - short.length + 1) });
  const url = house.max.url("tasks", { lbd: since });
  assert.equal((await request(url)).bytes.length, bytes);
  return url;
}

/** What holds for every answer, and what a gzip one holds. */
function check({ headers, bytes, rawHeaders }, compressed) {
  assert.equal(headers["content-length"], String(bytes.length), "the length is exact");
  assert.match(headers["cache-control"], /no-transform/);
  assert.equal(headers["transfer-encoding"], undefined);
  assert.ok(!rawHeaders.some((name) => name.toLowerCase() === "set-cookie"), "no cookies");
  assert.equal(headers["content-encoding"] === "gzip", compressed, `content-encoding ${headers["content-encoding"]}`);
  return compressed ? gunzipSync(bytes) : bytes;
}

test("1,025 bytes are compressed for those who ask, 1,024 are not", async () => {
  const gzip = { headers: { "accept-encoding": "gzip" } };
  assert.equal(check(await request(await feedOf(1024), gzip), false).length, 1024);
  assert.equal(check(await request(await feedOf(1025), gzip), true).length, 1025);
});

test("nobody is given what they did not ask for", async () => {
  const url = await feedOf(4000);
  const plain = ["identity", "deflate", "br", "gzip;q=0", "gzip;q=0, identity", "*;q=0, identity;q=1"];
  // The entry worker would inflate a gzip answer to these, or make it Brotli, and drop its length.
  const others = ["*", "*;q=0.5", "br, gzip", "br;q=1.0, *;q=0.1", "identity, gzip", "gzip;q=0.5, br;q=0.6"];
  for (const accepted of [undefined, ...plain, ...others]) {
    const headers = accepted === undefined ? {} : { "accept-encoding": accepted };
    assert.equal(check(await request(url, { headers }), false).length, 4000, `accept-encoding ${accepted}`);
  }
  for (const accepted of ["gzip", "gzip, deflate, br", "deflate, gzip, br, zstd", "deflate, gzip;q=0.5", "GZIP"]) {
    const answer = await request(url, { headers: { "accept-encoding": accepted } });
    assert.equal(check(answer, true).length, 4000, `accept-encoding ${accepted}`);
  }
});

test("errors and short answers keep the same rules", async () => {
  const headers = { "accept-encoding": "gzip" };
  const form = { ...headers, "content-type": "application/x-www-form-urlencoded" };
  const answers = [
    [401, await request(`${house.url}/max/tasks?lbd=0&auth=wrong`, { headers })],
    [401, await request(`${house.url}/max/tasks?lbd=0`, { headers })],
    [404, await request(house.max.url("nowhere", { lbd: "0" }), { headers })],
    [400, await request(house.max.url("tasks", { lbd: "-1" }), { headers })],
    [400, await request(house.max.url("tasks"), { method: "POST", headers: form, body: "title=no+id" })],
    [405, await request(house.max.url("tasks"), { method: "PUT", headers, body: "x" })],
    [413, await request(house.max.url("tasks"), { method: "POST", headers: form, body: "x".repeat(1_000_001) })],
    [200, await request(house.max.url("tasks"), { method: "POST", headers: form, body: "id=a&title=b" })],
  ];
  for (const [status, answer] of answers) {
    assert.equal(answer.status, status, answer.text);
    check(answer, false);
  }
});

test("a kin client's odd header is no reason to refuse", async () => {
  const headers = { "cache-control": "no-transform;no-cache", pragma: "no-cache", "accept-encoding": "gzip" };
  assert.equal((await request(house.max.url("tasks", { lbd: "0" }), { headers })).status, 200);
});

// The service worker: the page opens without the server too, as its phones must. It keeps the page and its files and nothing else;
// what is asked of the API, of SyncML and of MAX passes it by.

const NAME = "console";
const ALWAYS = ["/", "/favicon.svg", "/theme.js"];

/** Everything that the page is made of, as its build lists it. */
async function fill() {
  const answer = await fetch("/assets/manifest.json", { cache: "no-cache" });
  const manifest = await answer.json();
  const files = Object.values(manifest).flatMap(({ file, css = [], assets = [] }) => [file, ...css, ...assets]);
  const cache = await caches.open(NAME);
  const wanted = [...new Set(files.map((file) => `/${file}`))];
  const kept = (await cache.keys()).map(({ url }) => new URL(url).pathname);
  await Promise.all(wanted.filter((path) => !kept.includes(path)).map((path) => cache.add(path)));
  await Promise.all(kept.filter((path) => path.startsWith("/assets/") && !wanted.includes(path)).map((path) => cache.delete(path)));
}

addEventListener("install", (event) => {
  const all = caches.open(NAME).then((cache) => cache.addAll(ALWAYS)).then(fill);
  event.waitUntil(all.then(() => self.skipWaiting()));
});

addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== "GET" || origin !== location.origin) return;
  if (ALWAYS.includes(pathname)) event.respondWith(newest(event, pathname));
  // Their names change with their contents.
  else if (pathname.startsWith("/assets/")) event.respondWith(caches.match(pathname).then((kept) => kept ?? fetch(request)));
});

/** What the server has, or where it cannot be reached, what it had; a page that has changed brings other files. */
async function newest(event, pathname) {
  const cache = await caches.open(NAME);
  try {
    const answer = await fetch(pathname, { cache: "no-cache" });
    if (!answer.ok) return answer;
    const [before, now] = await Promise.all([cache.match(pathname).then((kept) => kept?.text()), answer.clone().text()]);
    if (before !== now) event.waitUntil(cache.put(pathname, answer.clone()).then(() => (pathname === "/" ? fill() : undefined)));
    return answer;
  } catch (error) {
    const kept = await cache.match(pathname);
    if (kept) return kept;
    throw error;
  }
}

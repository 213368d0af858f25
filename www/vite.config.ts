// How the console is built: into build/www, which wrangler.toml names as the worker's static assets.

import { defineConfig } from "vite";

export default defineConfig({
  build: {
    outDir: "../build/www",
    emptyOutDir: true,
    target: "es2022",
    // What the policy of `_headers` forbids must not be made: no inlined assets that a browser would have to decode as code.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    sourcemap: true,
    // public/offline.js keeps what is listed there.
    manifest: "assets/manifest.json",
  },
  // `npx vite www` beside a running `npm start`.
  server: { proxy: Object.fromEntries(["/api", "/syncml", "/max", "/provision"].map((path) => [path, "http://127.0.0.1:8787"])) },
});

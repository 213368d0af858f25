// npm run check: formatting, lints natively and for both faces, documentation, and the rules of the house.

import { main, run, say } from "./run.mjs";
import { setup } from "./setup.mjs";

const face = (name) => ["--target", "wasm32-unknown-unknown", "--features", name, "--lib"];

await main(async () => {
  await setup();
  const cargo = (...args) => {
    say(`cargo ${args.join(" ")}`);
    return run("cargo", args);
  };
  await cargo("fmt", "--check");
  await cargo("clippy", "--locked", "--all-targets", "--", "-D", "warnings");
  await cargo("clippy", "--locked", ...face("cloudflare"), "--", "-D", "warnings");
  await cargo("clippy", "--locked", ...face("javascript"), "--", "-D", "warnings");
  process.env.RUSTDOCFLAGS = "-D warnings";
  await cargo("doc", "--locked", "--no-deps", "--lib");
  await cargo("test", "--locked", "--test", "tidy");
});

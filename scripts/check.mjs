// npm run check: formatting, lints for both targets, documentation, and the rules of the house.

import { main, run, say } from "./run.mjs";
import { setup } from "./setup.mjs";

const worker = ["--target", "wasm32-unknown-unknown", "--features", "cloudflare", "--lib"];

await main(async () => {
  await setup();
  const cargo = (...args) => {
    say(`cargo ${args.join(" ")}`);
    return run("cargo", args);
  };
  await cargo("fmt", "--check");
  await cargo("clippy", "--locked", "--all-targets", "--", "-D", "warnings");
  await cargo("clippy", "--locked", ...worker, "--", "-D", "warnings");
  process.env.RUSTDOCFLAGS = "-D warnings";
  await cargo("doc", "--locked", "--no-deps", "--lib");
  await cargo("test", "--locked", "--test", "tidy");
});

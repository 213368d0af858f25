// npm start [-- --port N --state DIR]: from a fresh clone to a server on this machine, until Ctrl-C.

import { createServer } from "node:net";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { build } from "./build.mjs";
import { Failure, at, main, modernNode, run } from "./run.mjs";
import { setup } from "./setup.mjs";

const usage = `npm start [-- --port N --state DIR]

  --port N      the port; 8787 unless said
  --state DIR   the folder of local data; .anchorage unless said
  --help        this page`;

await main(async () => {
  const { port, state, help } = options();
  if (help) {
    console.log(usage);
    return 0;
  }
  await mustBeFree(port);
  endWithNpm();
  await setup();
  await build();
  // The channel tells the server when this process is gone, however it ended.
  const stdio = ["ignore", "inherit", "inherit", "ipc"];
  const { code } = await run(modernNode(), [at("scripts", "server.mjs"), String(port), state], { stdio, lenient: true });
  return code;
});

function options() {
  try {
    const { values } = parseArgs({ options: { port: { type: "string" }, state: { type: "string" }, help: { type: "boolean", short: "h" } } });
    const port = Number(values.port ?? 8787);
    if (!Number.isInteger(port) || port < 1 || port > 65535) throw new Error(`${values.port} is no port`);
    return { port, help: values.help, state: values.state ? resolve(process.env.INIT_CWD ?? ".", values.state) : at(".anchorage") };
  } catch (error) {
    throw new Failure(`${error.message}\n${usage}`);
  }
}

/** npm passes no signal on: where it was ended alone, so are we. */
function endWithNpm() {
  const npm = process.ppid;
  setInterval(() => process.ppid === npm || process.kill(process.pid, "SIGTERM"), 500).unref();
}

function mustBeFree(port) {
  return new Promise((free, taken) => {
    const probe = createServer();
    probe.once("error", (error) => {
      const why = error.code === "EADDRINUSE" ? "is in use, perhaps by another npm start" : `cannot be used (${error.code})`;
      taken(new Failure(`Port ${port} ${why}. Stop what listens there, or: npm start -- --port ${port + 1}`));
    });
    probe.listen(port, "127.0.0.1", () => probe.close(free));
  });
}

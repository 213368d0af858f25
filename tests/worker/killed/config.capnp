# The worker as it is deployed, its D1 and nothing else: workerd starts over this for one message. The state directory and
# the socket are given where it is started (tests/conversation/fresh.rs).

using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "anchorage", worker = (
      compatibilityDate = "2026-10-01",
      modules = [
        (name = "entry.mjs", esModule = embed "entry.mjs"),
        (name = "memory.mjs", esModule = embed "memory.mjs"),
        (name = "index.js", esModule = embed "../../../build/index.js"),
        (name = "index_bg.wasm", wasm = embed "../../../build/index_bg.wasm"),
      ],
      bindings = [(name = "DB", wrapped = (
        moduleName = "cloudflare-internal:d1-api",
        innerBindings = [(name = "fetcher", service = "d1")],
      ))],
    )),
    (name = "d1", worker = (
      compatibilityDate = "2026-10-01",
      modules = [(name = "database.mjs", esModule = embed "database.mjs")],
      # As Miniflare has it, which made the state.
      durableObjectNamespaces = [(className = "Database", uniqueKey = "miniflare-D1DatabaseObject", enableSql = true)],
      durableObjectStorage = (localDisk = "state"),
      bindings = [(name = "DATABASES", durableObjectNamespace = "Database")],
    )),
    (name = "state", disk = (writable = true)),
  ],
  sockets = [(name = "http", http = (forwardedProtoHeader = "x-forwarded-proto"), service = "anchorage")],
);

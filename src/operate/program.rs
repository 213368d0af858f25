//! What the program that speaks to the operator is called, and how it names what is around it: the script of a checkout, or
//! the command of the npm package.

/// Whether this is the command of the npm package.
const PACKAGE: bool = cfg!(target_arch = "wasm32");

/// What goes before a command's name.
pub const NAME: &str = if PACKAGE { "npx anchorage account" } else { "npm run account --" };

/// Whether there is a deployed database to choose (`--remote`), or another folder of local data (`--state`): in the package
/// whoever starts us knows the database.
pub const CHOOSES_DATABASE: bool = !PACKAGE;

/// What is to be done where the database has no tables.
pub const TABLES: &str =
    if PACKAGE { "it is no folder of `npx anchorage serve`." } else { "`npm run deploy` makes them." };

/// What is to be done where the secret is missing.
pub const SECRET: &str = if PACKAGE {
    "set ANCHORAGE_SECRET to what the server has, or remove it to take the one in the data folder."
} else {
    "set ANCHORAGE_SECRET to what `wrangler secret put ANCHORAGE_SECRET` was given, and try again."
};

/// The options that every command takes.
pub const OPTIONS: &str = if PACKAGE {
    "  --data DIR   the folder of the server's data, as for `npx anchorage serve --data DIR`; ./anchorage-data unless said
  --json       one line of JSON instead of words for people"
} else {
    "  --state DIR   the folder of local data (as for `npm start -- --state DIR`); .anchorage unless said
  --remote      the deployed database, not the local one; wants CLOUDFLARE_API_TOKEN or `npx wrangler login`,
                and for passwords ANCHORAGE_SECRET"
};

/// Whether the documents of a checkout (`docs/`) are at hand.
pub const HAS_DOCUMENTS: bool = !PACKAGE;

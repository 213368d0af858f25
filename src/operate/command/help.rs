//! How each command goes, for people.

use crate::operate::program;

/// Every command that `--help` tells of.
pub const COMMANDS: [&str; 14] = [
    "add",
    "list",
    "token",
    "revoke",
    "password",
    "remove",
    "device",
    "alert",
    "provision",
    "collection",
    "upstream",
    "import",
    "export",
    "import-app",
];

const HELP: &str = "\
Manages the accounts of this server.

  npm run account -- add NAME [--password P] [--token]      a new account, with contacts, calendar, todo and notes
  npm run account -- list [NAME]                            accounts, collections, devices, tokens
  npm run account -- token NAME [--label L] [--days N]      issue a MAX token, shown once
  npm run account -- revoke NAME --label L | --all | HASH   make tokens worthless (list shows the first digits of HASH)
  npm run account -- password NAME [--password P]           a new password
  npm run account -- remove NAME --yes                      delete the account and everything in it
  npm run account -- device NAME [DEVICE] [--ctcap on|off] [--quirks JSON] [--alert-url URL] [--forget]
  npm run account -- alert NAME DEVICE [COLLECTION…] [--type T] [--version 1.0|1.1|1.2] [--post [URL]] [--url URL]
  npm run account -- provision NAME [--device nokia|ericsson|oma] [--url URL] [--password P]
  npm run account -- collection NAME ID [--policy merge|server-wins|client-wins|keep-both] [--read-only on|quiet|off]
                                        [--alias A]… [--remove-alias A]… [--standard-fields]
                                        [--kind contacts|calendar|todo|notes|files]
  npm run account -- upstream NAME [list | show ID | set ID | remove ID] [--every MINUTES] [--login L] [--password P] [--now]
  npm run account -- upstream NAME add ID URL --collection C[=REMOTE]… [--mode M] [--protocol syncml|max] [--login L]
                                        [--password P] [--every MINUTES] [--now]
  npm run account -- import NAME [COLLECTION] PATH…         read .vcf, .ics, .vcs, .txt, .vnt files, or folders of them
  npm run account -- export NAME [COLLECTION] DIR [--one-file | --json-lines]
  npm run account -- import-app NAME FILE                   declare collections by a MAX application file";

const PASSWORDS: &str = "A password that is not given is asked for at a terminal, read from ANCHORAGE_PASSWORD, or made and shown once.";

const MORE: &str = "More in docs/accounts.md; `npm run account -- COMMAND --help` shows one command.";

/// Everything there is.
fn all() -> String {
    let options = program::OPTIONS;
    let more = named(&at_hand(MORE, program::HAS_DOCUMENTS));
    format!("{}\n\n{options}\n\n{PASSWORDS}\n{more}", named(HELP))
}

/// The text without pointing to documents, where there are none.
fn at_hand(text: &str, has_documents: bool) -> String {
    match has_documents {
        true => text.to_owned(),
        false => text.replace("More in docs/accounts.md; ", "").replace(" (docs/syncml.md)", ""),
    }
}

/// The text with the program called by its name.
fn named(text: &str) -> String {
    text.replace("npm run account --", program::NAME)
}

/// The line (or lines) that say how a command goes.
pub fn usage(command: &str) -> String {
    let help = named(HELP);
    let start = format!("  {} {command} ", program::NAME);
    let mut lines = help.lines().skip_while(|line| !line.starts_with(&start));
    let first = lines.next().map_or("see --help", str::trim);
    let more = lines.take_while(|line| line.starts_with("      ")).map(str::trim);
    [first].into_iter().chain(more).collect::<Vec<_>>().join(" ")
}

/// One command's help, or everything where it is no command.
pub fn of(command: Option<&str>) -> String {
    let Some(command) = command.filter(|command| COMMANDS.contains(command)) else { return all() };
    let more = match command {
        "add" => "Names are 1 to 64 of a-z, 0-9, . _ - + @, beginning with a letter or a digit.",
        "token" => {
            "A MAX app sends the token as `auth`. What is stored is its hash: a lost token is revoked and a new one issued."
        }
        "revoke" => "Whoever holds such a token is asked to sign in again at its next request.",
        "password" => {
            "Phones must be told the new password; tokens already issued still count (`revoke NAME --all` ends them)."
        }
        "remove" => "There is no way back. `export` first.",
        "device" => {
            "Shows the devices, or one: what it is and how far it has come in each collection. DEVICE is its id or how that begins.
--ctcap on: our device information lists every property for it, which some devices want and others choke on.
--quirks JSON: what is done differently for this device (docs/syncml.md); --quirks={} is nothing.
--alert-url URL: where a notification for it can be posted (`alert … --post`); --alert-url= takes it away.
--forget: drops what is known of it. No record is lost; its next sync is a slow one, which finds again what both have."
        }
        "alert" => {
            "Makes package 0 for a device that has been here, and prints it for whatever carries it: as it is, and as a WAP push.
Without COLLECTION all are asked for. T is two-way (unless said), one-way-from-client, refresh-from-client, one-way-from-server or
refresh-from-server. --version: 1.2 is the binary notification, 1.1 and 1.0 a SyncML message; the device's own
unless said. --post: sends it by HTTP to the address registered for the device, or to URL. --url: where the device reaches
this server, for 1.0 and 1.1. The server's log says `alerted` of the session that comes of it."
        }
        "provision" => {
            "Prints what is to be typed into a device, and the same as settings documents: Nokia/Ericsson OTA and OMA client provisioning.
--device prints one of them only. --url: where devices reach the server. Without --password the device asks for it."
        }
        "collection" => {
            "Shows a collection, or changes it. --policy says how it ends when two devices changed the same record.
--read-only on: devices and apps may read it only; with quiet a device is told that all is well, and gets back what is here. --alias A: it answers to the path A too.
--kind K: where there is no collection ID yet, one of that kind is made; `files` are folders, files and e-mails.
--standard-fields: it gets the MAX fields that this release has for its kind."
        }
        "upstream" => {
            "Arranges that this server synchronises with another one, as its client: a SyncML server, or a MAX server where the address
ends in /max or --protocol says so (then without --login the password is a token). ID is what you call it.
--collection C=REMOTE: what is called C here and REMOTE there; it may stand several times. --mode M is two-way (unless said), slow,
one-way-from-client, one-way-from-server, and over SyncML refresh-from-client and refresh-from-server; this server is the client.
--every MINUTES: how often it comes by itself (15 unless said; 0 is never). --now: at once, with progress.
show tells how far it has come and why the last one failed; a failed one is tried again after a minute, then twice as long each time.
remove: no record is lost on either side."
        }
        "import" => {
            "Without COLLECTION each piece goes where its kind lives: cards into contacts, events into calendar, tasks into todo, text into notes.
What is there already with equal content is left alone, so the same import twice makes no duplicates."
        }
        "export" => {
            "DIR must be empty or not exist yet. Without COLLECTION every collection gets a folder in it.
What was imported comes out with the same bytes."
        }
        "import-app" => "Nothing is written unless all of the file is right.",
        _ => "Tokens and passwords are never shown again.",
    };
    let more = at_hand(more, program::HAS_DOCUMENTS);
    let (usage, name) = (usage(command), program::NAME);
    let examples: Vec<String> =
        examples(command).iter().map(|example| format!("  {name} {command} {example}")).collect();
    let examples = examples.join("\n");
    format!("{usage}\n\n{more}\n\nFor example:\n{examples}\n\n`{name} --help` shows all commands.")
}

/// What a command is given, as it is typed.
fn examples(command: &str) -> &'static [&'static str] {
    match command {
        "add" => &["anna", "anna --token"],
        "list" => &["", "anna"],
        "token" => &["anna --label tablet --days 365"],
        "revoke" => &["anna --label tablet", "anna 3fa9c1", "anna --all"],
        "remove" => &["anna --yes"],
        "device" => &["anna", "anna IMEI:35 --ctcap on", "anna IMEI:35 --forget"],
        "alert" => &["anna IMEI:35", "anna IMEI:35 contacts --type refresh-from-server --post"],
        "provision" => &["anna --url https://sync.example/syncml --device nokia"],
        "collection" => &["anna contacts", "anna contacts --policy keep-both", "anna work --kind calendar"],
        "upstream" => &[
            "anna",
            "anna add work https://sync.example/syncml --collection contacts=card --login anna --now",
            "anna add crm https://crm.example/max/ --collection contacts --mode one-way-from-server --every 60",
            "anna show work --now",
            "anna remove work",
        ],
        "import" => &["anna cards/", "anna contacts friends.vcf"],
        "export" => &["anna backup/", "anna contacts backup/ --one-file"],
        "import-app" => &["anna application.json"],
        _ => &["anna"],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_there_are_no_documents_none_is_pointed_to() {
        let pages = COMMANDS.iter().map(|command| of(Some(command)));
        let pages: Vec<String> = pages.chain([all(), MORE.to_owned()]).collect();
        assert!(pages.iter().any(|page| page.contains("docs/")));
        for page in pages {
            let page = at_hand(&page, false);
            assert!(!page.contains("docs/"), "{page}");
        }
    }
}

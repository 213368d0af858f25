//! What there is, in lines for a person.

use super::command::policy_word;
use super::{Operator, Refusal, Terminal, device, plain, program, unknown};
use crate::journal::Moment;
pub(super) use crate::peer::words::{date, plural};
use crate::record::{AccountId, Kind};
use crate::store::Collection;
use crate::store::survey::{Overview, Survey};

/// How many digits of a token's hash are shown: enough to name it to `revoke`.
const HASH_DIGITS: usize = 10;

impl<S: Survey, T: Terminal> Operator<'_, S, T> {
    pub(super) async fn list(&mut self, name: Option<&str>) -> Result<(), Refusal> {
        let account = name.map(|name| AccountId(name.to_owned()));
        let found = self.store.survey(account.as_ref()).await?;
        match (name, found.is_empty()) {
            (Some(name), true) => return Err(unknown(name)),
            (None, true) => {
                let name = program::NAME;
                self.terminal.say(&format!("There is no account yet. `{name} add NAME` makes one."));
            }
            _ => {}
        }
        self.terminal.tell("accounts", found.iter().map(plain::overview).collect());
        for overview in &found {
            let lines = lines(overview, self.now);
            lines.iter().for_each(|line| self.terminal.say(line));
        }
        Ok(())
    }
}

fn lines(overview: &Overview, now: Moment) -> Vec<String> {
    let mut lines = vec![overview.account.id.0.clone()];
    for login in &overview.logins {
        let local = if login.local { "   (local development only)" } else { "" };
        lines.push(format!("  login       {}{local}", login.name));
    }
    for (collection, count) in &overview.collections {
        let (id, records, traits) = (&collection.id.0, plural(*count, "record"), traits(collection));
        lines.push(format!("  collection  {id:<12} {records:>14}{traits}"));
    }
    for (peer, bookmarks) in &overview.devices {
        lines.push(format!("  device      {}", device::headline(peer)));
        for bookmark in bookmarks {
            let (id, state) = (&bookmark.collection.0, bookmark.told(overview.account.horizon));
            lines.push(format!("                {id:<12} {state}"));
        }
    }
    for token in &overview.tokens {
        let hash: String = token.hash.chars().take(HASH_DIGITS).collect();
        let ends = match token.expires {
            0 => "never ends".into(),
            expires if expires <= now => format!("ended {}", date(expires)),
            expires => format!("ends {}", date(expires)),
        };
        lines.push(format!(
            "  token       {hash}   {}   issued {}, {ends}",
            clean(&token.label),
            date(token.created)
        ));
    }
    lines
}

/// How a collection's conflicts end, whether it may be written, what else it is called.
fn traits(collection: &Collection) -> String {
    let policy = match collection.kind {
        Kind::Table => "MAX only",
        _ => policy_word(collection.policy),
    };
    let read_only = if collection.read_only { "   read-only" } else { "" };
    let also = match collection.aliases.is_empty() {
        true => String::new(),
        false => format!("   also {}", collection.aliases.join(", ")),
    };
    format!("   {policy:<11}{read_only}{also}").trim_end().to_owned()
}

/// Text of a stranger on the operator's terminal: no control characters.
pub(super) fn clean(text: &str) -> String {
    let one = |c: char| match c {
        '"' | '\'' | '\\' => c.to_string(),
        c => c.escape_debug().to_string(),
    };
    text.chars().map(one).collect()
}

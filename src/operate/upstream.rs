//! Syncs with other servers: arranged, shown, changed, taken back, and done at once with progress (docs/upstreams.md).

use super::command::{UpstreamDeed, Wanted, mode_word};
use super::list::{clean, date, plural};
use super::{Operator, Refusal, Terminal, named, no_such_collection, refuse, unknown};
use crate::call::arranged::{self, Carrier};
use crate::exchange::Seed;
use crate::http::Response;
use crate::journal::Moment;
use crate::limits;
use crate::record::{AccountId, Kind, RecordId};
use crate::settings::Settings;
use crate::store::survey::Survey;
use crate::store::{Arrangement, Batch, Collection, Edit, Guard, Reads, View, Who};
use crate::upstream::{Ended, Mode, Outgoing, Pair, Phase, Progress, Protocol, Standing, Upstream};
use serde_json::{Value, json};

const MINUTE_MS: i64 = 60_000;

/// The longest password or token, in bytes.
const PASSWORD_BYTES_MAX: usize = limits::TOKEN_BYTES_MAX;

/// After how many requests a line of progress is due.
const NOTE_EVERY: u64 = 25;

impl<S: Survey, T: Terminal> Operator<'_, S, T> {
    pub(super) async fn upstream(
        &mut self,
        name: &str,
        id: Option<&str>,
        deed: &UpstreamDeed,
        now: bool,
    ) -> Result<(), Refusal> {
        let all = self.arranged(name).await?;
        let Some(id) = id else { return self.list_upstreams(name, all, now).await };
        let found = all.iter().find(|known| known.name == id).cloned();
        let known = || found.clone().ok_or_else(|| no_such_upstream(name, id, &all));
        match deed {
            UpstreamDeed::List | UpstreamDeed::Show if now => self.synchronise(known()?).await,
            UpstreamDeed::List | UpstreamDeed::Show => self.show_upstream(&known()?).await,
            UpstreamDeed::Add(wanted) => {
                if found.is_some() {
                    return refuse(format!(
                        "`{name}` has an upstream `{id}` already: `remove` it first, or `set` what is different."
                    ));
                }
                let made = self.arrange(name, id, wanted).await?;
                if now { self.synchronise(made).await } else { Ok(()) }
            }
            UpstreamDeed::Set { every, login, password } => {
                let (every, login) = (*every, login.as_deref());
                let changed = self.rearrange(known()?, every, login, password.as_deref()).await?;
                if now { self.synchronise(changed).await } else { Ok(()) }
            }
            UpstreamDeed::Remove => {
                let gone = known()?;
                let edits = vec![Edit::DropArrangement(id.to_owned()), Edit::ForgetPeer(gone.peer())];
                self.write_upstream(&gone, edits).await?;
                self.terminal.say(&format!(
                    "Removed the upstream `{id}` of `{name}`. The records stay where they are, on both sides."
                ));
                Ok(())
            }
        }
    }

    /// What is arranged for an account.
    async fn arranged(&self, name: &str) -> Result<Vec<Arrangement>, Refusal> {
        let who = Who::Account(AccountId(name.to_owned()));
        let snapshot = self.store.read(&Reads { views: vec![View::Arranged], ..Reads::of(who) }).await?;
        if snapshot.account.is_none() {
            return Err(unknown(name));
        }
        Ok(snapshot.views.arranged)
    }

    async fn list_upstreams(&mut self, name: &str, all: Vec<Arrangement>, now: bool) -> Result<(), Refusal> {
        self.terminal.tell("upstreams", Vec::<Value>::new().into());
        let count = plural(all.len() as u64, "upstream");
        self.terminal.say(&format!("`{name}` has {count}."));
        let mut refused = Ok(());
        for arrangement in all {
            match now {
                true => refused = self.synchronise(arrangement).await.and(refused),
                false => self.show_upstream(&arrangement).await?,
            }
        }
        refused
    }

    // -------------------------------------------------------------------------------------------------------- arranged

    async fn arrange(&mut self, name: &str, id: &str, wanted: &Wanted) -> Result<Arrangement, Refusal> {
        let protocol = wanted.protocol.unwrap_or_else(|| protocol_of(&wanted.url));
        let collections = self.collections(name).await?;
        let pairs = checked(name, wanted, protocol, &collections)?;
        if wanted.url.starts_with("http://") {
            self.terminal.note("The address is http: passwords and records go over the network as they are.");
        }
        let device = RecordId::mint(self.seed.draw());
        let upstream = Upstream {
            protocol,
            url: wanted.url.clone(),
            login: wanted.login.clone(),
            device: format!("anchorage-{}", device.as_str()),
            pairs,
            ..Upstream::default()
        };
        let every = i64::from(wanted.every) * MINUTE_MS;
        let mut made = Arrangement {
            account: AccountId(name.to_owned()),
            name: id.to_owned(),
            every,
            due: if every > 0 { self.now } else { Arrangement::NEVER },
            ..Arrangement::default()
        };
        let password = self.password_for(&upstream, wanted.password.as_deref()).await?;
        self.seal(&mut made, &password)?;
        made.definition = spelt(&upstream);
        let made = self.put_upstream(made).await?;
        let word = protocol_word(protocol);
        self.terminal.say(&format!("`{name}` is synchronised with {} ({word}) as `{id}`.", wanted.url));
        self.terminal.say(&match wanted.every {
            0 => format!("  only when you say so: `upstream {name} show {id} --now`"),
            minutes => format!(
                "  {}; the first time within a minute, where the server runs its schedule",
                every_words(minutes)
            ),
        });
        Ok(made)
    }

    async fn rearrange(
        &mut self,
        mut known: Arrangement,
        every: Option<u32>,
        login: Option<&str>,
        password: Option<&str>,
    ) -> Result<Arrangement, Refusal> {
        let mut upstream = upstream_of(&known)?;
        if let Some(login) = login {
            login.clone_into(&mut upstream.login);
        }
        if login.is_some() || password.is_some() {
            let password = self.password_for(&upstream, password).await?;
            self.seal(&mut known, &password)?;
        }
        if let Some(minutes) = every {
            known.every = i64::from(minutes) * MINUTE_MS;
        }
        known.definition = spelt(&upstream);
        known.due = if known.every > 0 { self.now } else { Arrangement::NEVER };
        (known.failures, known.failed) = (0, String::new());
        let changed = self.put_upstream(known).await?;
        self.terminal.say(&format!("Changed the upstream `{}`.", changed.name));
        Ok(changed)
    }

    /// The password or token: given, typed, or none where there is nobody to sign in as.
    async fn password_for(&mut self, upstream: &Upstream, given: Option<&str>) -> Result<String, Refusal> {
        let prompt = match (upstream.protocol, upstream.login.as_str()) {
            (Protocol::Syncml, "") => return Ok(given.unwrap_or_default().to_owned()),
            (Protocol::Max, "") => format!("Token for {}", clean(&upstream.url)),
            (_, login) => format!("Password of {} at {}", clean(login), clean(&upstream.url)),
        };
        let chosen = match given {
            Some(given) => Some(given.to_owned()),
            None => self.terminal.password(&prompt).await,
        };
        let chosen = chosen.unwrap_or_default();
        if chosen.is_empty() {
            return refuse(format!("{prompt}: none was given. Give --password, or set ANCHORAGE_PASSWORD."));
        }
        if chosen.len() > PASSWORD_BYTES_MAX || chosen.chars().any(char::is_control) {
            return refuse(format!("A password has at most {PASSWORD_BYTES_MAX} bytes and no line ends."));
        }
        Ok(chosen)
    }

    fn seal(&mut self, arrangement: &mut Arrangement, password: &str) -> Result<(), Refusal> {
        arrangement.sealed = match password {
            "" => String::new(),
            password => {
                let random = self.seed.draw();
                self.sealer()?.seal(&arrangement.seal_name(), password, random)
            }
        };
        Ok(())
    }

    async fn put_upstream(&mut self, arrangement: Arrangement) -> Result<Arrangement, Refusal> {
        let new = Arrangement { version: arrangement.version + 1, ..arrangement.clone() };
        self.write_upstream(&arrangement, vec![Edit::PutArrangement(new.clone())]).await?;
        Ok(new)
    }

    /// Writes what was decided from the arrangement as it was read.
    async fn write_upstream(&mut self, read: &Arrangement, edits: Vec<Edit>) -> Result<(), Refusal> {
        let arrangement = Some((read.name.clone(), read.version));
        let guard = Guard { arrangement, ..Guard::default() };
        let account = read.account.clone();
        self.store.commit(&Batch { account, guard, now: self.now, edits, ..Batch::default() }).await?;
        Ok(())
    }

    // ----------------------------------------------------------------------------------------------------------- shown

    async fn show_upstream(&mut self, arrangement: &Arrangement) -> Result<(), Refusal> {
        let standing = arranged::standing_of(self.store, arrangement).await?;
        let upstream = upstream_of(arrangement)?;
        self.terminal.tell("upstreams", vec![plain(arrangement, &upstream, &standing)].into());
        let (url, word) = (clean(&upstream.url), protocol_word(upstream.protocol));
        let login = match upstream.login.as_str() {
            "" => String::new(),
            login => format!(" as {}", clean(login)),
        };
        self.terminal.say(&format!("{}   {word}   {url}{login}", arrangement.name));
        if upstream.protocol == Protocol::Syncml {
            // Some servers take only devices that they have been told of (SyncEvolution's is one).
            self.terminal.say(&format!("  there it is the device {}", clean(&upstream.device)));
        }
        for pair in &upstream.pairs {
            let remote =
                if pair.remote.is_empty() { String::new() } else { format!(" = {}", clean(&pair.remote)) };
            self.terminal.say(&format!("  {:<12}{remote}   {}", pair.collection, mode_word(pair.mode)));
        }
        let minutes = u32::try_from(arrangement.every / MINUTE_MS).unwrap_or(0);
        self.terminal.say(&match minutes {
            0 => "  only when you say so (--now)".to_owned(),
            minutes => format!("  {}; next {}", every_words(minutes), date(arrangement.due)),
        });
        let waiting = match standing.pending {
            0 => "nothing waits to be sent".to_owned(),
            1 => "1 change waits to be sent".to_owned(),
            count => format!("{count} changes wait to be sent"),
        };
        self.terminal.say(&format!("  last synchronised {}; {waiting}", date(standing.last_sync)));
        if let Some(report) = &standing.last_report {
            self.terminal.say(&format!("  last time: {}", arranged::told(report)));
        }
        if arrangement.failures > 0 {
            let times = plural(u64::try_from(arrangement.failures).unwrap_or_default(), "time");
            self.terminal.say(&format!("  failed {times} in a row: {}", clean(&arrangement.failed)));
        }
        if arrangement.leased > self.now {
            self.terminal.say("  is being synchronised at this moment");
        } else if standing.under_way {
            self.terminal.say("  a sync has begun and goes on at the next turn");
        }
        Ok(())
    }

    // ------------------------------------------------------------------------------------------------------------- now

    async fn synchronise(&mut self, arrangement: Arrangement) -> Result<(), Refusal> {
        let settings = Settings { sealer: self.sealer.clone(), ..Settings::default() };
        let name = arrangement.name.clone();
        self.terminal.note(&format!("Synchronising {name} …"));
        let seed = Seed::new(self.seed.draw());
        let mut errand =
            Errand { now: self.now, seed, noted: (Phase::Idle, 0), terminal: &mut *self.terminal };
        let report = arranged::now(self.store, &settings, &mut errand, arrangement).await.map_err(Refusal)?;
        self.terminal.tell("synchronised", vec![json!({ "upstream": name, "report": report })].into());
        for outcome in &report.collections {
            if let Some(why) = outcome.why_slow.as_ref().filter(|_| report.ended != Ended::Failed) {
                self.terminal.say(&format!("{}: a slow sync: {}", outcome.collection, clean(why)));
            }
            if let Some(reason) = &outcome.error {
                self.terminal.say(&format!("{}: {}", outcome.collection, clean(&reason.message)));
            }
        }
        match (&report.ended, &report.error) {
            (Ended::Failed, Some(reason)) => {
                let why = clean(reason.message.trim_end_matches('.'));
                refuse(format!("{name} was not synchronised: {why}."))
            }
            (Ended::Failed, None) => refuse(format!("{name} was not synchronised.")),
            _ => {
                self.terminal.say(&format!("Synchronised {name}. {}.", arranged::told(&report)));
                Ok(())
            }
        }
    }
}

/// What the terminal lends to a sync.
struct Errand<'a, T> {
    terminal: &'a mut T,
    now: Moment,
    seed: Seed,
    /// What the last line of progress was about, and after how many requests it came.
    noted: (Phase, u64),
}

impl<T: Terminal> Carrier for Errand<'_, T> {
    async fn carry(&mut self, outgoing: &Outgoing) -> Result<Response, String> {
        self.terminal.carry(outgoing).await
    }

    async fn rest(&mut self, until: Moment) -> bool {
        self.terminal.rest(until).await
    }

    fn now(&self) -> Moment {
        self.terminal.clock().unwrap_or(self.now)
    }

    fn seed(&mut self) -> Seed {
        Seed::new(self.seed.draw())
    }

    fn watch(&mut self, progress: &Progress) {
        let (phase, after) = self.noted;
        if phase == progress.phase && progress.messages < after + NOTE_EVERY {
            return;
        }
        self.noted = (progress.phase, progress.messages);
        let of = |count: u64, all: u64| if all > 0 { format!("{count} of {all}") } else { count.to_string() };
        let Progress { sent, sent_of, received, received_of, .. } = *progress;
        let words = match progress.phase {
            Phase::Idle => return,
            Phase::Connecting => "  saying hello".to_owned(),
            Phase::Sending => format!("  sending: {}", of(sent, sent_of)),
            Phase::Receiving => format!("  receiving: {}", of(received, received_of)),
            Phase::Finishing => "  finishing".to_owned(),
        };
        self.terminal.note(&words);
    }
}

/// The pairs by the collections' own ids; or what of a wish cannot be, before anything is asked of the other server.
fn checked(
    name: &str,
    wanted: &Wanted,
    protocol: Protocol,
    all: &[Collection],
) -> Result<Vec<Pair>, Refusal> {
    let mut pairs: Vec<Pair> = Vec::new();
    for pair in &wanted.pairs {
        let Some(known) = named(all, &pair.collection) else {
            return refuse(no_such_collection(name, &pair.collection, all));
        };
        if pairs.iter().any(|before| before.collection == known.id.0) {
            return refuse(format!("{} stands there twice.", pair.collection));
        }
        match (protocol, known.kind, pair.mode) {
            (Protocol::Max, Kind::Files, _) => {
                return refuse(format!("{}: MAX knows no folders and files: use SyncML.", pair.collection));
            }
            (Protocol::Syncml, Kind::Table, _) => {
                return refuse(format!("{}: a table goes over MAX only.", pair.collection));
            }
            (Protocol::Max, _, Mode::RefreshFromClient | Mode::RefreshFromServer) => {
                return refuse("MAX knows no refresh: give another --mode, or use SyncML.");
            }
            _ => pairs.push(Pair { collection: known.id.0.clone(), ..pair.clone() }),
        }
    }
    let most = match protocol {
        Protocol::Max => limits::UPSTREAM_PAIRS_MAX,
        Protocol::Syncml => limits::DATASTORES_MAX,
    };
    if pairs.len() > most {
        return refuse(format!("At most {most} collections go to one upstream: make two of it."));
    }
    Ok(pairs)
}

fn no_such_upstream(name: &str, id: &str, all: &[Arrangement]) -> Refusal {
    let there: Vec<&str> = all.iter().map(|known| known.name.as_str()).collect();
    let there = if there.is_empty() {
        "There are none".to_owned()
    } else {
        format!("There are: {}", there.join(", "))
    };
    Refusal(format!("`{name}` has no upstream `{id}`. {there}."))
}

fn upstream_of(arrangement: &Arrangement) -> Result<Upstream, Refusal> {
    let name = &arrangement.name;
    let words = format!("The upstream `{name}` cannot be read: remove it and add it again.");
    arranged::upstream_of(arrangement).ok_or(Refusal(words))
}

/// The definition as it is kept: what the row itself says is not repeated, and no password is in it.
fn spelt(upstream: &Upstream) -> String {
    let mut upstream = upstream.clone();
    (upstream.account, upstream.peer, upstream.password) = Default::default();
    json!(upstream).to_string()
}

/// What an address looks like: our own MAX addresses end in `/max/`.
fn protocol_of(url: &str) -> Protocol {
    let path = url.split(['?', '#']).next().unwrap_or_default().trim_end_matches('/');
    if path.ends_with("/max") { Protocol::Max } else { Protocol::Syncml }
}

fn protocol_word(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::Syncml => "SyncML",
        Protocol::Max => "MAX",
    }
}

fn every_words(minutes: u32) -> String {
    match minutes {
        1 => "every minute".into(),
        minutes => format!("every {minutes} minutes"),
    }
}

/// One as a value for a program.
fn plain(arrangement: &Arrangement, upstream: &Upstream, standing: &Standing) -> Value {
    let pairs = upstream.pairs.iter().map(
        |pair| json!({ "collection": pair.collection, "remote": pair.remote, "mode": mode_word(pair.mode) }),
    );
    json!({
        "id": arrangement.name,
        "protocol": upstream.protocol,
        "url": upstream.url,
        "login": upstream.login,
        "device": upstream.device,
        "collections": pairs.collect::<Value>(),
        "everyMinutes": arrangement.every / MINUTE_MS,
        "due": (arrangement.due < Arrangement::NEVER).then_some(arrangement.due),
        "failures": arrangement.failures,
        "failed": arrangement.failed,
        "standing": standing,
    })
}

//! A server that means no good, or has lost its mind: it ends, nothing panics, and nothing of ours is lost.

use crate::app::{App, card, post};
use crate::chance::Chance;
use crate::world::World;
use anchorage::http::Response;
use anchorage::store::memory::MemoryStore;
use anchorage::syncml::codec::{decode, encode};
use anchorage::syncml::message::*;
use anchorage::upstream::{Ended, Mode};

type Server = crate::world::MemoryStore;

fn ours(app: &App<MemoryStore>) -> Vec<String> {
    app.live("contacts").into_iter().filter(|text| text.contains("NOTE:ours")).collect()
}

/// Answers with one thing wrong.
fn wrong(chance: &Chance, message: &mut Message) {
    let statuses = [101, 200, 201, 213, 214, 401, 404, 407, 417, 418, 419, 420, 500, 508, 511, 65_535];
    let count = message.commands.len();
    match chance.below(14) {
        0 => message.last = !message.last,
        1 => message.commands.clear(),
        2 => {
            message.commands.remove(chance.below(count));
        }
        3 => {
            let copy = message.commands[chance.below(count)].clone();
            message.commands.push(copy);
        }
        4 => message.commands.reverse(),
        5 => message.header.session_id = "x".into(),
        6 => message.header.message_id = chance.below(5) as u32,
        7 => {
            message.header.respond_to =
                Some(["", "/other", "ftp://x", "http://elsewhere/", "\n"][chance.below(5)].into())
        }
        8 => message.header.meta.max_message_bytes = Some([0, 1, 1_100, u64::MAX][chance.below(4)]),
        9 => message.header.meta.max_object_bytes = Some([0, 1, u64::MAX][chance.below(3)]),
        10 => message.header.no_response = true,
        11 => {
            for command in &mut message.commands {
                if let Command::Status(status) = command {
                    status.code = *chance.pick(&statuses);
                }
            }
        }
        12 => {
            if let Some(Command::Status(status)) = message.commands.get_mut(chance.below(count)) {
                (status.command_ref, status.message_ref) = ("999".into(), 77);
            }
        }
        _ => {
            for command in &mut message.commands {
                if let Command::Sync(sync) = command {
                    confuse(chance, sync);
                }
            }
        }
    }
}

fn confuse(chance: &Chance, sync: &mut Sync) {
    for command in &mut sync.commands {
        let Command::Change(change) = command else { continue };
        for item in &mut change.items {
            match chance.below(6) {
                0 => item.source = None,
                1 => item.target = Some(Location::of("a0")),
                2 => item.data = None,
                3 => item.more = true,
                4 => item.data = Some(Data::Bytes(vec![0xFF; 300])),
                _ => item.source = Some(Location::of("x".repeat(400))),
            }
        }
        if chance.percent(30) {
            change.kind =
                *chance.pick(&[ChangeKind::Add, ChangeKind::Replace, ChangeKind::Move, ChangeKind::Copy]);
        }
    }
    match chance.below(4) {
        0 => sync.target = Some(Location::of("./elsewhere")),
        1 => sync.changes = Some(u64::MAX),
        _ => {}
    }
}

#[test]
fn nothing_a_server_answers_loses_what_is_here() {
    let seeds = std::env::var("SEEDS").map_or(150, |seeds| seeds.parse().unwrap());
    for seed in 0..seeds {
        let chance = Chance::new(seed);
        let world = World::new(Server::new()).reading_on();
        let mut app = App::new(MemoryStore::new(), "one");
        app.upstream.encoding =
            *chance.pick(&[anchorage::upstream::Encoding::Xml, anchorage::upstream::Encoding::Wbxml]);
        let other = App::new(MemoryStore::new(), "other");
        for number in 0..5 {
            app.put(world.clock.get(), &format!("a{number}"), &card(&format!("A{number}"), "ours"));
            other.put(world.clock.get(), &format!("b{number}"), &card(&format!("B{number}"), "theirs"));
        }
        other.synced(&world);
        if chance.percent(50) {
            app.synced(&world);
            app.put(world.clock.get(), "a9", &card("A9", "ours"));
            let clock = world.clock.get();
            other.put(clock, &other.id_of("B1"), &card("B1", "theirs, too"));
            other.synced(&world);
        }
        let before = ours(&app);
        app.mode(*chance.pick(&[Mode::TwoWay, Mode::Slow, Mode::OneWayFromServer]));
        let percent = 10 + chance.below(60);
        let mut clock = world.clock.get();
        for _ in 0..3 {
            let report = app.sync_with(&mut clock, &mut |outgoing| {
                let mut answer = post(&world, outgoing);
                if chance.percent(percent) {
                    if chance.percent(20) {
                        let at = chance.below(answer.body.len().max(1));
                        match chance.below(3) {
                            0 => answer.body.truncate(at),
                            1 => answer.body.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= 0x15),
                            _ => answer.status = *chance.pick(&[204, 302, 400, 500, 503]),
                        }
                    } else if let Ok((mut message, encoding)) = decode(&answer.body) {
                        wrong(&chance, &mut message);
                        answer.body = encode(&message, encoding);
                    }
                }
                Some(answer)
            });
            assert!(matches!(report.ended, Ended::Complete | Ended::Failed), "{seed}");
            // An item that is told to be another of ours replaces that: then it says so.
            let lost = before.iter().filter(|text| !ours(&app).contains(text)).count();
            let replaced = app.live("contacts").iter().filter(|text| text.contains("theirs")).count();
            assert!(lost == 0 || lost <= replaced, "{seed}: {lost} lost");
        }
    }
}

/// A server made of one answer, whatever is asked.
fn stuck(commands: impl Fn(&Message) -> (Vec<Command>, bool)) -> (Ended, u64) {
    let app = App::new(MemoryStore::new(), "one");
    app.put(1_760_000_000_000, "a", &card("A", "ours"));
    let mut clock = 1_760_000_000_000;
    let report = app.sync_with(&mut clock, &mut |outgoing| {
        let (asked, encoding) = decode(&outgoing.body).unwrap();
        let (commands, last) = commands(&asked);
        let header = Header {
            dtd: "1.2".into(),
            protocol: "SyncML/1.2".into(),
            session_id: asked.header.session_id.clone(),
            message_id: asked.header.message_id,
            target: asked.header.source.clone(),
            source: asked.header.target.clone(),
            ..Header::default()
        };
        let body = encode(&Message { header, commands, last }, encoding);
        Some(Response { status: 200, headers: Vec::new(), body })
    });
    assert_eq!(ours(&app).len(), 1);
    (report.ended, app.carried.get())
}

fn header(asked: &Message, code: u16) -> Command {
    Command::Status(Status {
        command_id: "1".into(),
        message_ref: asked.header.message_id,
        command_ref: "0".into(),
        command: "SyncHdr".into(),
        code,
        ..Status::default()
    })
}

#[test]
fn a_server_that_never_ends_is_left() {
    let next = Alert { command_id: "2".into(), code: "222".into(), ..Alert::default() };
    for last in [false, true] {
        for code in [101, 200, 212, 401, 407, 500, 513] {
            let (ended, carried) = stuck(|asked| (vec![header(asked, code)], last));
            assert_eq!(ended, Ended::Failed, "{code}");
            assert!(carried < 60, "{code}: {carried}");
        }
        let (ended, carried) = stuck(|asked| (vec![header(asked, 200), Command::Alert(next.clone())], last));
        assert_eq!(ended, Ended::Failed);
        assert!(carried < 60, "{carried}");
        let (ended, _) = stuck(|_| (Vec::new(), last));
        assert_eq!(ended, Ended::Failed);
    }
}

#[test]
fn an_answer_larger_than_ours_may_be_is_no_answer() {
    let app = App::new(MemoryStore::new(), "one");
    let mut clock = 1_760_000_000_000;
    let report = app.sync_with(&mut clock, &mut |_| {
        Some(Response { status: 200, headers: Vec::new(), body: vec![b'<'; 600_000] })
    });
    assert_eq!(report.error.unwrap().code, "protocol");
}

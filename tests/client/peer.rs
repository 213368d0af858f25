//! Against a server nobody here wrote, where one runs: `PEER=http://127.0.0.1:4871/sync cargo test --test client -- --ignored`
//! (SyncEvolution's, with the login `test`, the password `secret`, the devices `rc-a` and `rc-b`, and an `addressbook`).
//! `tests/peers` starts that server by itself, for the client of the package.

use crate::app::{App, card};
use crate::world::BORN;
use anchorage::http::Response;
use anchorage::store::memory::MemoryStore;
use anchorage::upstream::{Encoding, Ended, Mode, Outgoing, Pair, Report, Scheme};
use std::cell::Cell;
use std::io::{Read, Write};
use std::net::TcpStream;

fn carried(outgoing: &Outgoing) -> Option<Response> {
    let (host, path) = outgoing.url.strip_prefix("http://")?.split_once('/')?;
    let mut stream = TcpStream::connect(host).ok()?;
    let mut head =
        format!("POST /{path} HTTP/1.0\r\nHost: {host}\r\nContent-Length: {}\r\n", outgoing.body.len());
    outgoing.headers.iter().for_each(|(name, value)| head.push_str(&format!("{name}: {value}\r\n")));
    stream.write_all(head.as_bytes()).ok()?;
    stream.write_all(b"\r\n").ok()?;
    stream.write_all(&outgoing.body).ok()?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).ok()?;
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&answer[..end]).into_owned();
    let status = head.split(' ').nth(1)?.parse().ok()?;
    Some(Response { status, headers: Vec::new(), body: answer[end + 4..].to_vec() })
}

thread_local! {
    static CLOCK: Cell<i64> = const { Cell::new(BORN + 1_000) };
}

fn clock() -> i64 {
    CLOCK.set(CLOCK.get() + 1_000);
    CLOCK.get()
}

fn sync(app: &App<MemoryStore>) -> Report {
    let mut at = clock();
    let report = app.sync_with(&mut at, &mut |outgoing| {
        let answer = carried(&outgoing);
        if std::env::var("TRACE").is_ok() {
            eprintln!(
                "-> {}\n<- {}",
                String::from_utf8_lossy(&outgoing.body),
                answer.as_ref().map_or("lost".into(), |a| String::from_utf8_lossy(&a.body).into_owned())
            );
        }
        answer
    });
    eprintln!("{report:?}\n");
    // Its anchors have seconds.
    std::thread::sleep(std::time::Duration::from_millis(1_200));
    report
}

#[test]
#[ignore = "wants a server: PEER"]
fn with_a_server_nobody_here_wrote() {
    let url = std::env::var("PEER").expect("PEER is the address of a server");
    let app = |device: &str, encoding: Encoding, scheme: Scheme| {
        let mut app = App::new(MemoryStore::new(), device);
        let upstream = &mut app.upstream;
        (upstream.url, upstream.device) = (url.clone(), device.into());
        (upstream.login, upstream.password) = ("test".into(), "secret".into());
        (upstream.encoding, upstream.scheme) = (encoding, scheme);
        upstream.pairs =
            vec![Pair { collection: "contacts".into(), remote: "addressbook".into(), mode: Mode::TwoWay }];
        app
    };
    let mut a = app("rc-a", Encoding::Xml, Scheme::Auto);
    let b = app("rc-b", Encoding::Wbxml, Scheme::Md5);
    for number in 0..5 {
        a.put(clock(), &format!("a{number}"), &card(&format!("A{number}"), "a"));
        b.put(clock(), &format!("b{number}"), &card(&format!("B{number}"), "b"));
    }
    let done = |report: Report| assert_eq!((report.ended, report.error), (Ended::Complete, None));
    done(sync(&a));
    done(sync(&b));
    done(sync(&a));
    let idle = sync(&a);
    assert_eq!((idle.progress.sent, idle.progress.received, idle.collections[0].mode), (0, 0, Mode::TwoWay));
    a.put(clock(), "a0", &card("A0", "changed"));
    a.remove(clock(), "a1");
    done(sync(&a));
    done(sync(&b));
    b.put(clock(), "b0", &card("B0", "changed"));
    b.remove(clock(), "b1");
    done(sync(&b));
    done(sync(&a));
    assert_eq!(names(&a), names(&b));
    assert_eq!(a.live("contacts").len(), 8);
    for mode in [
        Mode::Slow,
        Mode::RefreshFromServer,
        Mode::OneWayFromServer,
        Mode::OneWayFromClient,
        Mode::RefreshFromClient,
    ] {
        a.mode(mode);
        done(sync(&a));
        assert_eq!(a.live("contacts").len(), 8, "{mode:?}");
    }
}

/// Sessions that break off at each message, pauses, and objects that fit no message.
#[test]
#[ignore = "wants a server: PEER"]
fn with_a_server_nobody_here_wrote_that_is_left_midway() {
    let url = std::env::var("PEER").expect("PEER is the address of a server");
    let app = |device: &str| {
        let mut app = App::new(MemoryStore::new(), device);
        let upstream = &mut app.upstream;
        (upstream.url, upstream.device) = (url.clone(), device.into());
        (upstream.login, upstream.password) = ("test".into(), "secret".into());
        upstream.message_bytes_max = 12_000;
        upstream.encoding = Encoding::Xml;
        upstream.pairs =
            vec![Pair { collection: "contacts".into(), remote: "addressbook".into(), mode: Mode::TwoWay }];
        app
    };
    let (a, b) = (app("rc-w"), app("rc-x"));
    let done = |report: Report| assert_eq!((report.ended, report.error), (Ended::Complete, None));
    done(sync(&a));
    done(sync(&b));
    for at in 0..4 {
        let large = "x".repeat(40_000);
        for number in 0..3 {
            a.put(clock(), &format!("a{at}{number}"), &card(&format!("WA{at}{number}"), &large));
            b.put(clock(), &format!("b{at}{number}"), &card(&format!("WB{at}{number}"), "small"));
        }
        // No Replace of b's: where its session breaks off, SyncEvolution forgets that a still has to get it.
        if at > 0 {
            a.remove(clock(), &format!("a{}0", at - 1));
        }
        done(sync(&b));
        let mut number = 0;
        let broken = a.sync_with(&mut clock(), &mut |outgoing| {
            number += 1;
            if number > at + 1 { None } else { carried(&outgoing) }
        });
        eprintln!("{broken:?}\n");
        assert!(broken.ended != Ended::Complete || at >= 2, "{at}");
        CLOCK.set(CLOCK.get() + 24 * 60 * 60 * 1000);
        done(sync(&a));
        done(sync(&b));
        done(sync(&a));
        assert_eq!(names(&a), names(&b), "{at}");
    }
}

/// What they hold, whatever the server made of its form.
fn names(app: &App<MemoryStore>) -> Vec<String> {
    let name = |text: &String| {
        let text = text.replace("\r\n ", "");
        let line = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or("").trim().to_owned();
            format!("{} {}", line.chars().take(20).collect::<String>(), line.len())
        };
        format!("{} {}", line("FN:"), line("NOTE:"))
    };
    let mut names: Vec<String> = app.live("contacts").iter().map(name).collect();
    names.sort();
    names
}

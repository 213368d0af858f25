//! The size of a message is known to the byte before it is finished.

use super::{BOTH, Version, add, everything, header};
use anchorage::syncml::codec::{Encoding, Writer, decode, encode, prefix_that_fits};
use anchorage::syncml::message::*;

#[test]
fn the_sum_is_exact_after_every_command() {
    let message = everything::message();
    for encoding in BOTH {
        let mut writer = Writer::new(&message.header, encoding);
        for count in 0..=message.commands.len() {
            let commands = message.commands[..count].to_vec();
            let so_far = Message { header: message.header.clone(), commands, last: true };
            assert_eq!(writer.bytes(), encode(&so_far, encoding).len(), "{encoding:?} after {count}");
            let without = encode(&Message { last: false, ..so_far }, encoding);
            assert!(without.len() < writer.bytes());
            if let Some(command) = message.commands.get(count) {
                writer.push(command);
            }
        }
        assert_eq!(writer.finish(true), encode(&message, encoding));
    }
}

/// Statuses end on page 0 and alerts with an anchor on page 1, so the switches fall differently each time.
#[test]
fn page_switches_are_in_the_sum() {
    let status = Command::Status(Status { command_id: "1".into(), ..Status::default() });
    let anchored = Command::Alert(Alert {
        items: vec![Item {
            meta: Meta { anchor: Some(Anchor::default()), ..Meta::default() },
            ..Item::default()
        }],
        ..Alert::default()
    });
    for order in 0..16_u32 {
        let mut writer = Writer::new(&header(Version::V12), Encoding::Wbxml);
        for bit in 0..4 {
            writer.push(if order >> bit & 1 == 0 { &status } else { &anchored });
        }
        let expected = writer.bytes();
        assert_eq!(writer.finish(true).len(), expected);
    }
}

#[test]
fn a_command_that_does_not_fit_leaves_no_trace() {
    let message = everything::message();
    for encoding in BOTH {
        let whole = encode(&message, encoding);
        for bytes_max in (0..whole.len() + 2).step_by(7) {
            let mut writer = Writer::new(&message.header, encoding);
            let least = writer.bytes();
            let mut taken = Vec::new();
            for command in &message.commands {
                if writer.offer(command, bytes_max) {
                    taken.push(command.clone());
                }
            }
            assert!(writer.bytes() <= bytes_max.max(least));
            let expected = Message { header: message.header.clone(), commands: taken, last: true };
            assert_eq!(writer.finish(true), encode(&expected, encoding));
        }
    }
}

#[test]
fn a_sync_is_filled_change_by_change() {
    let sync = Sync {
        command_id: "1".into(),
        target: Some(Location::of("./contacts")),
        meta: Meta { max_object_bytes: Some(1), ..Meta::default() },
        ..Sync::default()
    };
    let changes = [add(b"one"), add("<tw\u{f6}>\r\n".as_bytes()), add(&[7; 200])];
    for encoding in BOTH {
        let mut writer = Writer::new(&header(Version::V11), encoding);
        writer.open(&Command::Sync(sync.clone()));
        for change in &changes {
            writer.push(change);
        }
        let before = writer.mark();
        writer.open(&Command::Sync(sync.clone()));
        writer.push(&changes[0]);
        writer.rewind(before);
        assert!(!writer.offer(&changes[0], 10));
        let inside = writer.bytes();
        writer.close();
        assert_eq!(writer.bytes(), inside, "an end was counted before it was written");
        writer.close();
        writer.close();
        assert_eq!(writer.bytes(), inside, "the body is not closed by hand");
        writer.push(&Command::Status(Status::default()));
        let expected = writer.bytes();
        let bytes = writer.finish(true);
        assert_eq!(bytes.len(), expected);
        let filled = Command::Sync(Sync { commands: changes.to_vec(), ..sync.clone() });
        let commands = vec![filled, Command::Status(Status::default())];
        let whole = Message { header: header(Version::V11), commands, last: true };
        assert_eq!(bytes, encode(&whole, encoding));
        if encoding == Encoding::Wbxml {
            let mut read = decode(&bytes).unwrap().0;
            let Command::Sync(sync) = &mut read.commands[0] else { panic!() };
            assert_eq!(sync.commands, changes);
        }
    }
}

/// Against writing every prefix and measuring it.
#[test]
fn a_chunk_is_the_longest_that_fits() {
    let plain = "abc".repeat(60);
    let marks = "&<>".repeat(20);
    let mixed = "BEGIN:VCARD\r\nN:\u{20ac};&<\u{1F600}\r\n".repeat(5);
    let ends = format!("{}]]>{}", "&".repeat(9), "<".repeat(9));
    for data in [plain, marks, mixed, ends, String::new()] {
        for encoding in BOTH {
            let size = |bytes: &[u8]| {
                let mut writer = Writer::new(&header(Version::V12), encoding);
                writer.push(&add(bytes));
                writer.bytes()
            };
            let empty = size(b"");
            let ends = |at: &usize| encoding == Encoding::Wbxml || data.is_char_boundary(*at);
            let sizes: Vec<(usize, usize)> =
                (0..=data.len()).filter(ends).map(|at| (at, size(&data.as_bytes()[..at]) - empty)).collect();
            for bytes in 0..sizes.last().unwrap().1 + 3 {
                let longest =
                    sizes.iter().filter(|(_, size)| *size <= bytes).map(|(at, _)| *at).max().unwrap();
                let found = prefix_that_fits(data.as_bytes(), encoding, bytes).len();
                assert_eq!(found, longest, "{bytes} bytes of {data:?} in {encoding:?}");
            }
        }
    }
    let large = vec![b'x'; 20_000];
    for (bytes, expected) in
        [(130, 127), (131, 127), (132, 128), (16_387, 16_383), (16_388, 16_383), (16_389, 16_384)]
    {
        assert_eq!(prefix_that_fits(&large, Encoding::Wbxml, bytes).len(), expected);
    }
}

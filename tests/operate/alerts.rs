//! A device asked to come, and a device's settings handed out.

use crate::desk::Desk;
use crate::devices::{Visit, desk_of};
use crate::phone::Phone;
use crate::world::World;
use crate::{card, overview};
use anchorage::peer::PeerSettings;
use anchorage::store::survey::Survey;
use anchorage::syncml::codec::decode;
use anchorage::syncml::credential::{self, MD5};
use anchorage::syncml::device::SERVER_ID;
use anchorage::syncml::message::*;
use anchorage::syncml::notification::{self, Notification, Wanted, message};

/// The bytes after a line that begins so.
fn printed(said: &str, heading: &str) -> Vec<u8> {
    let line = said.lines().skip_while(|line| !line.starts_with(heading)).nth(1).unwrap();
    line.split_whitespace().map(|byte| u8::from_str_radix(byte, 16).unwrap()).collect()
}

fn settings<S: Survey>(desk: &Visit<S>) -> PeerSettings {
    PeerSettings::of_text(&overview(desk.desk(), "account-ann").unwrap().devices[0].0.settings)
}

fn wanted(code: u16, media_type: &str, server: &str) -> Wanted {
    Wanted { code, media_type: media_type.into(), server: server.into(), client: String::new() }
}

/// A phone that has synchronised, and has given the server a nonce.
fn acquainted<S: Survey + Default + 'static>() -> (World<S>, Phone) {
    let world = World::new(S::default());
    let mut phone = Phone::contacts("IMEI:1");
    phone.add(&card(1));
    phone.sync(&world).unwrap();
    let given = Command::Status(Status {
        command_id: "1".into(),
        message_ref: 1,
        command_ref: "0".into(),
        command: "SyncHdr".into(),
        code: 212,
        challenge: Some(credential::challenge(MD5, b"theirs")),
        ..Status::default()
    });
    phone.sync_with(&world, vec![given]).unwrap();
    (world, phone)
}

pub fn a_device_is_asked_to_come_and_known_when_it_does<S: Survey + Default + 'static>() {
    let (world, mut phone) = acquainted::<S>();
    let mut desk = desk_of(world);
    let said = desk.run("alert account-ann IMEI contacts cal --type refresh-from-server").unwrap();
    let package = printed(&said, "As application/vnd.syncml.ds.notification:");
    let came = notification::read(&package).unwrap();
    let id = came.session_id;
    let expected = Notification {
        session_id: id,
        server_id: SERVER_ID.into(),
        by_server: true,
        syncs: vec![wanted(210, "text/vcard", "contacts"), wanted(210, "text/x-vcalendar", "./calendar")],
        ..Notification::default()
    };
    assert_eq!(came, expected, "paths and types as the device knows them");
    assert!(id > 0 && said.contains(&format!("asks for session {id} ")), "{said}");
    assert!(said.contains("refresh-from-server of contacts, text/vcard, alert 210"), "{said}");
    assert!(notification::is_genuine(&package, "secret", b"theirs"), "{said}");
    assert!(said.contains("signed with the nonce the device gave"), "{said}");
    assert_eq!(printed(&said, "As a WAP push"), [&notification::WAP_PUSH[..], &package].concat());
    assert_eq!(settings(&desk).alerted, [id]);
    // Everything, once more: another session.
    let again = desk.run("alert account-ann IMEI:1").unwrap();
    let again = notification::read(&printed(&again, "As application/vnd.syncml.ds.notification:")).unwrap();
    assert_eq!((again.syncs.len(), again.syncs[0].code), (4, 206));
    assert_eq!(settings(&desk).alerted, [again.session_id, id]);
    assert!(
        desk.run("device account-ann IMEI")
            .unwrap()
            .contains(&format!("asked for session {}", again.session_id))
    );
    // It comes, under the number it was given.
    let world = desk.world();
    phone.sync(&world).unwrap();
    assert!(!world.last_line().contains("alerted"), "{}", world.last_line());
    phone.sessions = u32::from(id) - 1;
    phone.sync(&world).unwrap();
    assert!(world.last_line().contains("(login ann, alerted)"), "{}", world.last_line());
    let desk = desk_of(world);
    assert_eq!(settings(&desk).alerted, [again.session_id, id], "a sync leaves them alone");
}

pub fn a_device_of_1_1_is_asked_by_a_message<S: Survey + Default + 'static>() {
    let (world, _) = acquainted::<S>();
    let mut desk = desk_of(world);
    let said =
        desk.run("alert account-ann IMEI contacts --version 1.1 --url https://sync.example/syncml").unwrap();
    let bytes = printed(&said, "As application/vnd.syncml+wbxml:");
    assert_eq!(printed(&said, "As a WAP push"), [&message::WAP_PUSH[..], &bytes].concat());
    let came = decode(&bytes).unwrap().0;
    let read = message::read(&came).unwrap();
    assert_eq!(read.syncs, [Wanted { client: "./C".into(), ..wanted(206, "text/vcard", "contacts") }]);
    assert_eq!(
        (read.server_id.as_str(), read.session_id),
        ("https://sync.example/syncml", settings(&desk).alerted[0])
    );
    assert_eq!((came.header.target.uri.as_str(), came.header.protocol.as_str()), ("IMEI:1", "SyncML/1.1"));
    let cred = credential::md5_cred(SERVER_ID, "secret", b"theirs", Version::V11);
    assert_eq!(came.header.credential.unwrap().data, cred.data);
    assert!(desk.run("alert account-ann IMEI --version 1.1 --remote").unwrap_err().contains("--url"));
    // A device that has said nothing of nonces or versions gets what can be said.
    let world = desk.world();
    let mut old = Phone::notes("old");
    old.version = Version::V11;
    old.sync(&world).unwrap();
    let mut desk = desk_of(world);
    let said = desk.run("alert account-ann old notes").unwrap();
    assert!(said.contains("Package 0 of SyncML/1.1") && said.contains("without credentials"), "{said}");
    let said = desk.run("alert account-ann old notes --version 1.2").unwrap();
    assert!(said.contains("signed with an empty nonce"), "{said}");
    let package = printed(&said, "As application/vnd.syncml.ds.notification:");
    assert!(notification::is_genuine(&package, "secret", b""));
}

pub fn what_is_made_can_be_posted<S: Survey + Default + 'static>() {
    let (world, _) = acquainted::<S>();
    let mut desk = desk_of(world);
    desk.run("device account-ann IMEI --ctcap on").unwrap();
    assert!(desk.run("alert account-ann IMEI --post").unwrap_err().contains("--alert-url"));
    assert_eq!((settings(&desk).alerted.len(), desk.desk().posted.len()), (0, 0));
    let said = desk.run("device account-ann IMEI --alert-url https://push.example/1").unwrap();
    assert!(said.contains("can be posted to https://push.example/1"), "{said}");
    assert!(settings(&desk).ctcap, "one setting leaves the other alone");
    assert!(desk.run("device account-ann IMEI").unwrap().contains("posted to https://push.example/1"));
    let said = desk.run("alert account-ann IMEI contacts --post").unwrap();
    assert!(said.contains("Posted to https://push.example/1: HTTP 202."), "{said}");
    let (to, kind, body) = desk.desk().posted[0].clone();
    assert_eq!((to.as_str(), kind.as_str()), ("https://push.example/1", notification::MEDIA_TYPE));
    assert_eq!(body, printed(&said, "As application"));
    desk.run("alert account-ann IMEI --version 1.0 --post http://other.example/").unwrap();
    let (to, kind, body) = desk.desk().posted[1].clone();
    assert_eq!((to.as_str(), kind.as_str()), ("http://other.example/", message::MEDIA_TYPE));
    assert!(decode(&body).is_ok());
    desk.desk_mut().answers = Ok(404);
    assert!(desk.run("alert account-ann IMEI --post").unwrap_err().contains("HTTP 404"));
    desk.desk_mut().answers = Err("no route".into());
    assert!(desk.run("alert account-ann IMEI --post").unwrap_err().contains("no route"));
    desk.run("device account-ann IMEI --alert-url=").unwrap();
    assert!(desk.run("alert account-ann IMEI --post").unwrap_err().contains("--alert-url"));
    for (wrong, why) in [
        ("alert account-ann IMEI --type sideways", "two-way"),
        ("alert account-ann IMEI --version 2.0", "1.2"),
        ("alert account-ann IMEI --post=ftp://x", "http"),
        ("device account-ann IMEI --alert-url push.example", "http"),
        ("alert account-ann", "DEVICE"),
        ("alert account-ann IMEI nowhere", "no collection"),
        ("alert account-ann other", "no device"),
        ("device account-ann --alert-url https://x/", "which device"),
    ] {
        let said = desk.run(wrong).unwrap_err();
        assert!(said.contains(why), "{wrong}: {said}");
    }
    for _ in 0..10 {
        desk.run("alert account-ann IMEI").unwrap();
    }
    assert_eq!(settings(&desk).alerted.len(), 8);
}

pub fn a_package_0_answered_in_package_1_changes_nothing_of_the_sync<S: Survey + Default + 'static>() {
    let (world, mut phone) = acquainted::<S>();
    // DS 1.2, 12: the device answers the alerts of package 0 first. To whom it is new, it asks who we are.
    let status = |code, name: &str, reference: &str, challenge| {
        Command::Status(Status {
            command_id: "1".into(),
            message_ref: 1,
            command_ref: reference.into(),
            command: name.into(),
            code,
            challenge,
            ..Status::default()
        })
    };
    let statuses = vec![
        status(407, "SyncHdr", "0", Some(credential::challenge(MD5, b"again"))),
        status(407, "Alert", "1", None),
    ];
    phone.add(&card(2));
    let session = phone.sync_with(&world, statuses).unwrap();
    assert_eq!(session.statuses_of("Replace"), [201]);
    let expected = credential::md5_cred(SERVER_ID, "secret", b"again", Version::V12);
    assert_eq!(session.answers[0].header.credential, Some(expected), "who asks is told");
}

pub fn settings_are_printed_for_people_and_for_phones<S: Survey + Default>() {
    let mut desk = Desk::new(S::default());
    desk.run("add anna --password long<&\">enough").unwrap();
    let said = desk.run("provision anna --url https://sync.example/syncml").unwrap();
    for line in [
        "  server address, host, URL    https://sync.example/syncml",
        "  port, where it is asked for  443",
        "  user name                    anna",
        "  password                     as it was set",
        "  remote database: Contacts    ./contacts    text/x-vcard, text/vcard",
        "  <HostAddr>https://sync.example/syncml</HostAddr>",
        "  <Port>443</Port>",
        "    <URI>./calendar</URI>",
        "    <parm name=\"APPID\" value=\"w5\"/>",
        "      <parm name=\"AAUTHNAME\" value=\"anna\"/>",
        "      <parm name=\"AACCEPT\" value=\"text/x-vcalendar,text/calendar\"/>",
    ] {
        assert!(said.lines().any(|known| known == line), "{line} in {said}");
    }
    assert!(!said.contains("AAUTHSECRET") && !said.contains("Cred"), "{said}");
    assert!(!said.contains("unless told otherwise"));
    let nokia = desk.run("provision anna --device nokia --password long<&\">enough").unwrap();
    assert!(
        nokia.contains("<Cred>bG9uZzwmIj5lbm91Z2g=</Cred>") && !nokia.contains("wap-provisioningdoc"),
        "{nokia}"
    );
    assert!(
        nokia.contains("<HostAddr>http://127.0.0.1/syncml</HostAddr>") && nokia.contains("<Port>8787</Port>")
    );
    assert!(nokia.contains("127.0.0.1:8787/syncml") && nokia.contains("unless told otherwise"));
    let oma = desk.run("provision anna --device oma --password long<&\">enough").unwrap();
    assert!(oma.contains("AAUTHSECRET\" value=\"long&lt;&amp;&quot;&gt;enough\"/>"), "{oma}");
    assert!(!oma.contains("SyncSettings"));
    assert_eq!(oma.matches("<characteristic").count(), oma.matches("</characteristic>").count());
    assert!(desk.run("provision anna --password another-one").unwrap_err().contains("not the password"));
    assert!(desk.run("provision anna --remote").unwrap_err().contains("--url"));
    assert!(desk.run("provision anna --url nonsense").unwrap_err().contains("http"));
    assert!(desk.run("provision anna --device siemens").unwrap_err().contains("ericsson"));
    assert!(desk.run("provision nobody").unwrap_err().contains("no account"));
}

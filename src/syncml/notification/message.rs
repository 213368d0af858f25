//! Package 0 of SyncML 1.0 and 1.1: an ordinary SyncML message with alerts 206 to 210 (Sync Protocol 1.1 section 8; `syncml.md` 6.1).

use super::{Notification, UiMode, Wanted};
use crate::syncml::alert;
use crate::syncml::message::{Alert, Command, Cred, Header, Item, Location, Message, Meta, Version};

/// The media type of such a message; devices expect it in WBXML.
pub const MEDIA_TYPE: &str = "application/vnd.syncml+wbxml";

/// What stands before it in a WAP push (SMS to port 2948): WSP push, its headers, application 5.
pub const WAP_PUSH: [u8; 9] = [0x01, 0x06, 0x06, 0x03, 0x02, 0x03, 0x03, 0xAF, 0x85];

/// The message for a device (its own `Source/LocURI`), one alert a datastore.
pub fn write(
    notification: &Notification,
    version: Version,
    device: &str,
    credential: Option<Cred>,
) -> Message {
    let source = Location {
        name: credential.as_ref().map(|_| crate::syncml::device::SERVER_ID.to_owned()),
        ..Location::of(notification.server_id.clone())
    };
    let header = Header {
        dtd: version.dtd().into(),
        protocol: version.protocol().into(),
        session_id: notification.session_id.to_string(),
        message_id: 1,
        target: Location::of(device),
        source,
        credential,
        ..Header::default()
    };
    let commands = notification.syncs.iter().enumerate().map(|(index, wanted)| {
        let target = (!wanted.client.is_empty()).then(|| Location::of(wanted.client.clone()));
        let media_type = (!wanted.media_type.is_empty()).then(|| wanted.media_type.clone());
        Command::Alert(Alert {
            command_id: (index + 1).to_string(),
            code: wanted.code.to_string(),
            items: vec![Item {
                target,
                source: Some(Location::of(wanted.server.clone())),
                meta: Meta { media_type, ..Meta::default() },
                ..Item::default()
            }],
            ..Alert::default()
        })
    });
    Message { header, commands: commands.collect(), last: true }
}

/// What such a message wants; `None` where none of its alerts asks a device to come.
pub fn read(message: &Message) -> Option<Notification> {
    let header = &message.header;
    let alerts = message.commands.iter().filter_map(|command| match command {
        Command::Alert(alert) => Some((alert.code.trim().parse().ok().filter(is_by_server)?, alert)),
        _ => None,
    });
    let syncs: Vec<Wanted> =
        alerts.flat_map(|(code, alert)| alert.items.iter().map(move |item| wanted(code, item))).collect();
    (!syncs.is_empty()).then(|| Notification {
        session_id: header.session_id.trim().parse().unwrap_or_default(),
        server_id: header.source.uri.clone(),
        ui: UiMode::Unspecified,
        by_server: true,
        syncs,
        vendor: Vec::new(),
    })
}

fn is_by_server(code: &u16) -> bool {
    alert::BY_SERVER.iter().any(|(_, known)| known == code)
}

fn wanted(code: u16, item: &Item) -> Wanted {
    let uri = |location: &Option<Location>| location.as_ref().map(|l| l.uri.clone()).unwrap_or_default();
    Wanted {
        code,
        media_type: item.meta.media_type.clone().unwrap_or_default(),
        server: uri(&item.source),
        client: uri(&item.target),
    }
}

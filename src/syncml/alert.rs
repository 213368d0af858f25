//! Alert codes: what a peer wants (DS 1.2 section 13.2). The code is the text of the Alert's `Data`.

/// Show the text to the user.
pub const DISPLAY: u16 = 100;
/// A normal sync.
pub const TWO_WAY: u16 = 200;
/// A slow sync: everything is compared.
pub const SLOW: u16 = 201;
/// Only the client sends changes.
pub const ONE_WAY_FROM_CLIENT: u16 = 202;
/// The client's data replace the server's.
pub const REFRESH_FROM_CLIENT: u16 = 203;
/// Only the server sends changes.
pub const ONE_WAY_FROM_SERVER: u16 = 204;
/// The server's data replace the client's.
pub const REFRESH_FROM_SERVER: u16 = 205;
/// The server asks for [`TWO_WAY`].
pub const TWO_WAY_BY_SERVER: u16 = 206;
/// The server asks for [`ONE_WAY_FROM_CLIENT`].
pub const ONE_WAY_FROM_CLIENT_BY_SERVER: u16 = 207;
/// The server asks for [`REFRESH_FROM_CLIENT`].
pub const REFRESH_FROM_CLIENT_BY_SERVER: u16 = 208;
/// The server asks for [`ONE_WAY_FROM_SERVER`].
pub const ONE_WAY_FROM_SERVER_BY_SERVER: u16 = 209;
/// The server asks for [`REFRESH_FROM_SERVER`].
pub const REFRESH_FROM_SERVER_BY_SERVER: u16 = 210;
/// What a server may ask a device for, in package 0, in words.
pub const BY_SERVER: [(&str, u16); 5] = [
    ("two-way", TWO_WAY_BY_SERVER),
    ("one-way-from-client", ONE_WAY_FROM_CLIENT_BY_SERVER),
    ("refresh-from-client", REFRESH_FROM_CLIENT_BY_SERVER),
    ("one-way-from-server", ONE_WAY_FROM_SERVER_BY_SERVER),
    ("refresh-from-server", REFRESH_FROM_SERVER_BY_SERVER),
];
/// The result of what was answered with 101, please.
pub const RESULT: u16 = 221;
/// The package is not complete, and there is nothing else to say: please go on.
pub const NEXT_MESSAGE: u16 = 222;
/// A large object broke off.
pub const NO_END_OF_DATA: u16 = 223;
/// The user pauses (1.2).
pub const SUSPEND: u16 = 224;
/// Go on where [`SUSPEND`] or a failure stopped (1.2).
pub const RESUME: u16 = 225;

/// Whether an alert of this code, as text, only asks us to say what there is to say.
pub fn asks_only(code: &str) -> bool {
    code.parse().is_ok_and(|code: u16| matches!(code, RESULT | NEXT_MESSAGE))
}

/// Whether an alert of this code, as text, asks for a sync of a datastore (200 to 205, 206 to 210 echoed by mistake, or 225).
pub fn opens_datastore(code: &str) -> bool {
    code.parse()
        .is_ok_and(|code: u16| (TWO_WAY..=REFRESH_FROM_SERVER_BY_SERVER).contains(&code) || code == RESUME)
}

//! A message as it may be kept and shown: without credentials (`Cred`), nonces (`NextNonce`) and our session tokens (`sid=` in an
//! address). Stars stand in their place, as many as there were bytes, so that everything else stays byte for byte.

use super::element::Element;
use super::{Encoding, decode, encode, sniff, wbxml, xml};
use crate::syncml::message::{Command, Cred, Message, Meta};

/// What an address of ours says of the session.
const TOKEN: &str = "sid=";

/// How far behind the beginning of its tag an element's text is looked for, in bytes, beside its own length: a tag of XML may
/// declare namespaces.
const TAG_BYTES_MAX: usize = 256;

/// The message without what is secret, and whether nothing had to be taken out. `None` where that cannot be told: what is no
/// message, or hides its secrets where they are not found.
///
/// Where the bytes of a secret do not stand as they are read (escaped, in a string table), the message is written anew.
pub fn masked(bytes: &[u8]) -> Option<(Vec<u8>, bool)> {
    let secrets = secrets(&tree(bytes)?);
    if secrets.is_empty() {
        return Some((bytes.to_vec(), true));
    }
    let in_place = in_place(bytes, &secrets).filter(|masked| is_masked(masked));
    let masked = in_place.or_else(|| anew(bytes).filter(|masked| is_masked(masked)))?;
    Some((masked, false))
}

/// Something secret: where its element begins, and what it says.
struct Secret {
    offset: usize,
    text: Vec<u8>,
}

fn tree(bytes: &[u8]) -> Option<Element> {
    match sniff(bytes)? {
        Encoding::Xml => xml::read(bytes).ok(),
        Encoding::Wbxml => wbxml::read(bytes, wbxml::Document::SyncMl).ok(),
    }
}

fn is_masked(bytes: &[u8]) -> bool {
    tree(bytes).is_some_and(|root| secrets(&root).is_empty())
}

/// Everything secret that is not stars already, in the order of the message.
fn secrets(root: &Element) -> Vec<Secret> {
    let mut found = Vec::new();
    let mut open = vec![(root, false)];
    while let Some((element, in_credential)) = open.pop() {
        let in_credential = in_credential || element.name == "Cred";
        let told = in_credential && matches!(element.name, "Type" | "Format");
        let text = match element.name {
            "LocURI" | "RespURI" | "TargetRef" | "SourceRef" => token(&element.text),
            "NextNonce" => element.text.trim_ascii(),
            _ if in_credential && !told => element.text.trim_ascii(),
            _ => &[],
        };
        if !text.iter().all(|byte| *byte == b'*') {
            found.push(Secret { offset: element.offset, text: text.to_vec() });
        }
        open.extend(element.children.iter().rev().map(|child| (child, in_credential)));
    }
    found
}

/// The session's token in an address; nothing where there is none.
fn token(address: &[u8]) -> &[u8] {
    let found = address.windows(TOKEN.len()).position(|window| window == TOKEN.as_bytes());
    let rest = found.and_then(|at| address.get(at + TOKEN.len()..)).unwrap_or_default();
    let is_of_it = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'*');
    let end = rest.iter().position(|byte| !is_of_it(byte)).unwrap_or(rest.len());
    rest.get(..end).unwrap_or_default()
}

/// Stars over each secret where it stands.
fn in_place(bytes: &[u8], secrets: &[Secret]) -> Option<Vec<u8>> {
    let mut masked = bytes.to_vec();
    for Secret { offset, text } in secrets {
        // An address stands before its token.
        let end = offset
            .saturating_add(TAG_BYTES_MAX + text.len() + crate::limits::ADDRESS_BYTES_MAX)
            .min(bytes.len());
        let near = bytes.get(*offset..end)?;
        let at = offset + near.windows(text.len()).position(|window| window == text.as_slice())?;
        masked.get_mut(at..at + text.len())?.fill(b'*');
    }
    Some(masked)
}

/// The message written again with stars in it.
fn anew(bytes: &[u8]) -> Option<Vec<u8>> {
    let (mut message, encoding) = decode(bytes).ok()?;
    let mut hide = |text: &mut String| {
        let secret = token(text.as_bytes()).to_vec();
        if let Ok(secret) = String::from_utf8(secret)
            && !secret.is_empty()
        {
            *text = text.replace(&secret, &"*".repeat(secret.len()));
        }
    };
    let Message { header, commands, .. } = &mut message;
    hide(&mut header.target.uri);
    hide(&mut header.source.uri);
    header.respond_to.iter_mut().for_each(&mut hide);
    hide_credential(&mut header.credential);
    hide_nonce(&mut header.meta);
    commands.iter_mut().for_each(|command| hide_in(command, &mut hide));
    Some(encode(&message, encoding))
}

fn hide_in(command: &mut Command, hide: &mut impl FnMut(&mut String)) {
    match command {
        Command::Alert(alert) => hide_credential(&mut alert.credential),
        Command::Change(change) => hide_credential(&mut change.credential),
        Command::Exec(exec) => hide_credential(&mut exec.credential),
        Command::Get(get) | Command::Put(get) => hide_credential(&mut get.credential),
        Command::Map(map) => hide_credential(&mut map.credential),
        Command::Search(search) => hide_credential(&mut search.credential),
        Command::Results(_) => {}
        Command::Status(status) => {
            hide_credential(&mut status.credential);
            status.challenge.iter_mut().for_each(hide_nonce);
            status.target_refs.iter_mut().chain(&mut status.source_refs).for_each(hide);
        }
        Command::Sync(sync) => {
            hide_credential(&mut sync.credential);
            sync.commands.iter_mut().for_each(|command| hide_in(command, hide));
        }
        Command::Group(group) => group.commands.iter_mut().for_each(|command| hide_in(command, hide)),
    }
}

fn hide_credential(credential: &mut Option<Cred>) {
    if let Some(credential) = credential {
        credential.data.fill(b'*');
        hide_nonce(&mut credential.meta);
    }
}

fn hide_nonce(meta: &mut Meta) {
    meta.next_nonce.iter_mut().for_each(|nonce| nonce.fill(b'*'));
}

#[cfg(test)]
mod tests {
    use super::*;

    const XML: &str = "<SyncML><SyncHdr><VerDTD>1.2</VerDTD><VerProto>SyncML/1.2</VerProto><SessionID>1</SessionID><MsgID>1</MsgID>\
        <Target><LocURI>http://x/syncml?sid=abc-DEF_1&amp;a=1</LocURI></Target><Source><LocURI>IMEI:1</LocURI></Source>\
        <Cred><Meta><Format xmlns='syncml:metinf'>b64</Format><Type xmlns='syncml:metinf'>syncml:auth-basic</Type></Meta>\
        <Data>CREDENTIAL</Data></Cred></SyncHdr><SyncBody><Status><CmdID>1</CmdID><MsgRef>1</MsgRef><CmdRef>0</CmdRef>\
        <Cmd>SyncHdr</Cmd><TargetRef>http://x/syncml?sid=abc-DEF_1</TargetRef><Chal><Meta><Type>syncml:auth-md5</Type>\
        <NextNonce xmlns='syncml:metinf'>Tm9uY2U=</NextNonce></Meta></Chal><Data>212</Data></Status>\
        <Sync><CmdID>2</CmdID><Add><CmdID>3</CmdID><Item><Data>see http://y/?sid=abc-DEF_1 and b64</Data></Item></Add></Sync>\
        <Final/></SyncBody></SyncML>";

    fn holds(bytes: &[u8], text: &str) -> bool {
        bytes.windows(text.len()).any(|window| window == text.as_bytes())
    }

    #[test]
    fn stars_stand_where_the_secrets_stood_and_nothing_else_moves() {
        let (masked, exact) = masked(XML.as_bytes()).unwrap();
        let expected = XML
            .replace("CREDENTIAL", "**********")
            .replace("Tm9uY2U=", "********")
            .replace("syncml?sid=abc-DEF_1", "syncml?sid=*********");
        assert_eq!((String::from_utf8(masked).unwrap(), exact), (expected, false));
    }

    #[test]
    fn what_holds_no_secret_stays_byte_for_byte() {
        let plain =
            "<SyncML><SyncHdr><VerDTD>1.2</VerDTD><SessionID>1</SessionID></SyncHdr><SyncBody/></SyncML> ";
        assert_eq!(masked(plain.as_bytes()), Some((plain.as_bytes().to_vec(), true)));
        assert_eq!(masked(b"no message"), None);
    }

    #[test]
    fn the_same_in_wbxml() {
        let (message, _) = decode(XML.as_bytes()).unwrap();
        let bytes = encode(&message, Encoding::Wbxml);
        let (masked, exact) = masked(&bytes).unwrap();
        assert_eq!((masked.len(), exact), (bytes.len(), false));
        for secret in ["CREDENTIAL", "Tm9uY2U=", "syncml?sid=abc"] {
            assert!(holds(&bytes, secret) && !holds(&masked, secret), "{secret}");
        }
        assert!(holds(&masked, "http://y/?sid=abc-DEF_1"), "what people write stays");
        assert!(decode(&masked).is_ok());
    }

    #[test]
    fn what_is_hidden_is_found_all_the_same() {
        for hidden in ["CREDEN&#84;IAL", "CRED<!-- x -->ENTIAL", "<![CDATA[CRED]]>ENTIAL"] {
            let (masked, exact) = masked(XML.replace("CREDENTIAL", hidden).as_bytes()).unwrap();
            assert!(!exact && !holds(&masked, "CRED") && !holds(&masked, "ENTIAL"), "{hidden}");
            assert!(holds(&masked, "**********"), "{hidden}: {}", String::from_utf8_lossy(&masked));
        }
        // In a place where no Cred belongs, and so is none when it is written anew.
        let odd = XML.replace(
            "<Final/>",
            "<Results><CmdID>9</CmdID><Odd><Cred><Data>SE&#67;RET</Data></Cred></Odd></Results><Final/>",
        );
        let kept = masked(odd.as_bytes());
        assert!(kept.is_none_or(|(masked, _)| !holds(&masked, "RET")));
    }
}

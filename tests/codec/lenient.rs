//! What devices write and the specification does not say (or says otherwise): each case names who needs it where known.

use super::everything::full_device;
use super::{BOTH, Version, W1, W2, add, data_of, decode, device, encode, header, hex, message_of, put, w1};
use anchorage::syncml::codec::Encoding;
use anchorage::syncml::device::{Capability, DevInf, ParameterCapability};
use anchorage::syncml::message::*;

const HDR: &str = "<SyncHdr><VerDTD>1.2</VerDTD><VerProto>SyncML/1.2</VerProto><SessionID>1</SessionID><MsgID>1</MsgID>\
                   <Target><LocURI>s</LocURI></Target><Source><LocURI>c</LocURI></Source></SyncHdr>";

fn xml(body: &str) -> String {
    format!("<SyncML>{HDR}<SyncBody>{body}</SyncBody></SyncML>")
}

fn read(body: &str) -> Message {
    let text = xml(body);
    decode(text.as_bytes()).unwrap_or_else(|error| panic!("{error:?} in {text}")).0
}

fn refused(bytes: &[u8]) -> String {
    decode(bytes).unwrap_err().reason
}

#[test]
fn names_are_matched_without_prefix_and_namespace() {
    let plain =
        read("<Alert><CmdID>1</CmdID><Data>200</Data><Item><Meta><Type>a/b</Type></Meta></Item></Alert>");
    for text in [
        xml(
            "<Alert xmlns='x'><CmdID>1</CmdID><Data>200</Data><Item><Meta><m:Type xmlns:m='syncml:metinf'>a/b</m:Type></Meta>\
             </Item></Alert>",
        ),
        xml(
            "<Alert><CmdID>1</CmdID><Data>200</Data><Item><Meta><MetInf xmlns='syncml:metinf'><Type>a/b</Type></MetInf>\
             </Meta></Item></Alert>",
        ),
        xml(
            "<s:Alert><s:CmdID>1</s:CmdID><s:Data>200</s:Data><s:Item><s:Meta><Type>a/b</Type></s:Meta></s:Item></s:Alert>",
        ),
        xml(
            "<Alert\n a='1' b=\"&lt;\"><CmdID >1</CmdID ><Item><Meta><Type>a/b</Type></Meta></Item><Data>200</Data></Alert>",
        ),
        xml(
            "<Alert><CmdID> 1\n</CmdID><Data><![CDATA[200]]></Data><!-- <Final/> --><Item><Meta><Type>a<![CDATA[/]]>b</Type>\
             </Meta></Item><Bogus><Final/></Bogus><?pi?></Alert>",
        ),
        xml(
            "<Alert><CmdID>&#49;</CmdID><Data>&#x32;00</Data><Item><Meta><Type>a/b</Type></Meta></Item></Alert>",
        ),
        format!(
            "\u{FEFF}<?xml version='1.0'?>{}",
            xml("<Alert><CmdID>1</CmdID><Data>200</Data><Item><Meta><Type>a/b</Type></Meta></Item></Alert>")
        ),
    ] {
        assert_eq!(decode(text.as_bytes()).unwrap().0, plain, "{text}");
    }
}

#[test]
fn roots_prologues_and_ends_come_in_all_kinds() {
    let body = xml("<Final/>");
    let expected = Message { header: header(Version::V12), commands: Vec::new(), last: true };
    for text in [
        body.clone(),
        body.replace("<SyncML>", "<SyncML xmlns='syncml:SYNCML1.1'>"),
        body.replace("<SyncML>", "<s:SyncML xmlns:s='SYNCML:SYNCML1.2'>").replace("</SyncML>", "</s:SyncML>"),
        format!("\r\n \t{body}\0\0"),
        format!("{body}\n<!-- the end -->trailing & <rubbish"),
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!DOCTYPE SyncML PUBLIC '-//SYNCML//DTD SyncML 1.2//EN' 'http://x/y.dtd'>\n{body}"
        ),
        format!("<!-- hello -->{body}"),
    ] {
        assert_eq!(decode(text.as_bytes()).unwrap(), (expected.clone(), Encoding::Xml), "{text}");
    }
    let mut wbxml = encode(&expected, Encoding::Wbxml);
    wbxml.extend_from_slice(b"\0\0 and more");
    assert_eq!(decode(&wbxml).unwrap(), (expected, Encoding::Wbxml));
}

#[test]
fn latin_1_is_read_where_it_is_declared() {
    let mut text = b"<?xml version='1.0' encoding='ISO-8859-1'?>".to_vec();
    text.extend_from_slice(xml("<Add><Item><Data>J#rg</Data></Item></Add>").as_bytes());
    let at = text.iter().position(|byte| *byte == b'#').unwrap();
    text[at] = 0xF6;
    assert_eq!(data_of(&decode(&text).unwrap().0).bytes(), "J\u{f6}rg".as_bytes());
    let undeclared = decode(&text[43..]).unwrap_err();
    assert_eq!((undeclared.offset, undeclared.reason.as_str()), (at - 43, "not UTF-8"));
}

#[test]
fn what_is_missing_is_empty_and_what_is_repeated_is_merged() {
    let message = read(
        "<Status><Data>200</Data></Status><Add><Item><Data>x</Data><Meta><Type>a/b</Type></Meta><Meta><Size>3</Size></Meta>\
         </Item><Item/></Add><Sync/><Alert><Item/><Item/></Alert><Map/><Results><Item/></Results>",
    );
    let Command::Status(status) = &message.commands[0] else { panic!() };
    assert_eq!(*status, Status { command_ref: "0".into(), code: 200, ..Status::default() });
    let Command::Change(change) = &message.commands[1] else { panic!() };
    assert_eq!((change.command_id.as_str(), change.items.len()), ("", 2));
    assert_eq!(change.items[0].meta.media_type.as_deref(), Some("a/b"));
    assert_eq!(change.items[0].meta.size, Some(3));
    assert_eq!(
        (change.items[0].data.clone(), change.items[1].data.clone()),
        (Some(Data::Bytes(b"x".to_vec())), None)
    );
    assert_eq!(message.commands[2], Command::Sync(Sync::default()));
    assert!(!message.last);
}

#[test]
fn numbers_that_are_none_are_absent() {
    let message = read(
        "<Sync><NumberOfChanges>many</NumberOfChanges><Meta><MaxMsgSize>-1</MaxMsgSize><MaxObjSize> 7 </MaxObjSize>\
         <Mem><FreeId>3</FreeId></Mem></Meta></Sync><Status><MsgRef>x</MsgRef><Data>okay</Data></Status>",
    );
    let Command::Sync(sync) = &message.commands[0] else { panic!() };
    assert_eq!(
        (sync.changes, sync.meta.max_message_bytes, sync.meta.max_object_bytes),
        (None, None, Some(7))
    );
    assert_eq!(sync.meta.memory.as_ref().unwrap().free_ids, Some(3));
    let Command::Status(status) = &message.commands[1] else { panic!() };
    assert_eq!((status.message_ref, status.code), (0, 0));
}

#[test]
fn what_is_no_message_is_refused_by_name() {
    let with = |from: &str, to: &str| xml("<Final/>").replace(from, to).into_bytes();
    assert_eq!(refused(&with(HDR, "")), "there is no SyncHdr");
    assert_eq!(refused(&with("<SyncBody><Final/></SyncBody>", "")), "there is no SyncBody");
    assert_eq!(refused(&with("<MsgID>1", "<MsgID>one")), "MsgID is no number: \"one\"");
    assert_eq!(refused(&with("<MsgID>1", "<MsgID>4294967296")), "MsgID is no number: \"4294967296\"");
    assert_eq!(refused(b"<Status><CmdID>1</CmdID></Status>"), "the root is Status, not SyncML");
    assert_eq!(refused(b"<html><body>busy</body></html>"), "the root is an unknown element, not SyncML");
    assert_eq!(decode(&with("<MsgID>1</MsgID>", "")).unwrap().0.header.message_id, 0, "none was sent");
}

#[test]
fn foreign_markup_in_data_is_kept_as_it_stands() {
    let message =
        read("<Add><Item><Data><contact xmlns='x:y' a='1'>J&amp;r <b/></contact></Data></Item></Add>");
    assert_eq!(data_of(&message).bytes(), b"<contact xmlns='x:y' a='1'>J&amp;r <b/></contact>");
    for encoding in BOTH {
        assert_eq!(decode(&encode(&message, encoding)).unwrap().0, message);
    }
}

/// The recorded client counts the CR in `Size` and sends it raw in CDATA.
#[test]
fn a_field_filter_names_its_properties_in_every_wrapping() {
    let property = |name: &str| format!("<Property><PropName>{name}</PropName></Property>");
    let both = property("N") + &property("TEL");
    let spaced = "<Property xmlns='syncml:devinf'> <PropName>N</PropName> </Property>\n<Property><PropName>TEL</PropName></Property>";
    let escaped = both.replace('<', "&lt;");
    let devinf = format!(
        "<DevInf><VerDTD>1.2</VerDTD><DevID>c</DevID><DataStore><SourceRef>c</SourceRef><CTCap><CTType>a</CTType><VerCT>1</VerCT>{both}</CTCap></DataStore></DevInf>"
    );
    let cdata = format!("<![CDATA[{both}]]>");
    let capability = format!("<CTCap><CTType>a</CTType>{both}</CTCap>");
    for data in [both.as_str(), spaced, &escaped, &cdata, &devinf, &capability] {
        let message = read(&format!(
            "<Alert><CmdID>1</CmdID><Data>200</Data><Item><Target><LocURI>c</LocURI><Filter><Meta/><Field><Item><Data>{data}</Data>\
             </Item></Field></Filter></Target></Item></Alert>"
        ));
        let Command::Alert(alert) = &message.commands[0] else { panic!() };
        let filter = alert.items[0].target.as_ref().unwrap().filter.as_ref().unwrap();
        let names = anchorage::syncml::filter::properties::names(filter.field.as_ref().unwrap());
        assert_eq!(names.into_iter().collect::<Vec<_>>(), ["N", "TEL"], "{data}");
    }
}

#[test]
fn newlines_are_not_normalised() {
    let message = read("<Add><Item><Data><![CDATA[A:1\r\nB:2\r\n]]>\r</Data></Item></Add>");
    assert_eq!(data_of(&message).bytes(), b"A:1\r\nB:2\r\n\r");
}

#[test]
fn an_anchor_in_a_status_may_be_wrapped() {
    let expected = Data::Anchor(Anchor { last: None, next: Some("5".into()) });
    for anchor in [
        "<Anchor xmlns='syncml:metinf'><Next>5</Next></Anchor>",
        "\n <Anchor>\n<Next>5</Next>\n</Anchor>\n",
        "<MetInf><Anchor><Next>5</Next></Anchor></MetInf>",
    ] {
        let message = read(&format!("<Status><Item><Data>{anchor}</Data></Item></Status>"));
        assert_eq!(*data_of(&message), expected);
    }
}

/// DevInf inline, escaped, in CDATA, as WBXML or XML in OPAQUE, and as a string: it is the same device.
#[test]
fn devinf_is_found_in_every_wrapping() {
    let expected = Data::Device(Box::new(device()));
    let inline = String::from_utf8(encode(&put(expected.clone()), Encoding::Xml)).unwrap();
    let start = inline.find("<DevInf").unwrap();
    let end = inline.find("</DevInf>").unwrap() + "</DevInf>".len();
    let text = &inline[start..end];
    for wrapped in [
        text.replace('&', "&amp;").replace('<', "&lt;"),
        format!("<![CDATA[<?xml version='1.0'?>{text}]]>"),
        format!("\n{}\n", text.replace(" xmlns=\"syncml:devinf\"", "")),
        text.replace("<DevInf", "<d:DevInf").replace("</DevInf", "</d:DevInf"),
    ] {
        let message = format!("{}{wrapped}{}", &inline[..start], &inline[end..]);
        assert_eq!(*data_of(&decode(message.as_bytes()).unwrap().0), expected, "{message}");
    }
    let in_bytes =
        |data: &[u8]| decode(&encode(&put(Data::Bytes(data.to_vec())), Encoding::Wbxml)).unwrap().0;
    assert_eq!(*data_of(&in_bytes(text.as_bytes())), expected);
    assert_eq!(*data_of(&in_bytes(format!("\u{FEFF}\n{text}\0").as_bytes())), expected);

    // As STR_I: the OPAQUE of W2 and its length become a string.
    let mut bytes = hex(W2);
    let at = bytes.windows(3).position(|window| window == [0x4F, 0xC3, 0x81]).unwrap();
    bytes.splice(at + 1..at + 4 + 133, [&[0x03], text.as_bytes(), &[0]].concat());
    assert_eq!(*data_of(&decode(&bytes).unwrap().0), expected);
}

/// The texts of December 2000 have DevInf on page 1 and MetInf on page 2 of one SyncML 1.0 document.
#[test]
fn the_code_pages_of_the_year_2000_are_understood() {
    let old = hex("02 9F 51 6A 00 6D 6C 5B 03 31 00 01 5A 00 02 4F 03 37 00 01 01 01 00 00 6B
        5F 54 4F 00 01 4A 65 03 31 2E 30 00 01 49 03 63 00 01 01 01 01 01 00 00 12 01 01");
    let message = decode(&old).unwrap().0;
    assert_eq!(message.header.meta.max_message_bytes, Some(7));
    let expected = DevInf { version: "1.0".into(), device_id: "c".into(), ..DevInf::default() };
    assert_eq!(*data_of(&message), Data::Device(Box::new(expected)));
    assert!(message.last);
    // Under any other public id page 2 means nothing.
    let mut newer = old;
    newer[2] = 0x53;
    assert_eq!(decode(&newer).unwrap().0.header.meta, Meta::default());
}

/// Bytes that are no DevInf stay bytes, for the server to refuse: the message itself is sound.
#[test]
fn a_broken_devinf_does_not_spoil_its_message() {
    for broken in [&b"<DevInf><VerDTD>"[..], b"\x02\xA4\x03\x6A\x00\x4A", b"<html/>", b"\0", b""] {
        let message = put(Data::Bytes(broken.to_vec()));
        assert_eq!(decode(&encode(&message, Encoding::Wbxml)).unwrap().0, message, "{broken:?}");
    }
    // And what looks like one is a device in Put and Results only.
    let bytes = encode(&put(Data::Device(Box::new(device()))), Encoding::Wbxml);
    let at = bytes.windows(2).position(|window| window == [0x4F, 0xC3]).unwrap();
    let message = message_of(add(&bytes[at + 4..at + 4 + 133]));
    assert_eq!(decode(&encode(&message, Encoding::Wbxml)).unwrap().0, message);
}

#[test]
fn a_flat_ctcap_becomes_properties_and_parameters() {
    let message = read(
        "<Put><Item><Data><DevInf><VerDTD>1.1</VerDTD><DevId>d</DevId><SupportLargeObjects/><CTCap>\
         <CTType>text/x-vcard</CTType><PropName>BEGIN</PropName><ValEnum>VCARD</ValEnum><PropName>TEL</PropName>\
         <DataType>chr</DataType><Size>40</Size><DisplayName>Phone</DisplayName><ParamName>WORK</ParamName>\
         <ParamName>TYPE</ParamName><ValEnum>CELL</ValEnum><DisplayName>Kind</DisplayName>\
         <CTType>text/x-vcalendar</CTType><PropName>DUE</PropName></CTCap>\
         <Ext><Xnam>X-a</Xnam><Xval>1</Xval></Ext></DevInf></Data></Item></Put>",
    );
    let Data::Device(device) = data_of(&message) else { panic!() };
    assert!(device.large_objects && device.device_id == "d");
    assert_eq!(device.extensions[0].values, ["1"]);
    let [card, calendar] = &device.capabilities[..] else { panic!("{device:?}") };
    let [begin, tel] = &card.properties[..] else { panic!("{card:?}") };
    assert_eq!((begin.name.as_str(), &begin.values[..]), ("BEGIN", &["VCARD".to_owned()][..]));
    assert_eq!((tel.size_max, tel.display_name.as_deref(), tel.values.len()), (Some(40), Some("Phone"), 0));
    let work = ParameterCapability { name: "WORK".into(), ..ParameterCapability::default() };
    let kind = ParameterCapability {
        name: "TYPE".into(),
        values: vec!["CELL".into()],
        display_name: Some("Kind".into()),
        ..ParameterCapability::default()
    };
    assert_eq!(tel.parameters, [work, kind]);
    assert_eq!(
        (calendar.media_type.as_str(), calendar.properties[0].name.as_str()),
        ("text/x-vcalendar", "DUE")
    );
    assert_eq!(Capability::default().properties.len(), 0);
}

#[test]
fn a_ctcap_is_written_as_its_version_has_it() {
    let written = |version: &str| {
        String::from_utf8(encode(&put(Data::Device(Box::new(full_device(version)))), Encoding::Xml)).unwrap()
    };
    let flat = written("1.1");
    assert!(!flat.contains("<Property>") && !flat.contains("MaxSize") && flat.contains("<Size>255</Size>"));
    assert_eq!(flat.matches("<CTCap>").count(), 1);
    let nested = written("1.2");
    assert!(
        nested.contains("<PropParam><ParamName>TYPE</ParamName>")
            && nested.contains("<MaxSize>255</MaxSize>")
    );
    assert_eq!(nested.matches("<CTCap>").count(), 2);
}

/// W1 with another beginning.
fn beginning(start: &str) -> Vec<u8> {
    [hex(start), hex(W1)[5..].to_vec()].concat()
}

#[test]
fn wbxml_headers_come_in_all_kinds() {
    for start in [
        "00 A4 01 6A 00",          // version 1.0 with the charset it should not have
        "00 A4 01 00",             // version 1.0 without
        "01 A4 01 6A 00",          // 1.1
        "03 A4 01 6A 00",          // 1.3
        "02 01 6A 00",             // public id unknown (Funambol, P34)
        "02 9F 51 6A 00",          // of SyncML 1.0
        "02 9F 53 00 00",          // charset unknown
        "02 A4 01 03 00",          // US-ASCII
        "02 A4 01 04 00",          // Latin-1
        "02 A4 01 6A 03 41 42 00", // a string table
        "02 80 80 80 A4 01 6A 00", // a number with leading zeros
        "02 00 01 6A 03 00 41 42", // a public id in the table, unknown, without its NUL
    ] {
        assert_eq!(decode(&beginning(start)).unwrap(), (w1(), Encoding::Wbxml), "{start}");
    }
}

/// An `Add` whose `Data` (or whatever is given) is spelt by hand.
fn by_hand(table: &str, body: &str) -> Result<Message, String> {
    let table = hex(table);
    let start = [hex("02 A4 01 6A"), vec![table.len() as u8], table].concat();
    let bytes = [start, hex("6D 6C 01 6B"), hex(body), hex("01 01")].concat();
    decode(&bytes).map(|(message, _)| message).map_err(|error| error.reason)
}

#[test]
fn wbxml_text_comes_in_all_kinds() {
    let table = "41 42 43 00 44 61 74 61 00 78 3A 44 61 74 61 00 44 45"; // ABC, Data, x:Data, DE
    for (data, expected) in [
        ("4F 03 41 00 01", &b"A"[..]),
        ("4F C3 02 00 FF 01", b"\x00\xFF"),
        ("4F 83 00 01", b"ABC"),
        ("4F 83 01 01", b"BC"),
        ("4F 83 10 01", b"DE"),
        ("4F 02 A4 2C 02 41 01", "\u{122C}A".as_bytes()),
        ("4F 03 41 00 C3 01 42 83 00 02 43 03 44 00 01", b"ABABCCD"),
        ("4F 40 61 62 00 81 05 C2 03 41 00 01", b"A"), // extensions mean nothing
        ("4F 43 05 03 61 00 01 03 41 00 01", b"A"),    // a processing instruction
        ("CF 05 03 61 00 83 00 06 02 21 04 02 00 01 85 C3 01 01 40 61 00 01 03 41 00 01", b"A"), // attributes
        ("8F 05 01", b""),
        ("44 04 03 41 00 01", b"A"), // a literal tag
        ("44 09 03 41 00 01", b"A"), // with a prefix
        ("C4 04 05 01 03 41 00 01", b"A"),
        ("0F", b""),
        ("4F 01", b""),
    ] {
        let message =
            by_hand(table, &format!("45 54 {data} 01 01")).unwrap_or_else(|error| panic!("{data}: {error}"));
        assert_eq!(data_of(&message).bytes(), expected, "{data}");
    }
}

#[test]
fn the_page_holds_until_it_is_switched() {
    // Meta, Type; END and END on page 1; then a switch that changes nothing; then Size in a second Meta, still on page 1.
    let body = "45 54 5A 00 01 53 03 61 00 01 00 01 01 00 00 5A 00 01 52 03 37 00 01 01 01 01 00 00 12";
    let message = by_hand("", body).unwrap();
    let Command::Change(change) = &message.commands[0] else { panic!() };
    assert_eq!((change.items[0].meta.media_type.as_deref(), change.items[0].meta.size), (Some("a"), Some(7)));
    assert!(message.last);
    // Without the switch back, 12 is Size and not Final.
    assert!(!by_hand("", "45 54 5A 00 01 53 03 61 00 01 01 01 01 12").unwrap().last);
}

/// NUL padding: Nokia 9210, trimmed by S60 too. Item data are nobody's to trim.
#[test]
fn padding_is_trimmed_from_text_and_not_from_data() {
    let message =
        by_hand("", "45 4B C3 03 31 00 00 01 54 67 57 C3 03 61 62 00 01 01 4F C3 03 61 62 00 01 01 01")
            .unwrap();
    let Command::Change(change) = &message.commands[0] else { panic!() };
    assert_eq!(change.command_id, "1");
    assert_eq!(change.items[0].source, Some(Location::of("ab")));
    assert_eq!(data_of(&message).bytes(), b"ab\0");
}

/// Raw digests and nonces, as RepPro 5.3 allows in WBXML; and text that is no UTF-8.
#[test]
fn raw_bytes_in_credentials_survive() {
    let digest: Vec<u8> = (0..16).map(|byte| byte * 16).collect();
    let mut message = message_of(add(b""));
    message.header.credential = Some(Cred { meta: Meta::default(), data: digest });
    message.header.meta.next_nonce = Some(b"\0\x01\xFF\0".to_vec());
    assert_eq!(decode(&encode(&message, Encoding::Wbxml)).unwrap().0, message);
    let old = by_hand("", "45 54 67 57 03 4A F6 72 67 00 01 01 01 01").unwrap();
    let Command::Change(change) = &old.commands[0] else { panic!() };
    assert_eq!(change.items[0].source, Some(Location::of("J\u{f6}rg")));
}

//! From a message to tags, strictly in the DTD's order (RepPro 1.2, MetInf 1.2). How a tag is spelt is the [`Pen`]'s business;
//! DevInf is written in `devinf.rs`. The twin is `read.rs`.

use super::Encoding;
use super::token::Page::{self, MetInf, SyncMl};
use crate::syncml::device::DevInf;
use crate::syncml::message::*;

/// What writes tags: `xml::XmlPen` or `wbxml::WbxmlPen`.
pub trait Pen {
    /// Which encoding it writes.
    fn encoding(&self) -> Encoding;
    /// A start tag.
    fn open(&mut self, page: Page, name: &'static str);
    /// The end tag of what was opened last.
    fn close(&mut self);
    /// An element without content.
    fn empty(&mut self, page: Page, name: &'static str);
    /// An element with text in it.
    fn leaf(&mut self, page: Page, name: &'static str, text: &[u8]);
    /// An element with bytes in it.
    fn opaque(&mut self, page: Page, name: &'static str, bytes: &[u8]);
    /// A `Data` with a DevInf document in it.
    fn device(&mut self, device: &DevInf);
    /// How long the document is once `Final` is written and everything closed, in bytes.
    fn finished_bytes(&self) -> usize;
    /// Where the pen stands.
    fn mark(&self) -> Mark;
    /// Takes back what was written since. Elements that were open then must not have been closed.
    fn rewind(&mut self, mark: Mark);
    /// How many elements are open.
    fn depth(&self) -> usize;
    /// What was written.
    fn finish(self: Box<Self>) -> Vec<u8>;
}

/// A place to which a pen can go back.
#[derive(Clone, Copy, Debug)]
pub struct Mark {
    /// Bytes written.
    pub bytes: usize,
    /// Elements open.
    pub open: usize,
    /// The code page, in WBXML.
    pub page: u8,
}

/// How a character is written in XML text, if not as itself.
pub fn entity(c: char) -> Option<&'static str> {
    match c {
        '&' => Some("&amp;"),
        '<' => Some("&lt;"),
        '>' => Some("&gt;"),
        '\r' => Some("&#13;"),
        _ => None,
    }
}

/// `SyncHdr`.
pub fn header(pen: &mut dyn Pen, header: &Header) {
    pen.open(SyncMl, "SyncHdr");
    leaf(pen, "VerDTD", &header.dtd);
    leaf(pen, "VerProto", &header.protocol);
    leaf(pen, "SessionID", &header.session_id);
    leaf(pen, "MsgID", &header.message_id.to_string());
    location(pen, "Target", &header.target);
    location(pen, "Source", &header.source);
    leaf_if(pen, "RespURI", header.respond_to.as_ref());
    flag(pen, "NoResp", header.no_response);
    cred(pen, header.credential.as_ref());
    meta(pen, &header.meta);
    pen.close();
}

/// A command with everything in it.
pub fn command(pen: &mut dyn Pen, command: &Command) {
    open(pen, command);
    let (Command::Sync(Sync { commands, .. }) | Command::Group(Group { commands, .. })) = command else {
        return pen.close();
    };
    for inner in commands {
        self::command(pen, inner);
    }
    pen.close();
}

/// A command but for its end tag and the commands in it.
pub fn open(pen: &mut dyn Pen, command: &Command) {
    match command {
        Command::Alert(it) => alert(pen, it),
        Command::Change(it) => change(pen, it),
        Command::Exec(it) => exec(pen, it),
        Command::Get(it) => get(pen, "Get", it),
        Command::Put(it) => get(pen, "Put", it),
        Command::Map(it) => map(pen, it),
        Command::Results(it) => results(pen, it),
        Command::Search(it) => search(pen, it),
        Command::Group(it) => group(pen, it),
        Command::Status(it) => status(pen, it),
        Command::Sync(it) => sync(pen, it),
    }
}

fn alert(pen: &mut dyn Pen, alert: &Alert) {
    begin(pen, "Alert", &alert.command_id, alert.no_response);
    cred(pen, alert.credential.as_ref());
    if !alert.code.is_empty() {
        leaf(pen, "Data", &alert.code);
    }
    leaf_if(pen, "Correlator", alert.correlator.as_ref());
    items(pen, &alert.items);
}

fn change(pen: &mut dyn Pen, change: &Change) {
    begin(pen, change.kind.name(), &change.command_id, change.no_response);
    flag(pen, "Archive", change.archive);
    flag(pen, "SftDel", change.soft_delete);
    cred(pen, change.credential.as_ref());
    meta(pen, &change.meta);
    items(pen, &change.items);
}

fn exec(pen: &mut dyn Pen, exec: &Exec) {
    begin(pen, "Exec", &exec.command_id, exec.no_response);
    cred(pen, exec.credential.as_ref());
    meta(pen, &exec.meta);
    leaf_if(pen, "Correlator", exec.correlator.as_ref());
    items(pen, &exec.items);
}

fn get(pen: &mut dyn Pen, name: &'static str, get: &Get) {
    begin(pen, name, &get.command_id, get.no_response);
    leaf_if(pen, "Lang", get.language.as_ref());
    cred(pen, get.credential.as_ref());
    meta(pen, &get.meta);
    items(pen, &get.items);
}

fn map(pen: &mut dyn Pen, map: &Map) {
    begin(pen, "Map", &map.command_id, false);
    location(pen, "Target", &map.target);
    location(pen, "Source", &map.source);
    cred(pen, map.credential.as_ref());
    meta(pen, &map.meta);
    for item in &map.items {
        pen.open(SyncMl, "MapItem");
        location(pen, "Target", &item.target);
        location(pen, "Source", &item.source);
        pen.close();
    }
}

fn results(pen: &mut dyn Pen, results: &Results) {
    pen.open(SyncMl, "Results");
    leaf(pen, "CmdID", &results.command_id);
    if let Some(message) = results.message_ref {
        leaf(pen, "MsgRef", &message.to_string());
    }
    leaf(pen, "CmdRef", &results.command_ref);
    meta(pen, &results.meta);
    leaf_if(pen, "TargetRef", results.target_ref.as_ref());
    leaf_if(pen, "SourceRef", results.source_ref.as_ref());
    items(pen, &results.items);
}

fn search(pen: &mut dyn Pen, search: &Search) {
    begin(pen, "Search", &search.command_id, search.no_response);
    flag(pen, "NoResults", search.no_results);
    cred(pen, search.credential.as_ref());
    location_if(pen, "Target", search.target.as_ref());
    for source in &search.sources {
        location(pen, "Source", source);
    }
    leaf_if(pen, "Lang", search.language.as_ref());
    meta(pen, &search.meta);
    data(pen, search.data.as_ref());
}

fn group(pen: &mut dyn Pen, group: &Group) {
    let name = match group.kind {
        GroupKind::Atomic => "Atomic",
        GroupKind::Sequence => "Sequence",
    };
    begin(pen, name, &group.command_id, group.no_response);
    meta(pen, &group.meta);
}

fn status(pen: &mut dyn Pen, status: &Status) {
    pen.open(SyncMl, "Status");
    leaf(pen, "CmdID", &status.command_id);
    leaf(pen, "MsgRef", &status.message_ref.to_string());
    leaf(pen, "CmdRef", &status.command_ref);
    leaf(pen, "Cmd", &status.command);
    for reference in &status.target_refs {
        leaf(pen, "TargetRef", reference);
    }
    for reference in &status.source_refs {
        leaf(pen, "SourceRef", reference);
    }
    cred(pen, status.credential.as_ref());
    if let Some(challenge) = &status.challenge {
        pen.open(SyncMl, "Chal");
        meta(pen, challenge);
        pen.close();
    }
    leaf(pen, "Data", &status.code.to_string());
    items(pen, &status.items);
}

fn sync(pen: &mut dyn Pen, sync: &Sync) {
    begin(pen, "Sync", &sync.command_id, sync.no_response);
    cred(pen, sync.credential.as_ref());
    location_if(pen, "Target", sync.target.as_ref());
    location_if(pen, "Source", sync.source.as_ref());
    meta(pen, &sync.meta);
    if let Some(changes) = sync.changes {
        leaf(pen, "NumberOfChanges", &changes.to_string());
    }
}

fn begin(pen: &mut dyn Pen, name: &'static str, command_id: &str, no_response: bool) {
    pen.open(SyncMl, name);
    leaf(pen, "CmdID", command_id);
    flag(pen, "NoResp", no_response);
}

fn items(pen: &mut dyn Pen, items: &[Item]) {
    for it in items {
        item(pen, it);
    }
}

fn item(pen: &mut dyn Pen, item: &Item) {
    pen.open(SyncMl, "Item");
    location_if(pen, "Target", item.target.as_ref());
    location_if(pen, "Source", item.source.as_ref());
    for (name, parent) in [("SourceParent", &item.source_parent), ("TargetParent", &item.target_parent)] {
        if let Some(uri) = parent {
            pen.open(SyncMl, name);
            leaf(pen, "LocURI", uri);
            pen.close();
        }
    }
    meta(pen, &item.meta);
    data(pen, item.data.as_ref());
    flag(pen, "MoreData", item.more);
    pen.close();
}

fn data(pen: &mut dyn Pen, data: Option<&Data>) {
    match data {
        None => {}
        Some(Data::Bytes(bytes)) => pen.opaque(SyncMl, "Data", bytes),
        Some(Data::Device(device)) => pen.device(device),
        Some(Data::Anchor(it)) => {
            pen.open(SyncMl, "Data");
            anchor(pen, it);
            pen.close();
        }
    }
}

fn cred(pen: &mut dyn Pen, cred: Option<&Cred>) {
    if let Some(cred) = cred {
        pen.open(SyncMl, "Cred");
        meta(pen, &cred.meta);
        pen.leaf(SyncMl, "Data", &cred.data);
        pen.close();
    }
}

fn location_if(pen: &mut dyn Pen, name: &'static str, it: Option<&Location>) {
    if let Some(it) = it {
        location(pen, name, it);
    }
}

fn location(pen: &mut dyn Pen, name: &'static str, location: &Location) {
    pen.open(SyncMl, name);
    leaf(pen, "LocURI", &location.uri);
    leaf_if(pen, "LocName", location.name.as_ref());
    if let Some(it) = &location.filter {
        filter(pen, it);
    }
    pen.close();
}

fn filter(pen: &mut dyn Pen, filter: &Filter) {
    pen.open(SyncMl, "Filter");
    meta(pen, &filter.meta);
    for (name, part) in [("Field", &filter.field), ("Record", &filter.record)] {
        if let Some(it) = part {
            pen.open(SyncMl, name);
            item(pen, it);
            pen.close();
        }
    }
    leaf_if(pen, "FilterType", filter.filter_type.as_ref());
    pen.close();
}

/// `Meta`, unless it is empty. A DevInf's media type says how DevInf is written here: `+xml` in XML, `+wbxml` in WBXML.
fn meta(pen: &mut dyn Pen, meta: &Meta) {
    if meta.is_empty() {
        return;
    }
    pen.open(SyncMl, "Meta");
    if meta.field_level {
        pen.empty(MetInf, "FieldLevel");
    }
    metinf(pen, "Format", meta.format.as_deref());
    let encoding = pen.encoding();
    metinf(pen, "Type", meta.media_type.as_deref().map(|of| media_type(of, encoding)));
    metinf(pen, "Mark", meta.mark.as_deref());
    metinf_number(pen, "Size", meta.size);
    if let Some(it) = &meta.anchor {
        anchor(pen, it);
    }
    metinf(pen, "Version", meta.version.as_deref());
    if let Some(nonce) = &meta.next_nonce {
        pen.leaf(MetInf, "NextNonce", nonce);
    }
    metinf_number(pen, "MaxMsgSize", meta.max_message_bytes);
    metinf_number(pen, "MaxObjSize", meta.max_object_bytes);
    for emi in &meta.emi {
        metinf(pen, "EMI", Some(emi));
    }
    if let Some(memory) = &meta.memory {
        pen.open(MetInf, "Mem");
        if memory.shared {
            pen.empty(MetInf, "SharedMem");
        }
        metinf_number(pen, "FreeMem", memory.free_bytes);
        metinf_number(pen, "FreeID", memory.free_ids);
        pen.close();
    }
    pen.close();
}

fn media_type(of: &str, encoding: Encoding) -> &str {
    match (of, encoding) {
        ("application/vnd.syncml-devinf+wbxml", Encoding::Xml) => "application/vnd.syncml-devinf+xml",
        ("application/vnd.syncml-devinf+xml", Encoding::Wbxml) => "application/vnd.syncml-devinf+wbxml",
        _ => of,
    }
}

fn anchor(pen: &mut dyn Pen, anchor: &Anchor) {
    pen.open(MetInf, "Anchor");
    metinf(pen, "Last", anchor.last.as_deref());
    metinf(pen, "Next", anchor.next.as_deref());
    pen.close();
}

fn metinf(pen: &mut dyn Pen, name: &'static str, text: Option<&str>) {
    if let Some(text) = text {
        pen.leaf(MetInf, name, text.as_bytes());
    }
}

fn metinf_number(pen: &mut dyn Pen, name: &'static str, number: Option<u64>) {
    metinf(pen, name, number.map(|number| number.to_string()).as_deref());
}

fn leaf(pen: &mut dyn Pen, name: &'static str, text: &str) {
    pen.leaf(SyncMl, name, text.as_bytes());
}

fn leaf_if(pen: &mut dyn Pen, name: &'static str, text: Option<&String>) {
    if let Some(text) = text {
        leaf(pen, name, text);
    }
}

fn flag(pen: &mut dyn Pen, name: &'static str, set: bool) {
    if set {
        pen.empty(SyncMl, name);
    }
}

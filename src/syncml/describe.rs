//! DevInf read and written: what a device can hold, and what we say of ourselves (DevInf 1.0 to 1.2; `syncml.md` 1.8, 8.6).

use crate::content;
use crate::journal::intake;
use crate::journal::merge::Supported;
use crate::record::{Body, Form, Kind, RecordId};
use crate::store::{Collection, Snapshot};
use crate::syncml::device::{
    Capability, ContentType, DataStore, DevInf, FilterCapability, PropertyCapability, SERVER_ID,
};
use crate::syncml::inbox::comparable;
use crate::syncml::message::Version;
use crate::syncml::quirk::Quirks;
use crate::syncml::server::{self, FILE_FORMS};
use crate::syncml::session::Datastore;
use std::collections::BTreeSet;

/// `MaxGUIDSize` of a device that does not say: what S60 says, and what our own ids have.
const GUID_BYTES_ASSUMED: usize = 8;

/// Our DevInf. Datastores bear the names the device used for them in its alerts (newer Nokias insist). No `CTCap` unless a
/// quirk of the device asks for it: real clients drop what a partial one does not list.
pub fn ours(version: Version, snapshot: &Snapshot, quirks: &Quirks, alerted: &[Datastore]) -> DevInf {
    let full = quirks.ctcap;
    let offered: Vec<&Collection> = snapshot.collections.iter().filter(|c| c.kind != Kind::Table).collect();
    let said = identity(version, "server", SERVER_ID);
    let mut device = DevInf {
        large_objects: said.large_objects && quirks.large_objects != Some(false),
        datastores: offered.iter().map(|c| datastore(version, c, alerted, full)).collect(),
        ..said
    };
    if full && version < Version::V12 {
        let kinds: BTreeSet<Kind> = offered.iter().map(|c| c.kind).collect();
        device.capabilities = kinds.into_iter().flat_map(|kind| capabilities(version, kind)).collect();
    }
    device
}

/// Our DevInf as a client: what it synchronises, each by its path and its kind. Ids of any length are borne.
pub fn client(version: Version, device_id: &str, syncing: &[(String, Kind)]) -> DevInf {
    let store = |(path, kind): &(String, Kind)| DataStore {
        max_guid_bytes: Some(RecordId::BYTES_MAX as u64),
        sync_types: (1..=6).map(|number: u8| number.to_string()).collect(),
        ..holding(version, path.clone(), *kind)
    };
    let datastores = syncing.iter().map(store).collect();
    DevInf { datastores, ..identity(version, "workstation", device_id) }
}

/// Who this end is, and what it can do, whatever its role.
fn identity(version: Version, device_type: &str, device_id: &str) -> DevInf {
    let release = Some(env!("CARGO_PKG_VERSION").to_owned());
    DevInf {
        version: version.dtd().into(),
        maker: Some("Anchorage".into()),
        model: Some("Anchorage".into()),
        software: release.clone(),
        firmware: release.clone(),
        hardware: release,
        device_id: device_id.into(),
        device_type: device_type.into(),
        utc: version > Version::V10,
        number_of_changes: version > Version::V10,
        large_objects: version > Version::V10,
        ..DevInf::default()
    }
}

/// A datastore with the types of its kind.
fn holding(version: Version, source_ref: String, kind: Kind) -> DataStore {
    let types: Vec<ContentType> = forms(version, kind).iter().map(content_type).collect();
    let (preferred, others) =
        types.split_first().map(|(first, rest)| (first.clone(), rest.to_vec())).unwrap_or_default();
    DataStore {
        source_ref,
        receives_preferred: Some(preferred.clone()),
        receives: others.clone(),
        sends_preferred: Some(preferred),
        sends: others,
        ..DataStore::default()
    }
}

fn datastore(version: Version, collection: &Collection, alerted: &[Datastore], full: bool) -> DataStore {
    let spelt =
        alerted.iter().find(|datastore| datastore.collection == collection.id).map(|d| d.target.clone());
    let path = spelt.unwrap_or_else(|| format!("./{}", collection.id.0));
    let held = holding(version, path, collection.kind);
    let preferred = held.receives_preferred.as_ref().filter(|_| version == Version::V12);
    let filter = preferred.map(|preferred| filter_capability(collection.kind, preferred));
    let grammar = ContentType { media_type: "syncml:filtertype-cgi".into(), version: "1.0".into() };
    DataStore {
        capabilities: if full && version == Version::V12 {
            capabilities(version, collection.kind)
        } else {
            Vec::new()
        },
        hierarchical: version == Version::V12 && collection.kind == Kind::Files,
        sync_types: (1..=7).map(|number: u8| number.to_string()).collect(),
        filters: filter.iter().map(|_| grammar.clone()).collect(),
        filter_capabilities: filter.into_iter().collect(),
        ..held
    }
}

/// What may be asked of a kind: the keywords. A filter may name any property too; a list of them would fill a small phone's
/// message.
fn filter_capability(kind: Kind, preferred: &ContentType) -> FilterCapability {
    let keywords: &[&str] = match kind {
        Kind::Calendar | Kind::Todo => &["SINCE", "BEFORE", "GROUP"],
        _ => &["GROUP"],
    };
    FilterCapability {
        media_type: preferred.media_type.clone(),
        version: preferred.version.clone(),
        keywords: keywords.iter().map(|word| (*word).to_owned()).collect(),
        ..FilterCapability::default()
    }
}

/// Whether a collection of this kind holds this form.
pub fn fits(kind: Kind, form: &Form) -> bool {
    match kind {
        Kind::Files => server::is_object(form),
        _ => intake::fits(kind, form),
    }
}

/// The forms a kind travels in, the preferred one first: what phones of a version are sure to have.
fn forms(version: Version, kind: Kind) -> Vec<Form> {
    let mut forms = match kind {
        Kind::Contacts => vec![Form::Vcard21, Form::Vcard30],
        Kind::Calendar | Kind::Todo => vec![Form::Vcalendar10, Form::Icalendar20],
        Kind::Notes => vec![Form::Plain, Form::Vnote11],
        Kind::Files => FILE_FORMS.map(|form| Form::Opaque(form.into())).to_vec(),
        Kind::Table => Vec::new(),
    };
    if version == Version::V12 && !matches!(kind, Kind::Notes | Kind::Files) {
        forms.reverse();
    }
    forms
}

fn content_type(form: &Form) -> ContentType {
    let (media_type, version) = content::media_type(form);
    ContentType { media_type: media_type.into(), version: version.into() }
}

/// A full `CTCap`: the vocabulary of DevInf 1.2, 5.3.26 to 5.3.43. Extensions (`X-`) cannot be listed; they travel all the same.
fn capabilities(version: Version, kind: Kind) -> Vec<Capability> {
    let capability = |form: &Form| {
        let ContentType { media_type, version: form_version } = content_type(form);
        Capability {
            media_type,
            version: (version == Version::V12).then(|| form_version.clone()),
            field_level: version == Version::V12,
            properties: vocabulary(form).split(' ').map(|name| property(name, &form_version)).collect(),
        }
    };
    forms(version, kind).iter().filter(|form| !vocabulary(form).is_empty()).map(capability).collect()
}

fn property(name: &str, form_version: &str) -> PropertyCapability {
    let values = if name == "VERSION" { vec![form_version.to_owned()] } else { Vec::new() };
    PropertyCapability { name: name.into(), values, ..PropertyCapability::default() }
}

fn vocabulary(form: &Form) -> &'static str {
    match form {
        Form::Vcard21 => {
            "BEGIN VERSION END FN N PHOTO BDAY ADR LABEL TEL EMAIL MAILER TZ GEO TITLE ROLE LOGO AGENT ORG NOTE REV SOUND URL UID KEY"
        }
        Form::Vcard30 | Form::Vcard40 => {
            "BEGIN VERSION END FN N NICKNAME PHOTO BDAY ADR LABEL TEL EMAIL MAILER TZ GEO TITLE ROLE LOGO AGENT ORG CATEGORIES NOTE PRODID REV SORT-STRING SOUND URL UID CLASS KEY IMPP"
        }
        Form::Vcalendar10 => {
            "BEGIN VERSION END DAYLIGHT GEO PRODID TZ ATTACH ATTENDEE AALARM CATEGORIES CLASS DCREATED COMPLETED DESCRIPTION DALARM DUE DTEND EXDATE EXRULE LAST-MODIFIED LOCATION MALARM RNUM PRIORITY PALARM RELATED-TO RDATE RRULE RESOURCES SEQUENCE DTSTART STATUS SUMMARY TRANSP URL UID"
        }
        Form::Icalendar20 => {
            "BEGIN VERSION END PRODID CALSCALE METHOD ATTACH ATTENDEE CATEGORIES CLASS COMMENT COMPLETED CONTACT CREATED DESCRIPTION DTEND DTSTAMP DTSTART DUE DURATION EXDATE EXRULE GEO LAST-MODIFIED LOCATION ORGANIZER PERCENT-COMPLETE PRIORITY RDATE RECURRENCE-ID RELATED-TO REPEAT REQUEST-STATUS RESOURCES RRULE SEQUENCE STATUS SUMMARY TRANSP TRIGGER ACTION TZID TZNAME TZOFFSETFROM TZOFFSETTO TZURL UID URL"
        }
        _ => "",
    }
}

// ------------------------------------------------------------------------------------------------------ the device's

/// The datastore of the device's DevInf that it named in its alert; its only one where there is no other.
fn theirs<'a>(device: &'a DevInf, source: &str) -> Option<&'a DataStore> {
    let named = device.datastores.iter().find(|store| comparable(&store.source_ref) == comparable(source));
    named.or_else(|| device.datastores.first().filter(|_| device.datastores.len() == 1))
}

/// The properties a device can hold in this form, upper case; `None` where its DevInf has no `CTCap` for it. Bookkeeping
/// properties are never listed by devices that all the same send them, so what is listed is what may be taken away.
pub fn supported(device: &DevInf, source: &str, form: &Form) -> Option<Supported> {
    let (media_type, version) = content::media_type(form);
    let of_store = theirs(device, source).map(|store| store.capabilities.as_slice()).unwrap_or_default();
    let listed = of_store.iter().chain(&device.capabilities);
    let capability = listed.clone().find(|capability| {
        same_type(&capability.media_type, media_type)
            && capability.version.as_deref().is_none_or(|v| v.trim() == version)
    })?;
    let names: BTreeSet<String> =
        capability.properties.iter().map(|p| p.name.trim().to_ascii_uppercase()).collect();
    (!names.is_empty()).then(|| Supported::new(names))
}

/// `MaxGUIDSize` of a device's datastore, in bytes; a little where it does not say.
pub fn guid_bytes_max(device: Option<&DevInf>, source: &str) -> usize {
    let said = device.and_then(|device| theirs(device, source)).and_then(|store| store.max_guid_bytes);
    said.and_then(|bytes| usize::try_from(bytes).ok())
        .filter(|bytes| *bytes > 0)
        .unwrap_or(GUID_BYTES_ASSUMED)
}

/// The form a device wants content in: its `Rx-Pref`, else an `Rx` that fits what the content is in, else the first `Rx`; and
/// where it said nothing, what phones of the protocol version are sure to have.
pub fn preferred(device: Option<&DevInf>, source: &str, version: Version, body: &Body) -> Form {
    let family = family(&body.form);
    let store = device.and_then(|device| theirs(device, source));
    let of = |types: &[ContentType]| {
        types.iter().filter_map(|content_type| form_of(content_type, family)).collect::<Vec<_>>()
    };
    if let Some(store) = store {
        let preferred =
            store.receives_preferred.as_ref().and_then(|content_type| form_of(content_type, family));
        let accepted = of(&store.receives);
        if let Some(form) = preferred {
            return form;
        }
        if accepted.contains(&body.form) {
            return body.form.clone();
        }
        if let Some(form) = accepted.into_iter().next() {
            return form;
        }
    }
    let kind = match family {
        "vcard" => Kind::Contacts,
        "calendar" => Kind::Calendar,
        "note" => Kind::Notes,
        _ => return body.form.clone(),
    };
    forms(version, kind).into_iter().next().unwrap_or_else(|| body.form.clone())
}

fn family(form: &Form) -> &'static str {
    match form {
        Form::Vcard21 | Form::Vcard30 | Form::Vcard40 => "vcard",
        Form::Vcalendar10 | Form::Icalendar20 => "calendar",
        Form::Plain | Form::Vnote11 => "note",
        Form::Table | Form::Opaque(_) => "",
    }
}

fn form_of(content_type: &ContentType, family: &str) -> Option<Form> {
    let version = content_type.version.trim();
    let form = match content_type
        .media_type
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase()
        .as_str()
    {
        "text/x-vcard" if version == "3.0" => Form::Vcard30,
        "text/x-vcard" => Form::Vcard21,
        "text/vcard" | "text/directory" if version == "4.0" => Form::Vcard40,
        "text/vcard" if version == "2.1" => Form::Vcard21,
        "text/vcard" | "text/directory" => Form::Vcard30,
        "text/x-vcalendar" => Form::Vcalendar10,
        "text/calendar" if version == "1.0" => Form::Vcalendar10,
        "text/calendar" => Form::Icalendar20,
        "text/plain" => Form::Plain,
        "text/x-vnote" => Form::Vnote11,
        _ => return None,
    };
    (self::family(&form) == family).then_some(form)
}

fn same_type(a: &str, b: &str) -> bool {
    a.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case(b)
}

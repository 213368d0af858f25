//! Fields, written: values are checked, and only the properties concerned change, in the dialect of the body
//! (`content/sheet.rs`). Reading is in `content/fields.rs`.

use crate::content::fields::{self, Field, FieldError, FieldKind};
use crate::content::path::{self, Path};
use crate::content::sheet::Sheet;
use crate::content::value::{self, Dialect};
use crate::content::{dates, read, settled, table, write};
use crate::record::{Body, Form, Kind, is_xml_char};

/// See [`fields::patch`].
pub fn patch(
    body: Option<&Body>,
    kind: Kind,
    fields: &[Field],
    values: &[(String, String)],
) -> Result<Body, FieldError> {
    let settings = checked(fields, values)?;
    if body.map_or(kind == Kind::Table, |body| body.form == Form::Table) {
        return Ok(patched_row(body, &settings));
    }
    let settings: Vec<Setting> = settings.into_iter().map(Setting::in_lines).collect();
    let blank = blank(kind, &settings);
    let before = body.unwrap_or(&blank);
    let shown = fields::project(before, fields);
    let is_news = |setting: &&Setting| {
        let now = shown.iter().find(|(name, _)| *name == setting.field.name).map_or("", |(_, value)| value);
        setting.field.kind != FieldKind::PrimaryKey && !is_same(now, &setting.value, setting.field.kind)
    };
    let news: Vec<Setting> = settings.iter().filter(is_news).cloned().collect();
    if news.is_empty() && body.is_some() {
        return Ok(before.clone());
    }
    if let (Form::Opaque(media_type), Some(first)) = (&before.form, news.first()) {
        let reason = format!("this record is carried as it is ({media_type}) and has no fields to write");
        return Err(FieldError { field: first.field.name.clone(), reason });
    }
    let mut properties = read(&settled(before));
    let form = before.form.clone();
    path::change_subject(&mut properties.entries, &mut |entries| {
        let mut sheet = Sheet { entries, dialect: value::dialect(&form), form: &form };
        sheet.set_all(&news);
        if body.is_none() && form == Form::Vcard30 {
            sheet.complete_card();
        }
    });
    Ok(write(&properties))
}

/// A value that may be written, and where.
#[derive(Clone)]
pub(super) struct Setting {
    pub(super) field: Field,
    pub(super) path: Option<Path>,
    pub(super) value: String,
}

impl Setting {
    /// Every line end of a text as one `\n`: a form writes its own. A table keeps what it is given.
    fn in_lines(self) -> Self {
        Self { value: self.value.replace("\r\n", "\n").replace('\r', "\n"), ..self }
    }
}

/// The values with their fields, in the order of the fields; of a field named twice the last value.
fn checked(fields: &[Field], values: &[(String, String)]) -> Result<Vec<Setting>, FieldError> {
    let mut settings: Vec<Setting> = Vec::new();
    for (name, value) in values {
        let refuse = |reason: &str| FieldError { field: name.clone(), reason: reason.into() };
        let field = fields
            .iter()
            .find(|field| field.name == *name)
            .ok_or_else(|| refuse("there is no such field"))?;
        let value = check(field.kind, value).map_err(refuse)?;
        settings.retain(|setting| setting.field.name != *name);
        settings.push(Setting { field: field.clone(), path: Path::parse(&field.path), value });
    }
    Ok(settings)
}

fn check(kind: FieldKind, value: &str) -> Result<String, &'static str> {
    let trimmed = value.trim();
    match kind {
        _ if !value.chars().all(is_xml_char) => Err("holds a character that XML 1.0 cannot carry"),
        FieldKind::PrimaryKey => Ok(value.into()),
        FieldKind::String => Ok(value.into()),
        _ if trimmed.is_empty() => Ok(String::new()),
        FieldKind::Integer => whole(trimmed)
            .map(|n| n.to_string())
            .ok_or("is no whole number: optional -, then digits, within 64 bits"),
        FieldKind::Date => {
            let moment = whole(trimmed).ok_or("is no date: epoch milliseconds, or 0 or empty for none")?;
            dates::wall_clock(moment, None).ok_or("is a date outside of the years 0 to 9999")?;
            Ok(moment.to_string())
        }
        FieldKind::Real => {
            let is_plain = trimmed.bytes().all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b));
            let number = trimmed.parse::<f64>().ok().filter(|number| is_plain && number.is_finite());
            number.map(|_| trimmed.to_owned()).ok_or("is no decimal number")
        }
    }
}

fn whole(text: &str) -> Option<i64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    (!digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok())?
}

fn is_same(now: &str, value: &str, kind: FieldKind) -> bool {
    let zero = |text: &str| text.is_empty() || text == "0";
    let lines = |text: &str| text.replace("\r\n", "\n").replace('\r', "\n");
    match kind {
        FieldKind::String => lines(now) == value,
        _ => now == value || zero(now) && zero(value),
    }
}

/// A table row: the order of what it has stays, new names follow.
fn patched_row(body: Option<&Body>, settings: &[Setting]) -> Body {
    let before = body.map(|body| table::pairs(&body.bytes)).unwrap_or_default();
    let mut pairs = before.clone();
    for Setting { field, value, .. } in
        settings.iter().filter(|setting| setting.field.kind != FieldKind::PrimaryKey)
    {
        match pairs.iter_mut().rev().find(|(name, _)| *name == field.name) {
            Some((_, old)) => old.clone_from(value),
            None => pairs.push((field.name.clone(), value.clone())),
        }
    }
    match body {
        Some(body) if pairs == before => body.clone(),
        _ => Body { form: Form::Table, bytes: table::write_pairs(&pairs) },
    }
}

/// A new object without content.
fn blank(kind: Kind, settings: &[Setting]) -> Body {
    let id = settings
        .iter()
        .find(|setting| setting.field.kind == FieldKind::PrimaryKey && !setting.value.is_empty());
    let calendar = |component: &str| {
        let uid = id.map(|id| format!("UID:{}\r\n", value::escaped(&id.value, Dialect::MimeDir, false)));
        let text = format!(
            "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Anchorage//Anchorage//EN\r\nBEGIN:{component}\r\n{}END:{component}\r\nEND:VCALENDAR\r\n",
            uid.unwrap_or_default()
        );
        Body { form: Form::Icalendar20, bytes: text.into_bytes() }
    };
    match kind {
        Kind::Contacts => {
            Body { form: Form::Vcard30, bytes: b"BEGIN:VCARD\r\nVERSION:3.0\r\nEND:VCARD\r\n".to_vec() }
        }
        Kind::Calendar => calendar("VEVENT"),
        Kind::Todo => calendar("VTODO"),
        Kind::Notes => Body { form: Form::Plain, bytes: Vec::new() },
        Kind::Files => Body { form: Form::Opaque(String::new()), bytes: Vec::new() },
        Kind::Table => Body { form: Form::Table, bytes: Vec::new() },
    }
}

//! What a filter's query means in a collection, and which records meet it (`syncml.md` 4.13). How it is spelt is in `grammar.rs`.
//!
//! A name is a plain field of the collection, a property of its contents, a keyword, or what Funambol's devices call a field.
//! Keywords leave out only what is certain to be out: an item without a date is in every window.

use super::Refusal;
use super::grammar::{self, Expression, GrammarError, Operator, Term};
use super::span::{self, Span};
use crate::content::fields::{self, Field, FieldKind};
use crate::content::value::{self, Dialect, Shape};
use crate::content::{self, dates, path};
use crate::record::{Body, Entry, Kind, Property, Record};
use crate::store::Collection;
use crate::syncml::status;
use std::cmp::Ordering;

/// A query, ready to be asked of records.
#[derive(Clone, Debug)]
pub struct Criteria {
    expression: Expression<Test>,
}

#[derive(Clone, Debug)]
struct Test {
    subject: Subject,
    operator: Operator,
    any_case: bool,
    value: Option<String>,
}

#[derive(Clone, Debug)]
enum Subject {
    Field(Field),
    Property(String),
    /// `SINCE`: over before this moment is out.
    Since(i64),
    /// `BEFORE`: begun after this moment is out.
    Before(i64),
    /// `UNSEEN`: nothing here is known to be seen.
    Unseen,
    Id,
    /// When it was last changed.
    Modified,
}

/// What cards hold, beside `X-`.
const CARD: &str = "N FN NICKNAME PHOTO BDAY ADR LABEL TEL EMAIL MAILER TZ GEO TITLE ROLE LOGO AGENT ORG CATEGORIES NOTE \
                    PRODID REV SORT-STRING SOUND URL UID CLASS KEY IMPP ANNIVERSARY GENDER VERSION";
/// What calendar objects hold.
const CALENDAR: &str = "SUMMARY DESCRIPTION LOCATION CATEGORIES CLASS STATUS PRIORITY PERCENT-COMPLETE COMPLETED DTSTART \
                        DTEND DUE DURATION RRULE EXDATE RDATE ATTENDEE ORGANIZER ATTACH URL UID SEQUENCE TRANSP CREATED \
                        DCREATED DTSTAMP LAST-MODIFIED GEO CONTACT RESOURCES RELATED-TO AALARM DALARM COMMENT";
/// What notes hold.
const NOTE: &str = "SUMMARY BODY CATEGORIES CLASS DCREATED LAST-MODIFIED";

/// What SIF calls things (`syncml.md` 8.5), and where they are.
const SIF: [(&str, &str); 20] = [
    ("FirstName", "N[1]"),
    ("LastName", "N[0]"),
    ("MiddleName", "N[2]"),
    ("Suffix", "N[4]"),
    ("FileAs", "FN|N"),
    ("NickName", "NICKNAME"),
    ("CompanyName", "ORG[0]"),
    ("Department", "ORG[1]"),
    ("JobTitle", "TITLE"),
    ("Profession", "ROLE"),
    ("Email1Address", "EMAIL"),
    ("Email2Address", "EMAIL#2"),
    ("MobileTelephoneNumber", "TEL;TYPE=CELL"),
    ("HomeTelephoneNumber", "TEL;TYPE=HOME"),
    ("BusinessTelephoneNumber", "TEL;TYPE=WORK"),
    ("WebPage", "URL"),
    ("Subject", "SUMMARY"),
    ("Body", "DESCRIPTION|NOTE"),
    ("Start", "DTSTART"),
    ("End", "DTEND"),
];

impl Criteria {
    /// A query as the collection understands it.
    pub fn of(query: &str, collection: &Collection) -> Result<Self, Refusal> {
        let parsed = grammar::parse(query).map_err(|error| match error {
            GrammarError::Syntax(why) => Refusal { code: status::BAD_SCRIPT, why },
            GrammarError::TooLarge => {
                Refusal { code: status::ENTITY_TOO_LARGE, why: "a filter of too many terms".into() }
            }
        })?;
        Ok(Self { expression: parsed.map(&mut |term| Test::of(term, collection))? })
    }

    /// Whether a live record meets it; `luid` is the device's id of it.
    pub fn admits(&self, record: &Record, luid: Option<&str>) -> bool {
        let Some(body) = record.content.body() else { return true };
        let entries = content::read(body).entries;
        let item = Item { record, body, luid, entries: &entries };
        self.expression.holds(&|test| test.admits(&item))
    }
}

/// A record that is looked at.
struct Item<'a> {
    record: &'a Record,
    body: &'a Body,
    luid: Option<&'a str>,
    entries: &'a [Entry],
}

impl Test {
    fn of(term: Term, collection: &Collection) -> Result<Self, Refusal> {
        let Term { name, operator, any_case, value } = term;
        let date = |operators: &[Operator]| {
            let moment = value.as_deref().filter(|_| operators.contains(&operator)).and_then(span::moment);
            let why = || Refusal { code: status::BAD_SCRIPT, why: format!("{name} of no date") };
            moment.ok_or_else(why)
        };
        let upper = name.to_ascii_uppercase();
        let subject = match upper.as_str() {
            "SINCE" => {
                Subject::Since(date(&[Operator::Equal, Operator::GreaterOrEqual, Operator::Greater])?.0)
            }
            "BEFORE" => Subject::Before(date(&[Operator::Equal, Operator::LessOrEqual, Operator::Less])?.1),
            "GROUP" => Subject::Property("CATEGORIES".into()),
            "UNSEEN" => Subject::Unseen,
            grammar::ID => Subject::Id,
            _ => Subject::named(&name, &upper, collection)?,
        };
        Ok(Self { subject, operator, any_case, value })
    }

    fn admits(&self, item: &Item<'_>) -> bool {
        match &self.subject {
            Subject::Unseen => true,
            Subject::Since(since) => Span::of(item.entries).end.is_none_or(|end| end >= *since),
            Subject::Before(before) => Span::of(item.entries).start.is_none_or(|start| start <= *before),
            Subject::Id => {
                let ids = [Some(item.record.id.as_str()), item.luid].into_iter().flatten();
                self.compare(ids.map(str::to_owned).collect())
            }
            Subject::Modified => self.compare(vec![item.record.seq.to_string()]),
            Subject::Field(field) => {
                let shown = fields::project(item.body, std::slice::from_ref(field));
                let is_none = |value: &String| field.kind == FieldKind::Date && value == "0";
                self.compare(shown.into_iter().map(|(_, value)| value).filter(|v| !is_none(v)).collect())
            }
            Subject::Property(name) => self.compare(values(item, name)),
        }
    }

    /// Whether any of the values compares so; for the negative ones, whether none is what is not wanted.
    fn compare(&self, values: Vec<String>) -> bool {
        let fold = |text: &str| if self.any_case { text.to_lowercase() } else { text.to_owned() };
        let values: Vec<String> = values.iter().filter(|value| !value.is_empty()).map(|v| fold(v)).collect();
        let Some(wanted) = self.value.as_deref().map(fold) else {
            return match self.operator {
                Operator::NotEqual | Operator::ContainsNot => !values.is_empty(),
                _ => values.is_empty(),
            };
        };
        let wanted = match &self.subject {
            Subject::Modified => epoch_ms(&wanted),
            Subject::Field(field) if field.kind == FieldKind::Date => epoch_ms(&wanted),
            _ => wanted,
        };
        let any = |is: &dyn Fn(&String) -> bool| values.iter().any(is);
        match self.operator {
            Operator::Equal => any(&|value| is_equal(value, &wanted)),
            Operator::NotEqual => !any(&|value| is_equal(value, &wanted)),
            Operator::Greater => any(&|value| order(value, &wanted).is_gt()),
            Operator::GreaterOrEqual => any(&|value| order(value, &wanted).is_ge()),
            Operator::Less => any(&|value| order(value, &wanted).is_lt()),
            Operator::LessOrEqual => any(&|value| order(value, &wanted).is_le()),
            Operator::Contains => any(&|value| value.contains(&wanted)),
            Operator::ContainsNot => !any(&|value| value.contains(&wanted)),
        }
    }
}

impl Subject {
    /// A field by its very name, a property, a field in another case, what others call it.
    fn named(name: &str, upper: &str, collection: &Collection) -> Result<Self, Refusal> {
        let of_field = |field: &Field| match field.kind {
            FieldKind::PrimaryKey => Self::Id,
            _ => Self::Field(field.clone()),
        };
        let exact = collection.fields.iter().find(|field| field.name == name).map(of_field);
        let vocabulary = match collection.kind {
            Kind::Contacts => CARD,
            Kind::Calendar | Kind::Todo => CALENDAR,
            Kind::Notes => NOTE,
            Kind::Files | Kind::Table => "",
        };
        let is_property = upper.starts_with("X-") || vocabulary.split(' ').any(|known| known == upper);
        let property = || is_property.then(|| Self::Property(upper.to_owned()));
        let folded =
            || collection.fields.iter().find(|field| field.name.eq_ignore_ascii_case(name)).map(of_field);
        let sif = || {
            let (name, path) = SIF.into_iter().find(|(sif, _)| sif.eq_ignore_ascii_case(name))?;
            Some(Self::Field(Field { name: name.into(), kind: FieldKind::String, path: path.into() }))
        };
        let modified = || (upper == "MODIFIED").then_some(Self::Modified);
        exact.or_else(property).or_else(folded).or_else(sif).or_else(modified).ok_or_else(|| {
            let name: String = name.chars().filter(|c| !c.is_control()).take(40).collect();
            Refusal { code: status::NOT_SUPPORTED, why: format!("filter by {name}") }
        })
    }
}

/// Every way to say what the properties of this name hold.
fn values(item: &Item<'_>, name: &str) -> Vec<String> {
    if name == "BODY" {
        let body = Field { name: "body".into(), kind: FieldKind::String, path: "BODY".into() };
        return fields::project(item.body, &[body]).into_iter().map(|(_, value)| value).collect();
    }
    let dialect = value::dialect(&item.body.form);
    let properties = path::subject(item.entries).iter().filter_map(|entry| match entry {
        Entry::Property(property) if property.name == name => Some(property),
        _ => None,
    });
    properties.flat_map(|property| spellings(property, dialect)).collect()
}

fn spellings(property: &Property, dialect: Dialect) -> Vec<String> {
    let text = value::text(property).unwrap_or_else(|| value::lenient(&property.value));
    match value::shape(&property.name) {
        Shape::Compound => {
            let parts = value::compound(&text, dialect);
            let written = parts.join(";").trim_end_matches(';').to_owned();
            vec![written, fields::reading_order(&parts, &property.name)]
        }
        Shape::List => {
            let values = value::list(&text, dialect);
            let trimmed: Vec<String> = values.iter().map(|value| value.trim().to_owned()).collect();
            let whole = trimmed.join(",");
            trimmed.into_iter().chain([whole]).collect()
        }
        _ => vec![value::plain(property, dialect)],
    }
}

/// A date as a field of dates shows it.
fn epoch_ms(text: &str) -> String {
    date(text).map_or_else(|| text.to_owned(), |ms| dates::in_field(ms).to_string())
}

fn date(text: &str) -> Option<i64> {
    dates::parse(text)?.epoch_ms(None)
}

/// The same text, or the same date.
fn is_equal(value: &str, wanted: &str) -> bool {
    value == wanted || date(value).is_some_and(|value| Some(value) == date(wanted))
}

/// As dates or as numbers where both are, else as text.
fn order(value: &str, wanted: &str) -> Ordering {
    if let (Some(value), Some(wanted)) = (date(value), date(wanted)) {
        return value.cmp(&wanted);
    }
    match (value.parse::<i64>(), wanted.parse::<i64>()) {
        (Ok(value), Ok(wanted)) => value.cmp(&wanted),
        _ => value.cmp(wanted),
    }
}

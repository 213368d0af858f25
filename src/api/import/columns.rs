//! Which field a column of CSV is: by the field's own name, or by what spreadsheets and address books call it.

use crate::content::fields::{Field, FieldKind};
use crate::record::Kind;
use crate::store::Collection;

/// A field, and what others call it.
type Called = (&'static str, &'static [&'static str]);

/// What others call the fields of contacts and of events, as letters and digits only.
const NAMES: [(Kind, &[Called]); 3] = [
    (
        Kind::Contacts,
        &[
            ("name", &["displayname", "fullname", "formattedname"]),
            ("firstname", &["givenname"]),
            ("lastname", &["familyname", "surname"]),
            ("middlename", &["additionalname"]),
            ("prefix", &["nameprefix", "honorificprefix"]),
            ("suffix", &["namesuffix", "honorificsuffix"]),
            ("company", &["organization", "organisation", "organizationname", "organization1name"]),
            ("department", &["organizationdepartment", "organization1department"]),
            ("title", &["jobtitle", "organizationtitle", "organization1title"]),
            ("phone", &["homephone", "phone1value", "telephone"]),
            ("workphone", &["businessphone", "companymainphone"]),
            ("mobile", &["mobilephone", "cell", "cellphone"]),
            ("fax", &["homefax", "businessfax"]),
            ("email", &["emailaddress", "email1", "email1value", "mail"]),
            ("email2", &["email2address", "email2value"]),
            ("street", &["homestreet", "address1street", "address"]),
            ("city", &["homecity", "address1city"]),
            ("state", &["homestate", "address1region", "region"]),
            ("zip", &["homepostalcode", "postalcode", "address1postalcode", "zipcode"]),
            ("country", &["homecountry", "homecountryregion", "address1country"]),
            ("web", &["webpage", "website", "website1value", "url", "personalwebpage"]),
            ("birthday", &["birthdate", "dateofbirth"]),
            ("note", &["notes"]),
            ("categories", &["groupmembership", "labels"]),
        ],
    ),
    (
        Kind::Calendar,
        &[
            ("title", &["subject", "summary"]),
            ("start", &["starttime", "begin", "dtstart"]),
            ("end", &["endtime", "dtend"]),
            ("allday", &["alldayevent"]),
            ("location", &["place", "where"]),
            ("note", &["description", "notes"]),
        ],
    ),
    (
        Kind::Todo,
        &[
            ("title", &["subject", "summary", "task"]),
            ("note", &["description", "notes"]),
            ("due", &["duedate"]),
            ("start", &["startdate"]),
            ("completed", &["datecompleted"]),
        ],
    ),
];

/// Each column's field, and the names of those that have none. `said` names the fields in order, whatever the header says.
pub fn of(
    header: &[String],
    said: Option<&str>,
    collection: &Collection,
) -> Result<(Vec<Option<String>>, Vec<String>), String> {
    let named = |name: &str| collection.fields.iter().find(|field| field.name == name);
    let columns: Vec<Option<String>> = match said {
        Some(said) => {
            let field = |name: &str| match (name.trim(), named(name.trim())) {
                ("", _) => Ok(None),
                (_, Some(field)) => Ok(Some(field.name.clone())),
                (unknown, None) => Err(format!("`{}` has no field `{unknown}`.", collection.id.0)),
            };
            said.split(',').map(field).collect::<Result<_, _>>()?
        }
        None => {
            let mut taken: Vec<&str> = Vec::new();
            let mut field = |column: &String| {
                let found =
                    field_of(column, collection).filter(|field| !taken.contains(&field.name.as_str()))?;
                taken.push(&found.name);
                Some(found.name.clone())
            };
            header.iter().map(&mut field).collect()
        }
    };
    let value = |column: &String| named(column).is_some_and(|field| field.kind != FieldKind::PrimaryKey);
    if !columns.iter().flatten().any(value) {
        return Err("No column of the first line is a field of this collection.".into());
    }
    let fields = columns.iter().chain(std::iter::repeat(&None));
    let ignored =
        header.iter().zip(fields).filter(|(name, field)| field.is_none() && !name.trim().is_empty());
    Ok((columns.clone(), ignored.map(|(name, _)| name.clone()).collect()))
}

fn field_of<'a>(column: &str, collection: &'a Collection) -> Option<&'a Field> {
    let plain = |text: &str| -> String {
        text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
    };
    let column = plain(column);
    let others =
        NAMES.iter().filter(|(kind, _)| *kind == collection.kind).flat_map(|(_, names)| names.iter());
    let known = others.clone().find(|(_, others)| others.contains(&column.as_str())).map(|(field, _)| *field);
    let own = collection.fields.iter().find(|field| plain(&field.name) == column);
    own.or_else(|| collection.fields.iter().find(|field| Some(field.name.as_str()) == known))
}

//! Properties of iCalendar 2.0, written in vCalendar 1.0; its twin is `content/icalendar.rs`.
//!
//! Only what is safe is converted. Carried as they are: `RRULE` and `EXRULE` in iCalendar's grammar, `VALARM` and
//! `VTIMEZONE` components, times with a `TZID`.

use crate::content::value::{self, Dialect, Shape};
use crate::content::{redialect, vcard};
use crate::record::Property;

/// One property of an iCalendar object in vCalendar.
pub fn property(mut property: Property) -> Property {
    if value::shape(&property.name) == Shape::Binary {
        vcard::data_in(&mut property, "BASE64");
        vcard::typed(&mut property.parameters, Dialect::Versit);
        return property;
    }
    redialect(&mut property, Dialect::MimeDir, Dialect::Versit);
    vcard::typed(&mut property.parameters, Dialect::Versit);
    let word = String::from_utf8_lossy(&property.value).trim().to_ascii_uppercase();
    match (property.name.as_str(), word.as_str()) {
        ("VERSION", _) => property.value = b"1.0".to_vec().into(),
        ("CREATED", _) => property.name = "DCREATED".into(),
        ("STATUS", "NEEDS-ACTION") => property.value = b"NEEDS ACTION".to_vec().into(),
        ("TRANSP", "OPAQUE") => property.value = b"0".to_vec().into(),
        ("TRANSP", "TRANSPARENT") => property.value = b"1".to_vec().into(),
        _ => {}
    }
    property
}

//! Properties of vCalendar 1.0, written in iCalendar 2.0 (RFC 5545); its twin is `content/vcalendar.rs`.
//!
//! Only what is safe is converted. Carried as they are: `RRULE` and `EXRULE` in vCalendar's grammar, `AALARM`, `DALARM`,
//! `TZ` and `DAYLIGHT`.

use crate::content::value::{self, Dialect, Shape};
use crate::content::{dates, redialect, vcard};
use crate::record::{Parameter, Property};

/// One property of a vCalendar in iCalendar.
pub fn property(mut property: Property) -> Property {
    let shape = value::shape(&property.name);
    if shape == Shape::Binary {
        if vcard::data_in(&mut property, "BASE64") {
            set(&mut property, "VALUE", "BINARY");
        }
        vcard::typed(&mut property.parameters, Dialect::MimeDir);
        return property;
    }
    redialect(&mut property, Dialect::Versit, Dialect::MimeDir);
    vcard::typed(&mut property.parameters, Dialect::MimeDir);
    let word = String::from_utf8_lossy(&property.value).trim().to_ascii_uppercase();
    let is_day = |text: &str| dates::parse(text).is_some_and(dates::When::is_day);
    match (property.name.as_str(), word.as_str()) {
        ("VERSION", _) => property.value = b"2.0".to_vec().into(),
        ("DCREATED", _) => property.name = "CREATED".into(),
        ("STATUS", "NEEDS ACTION") => property.value = b"NEEDS-ACTION".to_vec().into(),
        ("TRANSP", "0") => property.value = b"OPAQUE".to_vec().into(),
        ("TRANSP", "1") => property.value = b"TRANSPARENT".to_vec().into(),
        _ if matches!(shape, Shape::Date | Shape::Dates) && word.split(',').all(is_day) => {
            set(&mut property, "VALUE", "DATE");
        }
        _ => {}
    }
    property
}

fn set(property: &mut Property, name: &str, value: &str) {
    property.parameters.retain(|parameter| parameter.name != name);
    property.parameters.push(Parameter { name: name.into(), values: vec![value.into()], bare: false });
}

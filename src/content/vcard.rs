//! vCards from one version to another: 2.1, 3.0 (RFC 2426) and 4.0 (RFC 6350). What a version has no word for is carried.

use crate::content::value::{self, Dialect, Shape};
use crate::content::{converted, redialect};
use crate::record::{Body, Form, Parameter, Property};
use crate::secret;
use std::sync::Arc;

/// How deep cards in cards (`AGENT`) are converted; deeper ones are carried.
const AGENTS_MAX: usize = 4;

/// A card in another version. 4.0 and 2.1 meet in 3.0.
pub fn convert(body: &Body, form: &Form) -> Body {
    convert_card(body, form, 0)
}

fn convert_card(body: &Body, form: &Form, agents: usize) -> Body {
    match (&body.form, form) {
        (Form::Vcard21, Form::Vcard40) | (Form::Vcard40, Form::Vcard21) => {
            convert_card(&convert_card(body, &Form::Vcard30, agents), form, agents)
        }
        (Form::Vcard21, _) => converted(body, form, &|property| from_21(property, agents)),
        (_, Form::Vcard21) => converted(body, form, &|property| to_21(property, agents)),
        (_, Form::Vcard40) => converted(body, form, &to_40),
        _ => converted(body, form, &from_40),
    }
}

fn version(property: &mut Property, version: &str) {
    property.value = version.as_bytes().to_vec().into();
    property.raw = Arc::default();
}

/// 2.1 to 3.0.
fn from_21(mut property: Property, agents: usize) -> Property {
    if property.name == "VERSION" {
        version(&mut property, "3.0");
    } else if property.name == "AGENT" && value::is_card(&property.value) {
        if agents < AGENTS_MAX {
            let card = Body {
                form: Form::Vcard21,
                bytes: Arc::unwrap_or_clone(std::mem::take(&mut property.value)),
            };
            let card = convert_card(&card, &Form::Vcard30, agents + 1);
            let text =
                value::escaped(&value::lenient(&card.bytes).replace("\r\n", "\n"), Dialect::MimeDir, false);
            value::put(&mut property, Dialect::MimeDir, &text);
        }
        return property;
    } else if value::shape(&property.name) == Shape::Binary {
        data_in(&mut property, "b");
    } else {
        redialect(&mut property, Dialect::Versit, Dialect::MimeDir);
    }
    typed(&mut property.parameters, Dialect::MimeDir);
    property
}

/// 3.0 to 2.1.
fn to_21(mut property: Property, agents: usize) -> Property {
    if property.name == "VERSION" {
        version(&mut property, "2.1");
    } else if property.name == "AGENT" && value::is_card(&property.value) {
        if agents < AGENTS_MAX {
            let bytes = value::plain(&property, Dialect::MimeDir).into_bytes();
            let card = Body { form: Form::Vcard30, bytes };
            property.value = convert_card(&card, &Form::Vcard21, agents + 1).bytes.into();
            property.parameters.clear();
            property.raw = Arc::default();
        }
        return property;
    } else if value::shape(&property.name) == Shape::Binary {
        data_in(&mut property, "BASE64");
    } else {
        redialect(&mut property, Dialect::MimeDir, Dialect::Versit);
    }
    if value::shape(&property.name) == Shape::Binary {
        valued(&mut property.parameters, Dialect::Versit);
    } else {
        typed(&mut property.parameters, Dialect::Versit);
    }
    property
}

/// 3.0 to 4.0: both are MIME-DIR, so what means the same keeps its bytes.
fn to_40(mut property: Property) -> Property {
    if property.name == "VERSION" {
        version(&mut property, "4.0");
        return property;
    }
    if value::shape(&property.name) == Shape::Binary && data_in(&mut property, "b") {
        let kind = value::types(&property.parameters).next().unwrap_or_default().to_ascii_lowercase();
        let family = if property.name == "SOUND" { "audio" } else { "image" };
        let media = match (kind.as_str(), property.name.as_str()) {
            ("", _) => "application/octet-stream".to_owned(),
            (_, "KEY") => format!("application/x-{kind}"),
            _ => format!("{family}/{kind}"),
        };
        let data = String::from_utf8_lossy(&property.value).into_owned();
        property.value = format!("data:{media};base64,{data}").into_bytes().into();
        property.parameters.retain(|p| !value::is_transfer(p) && p.name != "TYPE" && !p.bare);
        return property;
    }
    let is_preferred = |word: &String| word.eq_ignore_ascii_case("pref");
    if property.parameters.iter().any(|p| p.name == "TYPE" && p.values.iter().any(is_preferred)) {
        property
            .parameters
            .iter_mut()
            .for_each(|p| p.values.retain(|word| p.name != "TYPE" || !is_preferred(word)));
        property.parameters.retain(|p| p.bare || !p.values.is_empty());
        property.parameters.push(Parameter { name: "PREF".into(), values: vec!["1".into()], bare: false });
        property.raw = Arc::default();
    }
    plain_transfer(&mut property);
    property
}

/// 4.0 to 3.0.
fn from_40(mut property: Property) -> Property {
    if property.name == "VERSION" {
        version(&mut property, "3.0");
        return property;
    }
    let text = String::from_utf8_lossy(&property.value).into_owned();
    if value::shape(&property.name) == Shape::Binary
        && let Some((media, data)) = text.strip_prefix("data:").and_then(|rest| rest.split_once(";base64,"))
    {
        property.value = data.as_bytes().to_vec().into();
        property.parameters.retain(|p| p.name != "VALUE" && p.name != "MEDIATYPE");
        property.parameters.push(Parameter {
            name: "ENCODING".into(),
            values: vec!["b".into()],
            bare: false,
        });
        let kind = media.rsplit('/').next().unwrap_or_default().trim_start_matches("x-").to_ascii_uppercase();
        if media != "application/octet-stream" && !kind.is_empty() {
            property.parameters.push(Parameter { name: "TYPE".into(), values: vec![kind], bare: false });
        }
        property.raw = Arc::default();
        return property;
    }
    if let Some(number) = text.strip_prefix("tel:").filter(|_| property.name == "TEL") {
        property.value = number.as_bytes().to_vec().into();
        property.parameters.retain(|p| p.name != "VALUE");
        property.raw = Arc::default();
    }
    if value::parameter(&property.parameters, "PREF") == Some("1") {
        property.parameters.retain(|p| p.name != "PREF");
        property.parameters.push(Parameter { name: "TYPE".into(), values: vec!["PREF".into()], bare: false });
        property.raw = Arc::default();
    }
    plain_transfer(&mut property);
    property
}

/// Undoes a transfer encoding that has no place in MIME-DIR, though devices write it there.
fn plain_transfer(property: &mut Property) {
    if property.parameters.iter().any(value::is_transfer)
        && value::shape(&property.name) != Shape::Binary
        && let Some(text) = value::text(property)
    {
        value::put(property, Dialect::MimeDir, &text);
    }
}

/// Spells base64 data as `ENCODING=word` and without white space; `false` where the value is no base64 (a URI).
pub fn data_in(property: &mut Property, word: &str) -> bool {
    let is_data = value::is_base64(&property.parameters) && secret::unbase64(&property.value).is_some();
    if is_data {
        Arc::make_mut(&mut property.value).retain(|byte| !byte.is_ascii_whitespace());
        property.parameters.retain(|p| !value::is_transfer(p));
        let encoding = Parameter { name: "ENCODING".into(), values: vec![word.into()], bare: false };
        property.parameters.insert(0, encoding);
    }
    property.raw = Arc::default();
    is_data
}

/// Types as the dialect spells them: bare words, or one `TYPE=` list; and `VALUE` likewise.
pub fn typed(parameters: &mut Vec<Parameter>, to: Dialect) {
    let types: Vec<String> = value::types(parameters).collect();
    let at = parameters.iter().position(|p| !value::is_transfer(p) && (p.bare || p.name == "TYPE"));
    parameters.retain(|p| value::is_transfer(p) || !(p.bare || p.name == "TYPE"));
    let at = at.unwrap_or(0).min(parameters.len());
    let is_word =
        |word: &String| word.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
    let of = |name: &str, values: Vec<String>| Parameter { name: name.into(), values, bare: false };
    let spelled: Vec<Parameter> = match to {
        _ if types.is_empty() => Vec::new(),
        Dialect::MimeDir | Dialect::Literal => vec![of("TYPE", types)],
        Dialect::Versit => types
            .into_iter()
            .map(|word| {
                if is_word(&word) {
                    Parameter { name: word, values: Vec::new(), bare: true }
                } else {
                    of("TYPE", vec![word])
                }
            })
            .collect(),
    };
    parameters.splice(at..at, spelled);
    valued(parameters, to);
}

/// `VALUE` as the dialect spells it, or nothing where it goes without saying.
fn valued(parameters: &mut Vec<Parameter>, to: Dialect) {
    for parameter in parameters.iter_mut().filter(|p| p.name == "VALUE" && !p.bare) {
        let word = parameter.values.concat().to_ascii_uppercase();
        match (word.as_str(), to) {
            ("URL", Dialect::MimeDir) => parameter.values = vec!["uri".into()],
            ("URI", Dialect::Versit) => parameter.values = vec!["URL".into()],
            ("INLINE" | "TEXT", _) => parameter.values.clear(),
            ("DATE" | "DATE-TIME" | "BINARY" | "PHONE-NUMBER" | "VCARD" | "UTC-OFFSET", Dialect::Versit) => {
                parameter.values.clear();
            }
            _ => {}
        }
    }
    parameters.retain(|p| p.bare || p.name != "VALUE" || !p.values.is_empty());
}

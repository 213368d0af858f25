//! `GET /max/<datasrc>/app`: the application file that declared a data source, with this server's URLs filled in.
//!
//! Where a data source was not declared by a file (contacts, calendar, …) it gets a small one of its own, to build an app on.

use super::channel::escape;
use super::schema::{self, Element};
use crate::content::fields::FieldKind;
use crate::store::Collection;
use std::ops::Range;

const DECLARATION: &str = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n";

/// The file for one data source; `origin` is `https://host`.
pub fn serve(collection: &Collection, origin: &str) -> String {
    let file = &collection.application;
    match schema::read_document(file) {
        (Some(root), found) if found.is_empty() => fill(file, &root, origin),
        _ => write(collection, origin),
    }
}

/// The file as it was imported, byte by byte, but for the text of each `<webservice>` that is ours.
fn fill(file: &str, root: &Element, origin: &str) -> String {
    let mut text = if file.starts_with("<?xml") { String::new() } else { DECLARATION.to_owned() };
    let mut from = 0;
    for source in root.all("datasrc").filter(|source| !schema::is_foreign(source)) {
        let url = url(origin, source.attribute("id").unwrap_or_default());
        let (gap, written) = match source.all("webservice").next() {
            Some(Element { inner: Some(inner), .. }) => (inner.clone(), url),
            Some(Element { open, .. }) => (slash(file, open), format!(">{url}</webservice>")),
            None => (source.open.end..source.open.end, format!("<webservice>{url}</webservice>")),
        };
        text.push_str(file.get(from..gap.start).unwrap_or_default());
        text.push_str(&written);
        from = gap.end;
    }
    text.push_str(file.get(from..).unwrap_or_default());
    text
}

/// The `/>` of an empty element's tag.
fn slash(file: &str, tag: &Range<usize>) -> Range<usize> {
    let start = file.get(tag.clone()).and_then(|tag| tag.rfind('/')).unwrap_or_default();
    tag.start + start..tag.end
}

fn write(collection: &Collection, origin: &str) -> String {
    let mut id = String::new();
    escape(&mut id, &collection.id.0);
    let url = url(origin, &collection.id.0);
    let mut text = format!(
        "{DECLARATION}<max id=\"anchorage.{id}\" version=\"1\">\n <title>{id}</title>\n <datasrc id=\"{id}\">\n  \
         <webservice>{url}</webservice>\n"
    );
    for field in &collection.fields {
        let kind = match field.kind {
            FieldKind::PrimaryKey => "primarykey",
            FieldKind::String => "string",
            FieldKind::Integer => "integer",
            FieldKind::Date => "date",
            FieldKind::Real => "real",
        };
        text.push_str(&format!("  <field type=\"{kind}\">"));
        escape(&mut text, &field.name);
        text.push_str("</field>\n");
    }
    text.push_str(" </datasrc>\n</max>\n");
    text
}

/// Where a data source is served, as XML text.
fn url(origin: &str, source: &str) -> String {
    let mut url = String::new();
    escape(&mut url, &format!("{origin}/max/{source}"));
    url
}

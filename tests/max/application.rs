//! Application files (MAX 4): what they declare, each thing that can be wrong, and the file served back.

use crate::scenario;
use crate::world::*;
use anchorage::content::fields::FieldKind;
use anchorage::max::schema;
use anchorage::store::{Collection, Edit};

const APP: &str = r##"<?xml version="1.0" encoding="UTF-8"?>
<!-- a fleet -->
<max id="acme.fleet" version="2">
  <title>Fleet &amp; more</title>
  <datasrc id="cars" orderby="plate" external="x">
    <webservice type="query" ttl="5">http://old.example/cars?x=1&amp;y=2</webservice>
    <field type="primarykey">id</field>
    <field>plate</field>
    <field type="integer" values="0:free|1:rented">state</field>
    <field type="date"> since </field>
    <field type="real"><![CDATA[km]]></field>
  </datasrc>
  <datasrc id='news'><webservice type="rss">http://news.example/feed</webservice><field type="string">t</field></datasrc>
  <datasrc id="drivers"><field type="primarykey">nr</field></datasrc>
  <datasrc id="trips"><webservice ttl="0" /><field type="primarykey">id</field></datasrc>
  <page id="start"><query type="select">select * from cars</query><menu><action/></menu></page>
</max>
"##;

#[test]
fn a_file_declares_its_data_sources() {
    let application = schema::read(APP.as_bytes()).unwrap();
    assert_eq!(application.id, "acme.fleet");
    let ids: Vec<&str> = application.collections.iter().map(|c| c.id.0.as_str()).collect();
    assert_eq!(ids, ["cars", "drivers", "trips"], "a foreign feed is none of ours");
    let fields: Vec<(&str, FieldKind)> =
        application.collections[0].fields.iter().map(|f| (f.name.as_str(), f.kind)).collect();
    assert_eq!(
        fields,
        [
            ("id", FieldKind::PrimaryKey),
            ("plate", FieldKind::String),
            ("state", FieldKind::Integer),
            ("since", FieldKind::Date),
            ("km", FieldKind::Real)
        ]
    );
    assert!(application.collections.iter().all(|c| c.application == APP));
    let mut bom = b"\xEF\xBB\xBF".to_vec();
    bom.extend(APP.as_bytes());
    assert_eq!(schema::read(&bom).unwrap(), application);
}

#[test]
fn every_problem_is_told_with_its_place() {
    let file = "<max>\n <datasrc>\n  <field type=\"text\">a</field>\n  <field type=\"primarykey\">_x</field>\n \
                <field/>\n  <feild>b</feild>\n </datasrc>\n <datasrc id=\"logon\"/>\n</max>";
    let problems: Vec<String> =
        schema::read(file.as_bytes()).unwrap_err().iter().map(ToString::to_string).collect();
    assert_eq!(
        problems,
        [
            "line 1, column 1: <max> has no id: write <max id=\"companyid.appid\">",
            "line 2, column 2: <datasrc> has no id",
            "line 3, column 3: the type of the field a must be primarykey, string, integer, date or real, not text",
            "line 4, column 3: the field name _x is reserved: no field begins with '_' or is auth or lbd",
            "line 5, column 2: <field> has no name: write <field type=\"string\">title</field>",
            "line 6, column 3: <feild> cannot stand in <datasrc>: only <webservice> and <field> can",
            "line 8, column 2: the data source name logon is reserved",
            "line 8, column 2: this data source has no primary key: write <field type=\"primarykey\">id</field>",
        ]
    );
}

#[test]
fn each_thing_that_can_be_wrong_is_told() {
    let source = |inside: &str| format!("<max id=\"a.b\"><datasrc id=\"s\">{inside}</datasrc></max>");
    let key = "<field type=\"primarykey\">id</field>";
    let with_key = |inside: &str| source(&format!("{key}{inside}"));
    let cases = [
        (String::new(), "the file is empty"),
        ("  \n".into(), "the file is empty"),
        ("hello".into(), "text stands outside the root element"),
        ("<app id=\"a.b\"/>".into(), "the root element must be <max>, not <app>"),
        ("<max id=\"a.b\"/>".into(), "declares no data source"),
        (source(key).replace("a.b", "fleet"), "must be companyid.appid, not fleet"),
        (source(key).replace("a.b", "a..b"), "must be companyid.appid"),
        (source(key).replace("a.b", "system.b"), "the company id system is reserved"),
        (source(key).replace("\"s\"", "\"a b\""), "the id of <datasrc> must be"),
        (source(key).replace("\"s\"", &format!("\"{}\"", "x".repeat(65))), "the id of <datasrc> must be"),
        (source(key).replace("\"s\"", "\"../x\""), "the id of <datasrc> must be"),
        (
            source(key).replace("</max>", &format!("<datasrc id=\"s\">{key}</datasrc></max>")),
            "the data source s stands twice",
        ),
        (source("<field>a</field>"), "has no primary key"),
        (with_key("<field type=\"primarykey\">k</field>"), "more than one primary key"),
        (with_key("<field>a</field><field>a</field>"), "the field a stands twice"),
        (with_key("<field>auth</field>"), "the field name auth is reserved"),
        (with_key("<field>lbd</field>"), "the field name lbd is reserved"),
        (with_key("<field>_deleted</field>"), "the field name _deleted is reserved"),
        (with_key("<field>two words</field>"), "is no XML element name"),
        (with_key("<field>1st</field>"), "is no XML element name"),
        (with_key("<field>a:b</field>"), "is no XML element name"),
        (with_key(&format!("<field>{}</field>", "x".repeat(65))), "is no XML element name"),
        (with_key("<field type=\"blob\">a</field>"), "not blob"),
        (with_key("<field>a<b/></field>"), "<b> cannot stand in <field>"),
        (with_key("<webservice/><webservice/>"), "one <webservice> only"),
        (with_key("<webservice type=\"soap\"/>"), "must be query or rss, not soap"),
        (with_key("<webservice ttl=\"soon\"/>"), "must be a number of minutes, not soon"),
        (
            with_key(&(0..200).map(|n| format!("<field>f{n}</field>")).collect::<String>()),
            "at most 200 fields",
        ),
        (
            format!("<max id=\"a.b\"><page><datasrc id=\"s\">{key}</datasrc></page></max>"),
            "must stand directly in <max>, not in <page>",
        ),
        (format!("<!DOCTYPE max>{}", source(key)), "a DOCTYPE is refused"),
        (format!("<!DOCTYPE m [<!ENTITY x \"y\">]>{}", with_key("<field>&x;</field>")), "&x; is unknown"),
        (with_key("<field>&#0;</field>"), "&#0; is unknown"),
        (
            format!("<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>{}", source(key)),
            "the encoding must be utf-8",
        ),
        (format!("\n<?xml version=\"1.0\"?>{}", source(key)), "the very first thing"),
        (format!("{}<max/>", source(key)), "after the end of the root element"),
        (source(key).replace("</max>", ""), "<max> is never closed"),
        (source(key).replace("</datasrc>", ""), "this is no XML"),
        (
            source(key).replace("<datasrc id", "<datasrc id=\"x\" id"),
            "an attribute of <datasrc> cannot be read",
        ),
        (source(key).replace("\"s\"", "s"), "an attribute of <datasrc> cannot be read"),
        (source(key).replace("\"s\"", "\"a<b\""), "< cannot stand in an attribute"),
        (with_key("<1a/>"), "<1a> is no name for an element"),
        (with_key("]]>"), "]]> cannot stand in text"),
        (with_key("<!-- a -- b -->"), "this is no XML"),
        (with_key("\u{1}"), "XML cannot carry the character U+0001"),
        ("<a>".repeat(1000), "elements nest deeper than 64"),
        (source(&" ".repeat(100_000)), "larger than 100000 bytes"),
    ];
    for (file, words) in cases {
        let problems = schema::read(file.as_bytes()).unwrap_err();
        assert!(
            problems.iter().any(|problem| problem.words.contains(words)),
            "{words}: {problems:?}\n{file:.200}"
        );
    }
    let problems = schema::read(b"<max>\n \xFF</max>").unwrap_err();
    assert_eq!(problems[0].to_string(), "line 2, column 2: the file must be UTF-8");
}

#[test]
fn nonsense_is_refused_and_never_a_panic() {
    for size in 0..APP.len() {
        if APP.is_char_boundary(size) {
            let _ = schema::read(&APP.as_bytes()[..size]);
        }
    }
    for at in 0..APP.len() {
        for byte in [b'<', b'>', b'&', b'"', 0, 0xFF] {
            let mut bytes = APP.as_bytes().to_vec();
            bytes[at] = byte;
            let _ = schema::read(&bytes);
        }
    }
}

scenario!(the_file_comes_back_with_this_servers_urls, world => {
    for collection in schema::read(APP.as_bytes()).unwrap().collections {
        world.edit(Edit::PutCollection(collection));
    }
    let served = world.serve(get(&format!("/max/cars/app?{AUTH}"))).response;
    let file = String::from_utf8(served.body).unwrap();
    let expected = APP
        .replace("http://old.example/cars?x=1&amp;y=2", "https://sync.example/max/cars")
        .replace("<datasrc id=\"drivers\">", "<datasrc id=\"drivers\"><webservice>https://sync.example/max/drivers</webservice>")
        .replace("<webservice ttl=\"0\" />", "<webservice ttl=\"0\" >https://sync.example/max/trips</webservice>");
    assert_eq!(file, expected);
    let again = schema::read(file.as_bytes()).unwrap();
    assert_eq!(again.collections.len(), 3);
    world.submit("drivers", "nr=7");
    assert_eq!(world.feed("drivers", "0").lines(), ["nr=7"]);
});

scenario!(a_data_source_without_a_file_gets_one_to_build_on, world => {
    let odd = Collection { id: anchorage::record::CollectionId("a&b".into()), aliases: vec![], ..tasks() };
    world.edit(Edit::PutCollection(odd));
    let served = world.serve(get(&format!("/max/tasks/app?{AUTH}"))).response;
    let application = schema::read(&served.body).unwrap();
    assert_eq!(application.id, "anchorage.tasks");
    assert_eq!(application.collections[0].fields, tasks().fields);
    assert!(String::from_utf8(served.body).unwrap().contains("<webservice>https://sync.example/max/tasks</webservice>"));
    world.serve(get(&format!("/max/a%26b/app?{AUTH}")));
});

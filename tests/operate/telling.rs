//! What is said to a person is told to a program as values, and no secret that was not asked for is among them.

use crate::desk::{Desk, Folder, SECRET};
use anchorage::store::memory::MemoryStore;
use serde_json::{Value, json};

fn desk() -> Desk<MemoryStore> {
    let mut desk = Desk::new(MemoryStore::new());
    desk.run("add anna --password correct-horse --token").unwrap();
    desk
}

#[test]
fn a_new_account_tells_its_token_and_no_password_that_was_given() {
    let mut desk = desk();
    let told = desk.told.clone();
    assert_eq!(told["account"], "anna");
    assert!(told["token"].as_str().unwrap().len() > 20);
    assert_eq!(told.get("password"), None);
    desk.run("add bert").unwrap();
    assert_eq!(desk.told["password"].as_str().unwrap().len(), 19);
}

#[test]
fn the_list_tells_everything_but_secrets() {
    let mut desk = desk();
    desk.run("token anna --label tablet --days 3").unwrap();
    let token = desk.told["token"].as_str().unwrap().to_owned();
    desk.run("list").unwrap();
    let told = Value::from(desk.told.clone());
    let account = &told["accounts"][0];
    assert_eq!(account["account"], "anna");
    assert_eq!(account["logins"], json!([{ "name": "anna", "local": false }]));
    let kinds: Vec<&str> = account["collections"]
        .as_array()
        .unwrap()
        .iter()
        .map(|known| known["kind"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, ["calendar", "contacts", "notes", "todo"]);
    assert_eq!(account["collections"][1]["records"], 0);
    assert_eq!(account["tokens"][1]["label"], "tablet");
    assert_eq!(account["tokens"][1]["expires"], desk.now + 3 * 24 * 60 * 60 * 1000);
    for secret in ["correct-horse", SECRET, &token] {
        assert!(!told.to_string().contains(secret), "{secret} is told");
    }
}

#[test]
fn an_import_and_an_export_tell_each_collection() {
    let mut desk = desk();
    let folder = Folder::new();
    folder.put("in/a.vcf", "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:A\r\nN:A\r\nEND:VCARD\r\n");
    folder.put("in/b.txt", "a note");
    folder.put("in/c.vcf", "nothing of the kind");
    desk.run(&format!("import anna {}", folder.path_of("in"))).unwrap_err();
    assert_eq!(
        desk.told["imported"],
        json!([{ "collection": "contacts", "new": 1, "there": 0 }, { "collection": "notes", "new": 1, "there": 0 }])
    );
    assert!(desk.told["refused"][0]["place"].as_str().unwrap().contains("c.vcf"));
    desk.run(&format!("export anna {}", folder.path_of("out"))).unwrap();
    let told = desk.told["exported"].as_array().unwrap();
    assert_eq!(told.len(), 4);
    assert_eq!((&told[1]["collection"], &told[1]["records"]), (&json!("contacts"), &json!(1)));
}

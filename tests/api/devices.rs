//! Devices: what is shown of one, asking it for a slow sync, alerting it, its quirks, its mapping, forgetting it, setting up another.

use crate::phone::Phone;
use crate::scenario;
use crate::world::*;
use anchorage::secret;
use anchorage::store::Store;
use serde_json::{Value, json};

const DEVICE: &str = "/api/devices/IMEI%3A1%2Fa";

/// A phone that has been here once, with two contacts of its own.
fn synced<S: Store>(world: &World<S>) -> Phone {
    let mut phone = Phone::new("IMEI:1/a", "ann");
    phone.begin();
    let opening = [phone.device_info("Nokia", "E71"), phone.alert(201)];
    phone.send(world, &opening);
    let items = [phone.change("Add", "1", &card("Ada")), phone.change("Add", "2", &card("Bea"))];
    let sync = [phone.thanks(&[("SyncHdr", "0"), ("Alert", "1")]), phone.sync(&items)];
    phone.send(world, &sync);
    let end = [phone.thanks(&[("SyncHdr", "0"), ("Sync", "1")])];
    phone.send(world, &end);
    phone
}

/// Whether the next sync is a slow one although a normal one is asked for.
fn comes_slowly<S: Store>(world: &World<S>, phone: &mut Phone) -> bool {
    phone.begin();
    let alert = [phone.alert(200)];
    let answer = phone.send(world, &alert);
    let slow = String::from_utf8_lossy(&answer.body).contains("<Data>508</Data>");
    let sync = [phone.thanks(&[("SyncHdr", "0"), ("Alert", "1")]), phone.sync(&[])];
    phone.send(world, &sync);
    let end = [phone.thanks(&[("SyncHdr", "0"), ("Sync", "1")])];
    phone.send(world, &end);
    slow
}

scenario!(a_device_is_shown_as_it_said_it_is, world => {
    assert_eq!(world.get("/api/devices").of(200)["devices"], json!([]));
    synced(&world);
    let all = world.get("/api/devices").of(200);
    let device = &all["devices"][0];
    assert_eq!([&device["id"], &device["name"], &device["login"], &device["type"]], ["IMEI:1/a", "Nokia E71", "ann", "phone"]);
    let bookmark = &device["bookmarks"][0];
    assert_eq!([&bookmark["collection"], &bookmark["offered"]["anchor"]], ["contacts", "1"]);
    assert!(bookmark["state"].as_str().unwrap().starts_with("offered"), "{bookmark}");
    let one = world.get(DEVICE).of(200);
    assert_eq!(one["devInf"]["datastores"][0]["maxGuidBytes"], 40);
    assert_eq!(one["session"]["phase"], "Over");
    assert_eq!(one["effective"]["complaints"], json!([]));
    assert_eq!(world.get("/api/devices/IMEI:2").refused(), (404, "not_found"));
    assert_eq!(world.ask(signed(bare("GET", DEVICE), OTHER_TOKEN)).status, 404);
    assert_eq!(world.ask(signed(bare("GET", "/api/devices"), OTHER_TOKEN)).of(200)["devices"], json!([]));
    assert_eq!(world.get("/api/account").of(200)["devices"], 1);
});

scenario!(a_slow_sync_is_asked_for_and_comes_once, world => {
    let mut phone = synced(&world);
    assert!(!comes_slowly(&world, &mut phone));
    let asked = world.send("POST", &format!("{DEVICE}/slow-sync"), &json!({ "collections": ["card"] })).of(200);
    assert_eq!(asked["collections"], json!(["contacts"]));
    let state = &world.get(DEVICE).of(200)["bookmarks"][0]["state"];
    assert_eq!(state, "slow sync pending: it was asked for");
    world.now += 1;
    assert!(comes_slowly(&world, &mut phone));
    let sessions = world.get("/api/sessions?limit=1").of(200);
    assert_eq!(sessions["sessions"][0]["collections"][0]["slowBecause"], "the account's owner asked for it");
    assert!(!comes_slowly(&world, &mut phone));
    assert_eq!(world.send("POST", &format!("{DEVICE}/slow-sync"), &json!([])).status, 400, "an object is wanted");
    let nobody = world.send("POST", "/api/devices/none/slow-sync", &json!({}));
    assert_eq!(nobody.status, 404);
    let unknown = world.send("POST", &format!("{DEVICE}/slow-sync"), &json!({ "collections": ["tasks"] }));
    assert_eq!(unknown.status, 404, "no device synchronises a table");
    let no_body = world.ask(signed(bare("POST", &format!("{DEVICE}/slow-sync")), TOKEN)).of(200);
    assert_eq!(no_body["collections"].as_array().unwrap().len(), 5, "all of them");
    phone.begin();
    let alert = [phone.alert(200)];
    phone.send(&world, &alert);
    let under_way = world.send("POST", &format!("{DEVICE}/slow-sync"), &json!({}));
    assert_eq!(under_way.refused(), (409, "conflict"));
    let other = with_json(signed(bare("POST", &format!("{DEVICE}/slow-sync")), OTHER_TOKEN), &json!({}));
    assert_eq!(world.ask(other).status, 404);
});

scenario!(package_0_is_made_and_remembered, world => {
    synced(&world);
    let alerted = world.send("POST", &format!("{DEVICE}/alert"), &json!({ "collections": ["contacts"], "mode": "refresh-from-server" })).of(200);
    assert_eq!(alerted["mediaType"], "application/vnd.syncml.ds.notification");
    let package = secret::unbase64(alerted["package"].as_str().unwrap().as_bytes()).unwrap();
    let push = secret::unbase64(alerted["push"].as_str().unwrap().as_bytes()).unwrap();
    assert!(push.ends_with(&package) && push.len() > package.len());
    assert_eq!((&alerted["signed"], &alerted["address"]), (&json!(false), &json!("")));
    let remembered = &world.get(DEVICE).of(200)["settings"]["alerted"];
    assert_eq!(remembered, &json!([alerted["session"]]));
    for (body, status) in [(json!({ "mode": "sideways" }), 400), (json!({ "collections": ["none"] }), 404), (json!({}), 200)] {
        assert_eq!(world.send("POST", &format!("{DEVICE}/alert"), &body).status, status, "{body}");
    }
    world.settings.sealer = anchorage::secret::Sealer::new(b"another secret of ours");
    assert_eq!(world.send("POST", &format!("{DEVICE}/alert"), &json!({})).refused(), (409, "conflict"));
});

scenario!(what_is_done_differently_is_set_whole, world => {
    synced(&world);
    let put = |body: Value| world.send("PUT", &format!("{DEVICE}/quirks"), &body);
    let set = put(json!({ "quirks": { "no_busy": true }, "ctcap": true, "alertUrl": "https://sms.example/x" })).of(200);
    assert_eq!((&set["settings"]["quirks"], &set["effective"]["quirks"]["no_busy"]), (&json!({ "no_busy": true }), &json!(true)));
    let set = put(json!({ "quirks": { "message_bytes_max": 9000 } })).of(200);
    assert_eq!([&set["settings"]["ctcap"], &set["effective"]["quirks"]["no_busy"]], [&json!(true), &json!(false)]);
    assert_eq!(set["settings"]["alertUrl"], "https://sms.example/x");
    assert_eq!(world.get(DEVICE).of(200)["settings"], set["settings"]);
    for bad in [json!({}), json!({ "quirks": { "nothing": 1 } }), json!({ "quirks": { "no_busy": "yes" } }), json!({ "quirks": {}, "alertUrl": "ftp://x" }), json!({ "quirks": [] })] {
        assert_eq!(put(bad.clone()).status, 400, "{bad}");
    }
    assert_eq!(world.send("PUT", "/api/devices/none/quirks", &json!({ "quirks": {} })).status, 404);
});

scenario!(its_mapping_is_paged_and_it_can_be_forgotten, world => {
    let mut phone = synced(&world);
    let first = world.get(&format!("{DEVICE}/mapping?collection=contacts&limit=1")).of(200);
    assert_eq!((&first["total"], first["items"].as_array().unwrap().len()), (&json!(2), 1));
    let second = world.get(&format!("{DEVICE}/mapping?collection=card&after={}", first["next"].as_str().unwrap())).of(200);
    assert_eq!(second["next"], Value::Null);
    let items = [&first["items"][0], &second["items"][0]];
    let mut told: Vec<(&str, &str)> =
        items.iter().map(|item| (item["luid"].as_str().unwrap(), item["summary"].as_str().unwrap())).collect();
    told.sort_unstable();
    assert_eq!(told, [("1", "Ada"), ("2", "Bea")]);
    for (path, status) in [("mapping", 400), ("mapping?collection=none", 404), ("mapping?collection=contacts&limit=0", 400)] {
        assert_eq!(world.get(&format!("{DEVICE}/{path}")).status, status, "{path}");
    }
    let record = items[0]["record"].as_str().unwrap();
    let touched = world.get(&format!("/api/collections/contacts/records/{record}")).of(200)["touched"].clone();
    assert_eq!([&touched["device"], &touched["deviceName"]], ["IMEI:1/a", "Nokia E71"]);
    let session = touched["session"].as_str().unwrap();
    assert_eq!(world.get(&format!("/api/sessions/{session}")).of(200)["device"], "IMEI:1/a");

    assert_eq!(world.ask(signed(bare("DELETE", DEVICE), OTHER_TOKEN)).status, 404);
    assert_eq!(world.ask(signed(bare("DELETE", DEVICE), TOKEN)).status, 204);
    assert_eq!(world.get(DEVICE).status, 404);
    assert_eq!(world.ask(signed(bare("DELETE", DEVICE), TOKEN)).status, 404);
    let records = world.get("/api/collections/contacts/records").of(200);
    assert_eq!(records["records"].as_array().unwrap().len(), 2, "no record is lost");
    assert!(comes_slowly(&world, &mut phone));
});

scenario!(a_new_phone_is_told_how, world => {
    let told = world.get("/api/provision").of(200);
    assert_eq!([&told["url"], &told["login"]], ["https://sync.example/syncml", "ann"]);
    assert_eq!(told["link"], "https://sync.example/provision?user=%61%6E%6E");
    assert!(told["databases"].as_array().unwrap().iter().any(|database| database["path"] == "./contacts"));
    assert_eq!(told["documents"].as_array().unwrap().len(), 2);
    assert!(!told.to_string().contains(PASSWORD));
});

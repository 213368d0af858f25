//! A MAX app with a copy of its own: it asks for what changed, and posts field by field.

use crate::oracle::{FIELDS, Fields};
use crate::scene::Scene;
use anchorage::http::{Request, Response};
use anchorage::store::Store;
use std::collections::BTreeMap;

#[derive(Default)]
pub struct App {
    pub copy: BTreeMap<String, Fields>,
    stamp: i64,
    made: u32,
}

const NAMES: [(&str, &str); 5] =
    [("N", "lastname"), ("TITLE", "title"), ("NOTE", "note"), ("NICKNAME", "nickname"), ("ORG", "company")];

impl App {
    pub async fn live<S: Store>(mut self, scene: &Scene<S>, rounds: usize) -> Self {
        for _ in 0..rounds {
            crate::chance::pause().await;
            match scene.chance.below(5) {
                0 | 1 => self.fetch(scene).await,
                _ => self.post(scene).await,
            }
        }
        self
    }

    async fn ask<S: Store>(&self, scene: &Scene<S>, method: &str, query: &str, form: &str) -> Response {
        scene
            .serve(Request {
                method: method.into(),
                query: format!("{query}&auth=token&alt=json"),
                ..scene.request("/max/contacts", "", "application/x-www-form-urlencoded", form.as_bytes())
            })
            .await
    }

    pub async fn fetch<S: Store>(&mut self, scene: &Scene<S>) {
        let response = self.ask(scene, "GET", &format!("lbd={}", self.stamp), "").await;
        if response.status == 503 {
            return;
        }
        let feed: serde_json::Value = serde_json::from_slice(&response.body).unwrap();
        let Some(items) = feed["items"].as_array() else {
            scene.note(|| format!("the app starts anew: {feed}"));
            *self = Self { made: self.made, ..Self::default() };
            return;
        };
        if self.stamp == 0 {
            self.copy.clear();
        }
        for item in items {
            let id = item["id"].as_str().unwrap().to_owned();
            if item["_deleted"] == "1" {
                self.copy.remove(&id);
                continue;
            }
            let value = |name: &str| item[name].as_str().filter(|value| !value.is_empty()).map(str::to_owned);
            let fields = NAMES.iter().filter_map(|(field, name)| Some(((*field).to_owned(), value(name)?)));
            self.copy.insert(id, fields.collect());
        }
        self.stamp = feed["lastBuildDate"].as_i64().unwrap();
    }

    async fn post<S: Store>(&mut self, scene: &Scene<S>) {
        let chance = &scene.chance;
        let field = *chance.pick(&FIELDS);
        let name_of = |field: &str| NAMES.iter().find(|(known, _)| *known == field).unwrap().1;
        let ids: Vec<String> = self.copy.keys().cloned().collect();
        let (id, fields, form, deletes) = if ids.is_empty() || chance.percent(30) {
            self.made += 1;
            let id = format!("753643D05EB714E7993BF1E2B106{:04}", self.made);
            let mut oracle = scene.oracle.borrow_mut();
            let name = oracle.name();
            let value = oracle.edit(&name, field, "");
            scene.note(|| format!("the app adds {name} with {field} {value}"));
            let form = format!("id={id}&lastname={name}&{}={value}", name_of(field));
            (id, Fields::from([("N".into(), name), (field.into(), value)]), form, false)
        } else {
            let id = chance.pick(&ids).clone();
            let mut fields = self.copy[&id].clone();
            let (name, mut oracle) = (fields["N"].clone(), scene.oracle.borrow_mut());
            if chance.percent(20) {
                scene.note(|| format!("the app deletes {name}"));
                oracle.delete(&name, &fields, &[], true);
                (id.clone(), fields, format!("id={id}&_deleted=1"), true)
            } else {
                let value = oracle.edit(&name, field, fields.get(field).map_or("", String::as_str));
                scene.note(|| format!("the app edits {name}: {field} {value}"));
                fields.insert(field.into(), value.clone());
                (
                    id.clone(),
                    Fields::from([("N".into(), name.clone()), (field.into(), value.clone())]),
                    format!("id={id}&lastname={name}&{}={value}", name_of(field)),
                    false,
                )
            }
        };
        let response = self.ask(scene, "POST", "", &form).await;
        if response.status != 200 {
            scene.note(|| format!("the app is refused: {}", String::from_utf8_lossy(&response.body)));
            return;
        }
        let mut oracle = scene.oracle.borrow_mut();
        if deletes {
            oracle.took_deletion(&fields["N"], &fields);
            self.copy.remove(&id);
        } else {
            oracle.took(&fields);
            let contact = oracle.contacts.get_mut(&fields["N"]).unwrap();
            contact.patched |= !contact.deletions.is_empty();
            self.copy.entry(id).or_default().extend(fields);
        }
    }
}

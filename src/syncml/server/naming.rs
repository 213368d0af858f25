//! What our Adds call the records: an id of ours, or a short one lent until the Map comes (DS 1.2 section 9.4; `syncml.md` 4.6).

use super::desk::Desk;
use crate::peer::Alias;
use crate::record::RecordId;
use crate::syncml::session::Datastore;

impl Desk<'_> {
    /// What an Add calls the record: its own id, or a short temporary one where that is longer than the device can hold.
    pub fn name_for(&mut self, datastore: &Datastore, id: &RecordId) -> (Option<String>, Option<String>) {
        let bytes_max = self.guid_bytes_max(datastore);
        if id.as_str().len() <= bytes_max {
            return (Some(id.as_str().to_owned()), None);
        }
        let alias = self.known.alias(&datastore.collection, id);
        let before = alias.and_then(|alias| alias.temporary.clone());
        let temporary = before.unwrap_or_else(|| {
            self.peer.temporaries += 1;
            self.peer_changed = true;
            base36(self.peer.temporaries)
        });
        (Some(temporary.clone()), Some(temporary))
    }

    /// Remembers a temporary id until its Map comes, this session or the next. Whatever the device held of the record before a
    /// slow sync stays known: if it loses the end of this session it goes on with that.
    pub fn lend(&mut self, datastore: &Datastore, id: &RecordId, temporary: String) {
        let key = (datastore.collection.clone(), id.clone());
        let before = self.alias(&key, self.known.alias(&key.0, id)).cloned();
        let named_otherwise = |alias: &Alias| {
            let luid = (alias.collection.clone(), alias.luid.clone().unwrap_or_default());
            self.luids.get(&luid).is_some_and(|now| now.as_ref() != Some(id))
        };
        let before = before.filter(|alias| !named_otherwise(alias));
        let (collection, record) = key;
        let generation = self.bookmarked(&collection).attempt;
        let fresh = Alias { collection, record, luid: None, temporary: None, generation, seq: 0 };
        let alias = Alias { temporary: Some(temporary), ..before.unwrap_or(fresh) };
        self.put_alias(alias);
    }
}

fn base36(mut number: i64) -> String {
    let mut digits = Vec::new();
    while number > 0 {
        digits.push(char::from_digit(u32::try_from(number % 36).unwrap_or(0), 36).unwrap_or('0'));
        number /= 36;
    }
    digits.iter().rev().collect()
}

#[cfg(test)]
mod tests {
    use super::base36;

    #[test]
    fn temporary_ids_are_short() {
        assert_eq!(
            (base36(1), base36(35), base36(36), base36(46_655)),
            ("1".into(), "z".into(), "10".into(), "zzz".into())
        );
    }
}

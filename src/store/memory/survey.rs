//! What an operator sees of the reference store.

use super::{MemoryStore, Tenant};
use crate::record::AccountId;
use crate::store::StoreError;
use crate::store::survey::{Overview, Survey};

impl Survey for MemoryStore {
    async fn survey(&self, account: Option<&AccountId>) -> Result<Vec<Overview>, StoreError> {
        let house = self.house();
        let meant = house.tenants.iter().filter(|(id, _)| account.is_none_or(|wanted| wanted == *id));
        let overview = |(id, tenant): (&AccountId, &Tenant)| {
            let mut tokens: Vec<_> =
                house.tokens.values().filter(|token| token.account == *id).cloned().collect();
            tokens.sort_by(|a, b| (a.created, &a.hash).cmp(&(b.created, &b.hash)));
            Overview {
                account: tenant.account.clone(),
                logins: house.logins.values().filter(|login| login.account == *id).cloned().collect(),
                tokens,
                ..tenant.overview()
            }
        };
        Ok(meant.map(overview).collect())
    }
}

impl Tenant {
    fn overview(&self) -> Overview {
        let live = |id| self.records.values().filter(move |stored| stored.record.collection == id);
        let count = |id| live(id).filter(|stored| stored.record.content.body().is_some()).count() as u64;
        let bookmarks = |peer| self.bookmarks.iter().filter(move |((of, _), _)| of == peer);
        Overview {
            collections: self
                .collections
                .values()
                .map(|known| (known.clone(), count(known.id.clone())))
                .collect(),
            devices: self
                .peers
                .values()
                .map(|peer| {
                    (peer.clone(), bookmarks(&peer.id).map(|(_, bookmark)| bookmark.clone()).collect())
                })
                .collect(),
            ..Overview::default()
        }
    }
}

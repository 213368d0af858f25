//! What an operator sees: accounts, and what each has. Beside the two verbs, because no message ever asks this.

use super::{Account, Collection, Login, Peer, Store, StoreError, Token};
use crate::peer::Bookmark;
use crate::record::AccountId;

/// A store that can be looked over by its operator.
#[allow(async_fn_in_trait)]
pub trait Survey: Store {
    /// Every account, or the one; by name. Rows read grow with what is stored: for a person at a terminal, not for a turn.
    async fn survey(&self, account: Option<&AccountId>) -> Result<Vec<Overview>, StoreError>;
}

/// One account, looked over.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overview {
    /// The account.
    pub account: Account,
    /// Who may sign in, by name.
    pub logins: Vec<Login>,
    /// The tokens issued, oldest first.
    pub tokens: Vec<Token>,
    /// The collections by id, each with its number of live records.
    pub collections: Vec<(Collection, u64)>,
    /// The devices that have been here, each with its bookmarks.
    pub devices: Vec<(Peer, Vec<Bookmark>)>,
}

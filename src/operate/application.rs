//! A MAX application file into collections and fields (`import-app`).

use super::{Operator, Refusal, Terminal, refuse};
use crate::store::survey::Survey;

impl<S: Survey, T: Terminal> Operator<'_, S, T> {
    pub(super) async fn import_app(&mut self, _name: &str, _file: &str) -> Result<(), Refusal> {
        refuse("not built yet")
    }
}

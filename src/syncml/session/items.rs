//! Statuses of a change: one for all its items where they are equal, else one for each (RepPro 1.2, 6.5.13).

use super::PendingStatus;
use crate::syncml::inbox::{ChangeStep, Incoming};
use crate::syncml::status;

impl PendingStatus {
    /// The statuses of a change whose items have these codes; `MsgRef` is left to the caller.
    pub fn of_items(change: &ChangeStep, codes: &[u16]) -> Vec<Self> {
        let refs = |pick: fn(&Incoming) -> Option<&String>, items: &[&Incoming]| {
            items.iter().filter_map(|item| pick(item).cloned()).collect::<Vec<_>>()
        };
        let equal = codes.windows(2).all(|pair| pair.first() == pair.last());
        let all: Vec<&Incoming> = change.items.iter().collect();
        let groups: Vec<(Vec<&Incoming>, u16)> = match codes.first() {
            None => vec![(Vec::new(), status::INCOMPLETE_COMMAND)],
            Some(code) if equal => vec![(all, *code)],
            Some(_) => all.into_iter().zip(codes.iter()).map(|(item, code)| (vec![item], *code)).collect(),
        };
        let status = |(items, code): (Vec<&Incoming>, u16)| Self {
            command: change.command.clone(),
            name: change.kind.name().into(),
            targets: refs(|item| item.target.as_ref(), &items),
            sources: refs(|item| item.source.as_ref(), &items),
            part: !equal,
            code,
            ..Self::default()
        };
        groups.into_iter().map(status).collect()
    }
}

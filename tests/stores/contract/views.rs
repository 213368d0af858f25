//! What an owner looks at, and what is kept for that: traces come with their turn, stay in their account, and go with the sweep.

use crate::house::*;
use anchorage::limits;
use anchorage::record::AccountId;
use anchorage::store::{Batch, Edit, Reads, Store, Sweep, Trace, View, Views, Who};

fn trace(session: &str, number: i64, bytes: usize) -> Trace {
    let request = Some(vec![b'x'; bytes]);
    Trace { session: session.into(), number, at: number, since: BORN, request, ..Trace::default() }
}

fn keep(account: &AccountId, trace: Trace) -> Batch {
    Batch { trace: Some(Box::new(trace)), peer_id: peer("phone"), ..batch(account) }
}

fn see(store: &impl Store, account: &AccountId, view: View) -> Views {
    read(store, &Reads { views: vec![view], ..Reads::of(Who::Account(account.clone())) }).views
}

fn sessions(store: &impl Store, account: &AccountId) -> Vec<(String, i64)> {
    let all = see(store, account, View::Sessions { peer: None, before: None, rows_max: 1_000 });
    all.traces.into_iter().map(|trace| (trace.session, trace.number)).collect()
}

pub fn traces_come_with_their_turn_and_stay_in_their_account<S: Store>(make: impl Fn() -> S) {
    let store = make();
    let (a, b) = (open(&store, "a"), open(&store, "b"));
    commit(&store, &keep(&a, trace("1", 1, 10)));
    let changes = vec![change("unit", "r", text("x"))];
    let head = commit(&store, &Batch { changes, ..keep(&a, trace("1", 2, 10)) }).head;
    commit(&store, &keep(&b, trace("1", 1, 10)));
    let guard = anchorage::store::Guard { session: Some(9), ..Default::default() };
    refused(&store, &Batch { guard, ..keep(&a, trace("1", 3, 10)) });

    let whole = |bytes_max| View::Session { session: "1".into(), after: 0, rows_max: 9, bytes_max };
    let seen = see(&store, &a, whole(1_000));
    let told: Vec<_> = seen.traces.iter().map(|t| (t.number, t.head, t.request.is_some())).collect();
    assert_eq!((told, seen.more), (vec![(1, 0, true), (2, head, true)], false));
    assert_eq!(seen.traces[0].peer, peer("phone"));
    let cut = see(&store, &a, whole(1));
    assert_eq!((cut.traces.len(), cut.more), (1, true), "always one");
    let touched = View::Touched { path: "unit".into(), record: id("r") };
    assert_eq!(see(&store, &a, touched.clone()).touched, None, "nobody's change, and of no session's items");
    assert_eq!(see(&store, &b, touched).touched, None);
    commit(&store, &Batch { edits: vec![Edit::RemoveAccount], ..batch(&a) });
    assert_eq!(sessions(&store, &b).len(), 1);
    open(&store, "a");
    assert_eq!(sessions(&store, &a), []);
}

pub fn traces_go_when_they_are_old_or_too_many<S: Store>(make: impl Fn() -> S) {
    let store = make();
    let (a, b) = (open(&store, "a"), open(&store, "b"));
    let name = |began: i64| format!("{}-x", Trace::session_from(began));
    let large = 700_000;
    let fits = usize::try_from(limits::TRACES_BYTES_MAX).unwrap() / large;
    for began in 0..fits as i64 + 3 {
        commit(&store, &keep(&a, trace(&name(began), 1, large)));
    }
    commit(&store, &keep(&b, trace(&name(0), 1, 10)));
    let sweep = |account: &AccountId, traces| {
        let sweep = Some(Sweep { horizon: 1, now: 1, traces });
        commit(&store, &Batch { sweep, ..batch(account) });
    };
    sweep(&a, 0);
    let left = sessions(&store, &a);
    assert_eq!(left.len(), fits);
    assert_eq!(left.last().unwrap().0, name(3), "the newest stay");
    sweep(&a, fits as i64 + 2);
    assert_eq!(sessions(&store, &a), [(name(fits as i64 + 2), 1)]);
    assert_eq!(sessions(&store, &b).len(), 1);
}

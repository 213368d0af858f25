//! The cases every store must pass. Each is given a maker of empty stores.

#[path = "contract/accounts.rs"]
mod accounts;
#[path = "contract/devices.rs"]
mod devices;
#[path = "contract/journal.rs"]
mod journal;
#[path = "contract/objects.rs"]
mod objects;
#[path = "contract/refresh.rs"]
mod refresh;
#[path = "contract/upstreams.rs"]
mod upstreams;
#[path = "contract/views.rs"]
mod views;

pub use accounts::*;
pub use devices::*;
pub use journal::*;
pub use objects::*;
pub use refresh::*;
pub use upstreams::*;
pub use views::*;

/// Hands the names of all cases to a macro.
macro_rules! each {
    ($with:ident) => {
        $with! {
            stamps_are_one_for_each_change
            forty_writers_lose_nothing
            a_reader_between_writers_loses_nothing
            pages_are_cut_by_records_and_bytes
            pages_stop_where_told
            guards_hold
            guards_hold_for_match_keys
            guards_hold_for_sessions
            folders_are_walked_upwards
            folders_are_looked_into
            a_taken_id_is_refused
            what_is_refused_writes_nothing
            contents_survive
            five_thousand_items_in_one_batch
            sweeping_moves_the_horizon

            large_bodies_are_read_where_they_are_asked_for
            superseded_large_bodies_are_kept_and_swept
            pieces_are_kept_by_place_and_go_with_their_device

            a_device_is_found_by_what_it_shows
            aliases_take_their_luid_away
            acknowledging_keeps_the_luid
            outdated_aliases_go
            bases_are_what_the_device_last_had
            targets_are_what_we_called_them
            found_as_often_as_asked
            what_is_still_to_be_sent
            superseded_versions_are_found_by_their_stamps
            a_slow_sync_sends_what_has_no_alias
            a_session_looks_further_than_at_changes
            peer_pages_are_cut

            a_refresh_takes_the_place_of_the_collection
            equal_content_stays_as_it_was_in_a_refresh
            what_is_staged_is_nobodys_business_until_then
            large_bodies_are_staged_whole
            trees_take_the_place_of_trees
            only_what_may_go_goes

            traces_come_with_their_turn_and_stay_in_their_account
            traces_go_when_they_are_old_or_too_many

            accounts_come_and_go
            tenants_never_meet
            names_and_paths_are_taken_once
            throttles_need_no_account
            tokens_are_revoked
            a_device_is_forgotten_whole_and_alone
            settings_are_the_operator_s_alone
            any_text_survives

            arranged_syncs_are_due_in_their_order
            a_turn_is_taken_once
        }
    };
}
pub(crate) use each;

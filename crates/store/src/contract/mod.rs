//! What every store must do, as tests that any implementation runs.
//!
//! An implementation says how it is opened ([`Subject`]) and writes
//! `switchboard_store::contract_tests!(make_subject)` into a test module: each function here becomes a test there,
//! on a subject of its own. The tests know the traits only; what is an implementation's own (files, locks, how
//! commits are shared) it tests itself.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    reason = "these are tests, though not marked as such: whoever implements a store marks them"
)]

mod executions;
mod history;
mod idempotency;
mod log;
mod material;
mod retention;

use std::sync::Arc;

use futures::future::BoxFuture;

use crate::Store;

pub use executions::*;
pub use history::*;
pub use idempotency::*;
pub use log::*;
pub use retention::*;

/// A storage to test: empty when it is made, and opened once or several times.
pub trait Subject: Send + Sync {
    /// Opens the storage. The store of an earlier call has been dropped, without being closed, unless the test
    /// closed it.
    fn open(&self) -> BoxFuture<'_, Arc<dyn Store>>;
}

/// Makes a test of each function of [`contract`](crate::contract). `$make` is a function that makes a new
/// [`Subject`](crate::contract::Subject).
#[macro_export]
macro_rules! contract_tests {
    ($make:expr) => {
        $crate::contract_tests! { $make =>
            concurrent_appends_leave_no_gap
            a_batch_is_seen_whole_or_not_at_all
            what_was_answered_is_there_after_reopening
            pages_follow_each_other
            heads_wake_after_each_commit
            organizations_are_apart
            a_log_nobody_reported_to_is_empty
            an_empty_batch_answers_the_head
            the_epoch_is_the_storages_own
            a_closing_store_stores_what_it_took
            known_ids_are_not_stored_again
            ids_are_known_after_reopening
            racing_duplicates_are_stored_once
            a_duplicate_changes_no_execution
            a_snapshot_is_the_fold_of_its_events
            snapshots_are_as_of_their_seq_while_reports_come
            a_snapshot_holds_the_latest_events
            changes_are_announced_once_a_batch
            executions_live_on_after_reopening
            lists_filter_by_status_and_text
            pages_of_a_list_are_stable_while_executions_come
            a_list_is_as_of_its_seq
            age_deletes_the_oldest_and_keeps_the_head
            bytes_delete_the_oldest_of_all_organizations
            a_log_that_retention_emptied_goes_on
            emptied_executions_go_when_they_are_old_or_over
            reports_come_in_while_retention_deletes
            random_histories_match_a_plain_model
        }
    };
    ($make:expr => $($test:ident)*) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                $crate::contract::$test(&$make()).await;
            }
        )*
    };
}

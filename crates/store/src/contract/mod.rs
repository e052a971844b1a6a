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

mod agents;
mod chat;
mod chatting;
mod conversations;
mod executions;
mod history;
mod idempotency;
mod log;
mod material;
mod results;
mod retention;
mod scrapes;
mod scrapes_claim;
mod scrapes_frontier;
mod scrapes_reported;
mod scrapes_results;
mod scrapes_retention;
mod scrapes_tell;
mod scraping;
mod search;
mod task_history;
mod tasks;

use std::sync::Arc;

use futures::future::BoxFuture;

use crate::Store;

pub use agents::*;
pub use chat::*;
pub use conversations::*;
pub use executions::*;
pub use history::*;
pub use idempotency::*;
pub use log::*;
pub use results::*;
pub use retention::*;
pub use scrapes::*;
pub use scrapes_claim::*;
pub use scrapes_frontier::*;
pub use scrapes_reported::*;
pub use scrapes_results::*;
pub use scrapes_retention::*;
pub use scrapes_tell::*;
pub use search::*;
pub use task_history::*;
pub use tasks::*;

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
            agents_are_the_fold_of_their_frames
            a_duplicate_changes_no_agent
            agents_are_as_of_their_seq_while_reports_come
            too_many_agents_push_the_longest_unheard_out
            silent_agents_go_with_age
            a_heartbeat_is_a_sign_of_life_of_its_execution
            a_quiet_execution_whose_worker_beats_is_kept
            a_message_is_stored_with_its_task
            a_message_sent_again_is_not_stored_again
            an_unknown_conversation_stores_nothing
            organizations_do_not_see_each_others_chats
            conversations_are_listed_by_their_latest_message
            pages_of_conversations_are_stable_while_messages_come
            a_conversation_is_read_in_pages
            a_conversation_is_as_of_its_seq
            chats_live_on_after_reopening
            silent_conversations_go_with_age
            answers_are_counted_with_their_costs
            a_results_frame_is_the_message
            each_step_of_a_task_is_told
            concurrent_claims_give_each_task_to_one_worker
            claims_take_the_oldest_task_that_matches
            a_claim_brings_the_conversation
            racing_results_are_stored_once
            a_late_result_is_a_duplicate
            a_result_of_an_unknown_task_is_stored_as_it_is
            a_failure_says_why
            results_of_any_shape_end_their_tasks
            a_lease_is_renewed_by_its_worker_only
            lost_tasks_wait_again_and_are_counted
            a_task_that_loses_its_workers_fails
            any_number_of_lost_tasks_is_recovered
            parts_of_an_answer_accumulate
            lines_are_found_by_the_beginnings_of_their_words
            any_text_can_be_searched_for
            searches_are_apart
            what_was_just_reported_is_found
            nothing_is_found_that_has_gone
            the_latest_entries_are_those_for_everybody
            random_histories_match_a_plain_model
            random_tasks_match_a_plain_model
            a_started_run_is_told_and_listed
            a_run_that_is_known_is_not_made_again
            organizations_do_not_see_each_others_runs
            runs_are_filtered_by_phase_and_text
            pages_of_runs_are_stable_while_runs_come
            addresses_go_out_once_in_their_order
            any_address_is_its_own
            no_more_addresses_enter_than_a_run_may_fetch
            a_page_is_finished_once
            nothing_comes_in_after_the_end
            an_address_that_costs_its_crawlers_is_given_up
            a_late_page_of_a_lost_crawler_counts
            concurrent_claims_give_each_run_to_one_crawler
            a_claim_brings_the_run
            a_lost_crawlers_run_goes_on
            a_crawlers_lease_is_its_own
            a_run_is_cancelled_in_each_state
            a_reported_run_is_the_fold_of_its_frames
            reported_runs_are_announced_once_a_batch
            a_duplicate_changes_no_run
            late_frames_bring_their_pages_only
            nobody_reports_for_a_run_of_this_store
            a_reported_run_is_its_reporters
            a_reported_snapshot_with_the_frames_after_it_is_the_run
            a_reported_run_is_bounded
            rows_are_read_back_from_the_latest
            an_export_reads_all_in_portions
            a_page_is_kept_as_it_was_fetched
            large_items_are_read_in_small_portions
            a_runs_snapshot_holds_the_latest_pages
            silent_runs_go_with_age
            a_large_run_goes_while_another_is_worked_on
            each_page_is_told_once
            messages_of_a_run_stay_until_they_are_taken_back
            many_pages_are_told_in_several_frames
            the_end_tells_all_that_is_left
            a_snapshot_with_the_frames_after_it_is_the_run
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

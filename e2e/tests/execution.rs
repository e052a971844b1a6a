//! A real command, seen in a real browser through the whole path.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use switchboard_e2e::{
    run,
    sample::{Gate, lines, print_lines},
};

#[test]
fn a_command_appears_streams_and_completes() {
    run(async |stage| {
        let hub = stage.hub().await;
        let page = stage.open(&hub.url(), "/executions").await;
        page.find("heading", "Executions").await;
        page.wait_for_status("Connection", "Connected").await;

        let gate = Gate::default();
        let script =
            format!("echo one; {}; echo two; {}; echo three >&2", gate.wait("second"), gate.wait("third"));
        let mut command = hub.command([
            "run",
            "--agent",
            "painter",
            "--department",
            "workshop",
            "--title",
            "Paint the fence",
            "--",
            "sh",
            "-c",
            &script,
        ]);
        let id = hub.execution_of("painter").await;
        page.wait_for_row(&id, "running").await;
        page.wait_for_row(&id, "painter").await;
        page.click_link(&format!("/executions/{id}")).await;

        page.wait_for_status("Execution status", "running").await;
        page.wait_for_log("Output", &["one".to_owned()]).await;
        page.wait_for_text("Live updates active").await;
        gate.open("second");
        page.wait_for_log("Output", &["one".to_owned(), "two".to_owned()]).await;
        gate.open("third");
        page.wait_for_status("Execution status", "completed").await;
        page.wait_for_log("Output", &["one".to_owned(), "two".to_owned(), "three".to_owned()]).await;
        page.wait_for_no_text("Live updates active").await;
        assert!(command.finish().await.success());

        let agent = page.text_of("region", "Agent").await.unwrap();
        for expected in ["painter", "workshop", "completed"] {
            assert!(agent.contains(expected), "the agent card should say {expected:?}: {agent}");
        }
        page.wait_for_text("Paint the fence").await;
        let timeline = page.text_of("region", "Timeline").await.unwrap().to_lowercase();
        assert!(timeline.contains("start") && timeline.contains("complete"), "{timeline}");
        assert!(exit_code(&page.text().await).contains(&0), "the page should show exit code 0");

        page.back().await;
        page.wait_for_row(&id, "completed").await;
        page.assert_console_clean().await;
    });
}

#[test]
fn a_failing_command_is_shown_as_failed_with_what_went_wrong() {
    run(async |stage| {
        let hub = stage.hub().await;
        let mut command = hub.run_script("clumsy", "echo 'it broke' >&2; exit 3");
        assert_eq!(command.finish().await.code(), Some(3), "the exit code is passed through");
        let id = hub.execution_of("clumsy").await;

        let page = stage.open(&hub.url(), "/executions").await;
        page.wait_for_row(&id, "failed").await;
        page.click_link(&format!("/executions/{id}")).await;
        page.wait_for_status("Execution status", "failed").await;
        page.wait_for_log("Output", &["it broke".to_owned()]).await;
        let text = page.text().await;
        assert!(exit_code(&text).contains(&3), "the page should show exit code 3: {text}");
        assert!(!text.contains("Live updates active"), "nothing looks live that is over");
        page.assert_console_clean().await;
    });
}

#[test]
fn a_page_opened_in_the_middle_of_a_run_shows_all_of_it() {
    run(async |stage| {
        let hub = stage.hub().await;
        let gate = Gate::default();
        let script = format!("{}; {}; {}", print_lines(1..=300), gate.wait("rest"), print_lines(301..=600));
        let mut command = hub.run_script("talker", &script);
        let id = hub.execution_of("talker").await;

        let page = stage.open(&hub.url(), &format!("/executions/{id}")).await;
        page.wait_for_log("Output", &lines(1..=300)).await;
        page.wait_for_status("Execution status", "running").await;
        gate.open("rest");
        page.wait_for_log("Output", &lines(1..=600)).await;
        page.wait_for_status("Execution status", "completed").await;
        assert!(command.finish().await.success());

        page.reload().await;
        page.wait_for_log("Output", &lines(1..=600)).await;
        page.assert_console_clean().await;
    });
}

#[test]
fn a_page_opened_while_lines_pour_in_has_no_hole_and_no_double() {
    run(async |stage| {
        let hub = stage.hub().await;
        let script =
            "i=1; while [ $i -le 900 ]; do echo line $i; i=$((i+1)); [ $((i % 5)) = 0 ] && sleep 0.02; done";
        let mut command = hub.run_script("pourer", &format!("{script}; true"));
        let id = hub.execution_of("pourer").await;
        // Each page subscribes at another moment of the run.
        let first = stage.open(&hub.url(), &format!("/executions/{id}")).await;
        let second = stage.open(&hub.url(), &format!("/executions/{id}")).await;
        let third = stage.open(&hub.url(), &format!("/executions/{id}")).await;
        assert!(command.finish().await.success());
        for page in [first, second, third] {
            page.activate().await;
            page.wait_for_status("Execution status", "completed").await;
            page.wait_for_log("Output", &lines(1..=900)).await;
            page.assert_console_clean().await;
        }
    });
}

/// Every number that follows the word "exit" or "exit code" in `text`.
fn exit_code(text: &str) -> Vec<i64> {
    let text = text.to_lowercase();
    let after = text.split("exit").skip(1);
    after
        .filter_map(|rest| {
            let rest = rest.trim_start_matches(|c: char| !c.is_ascii_digit() && c != '.');
            rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
        })
        .collect()
}

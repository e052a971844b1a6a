//! Agents of real commands, seen in a real browser through the whole path.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use serde_json::Value;
use switchboard_e2e::{Hub, Page, run, until};

/// What the hub knows of an agent, once that is as `expected` says.
async fn agent(hub: &Hub, id: &str, what: &str, expected: impl Fn(&Value) -> bool) -> Value {
    let mut found = Value::Null;
    until(&format!("the agent {id} to be {what}"), async || {
        let list = hub.fetch("/api/agents").await;
        let agent = list["items"].as_array().unwrap().iter().find(|agent| agent["agentId"] == id).cloned();
        match agent {
            Some(agent) if expected(&agent) => {
                found = agent;
                Ok(())
            }
            other => Err(format!("{other:?}")),
        }
    })
    .await;
    found
}

#[test]
fn a_killed_run_is_told_as_silent_and_not_counted_as_running() {
    run(async |stage| {
        let hub = stage.hub().await;
        let mut command = hub.command([
            "run",
            "--agent",
            "painter",
            "--title",
            "Paint the fence",
            "--heartbeat",
            "1",
            "--",
            "sh",
            "-c",
            "echo brush in hand; exec sleep 1000",
        ]);
        let id = hub.execution_of("painter").await;
        let running = |agent: &Value| agent["currentTask"] == "brush in hand" && agent["executionId"] == *id;
        agent(&hub, "painter", "at work on what it said last", running).await;
        let page = stage.open(&hub.url(), &format!("/executions/{id}")).await;
        let overview = stage.open(&hub.url(), "/").await;
        page.wait_for_status("Execution status", "running").await;
        page.wait_for_text("Live updates active").await;
        wait_for_running(&overview, "1").await;

        command.kill().await;
        page.wait_for_text("worker silent since").await;
        page.wait_for_no_text("Live updates active").await;
        wait_for_running(&overview, "0").await;
        overview.wait_for_text("1 worker is silent").await;
        overview.wait_for_row(&id, "worker silent since").await;
        for (name, page) in [("silent-page", &page), ("silent-overview", &overview)] {
            page.screenshot(name).await.unwrap();
        }
        // Whoever comes later reads it from what the hub kept.
        let later = stage.open(&hub.url(), "/executions").await;
        later.wait_for_row(&id, "worker silent since").await;
        page.assert_console_clean().await;
    });
}

async fn wait_for_running(page: &Page, expected: &str) {
    let script =
        "return document.querySelector('.count[href=\"/executions?status=running\"]')?.dataset.count ?? ''";
    page.wait_for(&format!("{expected} to be counted as running"), async |page: &Page| {
        let count = page.script(script, serde_json::json!([])).await?;
        if count == expected { Ok(()) } else { Err(count.to_string()) }
    })
    .await;
}

#[test]
fn a_kept_worker_is_started_again_and_each_start_has_its_page() {
    run(async |stage| {
        let hub = stage.hub().await;
        let folder = tempfile::tempdir().unwrap();
        let mark = folder.path().join("failed once");
        let script = format!(
            "if [ -e '{0}' ]; then echo second try; exec sleep 1000; fi; touch '{0}'; echo first try; exit 3",
            mark.display()
        );
        let mut command = hub.command([
            "agent",
            "--id",
            "mailer",
            "--department",
            "post",
            "--heartbeat",
            "1",
            "--restart-delay",
            "0.1",
            "--",
            "sh",
            "-c",
            &script,
        ]);
        let again = |agent: &Value| agent["status"] == "running" && agent["currentTask"] == "second try";
        let known = agent(&hub, "mailer", "at work again", again).await;
        assert_eq!((&known["department"]["name"], known.get("error")), (&"post".into(), None));
        let page = stage.open(&hub.url(), "/executions").await;
        let second = known["executionId"].as_str().unwrap();
        page.wait_for_row(second, "running").await;
        page.wait_for_text("exited with code 3").await;
        page.click_link(&format!("/executions/{second}")).await;
        page.wait_for_log("Output", &["second try".to_owned()]).await;

        assert_eq!(command.terminate().await.code(), Some(143), "how the command ended");
        agent(&hub, "mailer", "stopped", |agent| agent["status"] == "stopped").await;
        page.wait_for_status("Execution status", "cancelled").await;
        page.assert_console_clean().await;
    });
}

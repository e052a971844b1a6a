//! Every action on every page, by keyboard alone. The pages keep a ledger meanwhile of what they offer and of what of it was acted on, and
//! at the end nothing may be left: an action that somebody adds has to be done here too.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use serde_json::json;
use switchboard_e2e::{
    Hub, Ledger, NARROW, Page, Scene, Stage, WIDE, run, sample::execution, scene, until_true,
};

/// What WebDriver sends for keys that are no characters: W3C WebDriver, section 17.4.2.
const ENTER: &str = "\u{E007}";
const ESCAPE: &str = "\u{E00C}";
const TAB: &str = "\u{E004}";
/// Shift and Tab.
const BACK: &str = "\u{E008}\u{E004}\u{E008}";
const HOME: &str = "\u{E011}";
const UP: &str = "\u{E013}";
const SPACE: &str = " ";

#[test]
fn everything_that_can_be_acted_on_is_reached_by_tab() {
    run(async |stage| {
        let scene = Scene::new(stage).await;
        let page = stage.tab(&scene.hub.url()).await;
        page.resize(WIDE).await;
        for path in scene.paths() {
            page.goto(path).await;
            page.wait_for_status("Connection", "Connected").await;
            scene::settle(&page, path).await;
            let out_of_reach = page.out_of_reach().await;
            assert!(out_of_reach.is_empty(), "{path}: {out_of_reach:#?}");
        }
    });
}

#[test]
fn everything_is_done_by_keyboard_alone() {
    run(async |stage| {
        let mut ledger = Ledger::default();
        let mut scene = Scene::new(stage).await;
        silent_worker(&scene.hub).await;
        let page = stage.tab(&scene.hub.url()).await;
        page.keep_ledger().await;
        page.resize(WIDE).await;
        page.goto("/").await;
        page.wait_for_status("Connection", "Connected").await;
        by_shortcuts(&page).await;
        in_an_empty_organization(&page).await;
        in_the_header(&page).await;
        on_the_overview(&page).await;
        on_executions(&page).await;
        on_an_execution(&page, &scene.hub).await;
        on_scrape_runs(&page).await;
        on_a_scrape_run(&page, &scene).await;
        on_agents(&page, &scene.hub).await;
        on_the_wire(&page, &scene.hub).await;
        in_chat(&page).await;
        in_a_conversation(&page, &scene.hub).await;
        on_a_phone(&page).await;
        while_the_hub_is_gone(&page, &mut scene.hub).await;
        page.read_ledger(&mut ledger).await;
        with_more_than_a_page_holds(&page, &scene.hub).await;
        page.read_ledger(&mut ledger).await;
        page.goto("/no/such/page").await;
        where_no_page_is(&page).await;
        page.read_ledger(&mut ledger).await;
        with_a_daemon(stage, &mut ledger).await;
        behind_a_proxy(stage, &scene.hub, &mut ledger).await;
        with_frames_that_cannot_be_read(stage, &mut ledger).await;
        let left = ledger.left();
        println!("{} actions were offered", ledger.offered());
        assert!(left.is_empty(), "offered, and not done: {left:#?}");
    });
}

/// Presses Tab until what has the focus is `wanted`, by role and name, or by its entry in the ledger; says what had it meanwhile where it
/// never comes.
async fn tab_to(page: &Page, wanted: &str) {
    step_to(page, TAB, wanted).await;
}

async fn step_to(page: &Page, key: &str, wanted: &str) {
    let mut passed = Vec::new();
    for _ in 0..400 {
        let focused = page.focused().await;
        if focused.contains(wanted) {
            return;
        }
        passed.push(focused);
        page.press(key).await;
    }
    panic!("Tab does not lead to {wanted}; it led to {passed:#?}");
}

/// Goes to something by Tab, and presses Enter.
async fn press_on(page: &Page, wanted: &str) {
    tab_to(page, wanted).await;
    page.press(ENTER).await;
}

/// Presses a button that copies; it says so for a while.
async fn copy(page: &Page, wanted: &str) {
    press_on(page, wanted).await;
    // The next one is not taken for this one.
    for is_said in [true, false] {
        page.wait_for("the button to say that it copied, and then no more", async |page: &Page| {
            let said = "return [...document.querySelectorAll('[role=status], button')].some((it) => it.textContent === 'Copied')";
            let said = page.script(said, json!([])).await?;
            if said == is_said { Ok(()) } else { Err(said.to_string()) }
        })
        .await;
    }
}

/// Presses a key that the page itself listens for. In a field it would be typed: then it is left first.
async fn shortcut(page: &Page, key: &str) {
    loop {
        let focused = page.focused().await;
        if !["textbox", "searchbox", "combobox"].iter().any(|field| focused.starts_with(field)) {
            break;
        }
        page.press(TAB).await;
    }
    page.press(key).await;
}

/// `g` and a letter, to a page with this heading.
async fn go(page: &Page, letter: &str, heading: &str) {
    shortcut(page, "g").await;
    page.press(letter).await;
    page.find("heading", heading).await;
}

async fn wait_for_path(page: &Page, wanted: &str) {
    page.wait_for(&format!("the address {wanted}"), async |page: &Page| {
        let path = page.path().await;
        if path == wanted { Ok(()) } else { Err(path) }
    })
    .await;
}

async fn wait_for_focus(page: &Page, wanted: &str) {
    page.wait_for(&format!("the focus on {wanted}"), async |page: &Page| {
        let focused = page.focused().await;
        if focused.contains(wanted) { Ok(()) } else { Err(focused) }
    })
    .await;
}

/// An execution whose worker said that it beats every second, and says nothing any more.
async fn silent_worker(hub: &Hub) {
    hub.report(&json!([
        { "type": "event", "executionId": "e-silent", "event": { "id": "s", "type": "agent-start", "data": { "title": "A worker that fell silent", "heartbeatSeconds": 1 } } },
        { "type": "heartbeat", "agentId": "silent", "executionId": "e-silent", "status": "running", "heartbeatSeconds": 1 },
    ]))
    .await;
}

async fn by_shortcuts(page: &Page) {
    for (key, path, heading) in [
        ("e", "/executions", "Executions"),
        ("s", "/scrape-runs", "Scrape runs"),
        ("a", "/agents", "Agents"),
        ("w", "/wire", "Wire"),
        ("c", "/chat", "Chat"),
        ("o", "/", "Overview"),
    ] {
        go(page, key, heading).await;
        wait_for_path(page, path).await;
    }
    shortcut(page, "?").await;
    page.find("dialog", "Keyboard shortcuts").await;
    page.press(ESCAPE).await;
    page.find_no("dialog", "Keyboard shortcuts").await;
    let connections = page.sockets().await.len();
    shortcut(page, "r").await;
    page.wait_for("a new connection", async |page: &Page| {
        let sockets = page.sockets().await;
        if sockets.len() == connections + 1 { Ok(()) } else { Err(format!("{sockets:?}")) }
    })
    .await;
    page.wait_for_status("Connection", "Connected").await;
}

/// Another organization by its name, in which nothing has happened yet: what every page proposes then.
async fn in_an_empty_organization(page: &Page) {
    // A closed box chooses by the first letter.
    tab_to(page, "combobox \"Organization\"").await;
    page.press("O").await;
    page.find("dialog", "Follow another organization").await;
    press_on(page, "button \"Cancel\"").await;
    page.find_no("dialog", "Follow another organization").await;
    tab_to(page, "combobox \"Organization\"").await;
    page.press("O").await;
    page.find("dialog", "Follow another organization").await;
    page.press("nowhere").await;
    press_on(page, "button \"Follow\"").await;
    page.wait_for_text("No executions yet").await;
    page.wait_for_text("No scrape runs yet").await;
    copy(page, "/ | Recent executions | button “Copy").await;
    copy(page, "/ | Recent scrape runs | button “Copy").await;
    begin_a_scrape(page, "/ | Recent scrape runs | button “Start the first scrape”").await;
    go(page, "e", "Executions").await;
    copy(page, "button \"Copy").await;
    go(page, "s", "Scrape runs").await;
    begin_a_scrape(page, "button \"Start the first scrape\"").await;
    copy(page, "button \"Copy").await;
    go(page, "a", "Agents").await;
    copy(page, "button \"Copy").await;
    go(page, "c", "Chat").await;
    page.find("button", "What failed today?").await;
    press_on(page, "an example").await;
    wait_for_focus(page, "textbox \"Message\"").await;
    copy(page, "button \"Copy").await;
    tab_to(page, "combobox \"Organization\"").await;
    page.press("d").await;
    go(page, "o", "Overview").await;
    page.wait_for_text("Paint the fence").await;
}

/// Navigation, theme, shortcuts, the connection's details, and the way past all of it.
async fn in_the_header(page: &Page) {
    for (link, path, heading) in [
        ("Executions", "/executions", "Executions"),
        ("Chat", "/chat", "Chat"),
        ("Scrape runs", "/scrape-runs", "Scrape runs"),
        ("Agents", "/agents", "Agents"),
        ("Wire", "/wire", "Wire"),
        ("Overview", "/", "Overview"),
        ("Switchboard, home", "/", "Overview"),
    ] {
        press_on(page, &format!("link \"{link}\"")).await;
        page.find("heading", heading).await;
        wait_for_path(page, path).await;
    }
    tab_to(page, "combobox \"Theme\"").await;
    page.press("Dark").await;
    page.wait_for("the dark theme", async |page: &Page| {
        let luminance = page.background_luminance().await;
        if luminance < 0.2 { Ok(()) } else { Err(luminance.to_string()) }
    })
    .await;
    press_on(page, "button \"Shortcuts\"").await;
    page.find("dialog", "Keyboard shortcuts").await;
    press_on(page, "button \"Close\"").await;
    page.find_no("dialog", "Keyboard shortcuts").await;
    for (action, connections) in [("Close", 0), ("Reconnect", 1)] {
        let before = page.sockets().await.len();
        press_on(page, "button \"Connection details\"").await;
        page.wait_for_text("HTTP interface").await;
        press_on(page, &format!("button \"{action}\"")).await;
        if action == "Reconnect" {
            page.wait_for_status("Connection", "Connected").await;
            page.press(ESCAPE).await;
        }
        page.wait_for_no_text("HTTP interface").await;
        assert_eq!(page.sockets().await.len(), before + connections);
    }
    press_on(page, "link \"Skip to content\"").await;
    wait_for_focus(page, "main").await;
}

/// Whatever leads on from the overview.
async fn on_the_overview(page: &Page) {
    page.wait_for_text("silent: nobody knows").await;
    let links = [
        "/ | Counts | link to /executions?status=running",
        "/ | Counts | link to /executions?status=failed",
        "/ | Counts | link to /executions?status=completed",
        "/ | Counts | link to /executions?status=pending",
        "/ | Counts | link to /executions?status=cancelled",
        "/ | Counts | link to /scrape-runs?phase=running",
        "silent: nobody knows",
        "/ | Recent executions | link to /executions)",
        "/ | Recent executions | link to /executions/:id",
        "/ | Active scrape | link to /scrape-runs/:id",
        "/ | Recent scrape runs | link to /scrape-runs)",
        "/ | Recent scrape runs | link to /scrape-runs/:id",
    ];
    for link in links {
        press_on(page, link).await;
        page.wait_for("another page", async |page: &Page| {
            if page.path().await == "/" { Err("the overview".to_owned()) } else { Ok(()) }
        })
        .await;
        go(page, "o", "Overview").await;
        page.wait_for_text("Sixty pages").await;
    }
    begin_a_scrape(page, "button \"Start new scrape\"").await;
}

/// Opens the dialog for a scrape, and leaves it by Escape.
async fn begin_a_scrape(page: &Page, button: &str) {
    press_on(page, button).await;
    page.find("dialog", "Start new scrape").await;
    page.press(ESCAPE).await;
    page.find_no("dialog", "Start new scrape").await;
}

/// Rows, the search, the status, and the order.
async fn on_executions(page: &Page) {
    go(page, "e", "Executions").await;
    page.wait_for_row("e-fail", "failed").await;
    for key in ["j", "j", "k"] {
        page.press(key).await;
    }
    wait_for_focus(page, "link").await;
    for status in ["pending", "running", "completed", "cancelled", "failed"] {
        press_on(page, &format!("/executions | Status | button “{status}”")).await;
        wait_for_path(page, &format!("/executions?status={status}")).await;
    }
    page.wait_for_rows(&["e-fail"]).await;
    press_on(page, "/executions | Status | button “all”").await;
    for column in ["Status", "Agent", "Duration", "Started"] {
        let before = page.path().await;
        press_on(page, &format!("(/executions | button “{column}”")).await;
        page.wait_for("another order", async |page: &Page| {
            let path = page.path().await;
            if path == before { Err(path) } else { Ok(()) }
        })
        .await;
    }
    tab_to(page, "combobox \"Sort\"").await;
    page.press("Oldest").await;
    wait_for_path(page, "/executions?sort=started").await;
    shortcut(page, "/").await;
    wait_for_focus(page, "searchbox").await;
    page.press("nobody").await;
    page.find("button", "Clear filters").await;
    press_on(page, "button \"Clear filters\"").await;
    page.wait_for_row("e-fail", "failed").await;
    shortcut(page, "/").await;
    wait_for_focus(page, "searchbox").await;
    page.press("fence").await;
    page.wait_for("the search in the address", async |page: &Page| {
        let path = page.path().await;
        if path.contains("q=fence") { Ok(()) } else { Err(path) }
    })
    .await;
    page.press(ENTER).await;
    wait_for_focus(page, "Paint the fence").await;
}

/// Its output paused, followed, wrapped and copied; and the way back.
async fn on_an_execution(page: &Page, hub: &Hub) {
    page.press(ENTER).await;
    page.wait_for("an execution", async |page: &Page| {
        let path = page.path().await;
        if path.starts_with("/executions/") { Ok(()) } else { Err(path) }
    })
    .await;
    go(page, "e", "Executions").await;
    press_on(page, "link \"Paint the fence\"").await;
    page.find("log", "Output").await;
    copy(page, "button \"Copy the identifier\"").await;
    copy(page, "button \"Copy all lines\"").await;
    press_on(page, "button \"Wrap\"").await;
    press_on(page, "button \"Pause\"").await;
    page.find("button", "Follow").await;
    let path = page.path().await;
    let execution = path.trim_start_matches("/executions/").to_owned();
    let line = json!({ "id": "late", "type": "output", "data": { "text": "a line that came late" } });
    hub.report(&json!({ "type": "event", "executionId": execution, "event": line })).await;
    page.find("button", "1 new line").await;
    press_on(page, "button for what is new").await;
    page.wait_for_text("a line that came late").await;
    shortcut(page, "f").await;
    press_on(page, "button \"Follow\"").await;
    page.find("button", "Pause").await;
    press_on(page, "link \"All executions\"").await;
    page.find("heading", "Executions").await;
}

/// The list, and a run ordered field by field.
async fn on_scrape_runs(page: &Page) {
    go(page, "s", "Scrape runs").await;
    page.wait_for_text("The shop").await;
    shortcut(page, "j").await;
    wait_for_focus(page, "link").await;
    for phase in ["pending", "running", "completed", "failed", "cancelled"] {
        press_on(page, &format!("/scrape-runs | Phase | button “{phase}”")).await;
        wait_for_path(page, &format!("/scrape-runs?phase={phase}")).await;
    }
    press_on(page, "/scrape-runs | Phase | button “all”").await;
    shortcut(page, "/").await;
    wait_for_focus(page, "searchbox").await;
    page.press("nobody").await;
    page.find("button", "Clear filters").await;
    press_on(page, "button \"Clear filters\"").await;
    page.wait_for_text("The shop").await;
}

/// A run is ordered, watched, filtered, exported, cancelled and begun again.
async fn on_a_scrape_run(page: &Page, scene: &Scene) {
    press_on(page, "button \"Start new scrape\"").await;
    page.find("dialog", "Start new scrape").await;
    press_on(page, "button \"Close\"").await;
    page.find_no("dialog", "Start new scrape").await;
    press_on(page, "button \"Start new scrape\"").await;
    page.find("dialog", "Start new scrape").await;
    wait_for_focus(page, "textbox \"Targets\"").await;
    page.press("example.org").await;
    press_on(page, "button \"Use https://\"").await;
    tab_to(page, "textbox \"Targets\"").await;
    // All of it is selected, and written over.
    page.press("\u{E009}a\u{E009}").await;
    page.press(&scene.site.url("/")).await;
    for (field, text) in [
        ("Title", "By keyboard"),
        ("Max pages", "50"),
        ("Max depth", "5"),
        ("Delay, ms", "10"),
        ("Concurrency", "2"),
        ("Item selector", "body"),
        ("Field 1 name", "title"),
        ("Field 1 selector", "h1"),
        ("Field 1 attribute", "id"),
    ] {
        tab_to(page, &format!("textbox \"{field}\"")).await;
        page.press(text).await;
    }
    tab_to(page, "checkbox \"Many\"").await;
    page.press(SPACE).await;
    press_on(page, "button \"Add a field\"").await;
    press_on(page, "button \"Remove field 2\"").await;
    tab_to(page, "textbox \"Page\"").await;
    page.press(&scene.site.url("/")).await;
    press_on(page, "button \"Preview\"").await;
    scene.site.release();
    page.wait_for_text("Status 200").await;
    scene.site.hold();
    press_on(page, "button \"Start\"").await;
    page.find("progressbar", "Overall").await;
    copy(page, "button \"Copy the identifier\"").await;
    press_on(page, "button \"Cancel run\"").await;
    press_on(page, "button \"Keep running\"").await;
    page.find_no("dialog", "Cancel this run?").await;
    press_on(page, "button \"Cancel run\"").await;
    press_on(page, "button \"Yes, cancel it\"").await;
    page.wait_for_status("Scrape phase", "cancelled").await;
    scene.site.release();
    press_on(page, "(/scrape-runs/:id | link to /scrape-runs)").await;
    page.wait_for_text("The shop").await;
    press_on(page, "link \"The shop\"").await;
    page.wait_for_status("Scrape phase", "completed").await;
    for file in ["Items, JSON Lines", "Items, CSV", "Pages, JSON Lines", "Pages, CSV"] {
        press_on(page, "button \"Export\"").await;
        press_on(page, &format!("button \"{file}\"")).await;
        page.find_no("button", file).await;
    }
    page.wait_for("four files", async |page: &Page| {
        let script = "return performance.getEntriesByType('resource').filter((it) => it.name.includes('/export')).length";
        let count = page.script(script, json!([])).await?;
        if count == 4 { Ok(()) } else { Err(count.to_string()) }
    })
    .await;
    for outcome in ["ok", "redirect", "failed", "all"] {
        press_on(page, &format!("/scrape-runs/:id | Outcome | button “{outcome}”")).await;
    }
    shortcut(page, "/").await;
    wait_for_focus(page, "searchbox \"Filter pages\"").await;
    page.press("missing").await;
    // They open beside this page, to which the browser's own keys lead back.
    for link in ["Rows", "Failed pages", "Settings"] {
        press_on(page, &format!("/scrape-runs/:id | {link} | link to elsewhere")).await;
        page.activate().await;
    }
    press_on(page, "button \"Run again\"").await;
    page.find("dialog", "Start new scrape").await;
    press_on(page, "button \"Close\"").await;
    page.find_no("dialog", "Start new scrape").await;
}

/// What they say: paused, followed, filtered, and opened.
async fn on_agents(page: &Page, hub: &Hub) {
    go(page, "a", "Agents").await;
    page.wait_for_text("night-shift").await;
    scene::agents(hub).await;
    page.wait_for_text("agent_stopped").await;
    press_on(page, "button \"Pause\"").await;
    scene::agents(hub).await;
    press_on(page, "button for what is new").await;
    press_on(page, "button \"Pause\"").await;
    press_on(page, "button \"Follow\"").await;
    shortcut(page, "/").await;
    wait_for_focus(page, "searchbox \"Filter events\"").await;
    page.press("archivist").await;
    page.wait_for_no_text("agent_stopped").await;
    press_on(page, "an event").await;
    page.wait_for_text("\"agentId\": \"archivist\"").await;
    press_on(page, "/agents | Agents | link to /executions/:id").await;
    page.find("log", "Output").await;
}

/// A ping, the connection dropped, the checks; frames filtered, chosen, copied and let go.
async fn on_the_wire(page: &Page, hub: &Hub) {
    go(page, "w", "Wire").await;
    press_on(page, "button \"Ping\"").await;
    press_on(page, "button \"Drop the connection\"").await;
    page.wait_for_text("dropped on purpose").await;
    page.wait_for_status("Connection", "Connected").await;
    tab_to(page, "button \"Run checks\"").await;
    page.press(SPACE).await;
    page.wait_for_text("agree on the time").await;
    scene::agents(hub).await;
    for sort in ["received", "sent", "data", "unreadable", "all"] {
        press_on(page, &format!("/wire | Sort of frame | button “{sort}”")).await;
    }
    shortcut(page, "/").await;
    wait_for_focus(page, "searchbox \"Filter frames\"").await;
    page.press("heartbeat").await;
    copy(page, "button \"Copy all shown as JSON Lines\"").await;
    press_on(page, "button \"Pause\"").await;
    scene::agents(hub).await;
    press_on(page, "button for what is new").await;
    press_on(page, "button \"Pause\"").await;
    press_on(page, "button \"Follow\"").await;
    tab_to(page, "grid \"Recent frames\"").await;
    page.press(UP).await;
    page.find("region", "Chosen frame").await;
    page.press(ESCAPE).await;
    page.find_no("region", "Chosen frame").await;
    page.press(UP).await;
    copy(page, "button \"Copy the frame's text\"").await;
    press_on(page, "button \"Close the frame\"").await;
    page.find_no("region", "Chosen frame").await;
}

/// A message and its answer, the search, and another conversation.
async fn in_chat(page: &Page) {
    go(page, "c", "Chat").await;
    tab_to(page, "textbox \"Message\"").await;
    page.press("What is running?").await;
    press_on(page, "button \"Send\"").await;
    page.wait_for_text("Paint the fence").await;
    let conversation = page.path().await;
    copy(page, "button \"Copy the reply\"").await;
    press_on(page, "/chat/:id | Messages | link to /executions/:id").await;
    page.find("log", "Output").await;
    go(page, "c", "Chat").await;
    press_on(page, "link \"New chat\"").await;
    wait_for_path(page, "/chat").await;
    wait_for_focus(page, "textbox").await;
    tab_to(page, "searchbox \"Search conversations\"").await;
    page.press("nobody said this").await;
    page.find("button", "Clear search").await;
    press_on(page, "button \"Clear search\"").await;
    tab_to(page, "searchbox \"Search conversations\"").await;
    page.press("running").await;
    page.wait_for_no_text("What happened last night").await;
    page.press(ENTER).await;
    wait_for_focus(page, "What is running?").await;
    page.press(ENTER).await;
    wait_for_path(page, &conversation).await;
}

/// A reply that failed is asked for again, and one that is awaited is stopped.
async fn in_a_conversation(page: &Page, _hub: &Hub) {
    tab_to(page, "searchbox \"Search conversations\"").await;
    page.press(ESCAPE).await;
    page.wait_for_text("What happened last night").await;
    press_on(page, "What happened last night").await;
    page.find("status", "Waiting for a reply").await;
    press_on(page, "button \"Stop\"").await;
    page.wait_for_text("Cancelled.").await;
    press_on(page, "button \"Retry\"").await;
    // The question goes to the lane that answers by itself.
    page.wait_for_text("I cannot answer that from the hub's data").await;
    copy(page, "/chat/:id | Messages | button “Copy”").await;
    press_on(page, "link \"report.csv").await;
    page.activate().await;
    tab_to(page, "region \"Conversation so far\"").await;
    page.press(HOME).await;
    page.wait_for_text("Jump to latest").await;
    page.press(BACK).await;
    wait_for_focus(page, "button for what is new").await;
    page.press(ENTER).await;
    page.wait_for_no_text("Jump to latest").await;
    tab_to(page, "textbox \"Message\"").await;
    page.press("/help").await;
    press_on(page, "button \"Send\"").await;
    page.wait_for_text("/failed [range]").await;
    press_on(page, "/chat/:id | Conversations | link to /chat)").await;
    wait_for_path(page, "/chat").await;
    press_on(page, "What happened last night").await;
}

/// What only a narrow screen offers.
async fn on_a_phone(page: &Page) {
    page.resize(NARROW).await;
    press_on(page, "link \"All chats\"").await;
    wait_for_path(page, "/chat").await;
    page.resize(WIDE).await;
}

/// Trying again, reconnecting, and what to do with a message that could not be sent.
async fn while_the_hub_is_gone(page: &Page, hub: &mut Hub) {
    go(page, "c", "Chat").await;
    hub.kill().await;
    page.wait_for_status("Connection", "Disconnected").await;
    for message in ["This one is let go", "This one is sent again"] {
        tab_to(page, "textbox \"Message\"").await;
        page.press(message).await;
        page.press(ENTER).await;
        page.wait_for_text("Not sent").await;
        if message.contains("let go") {
            press_on(page, "button \"Discard\"").await;
            page.wait_for_no_text("Not sent").await;
        }
    }
    press_on(page, "/chat | button “Reconnect”").await;
    go(page, "a", "Agents").await;
    press_on(page, "/agents | button “Retry”").await;
    go(page, "w", "Wire").await;
    press_on(page, "/wire | button “Reconnect”").await;
    go(page, "e", "Executions").await;
    press_on(page, "link \"Paint the fence\"").await;
    page.wait_for_text("WebSocket disconnected").await;
    press_on(page, "/executions/:id | button “Reconnect”").await;
    press_on(page, "every page | header | button “Reconnect”").await;
    press_on(page, "button \"Connection details\"").await;
    press_on(page, "every page | Connection | button “Reconnect”").await;
    page.press(ESCAPE).await;
    hub.restart().await;
    page.wait_for_status("Connection", "Connected").await;
    go(page, "c", "Chat").await;
    press_on(page, "button \"Retry\"").await;
    page.wait_for_no_text("Not sent").await;
}

async fn with_more_than_a_page_holds(page: &Page, hub: &Hub) {
    let executions: Vec<_> = (0..110)
        .map(|number| json!({ "type": "event", "executionId": format!("many-{number}"), "event": { "id": format!("many-{number}"), "type": "agent-start", "data": {} } }))
        .collect();
    hub.report(&executions.into()).await;
    let runs: Vec<_> = (0..110)
        .map(|number| json!({ "type": "scrape_progress", "runId": format!("many-{number}"), "phase": "completed" }))
        .collect();
    hub.report(&runs.into()).await;
    let agents: Vec<_> = (0..210)
        .map(|number| json!({ "type": "heartbeat", "agentId": format!("many-{number}"), "status": "idle" }))
        .collect();
    hub.report(&agents.into()).await;
    for number in 0..110 {
        hub.call("/api/chat/messages", &json!({ "content": format!("Question {number}"), "lane": "manual" }))
            .await;
    }
    // What is loaded already grows; a page that is opened now begins with a part.
    page.goto("/").await;
    page.wait_for_status("Connection", "Connected").await;
    for (letter, heading) in [("e", "Executions"), ("s", "Scrape runs"), ("c", "Chat")] {
        go(page, letter, heading).await;
        // It stands below a hundred rows: from the end of the page it is near.
        step_to(page, BACK, "button “Load more”").await;
        page.press(ENTER).await;
        page.wait_for_no_text("Load more").await;
    }
    go(page, "a", "Agents").await;
    press_on(page, "button \"Show all\"").await;
    page.find_no("button", "Show all").await;
}

async fn where_no_page_is(page: &Page) {
    press_on(page, "link \"Go to the overview\"").await;
    page.find("heading", "Overview").await;
    page.back().await;
    press_on(page, "link \"See all executions\"").await;
    page.find("heading", "Executions").await;
}

/// A daemon that is away, from the page and from the connection's details; and one that is there and says nothing.
async fn with_a_daemon(stage: &Stage, ledger: &mut Ledger) {
    let daemon = stage.daemon().await;
    daemon.refuse(true);
    let hub = stage.hub_with(&["--daemon-hub-ws-url", &daemon.url()]).await;
    let page = stage.tab(&hub.url()).await;
    page.keep_ledger().await;
    page.goto("/agents").await;
    page.wait_for_text("Daemon disconnected").await;
    press_on(&page, "/agents | button “Reconnect to the daemon”").await;
    press_on(&page, "button \"Connection details\"").await;
    press_on(&page, "every page | Daemon (WebSocket, read-only) | button “Reconnect to the daemon”").await;
    daemon.refuse(false);
    until_true("the daemon to be watched", async || daemon.connections() == 1).await;
    page.press(ESCAPE).await;
    page.wait_for_text("Have it send this").await;
    copy(&page, "button \"Copy").await;
    page.read_ledger(ledger).await;
}

/// The lines that the doctor proposes.
async fn behind_a_proxy(stage: &Stage, hub: &Hub, ledger: &mut Ledger) {
    let proxy = stage.proxy(hub.address()).await;
    proxy.refuse_sockets();
    let page = stage.tab(&proxy.url()).await;
    page.keep_ledger().await;
    page.goto("/wire").await;
    page.wait_for_status("Connection", "Partial").await;
    press_on(&page, "button \"Run checks\"").await;
    page.wait_for_text("4 of 5 are well").await;
    for of in ["nginx", "Caddy", "Traefik"] {
        copy(&page, &format!("button \"Copy the lines for {of}\"")).await;
    }
    page.read_ledger(ledger).await;
}

/// What a server says that is no frame.
async fn with_frames_that_cannot_be_read(stage: &Stage, ledger: &mut Ledger) {
    let server = stage.part1().await;
    let page = stage.tab(&server.url()).await;
    page.keep_ledger().await;
    page.goto("/wire").await;
    page.wait_for_status("Connection", "Connected").await;
    server.send("no frame at all");
    page.wait_for_text("no frame at all").await;
    copy(&page, "/wire | Undecodable frames | button “Copy the frame's text”").await;
    page.read_ledger(ledger).await;
    server.put_execution(execution("default", "e-1", "painter", "completed"));
    server.fail_http(true);
    for (path, what) in [
        ("/", "/ | Recent executions | button “Retry”"),
        ("/", "/ | Recent scrape runs | button “Retry”"),
        ("/executions", "/executions | button “Retry”"),
        ("/executions/e-1", "/executions/:id | button “Retry”"),
        ("/chat", "/chat | Conversations | button “Retry”"),
        ("/chat/c-1", "/chat/:id | Conversations | button “Retry”"),
        ("/chat/c-1", "/chat/:id | Conversation | button “Retry”"),
        ("/scrape-runs", "/scrape-runs | button “Retry”"),
        ("/scrape-runs/r-1", "/scrape-runs/:id | button “Retry”"),
        ("/agents", "/agents | button “Retry”"),
    ] {
        page.goto(path).await;
        page.find("button", "Retry").await;
        press_on(&page, what).await;
        page.find("button", "Retry").await;
        page.read_ledger(ledger).await;
    }
}

//! Starts the dashboard in the browser.

use leptos::prelude::*;
use switchboard_dashboard::{app::App, config::Config};

fn main() {
    console_error_panic_hook::set_once();
    // Leptos has a task executor only once something is mounted, so this first task goes to the browser's own.
    wasm_bindgen_futures::spawn_local(async {
        let config = Config::load().await;
        leptos::mount::mount_to_body(move || view! { <App config=config /> });
    });
}

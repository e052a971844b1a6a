//! Starts the dashboard in the browser.

use leptos::prelude::*;
use switchboard_dashboard::{app::App, config::Config};

fn main() {
    console_error_panic_hook::set_once();
    leptos::task::spawn_local(async {
        let config = Config::load().await;
        leptos::mount::mount_to_body(move || view! { <App config=config /> });
    });
}

//! Where the things under test are.

use std::path::{Path, PathBuf};

/// The `switchboard` binary.
pub fn switchboard() -> PathBuf {
    let path = from_env("SWITCHBOARD_BIN").unwrap_or_else(|| target().join("debug/switchboard"));
    assert!(
        path.is_file(),
        "no `switchboard` at {}: run `cargo build -p switchboard-hub`, or name one in SWITCHBOARD_BIN",
        path.display()
    );
    path
}

/// The folder of the built dashboard.
pub fn dist() -> PathBuf {
    let path = from_env("SWITCHBOARD_DIST").unwrap_or_else(|| root().join("dist"));
    assert!(
        path.join("index.html").is_file(),
        "no built dashboard in {}: run `cargo xtask build`, or name its folder in SWITCHBOARD_DIST",
        path.display()
    );
    path
}

/// A spider with the Scrapy extension, as its own tests use it.
pub fn spider() -> PathBuf {
    root().join("integrations/scrapy/tests/spiders/links.py")
}

/// The script of axe-core.
pub fn axe() -> PathBuf {
    let path = from_env("SWITCHBOARD_AXE");
    path.expect("SWITCHBOARD_AXE names the script of axe-core, as `cargo xtask test --e2e` does")
}

/// The WebDriver of the browser.
pub fn chromedriver() -> PathBuf {
    program("CHROMEDRIVER", "chromedriver")
}

/// The browser.
pub fn chromium() -> PathBuf {
    program("CHROMIUM", "chromium")
}

/// Where a test leaves what a person may want to look at.
pub fn artifacts() -> PathBuf {
    let folder = target().join("e2e");
    std::fs::create_dir_all(&folder).expect("the folder target/e2e can be made");
    folder
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .map(Path::to_path_buf)
        .expect("e2e is inside the workspace")
}

fn target() -> PathBuf {
    from_env("CARGO_TARGET_DIR").unwrap_or_else(|| root().join("target"))
}

/// A path from the environment; a relative one is meant from the workspace's root, since the working directory
/// of a test is its package's.
fn from_env(variable: &str) -> Option<PathBuf> {
    std::env::var_os(variable).map(|path| root().join(path))
}

fn program(variable: &str, name: &str) -> PathBuf {
    if let Some(path) = std::env::var_os(variable) {
        return PathBuf::from(path);
    }
    let places = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&places)
        .chain([PathBuf::from("/usr/bin")])
        .map(|place| place.join(name))
        .find(|path| path.is_file())
        .unwrap_or_else(|| {
            panic!("`{name}` is not installed: `apt install chromium chromium-driver`, or set {variable}")
        })
}

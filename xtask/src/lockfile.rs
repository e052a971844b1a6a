//! Reads versions out of `Cargo.lock`.

use anyhow::{Context as _, Result};

use crate::workspace;

/// The version of `package` that this workspace is locked to.
///
/// # Errors
/// When `Cargo.lock` cannot be read or does not name the package.
pub fn version_of(package: &str) -> Result<String> {
    let path = workspace::root().join("Cargo.lock");
    let text = std::fs::read_to_string(&path)
        .with_context(|| format!("cannot read {}; it is part of the project", workspace::shown(&path)))?;
    find(&text, package).with_context(|| format!("Cargo.lock does not name {package}"))
}

/// Cargo writes one key a line and `version` right after `name`, so this needs no TOML parser.
fn find(lock: &str, package: &str) -> Option<String> {
    let wanted = format!("name = \"{package}\"");
    let mut lines = lock.lines();
    lines.find(|line| line.trim() == wanted)?;
    let version = lines.next()?.trim().strip_prefix("version = \"")?;
    version.strip_suffix('"').map(ToOwned::to_owned)
}

#[cfg(test)]
mod tests {
    use super::find;

    const LOCK: &str = r#"
version = 4

[[package]]
name = "wasm-bindgen-macro"
version = "0.2.1"
dependencies = [
 "wasm-bindgen",
]

[[package]]
name = "wasm-bindgen"
version = "0.2.129"
source = "registry"
"#;

    #[test]
    fn finds_the_package_of_exactly_that_name() {
        assert_eq!(find(LOCK, "wasm-bindgen").as_deref(), Some("0.2.129"));
    }

    #[test]
    fn a_package_that_is_not_locked_has_no_version() {
        assert_eq!(find(LOCK, "wasm"), None);
        assert_eq!(find("", "wasm-bindgen"), None);
    }

    #[test]
    fn the_project_itself_is_locked_to_a_wasm_bindgen() {
        assert!(super::version_of("wasm-bindgen").unwrap().starts_with("0.2."));
    }
}

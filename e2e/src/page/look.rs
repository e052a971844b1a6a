//! How the page looks: size, colour scheme, screenshots.

use std::path::Path;

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::json;

use super::Page;
use crate::paths;

/// A desk, in CSS pixels.
pub const WIDE: (u32, u32) = (1440, 900);
/// A phone, in CSS pixels.
pub const NARROW: (u32, u32) = (390, 844);

/// What the system prefers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// Dark on light.
    Light,
    /// Light on dark.
    Dark,
}

impl Scheme {
    /// The value of `prefers-color-scheme`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }
}

impl Page {
    /// Gives the tab a size.
    pub async fn resize(&self, (width, height): (u32, u32)) {
        let metrics = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.devtools("Emulation.setDeviceMetricsOverride", metrics).await;
    }

    /// Has the system prefer a scheme.
    pub async fn prefer(&self, scheme: Scheme) {
        let feature = json!([{ "name": "prefers-color-scheme", "value": scheme.as_str() }]);
        self.devtools("Emulation.setEmulatedMedia", json!({ "features": feature })).await;
    }

    /// The relative luminance of the page's background, 0 for black and 1 for white.
    pub async fn background_luminance(&self) -> f64 {
        let script = "let element = document.body, colour;
            do { colour = getComputedStyle(element).backgroundColor; element = element.parentElement; }
            while (element && /, 0\\)$|transparent/.test(colour));
            const canvas = new OffscreenCanvas(1, 1).getContext('2d');
            canvas.fillStyle = colour;
            canvas.fillRect(0, 0, 1, 1);
            const [r, g, b] = canvas.getImageData(0, 0, 1, 1).data;
            return (0.2126 * r + 0.7152 * g + 0.0722 * b) / 255";
        let luminance = self.script(script, json!([])).await;
        luminance.ok().and_then(|luminance| luminance.as_f64()).expect("the page has a background")
    }

    /// By how many pixels the page is wider than the tab, and the widest elements that stick out.
    pub async fn overflow(&self) -> (i64, Vec<String>) {
        let script = "const root = document.documentElement;
            const beyond = root.scrollWidth - root.clientWidth;
            const describe = (e) => `${e.tagName.toLowerCase()}.${e.className} to ${Math.round(e.getBoundingClientRect().right)}`;
            const out = beyond > 0 ? [...document.querySelectorAll('body *')]
                .filter((e) => e.getBoundingClientRect().right > root.clientWidth + 1).slice(0, 8).map(describe) : [];
            return [beyond, out]";
        let result = self.script(script, json!([])).await.expect("the page can be measured");
        (result[0].as_i64().unwrap_or_default(), super::strings(&result[1]))
    }

    /// Waits for colours that are on their way, after another scheme was preferred say: they are neither the old nor the new ones.
    pub(super) async fn colours_settled(&self) -> Result<(), String> {
        // A promise is waited for. What turns for ever is none of them.
        let script = "const passing = document.getAnimations().filter((it) => it.effect.getComputedTiming().endTime !== Infinity);
            return Promise.allSettled(passing.map((it) => it.finished)).then(() => null)";
        self.script(script, json!([])).await.map(drop)
    }

    /// Writes a picture of what the tab shows to `target/e2e/NAME.png`.
    pub async fn screenshot(&self, name: &str) -> Result<(), String> {
        self.picture(&paths::artifacts().join(format!("{name}.png"))).await
    }

    /// Writes a picture of what the tab shows to a file.
    pub async fn picture(&self, path: &Path) -> Result<(), String> {
        self.colours_settled().await?;
        let picture = self.front().await.devtools("Page.captureScreenshot", json!({ "format": "png" })).await;
        let picture = picture.map_err(|error| error.to_string())?;
        let bytes = BASE64_STANDARD.decode(picture["data"].as_str().unwrap_or_default());
        let bytes = bytes.map_err(|error| error.to_string())?;
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(|error| error.to_string())?;
        }
        std::fs::write(path, bytes).map_err(|error| error.to_string())
    }
}

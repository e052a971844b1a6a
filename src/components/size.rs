//! Sizes in words.

/// A size in bytes: `812 bytes`, `48 kB`, `1.2 MB`.
pub fn size_text(bytes: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "a size for people has two digits")]
    let size = bytes as f64;
    match bytes {
        0..1_000 => format!("{bytes} bytes"),
        1_000..1_000_000 => format!("{:.0} kB", size / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", size / 1e6),
        _ => format!("{:.1} GB", size / 1e9),
    }
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::size_text;

    #[wasm_bindgen_test]
    fn sizes_have_the_unit_that_fits() {
        let texts = [0, 812, 481_200, 1_234_567, 2_500_000_000].map(size_text);
        assert_eq!(texts, ["0 bytes", "812 bytes", "481 kB", "1.2 MB", "2.5 GB"]);
    }
}

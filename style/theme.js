// Applies the theme that a person chose before anything is painted. The switch in the header (src/components/theme.rs)
// writes the same key; without a choice the page follows the system.
(() => {
  try {
    const theme = localStorage.getItem("switchboard.theme");
    if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
  } catch {
    // Storage may be forbidden; then the system decides.
  }
})();

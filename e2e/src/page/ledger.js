// Keeps a ledger of what the page offers to be acted on, and of what of it was acted on by keyboard: a test that does everything can
// then be asked whether it did.
(() => {
  const offered = new Set(), taken = new Set();
  const CONTROLS = "a[href], button, input, select, textarea, summary";
  // What numbers and identifiers stand in is one action, however many rows offer it.
  const words = (text) => text.replace(/\s+/g, " ").trim().replace(/\d[\d,.]*/g, "N").slice(0, 60);
  const named = (it) => {
    const by = it.getAttribute("aria-labelledby");
    return it.getAttribute("aria-label") ?? (by ? document.getElementById(by)?.textContent : null);
  };
  const pathOf = (path) => path.replace(/^\/(executions|chat|scrape-runs)\/.+/, "/$1/:id");
  const target = (link) => {
    const to = new URL(link.href);
    if (to.origin !== location.origin) return "elsewhere";
    return (to.pathname === location.pathname && to.hash) || pathOf(to.pathname) + to.search;
  };
  const place = (it) => {
    const box = it.parentElement?.closest("dialog, [popover], header, fieldset, [aria-label]");
    const name = box && (named(box) ?? box.querySelector("legend")?.textContent ?? box.tagName.toLowerCase());
    const page = it.closest("main") ? pathOf(location.pathname) : "every page";
    return [page, ...(name ? [words(name)] : [])].join(" | ");
  };
  const action = (it) => {
    if (it.matches("a")) return `link to ${target(it)}`;
    if (it.matches(".event-head")) return "an event";
    if (it.matches(".log-pending")) return "button for what is new";
    if (it.closest("[aria-label='Example questions']")) return "an example";
    const name = named(it) ?? (it.labels?.[0] ?? it).textContent;
    return `${it.type ?? it.tagName.toLowerCase()} “${words(name)}”`;
  };
  const entry = (it) => `${place(it)} | ${action(it)}`;
  Object.defineProperty(window, "__ledger", { value: { offered, taken, entry } });
  const note = () => {
    for (const it of document.querySelectorAll(CONTROLS)) {
      const isShown = it.checkVisibility({ visibilityProperty: true, opacityProperty: true });
      if (isShown && !it.disabled && it.tabIndex >= 0) offered.add(entry(it));
    }
  };
  // At the window, and before anybody else: what a key does may take the element away.
  addEventListener("keydown", note, true);
  addEventListener("click", (event) => {
    const it = event.target.closest(CONTROLS);
    // A click by a key has no count of clicks, and one by a script is not trusted.
    if (it && event.isTrusted && event.detail === 0) taken.add(entry(it));
  }, true);
  for (const kind of ["input", "change"]) {
    addEventListener(kind, (event) => {
      if (event.isTrusted && event.target.matches(CONTROLS)) taken.add(entry(event.target));
    }, true);
  }
})();

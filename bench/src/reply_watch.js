// Notes in `window.__seen` when each reply is in the document.
const seen = (window.__seen = {});
new MutationObserver(() => {
  const list = document.querySelector("[aria-label=Messages]");
  const text = list?.lastElementChild?.textContent ?? "";
  const reply = /Reply \d+ has come\./.exec(text)?.[0];
  if (reply && !(reply in seen)) seen[reply] = Date.now();
}).observe(document.body, { childList: true, characterData: true, subtree: true });

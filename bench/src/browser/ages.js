// Begins to collect in `window.__ages` how old, in milliseconds, the middle one of the lines is that each frame adds.
// It looks at what was just painted: a message posted from an animation frame is handled after that frame.
const ages = (window.__ages = []);
if (window.floor) {
  window.floor.ages = ages;
} else {
  const number = (row) => Number(/line (\d+)/.exec(row.textContent)?.[1] ?? -1);
  const { port1, port2 } = new MessageChannel();
  let before = null;
  port2.onmessage = () => {
    const rows = document.getElementsByClassName("log-line");
    const newest = rows.length ? number(rows[rows.length - 1]) : -1;
    if (before !== null && newest > before) {
      const middle = Math.min((newest - before) >> 1, rows.length - 1);
      const sent = /sent_us=(\d+)/.exec(rows[rows.length - 1 - middle].textContent);
      if (sent) ages.push(Date.now() - Number(sent[1]) / 1000);
    }
    before = newest;
  };
  const frame = () => {
    port1.postMessage(null);
    if (window.__ages === ages) requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
}

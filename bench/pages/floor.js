// The least that a page can do with a stream: decode each event and count it. It shows one number and keeps nothing.
// `?execution=ID` says which execution; `&batch` asks for several frames in a message, in binary, as the dashboard does.
const parameters = new URLSearchParams(location.search);
const batch = parameters.has("batch");
const decoder = new TextDecoder();
const output = document.getElementById("count");
let count = 0;

// For the benchmark: the number of the last line, and, while `ages` is an array, how old lines are when they are read.
window.floor = { last: -1, ages: null };

const read = (line) => {
  const frame = JSON.parse(line);
  if (frame.type !== "event") return null;
  count += 1;
  return frame.event.data?.text ?? null;
};

const socket = new WebSocket(`ws://${location.host}/api/ws`);
socket.binaryType = "arraybuffer";
socket.addEventListener("open", () => {
  const subscribe = [parameters.get("execution")];
  socket.send(JSON.stringify({ token: "stream", subscribe, batch, binary: batch }));
});
socket.addEventListener("message", ({ data }) => {
  const lines = (typeof data === "string" ? data : decoder.decode(data)).split("\n");
  const texts = lines.map(read).filter((text) => text !== null);
  if (texts.length === 0) return;
  window.floor.last = Number(/line (\d+)/.exec(texts.at(-1))?.[1] ?? -1);
  if (window.floor.ages) {
    const middle = texts[texts.length >> 1];
    window.floor.ages.push(Date.now() - Number(/sent_us=(\d+)/.exec(middle)?.[1]) / 1000);
  }
});

const show = () => {
  output.textContent = String(count);
  requestAnimationFrame(show);
};
requestAnimationFrame(show);

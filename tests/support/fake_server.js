// A scriptable server inside the page: it takes the place of `WebSocket` and `fetch`, so that the dashboard's own
// socket code runs against it unchanged.
//
// It behaves like a hub: it accepts, acknowledges, confirms subscriptions, answers pings with its counts, keeps a
// log and replays it to who resumes. `script({...})` changes that:
//
//   mode: "hub" | "part1" | "refuse" | "silent"   part1 knows no seq, refuse closes before it opens, silent never answers
//   close: [code, reason]                          close right after the handshake
//   epoch: "..."                                   another log
//   replay: false                                  answer a resume with resync
//
//   daemon: "open" | "refuse"                      whether the daemon takes connections
//
// The daemon has an address of its own, whose path ends in "/daemon". It never answers, and only says what `daemon_say` has it say.
//
//   sse: "open" | "refuse"                         whether event streams open
//
// Event streams are cursors on the same log: they begin after `lastEventId` in their address, or now, and bring the
// scrape_progress frames that they are for. `drop_streams()` breaks them.
//
// `answer(path, status, body)` answers HTTP; `{n}` in a body is how often that path was asked.
//
// To teach it a new frame of a client, extend `hear`; for a new way to fail, add a key to `script`.

const realFetch = globalThis.fetch;
const RealWebSocket = globalThis.WebSocket;
const RealEventSource = globalThis.EventSource;
const encoder = new TextEncoder();

let state;

class FakeWebSocket extends EventTarget {
  static CONNECTING = 0; static OPEN = 1; static CLOSING = 2; static CLOSED = 3;

  constructor(url) {
    super();
    this.url = url;
    this.readyState = 0;
    this.binaryType = "blob";
    this.delivered = 0;
    this.subscribed = new Set();
    this.hello = null;
    this.isDaemon = new URL(url).pathname.endsWith("/daemon");
    (this.isDaemon ? state.daemons : state.sockets).push(this);
    state.most = Math.max(state.most, state.sockets.filter((socket) => socket.readyState < 2).length);
    setTimeout(() => {
      if (this.readyState !== 0) return;
      if ((this.isDaemon ? state.daemon : state.mode) === "refuse") {
        this.readyState = 3;
        this.dispatchEvent(new Event("error"));
        this.dispatchEvent(new CloseEvent("close", { code: 1006 }));
        return;
      }
      this.readyState = 1;
      this.dispatchEvent(new Event("open"));
    }, 0);
  }

  send(text) {
    if (this.isDaemon) return void state.daemonHeard.push(text);
    state.heard.push(text);
    hear(this, JSON.parse(text));
  }

  // The client's side closes: its own listeners hear of it later, as in a browser.
  close(code = 1005, reason = "") {
    if (this.readyState >= 2) return;
    this.readyState = 2;
    (this.isDaemon ? state.daemonClosed : state.closedByClient).push(code);
    setTimeout(() => this.end(code, reason), 0);
  }

  end(code, reason) {
    if (this.readyState === 3) return;
    this.readyState = 3;
    this.dispatchEvent(new CloseEvent("close", { code, reason, wasClean: code !== 1006 }));
  }

  say(text) {
    if (this.readyState !== 1) return;
    const data = this.hello && this.hello.binary ? encoder.encode(text).buffer : text;
    this.dispatchEvent(new MessageEvent("message", { data }));
  }

  // A message as it is, text or bytes.
  emit(data) {
    if (this.readyState === 1) this.dispatchEvent(new MessageEvent("message", { data }));
  }

  frame(entry) {
    if (entry.execution && !this.subscribed.has(entry.execution)) return null;
    this.delivered += 1;
    return entry.text;
  }
}

function hear(socket, message) {
  if (state.mode === "silent") return;
  if (message.token !== undefined) {
    socket.hello = state.mode === "part1" ? {} : message;
    if (state.close) return socket.end(...state.close);
    if (state.mode === "part1") return socket.say('{"type":"connection_ack"}');
    for (const execution of message.subscribe ?? []) socket.subscribed.add(execution);
    socket.say(JSON.stringify({ type: "connection_ack", connectionId: "fake", epoch: state.epoch, seq: state.log.length, heartbeatSeconds: 20 }));
    for (const execution of message.subscribe ?? []) subscribed(socket, execution);
    if (!message.resume) return;
    if (message.resume.epoch !== state.epoch || !state.replay) {
      return socket.say(JSON.stringify({ type: "resync", reason: message.resume.epoch !== state.epoch ? "epoch-changed" : "too-old" }));
    }
    const missed = state.log.slice(message.resume.seq);
    socket.say(JSON.stringify({ type: "resumed", from: message.resume.seq + 1, to: state.log.length }));
    const frames = missed.map((entry) => socket.frame(entry)).filter(Boolean);
    if (frames.length) socket.say(frames.join("\n"));
  } else if (message.type === "subscribe") {
    socket.subscribed.add(message.executionId);
    if (state.mode === "hub") subscribed(socket, message.executionId);
  } else if (message.type === "unsubscribe") {
    socket.subscribed.delete(message.executionId);
  } else if (message.type === "ping") {
    socket.say(JSON.stringify(state.mode === "part1" ? { type: "pong" } : { type: "pong", seq: state.log.length, delivered: socket.delivered }));
  }
}

function subscribed(socket, executionId) {
  socket.say(JSON.stringify({ type: "subscribed", executionId, seq: state.log.length }));
}

class FakeEventSource extends EventTarget {
  constructor(url) {
    super();
    const address = new URL(url, location.href);
    this.url = address.pathname + address.search;
    this.readyState = 0;
    const run = address.pathname.match(/^\/api\/scrape\/runs\/(.+)\/progress$/);
    this.run = run && decodeURIComponent(run[1]);
    const after = address.searchParams.get("lastEventId");
    this.cursor = after === null ? state.log.length : Number(after);
    state.sources.push(this);
    setTimeout(() => {
      if (this.readyState !== 0) return;
      if (state.sse === "refuse") return this.fail();
      this.readyState = 1;
      this.emit(new Event("open"));
      this.pump();
    }, 0);
  }

  set onopen(listener) { this.opened = listener; }
  set onerror(listener) { this.failed = listener; }

  emit(event) {
    if (event.type === "open" && this.opened) this.opened(event);
    if (event.type === "error" && this.failed) this.failed(event);
    this.dispatchEvent(event);
  }

  fail() {
    if (this.readyState === 2) return;
    this.readyState = 2;
    this.emit(new Event("error"));
  }

  // Says what follows its cursor.
  pump() {
    while (this.readyState === 1 && this.cursor < state.log.length) {
      const entry = state.log[this.cursor];
      this.cursor += 1;
      if (!entry.scrape || (this.run && entry.scrape !== this.run)) continue;
      this.emit(new MessageEvent("scrape_progress", { data: entry.text, lastEventId: String(this.cursor) }));
    }
  }

  close() { this.readyState = 2; }
}

function live() {
  return state.sockets.filter((socket) => socket.readyState === 1);
}

export function install() {
  state = { mode: "hub", close: null, epoch: "one", replay: true, sse: "open", sources: [], sockets: [], daemon: "open", daemons: [], daemonHeard: [], daemonClosed: [], heard: [], closedByClient: [], most: 0, log: [], runs: new Map(), answers: new Map(), holds: new Map(), requests: [], posted: [], messages: [], replies: new Map() };
  globalThis.WebSocket = FakeWebSocket;
  globalThis.EventSource = FakeEventSource;
  globalThis.fetch = async (input) => {
    const url = new URL(typeof input === "string" ? input : input.url);
    if (!url.pathname.startsWith("/api/") && url.pathname !== "/config.json") return realFetch(input);
    state.requests.push(url.pathname + url.search);
    await new Promise((resolve) => setTimeout(resolve, 0));
    const body = typeof input !== "string" && input.method === "POST" ? await input.text() : null;
    if (body !== null) state.posted.push(body);
    if (state.holds.has(url.pathname)) await new Promise((resolve) => state.holds.get(url.pathname).push(resolve));
    const answer = state.answers.get(url.pathname);
    if (!answer && url.pathname === "/api/conversations/c-1") return new Response(conversation(), { status: 200 });
    const run = !answer && url.pathname.startsWith("/api/scrape/runs") && scrape(url.pathname);
    if (run) return new Response(run, { status: 200 });
    if (!answer) return new Response('{"title":"Not found","status":404}', { status: 404 });
    if (answer.status === 0) throw new TypeError("the fake network is down");
    answer.times += 1;
    const text = answer.body.replaceAll("{n}", answer.times);
    if (url.pathname === "/api/chat/messages" && answer.status < 300) remember(JSON.parse(body), JSON.parse(text).task_id);
    return new Response(text, { status: answer.status });
  };
}

// The one conversation, c-1, that messages belong to: what was posted, and what has ended.
function remember({ id, content }, task) {
  if (!state.messages.some((message) => message.id === id)) state.messages.push({ id, role: "user", content, task_id: task });
}

function conversation() {
  const messages = state.messages.flatMap((message) => [message, ...(state.replies.get(message.task_id) ?? [])]);
  const tasks = state.messages.filter((message) => !state.replies.has(message.task_id)).map((message) => ({ task_id: message.task_id, status: "queued" }));
  return JSON.stringify({ id: "c-1", messageCount: messages.length, messages, tasks, seq: state.log.length });
}

function end(result) {
  const task = result.task_id;
  if (!state.replies.has(task)) state.replies.set(task, [{ id: `reply-${task}`, role: "assistant", content: result.result?.content ?? "", error: result.error, task_id: task }]);
}

// The runs that frames told of, as snapshots have them.
function scraped(id, frame) {
  const run = state.runs.get(id) ?? { runId: id, organizationId: "acme", phase: "pending", current: 0, total: 0, platforms: [], pages: [], createdAt: "2026-01-31T12:00:00Z" };
  state.runs.set(id, run);
  run.pages.push(...(frame.pages ?? []));
  if (frame.platform) {
    const platform = run.platforms.find((one) => one.platform === frame.platform) ?? { platform: frame.platform };
    if (!run.platforms.includes(platform)) run.platforms.push(platform);
    Object.assign(platform, { current: frame.current ?? 0, total: frame.total ?? 0, phase: frame.phase ?? "running" });
  } else {
    Object.assign(run, { phase: frame.phase ?? run.phase, current: frame.current ?? run.current, total: frame.total ?? run.total });
  }
}

function scrape(path) {
  const seq = state.mode === "part1" ? {} : { seq: state.log.length };
  if (path === "/api/scrape/runs") return JSON.stringify({ items: [...state.runs.values()].reverse().map(({ pages, ...run }) => run), ...seq });
  const run = state.runs.get(decodeURIComponent(path.slice("/api/scrape/runs/".length)));
  return run && JSON.stringify({ ...run, pageCount: run.pages.length, ...seq });
}

export function uninstall() {
  globalThis.WebSocket = RealWebSocket;
  globalThis.EventSource = RealEventSource;
  globalThis.fetch = realFetch;
}

export function script(json) {
  Object.assign(state, JSON.parse(json));
}

// Appends frames to the log, one a line, and sends them to who is connected, as one message.
export function publish(lines) {
  const entries = lines.split("\n").filter(Boolean).map((line) => {
    const frame = JSON.parse(line);
    const seq = state.log.length + 1;
    const text = state.mode === "part1" ? line : JSON.stringify({ seq, ...frame });
    if (frame.event === "update") end(frame.data);
    const entry = { text, execution: frame.type === "event" ? frame.executionId : null, scrape: frame.type === "scrape_progress" ? frame.runId : null };
    if (entry.scrape) scraped(entry.scrape, frame);
    state.log.push(entry);
    return entry;
  });
  for (const source of state.sources) source.pump();
  for (const socket of live()) {
    const frames = entries.map((entry) => socket.frame(entry)).filter(Boolean);
    if (socket.hello && socket.hello.batch) {
      if (frames.length) socket.say(frames.join("\n"));
    } else {
      for (const frame of frames) socket.say(frame);
    }
  }
}

// Sends text as it is, outside the log.
export function say(text) {
  for (const socket of live()) socket.say(text);
}

function live_daemons() {
  return state.daemons.filter((socket) => socket.readyState === 1);
}

// Has the daemon say text, a message a line.
export function daemon_say(lines) {
  for (const line of lines.split("\n")) for (const socket of live_daemons()) socket.emit(line);
}

export function daemon_say_bytes(bytes) {
  for (const socket of live_daemons()) socket.emit(bytes.slice().buffer);
}

export function daemon_drop(code) {
  for (const socket of live_daemons()) socket.end(code, "");
}

export function daemon_connections() { return live_daemons().length; }
export function daemon_constructed() { return state.daemons.length; }
export function daemon_heard() { return state.daemonHeard.join("\n"); }
export function daemon_closed_by_client() { return state.daemonClosed.join(","); }

export function drop_connections(code, reason) {
  for (const socket of live()) socket.end(code, reason);
}

export function drop_streams() {
  for (const source of state.sources) if (source.readyState === 1) source.fail();
}

export function answer(path, status, body) {
  state.answers.set(path, { status, body, times: 0 });
}

// Keeps requests to a path waiting until it is released.
export function hold(path) {
  state.holds.set(path, []);
}

export function release(path) {
  const waiting = state.holds.get(path) ?? [];
  state.holds.delete(path);
  for (const resolve of waiting) resolve();
}

export function stream_urls() { return state.sources.map((source) => source.url).join("\n"); }
export function streams_open() { return state.sources.filter((source) => source.readyState < 2).length; }
export function posted() { return state.posted.join("\n"); }
export function log_length() { return state.log.length; }
export function constructed() { return state.sockets.length; }
export function most_at_once() { return state.most; }
export function connected() { return live().filter((socket) => socket.hello).length; }
export function heard() { return state.heard.join("\n"); }
export function closed_by_client() { return state.closedByClient.join(","); }
export function requests() { return state.requests.join("\n"); }

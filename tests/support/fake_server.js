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
// `answer(path, status, body)` answers HTTP; `{n}` in a body is how often that path was asked.
//
// To teach it a new frame of a client, extend `hear`; for a new way to fail, add a key to `script`.

const realFetch = globalThis.fetch;
const RealWebSocket = globalThis.WebSocket;
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
    state.sockets.push(this);
    state.most = Math.max(state.most, state.sockets.filter((socket) => socket.readyState < 2).length);
    setTimeout(() => {
      if (this.readyState !== 0) return;
      if (state.mode === "refuse") {
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
    state.heard.push(text);
    hear(this, JSON.parse(text));
  }

  // The client's side closes: its own listeners hear of it later, as in a browser.
  close(code = 1005, reason = "") {
    if (this.readyState >= 2) return;
    this.readyState = 2;
    state.closedByClient.push(code);
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

function live() {
  return state.sockets.filter((socket) => socket.readyState === 1);
}

export function install() {
  state = { mode: "hub", close: null, epoch: "one", replay: true, sockets: [], heard: [], closedByClient: [], most: 0, log: [], answers: new Map(), holds: new Map(), requests: [], posted: [], messages: [], replies: new Map() };
  globalThis.WebSocket = FakeWebSocket;
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

export function uninstall() {
  globalThis.WebSocket = RealWebSocket;
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
    const entry = { text, execution: frame.type === "event" ? frame.executionId : null };
    state.log.push(entry);
    return entry;
  });
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

export function drop_connections(code, reason) {
  for (const socket of live()) socket.end(code, reason);
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

export function posted() { return state.posted.join("\n"); }
export function log_length() { return state.log.length; }
export function constructed() { return state.sockets.length; }
export function most_at_once() { return state.most; }
export function connected() { return live().filter((socket) => socket.hello).length; }
export function heard() { return state.heard.join("\n"); }
export function closed_by_client() { return state.closedByClient.join(","); }
export function requests() { return state.requests.join("\n"); }

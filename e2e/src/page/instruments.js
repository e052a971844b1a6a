// Runs in every document before its own scripts: keeps a record of each WebSocket and EventSource that the page constructs.
(() => {
  const sockets = [];
  Object.defineProperty(window, "__sockets", { value: sockets });
  window.WebSocket = class extends window.WebSocket {
    constructor(...parameters) {
      super(...parameters);
      const record = { url: this.url, state: "connecting", code: null, sent: [], received: 0, closedByPage: false };
      sockets.push(record);
      this.addEventListener("open", () => { record.state = "open"; });
      this.addEventListener("message", () => { record.received += 1; });
      this.addEventListener("close", (event) => {
        // A library may send itself a close event, to wake its own reader; only the browser's own says the truth.
        if (!event.isTrusted) return;
        record.state = "closed";
        record.code = event.code;
      });
      this.__record = record;
    }
    send(data) {
      this.__record.sent.push(typeof data === "string" ? data : "(binary)");
      super.send(data);
    }
    close(...parameters) {
      // What is closed already is only let go.
      if (this.readyState <= WebSocket.OPEN) {
        this.__record.closedByPage = true;
        // A peer that has fallen silent never answers the close, so this may be all there is.
        this.__record.state = "closing";
      }
      super.close(...parameters);
    }
  };

  const streams = [];
  Object.defineProperty(window, "__streams", { value: streams });
  window.EventSource = class extends window.EventSource {
    constructor(...parameters) {
      super(...parameters);
      streams.push(this);
    }
  };
})();

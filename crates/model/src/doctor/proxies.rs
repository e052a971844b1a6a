//! What has to stand in the configuration of a proxy before the hub. docs/operations.md has the same lines.

/// Each kind of proxy, and its lines.
pub const PROXY_LINES: [(&str, &str); 3] = [("nginx", NGINX), ("Caddy", CADDY), ("Traefik", TRAEFIK)];

const NGINX: &str = r#"location / {
    proxy_pass http://127.0.0.1:4100;
    proxy_http_version 1.1;
    proxy_set_header Host $http_host;
    proxy_set_header Upgrade $http_upgrade;
    proxy_set_header Connection "upgrade";
    proxy_read_timeout 75s;
    proxy_buffering off;
}
"#;

const CADDY: &str = r"board.example.org {
    reverse_proxy 127.0.0.1:4100 {
        flush_interval -1
    }
}
";

const TRAEFIK: &str = r#"http:
  routers:
    switchboard:
      rule: "Host(`board.example.org`)"
      service: switchboard
  services:
    switchboard:
      loadBalancer:
        servers:
          - url: "http://127.0.0.1:4100"
        responseForwarding:
          flushInterval: "-1ms"
"#;

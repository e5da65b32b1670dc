import { startChild } from "../children.ts";
import { processTree } from "../proc.ts";
import { answers, freePort } from "./port.ts";
import { program } from "./program.ts";
import { type Site, type Target, upstreamPath } from "./target.ts";

/** nginx with sessions hashed onto upstreams, kept-alive connections and nothing held back. */
export async function startNginx(site: Site, upstreamPorts: readonly number[]): Promise<Target> {
  const port = freePort();
  const folder = `${site.folder}/nginx`;
  await Bun.write(`${folder}/nginx.conf`, config({ port, folder, upstreamPorts, connections: site.connections }));
  const child = startChild({
    name: "nginx",
    command: [program("nginx"), "-e", "stderr", "-p", folder, "-c", `${folder}/nginx.conf`],
    cores: site.cores.proxy,
    folder: site.folder,
  });
  const origin = `http://127.0.0.1:${port}`;
  await answers(origin + upstreamPath, { signal: site.signal, alive: child.ended });
  return {
    name: "nginx",
    door: { origins: [origin], path: upstreamPath },
    pids: processTree(child.pid),
    [Symbol.asyncDispose]: () => child[Symbol.asyncDispose](),
  };
}

// When a sixteenth of its connections is all that is left, nginx closes those that wait for a next request.
function config(at: { port: number; folder: string; upstreamPorts: readonly number[]; connections: number }): string {
  const servers = at.upstreamPorts.map((port) => `server 127.0.0.1:${port} max_fails=0;`);
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
  return `
daemon off;
worker_processes 1;
pid ${at.folder}/nginx.pid;
error_log stderr error;
${process.getuid?.() === 0 ? "user root;" : ""}
events { worker_connections ${Math.ceil(at.connections * 2.2) + 500}; }
http {
  access_log off;
  ${temporary.map((name) => `${name}_temp_path ${at.folder}/${name};`).join("\n  ")}
  keepalive_requests 1000000000;
  keepalive_timeout 1h;
  upstream replicas {
    hash $http_mcp_session_id consistent;
    ${servers.join("\n    ")}
    keepalive 1024;
    keepalive_requests 1000000000;
    keepalive_timeout 1h;
  }
  server {
    listen 127.0.0.1:${at.port} backlog=4096;
    location / {
      proxy_pass http://replicas;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_buffering off;
      proxy_buffer_size 64k;
      proxy_buffers 8 64k;
      proxy_busy_buffers_size 64k;
      proxy_read_timeout 1h;
      proxy_send_timeout 1h;
    }
  }
}
`;
}

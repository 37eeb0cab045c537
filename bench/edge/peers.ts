import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import path from 'node:path';
import { waitFor } from '@brainpod/testkit/wait-for';
import { DOMAIN, type Files, type Ground, ORIGIN_PORT } from './ground.ts';
import type { Peers, Program } from './programs.ts';

const WORKERS = 2;
const START_TIMEOUT_MS = 20_000;
const ORIGIN = `127.0.0.1:${ORIGIN_PORT}`;

export type Peer = { name: string; address: string; pid: number };

/** Starts each with the same work to do: TLS 1.3, HTTP/1.1 and HTTP/2, kept connections on both sides, no log. */
export async function startPeers(ground: Ground, peers: Peers): Promise<Peer[]> {
  const { files } = ground;
  const home = path.join(files.folder, 'peers');
  await mkdir(home);
  const file = async (name: string, text: string): Promise<string> => {
    const target = path.join(home, name);
    await writeFile(target, text);
    return target;
  };
  const start = async (name: string, port: number, { binary, environment }: Program, args: string[]) => {
    const child = ground.spawn(binary, args, { ...environment, HOME: home });
    await waitFor(() => isListening(name, port, child), { timeoutMs: START_TIMEOUT_MS, what: name });
    if (child.pid === undefined) throw new Error(`${name} did not start`);
    return { name, address: `127.0.0.1:${port}`, pid: child.pid };
  };
  // HAProxy wants the key in the certificate's file.
  const pair = await file(
    'pair.pem',
    `${await readFile(files.certificate, 'utf8')}\n${await readFile(files.key, 'utf8')}`,
  );
  const nginx = await file('nginx.conf', nginxConfig(files, home, 8441));
  const haproxy = await file('haproxy.cfg', haproxyConfig(pair, 8442));
  const caddy = await file('Caddyfile', caddyConfig(files, 8443));
  return [
    await start('Caddy', 8443, peers.caddy, ['run', '--config', caddy, '--adapter', 'caddyfile']),
    await start('HAProxy', 8442, peers.haproxy, ['-f', haproxy, '-db']),
    await start('nginx', 8441, peers.nginx, ['-c', nginx, '-p', home, '-e', path.join(home, 'error.log')]),
  ];
}

/** Rejects when the program has ended. */
async function isListening(name: string, port: number, child: ChildProcess): Promise<boolean> {
  if (child.exitCode !== null) throw new Error(`${name} ended with ${child.exitCode}`);
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ECONNREFUSED') return false;
    throw error;
  } finally {
    socket.destroy();
  }
}

/**
 * A connection ends after a thousand requests where nothing else is said, and the buffers hold less than the large answer, which
 * would be written to a disk.
 */
function nginxConfig({ certificate, key }: Files, home: string, port: number): string {
  return `daemon off;
user root;
worker_processes ${WORKERS};
pid ${home}/nginx.pid;
events { worker_connections 4096; }
http {
  access_log off;
  keepalive_requests 100000000;
  proxy_buffers 16 16k;
  proxy_temp_path ${home}/proxy;
  client_body_temp_path ${home}/body;
  fastcgi_temp_path ${home}/fastcgi;
  uwsgi_temp_path ${home}/uwsgi;
  scgi_temp_path ${home}/scgi;
  upstream origin { server ${ORIGIN}; keepalive 64; keepalive_requests 100000000; }
  server {
    listen 127.0.0.1:${port} ssl http2;
    ssl_protocols TLSv1.3;
    ssl_certificate ${certificate};
    ssl_certificate_key ${key};
    location / { proxy_pass http://origin; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $host; }
  }
}
`;
}

function haproxyConfig(pair: string, port: number): string {
  return `global
  nbthread ${WORKERS}
  maxconn 4096
  ssl-default-bind-options ssl-min-ver TLSv1.3
defaults
  mode http
  timeout connect 5s
  timeout client 120s
  timeout server 60s
  http-reuse always
frontend edge
  bind 127.0.0.1:${port} ssl crt ${pair} alpn h2,http/1.1
  default_backend origin
backend origin
  server origin ${ORIGIN}
`;
}

function caddyConfig({ certificate, key }: Files, port: number): string {
  return `{
  admin off
  auto_https off
  persist_config off
  log {
    output discard
  }
  servers {
    protocols h1 h2
  }
}
https://*.${DOMAIN}:${port} {
  bind 127.0.0.1
  tls ${certificate} ${key} {
    protocols tls1.3
  }
  reverse_proxy ${ORIGIN} {
    transport http {
      keepalive_idle_conns_per_host 64
    }
  }
}
`;
}

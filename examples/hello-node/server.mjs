import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { hostname } from 'node:os';
import { page } from './page.mjs';

const port = Number(process.env.PORT ?? 8080);
const configPath = process.env.MESSAGE_FILE ?? '/etc/hello/message.txt';
const startedAt = new Date();
let requests = 0;

/** The text of the mounted Config, read anew each time: null where nothing is mounted. */
async function readMessage() {
  try {
    return (await readFile(configPath, 'utf8')).trim();
  } catch (error) {
    if (error.code === 'ENOENT') return null;
    throw error;
  }
}

async function facts() {
  return {
    greeting: process.env.GREETING ?? 'Hello',
    message: await readMessage(),
    messageFile: configPath,
    pod: process.env.BRAINPOD_POD ?? null,
    app: process.env.APP_NAME ?? 'hello-node',
    instance: hostname(),
    node: process.version,
    user: process.getuid(),
    memoryMiB: Math.round(process.memoryUsage.rss() / 1024 / 1024),
    upSeconds: Math.round((Date.now() - startedAt.getTime()) / 1000),
    requests,
  };
}

function send(response, status, type, body) {
  response.writeHead(status, {
    'content-type': `${type}; charset=utf-8`,
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
  });
  response.end(body);
}

async function answer(request, response) {
  const { pathname } = new URL(request.url, 'http://localhost');
  if (pathname === '/healthz') return send(response, 200, 'text/plain', 'ok\n');
  if (pathname === '/facts.json')
    return send(response, 200, 'application/json', JSON.stringify(await facts()));
  if (pathname !== '/') return send(response, 404, 'text/plain', 'There is nothing here.\n');
  requests += 1;
  return send(response, 200, 'text/html', page(await facts()));
}

const server = createServer((request, response) => {
  answer(request, response).catch((error) => {
    console.error(`request failed: ${error.message}`);
    if (!response.headersSent) send(response, 500, 'text/plain', 'Something went wrong.\n');
  });
});

server.listen(port, () => console.log(`listening on port ${port}`));

// Asked to stop: take no new connections, finish what is running, then go.
for (const signal of ['SIGTERM', 'SIGINT']) {
  process.on(signal, () => {
    console.log(`${signal}: no new requests, finishing those under way`);
    server.close(() => process.exit(0));
    server.closeIdleConnections();
    setTimeout(() => server.closeAllConnections(), 10_000).unref();
  });
}

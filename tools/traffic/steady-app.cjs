/**
 * The app that the traffic asks: each answer can be checked byte by byte, and names its instance and version. It ends
 * as an app should: what came in is answered, whoever is connected is told, then it goes.
 */
const { createHash } = require('node:crypto');
const { createServer } = require('node:http');
const { hostname } = require('node:os');

const WEBSOCKET_KEY = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const GOING_AWAY = Buffer.from([0x88, 2, 1001 >> 8, 1001 & 0xff]);
const sockets = new Set();
let isEnding = false;

const server = createServer((request, response) => {
  const url = new URL(request.url, 'http://localhost');
  const number = (name) => Number(url.searchParams.get(name) ?? 0);
  response.setHeader('x-instance', hostname());
  response.setHeader('x-version', process.env.VERSION ?? '');
  response.setHeader('x-at', String(Date.now()));
  if (isEnding) response.setHeader('connection', 'close');
  if (request.method === 'POST') return request.pipe(response);
  const seed = number('seed');
  const bytes = Buffer.from(Array.from({ length: number('bytes') }, (_, index) => (seed + index * 7) & 0xff));
  const first = Math.floor(bytes.length / 2);
  response.setHeader('content-length', bytes.length);
  response.write(bytes.subarray(0, first));
  setTimeout(() => response.end(bytes.subarray(first)), number('ms'));
});

server.on('upgrade', (request, socket) => {
  const accept = createHash('sha1')
    .update(request.headers['sec-websocket-key'] + WEBSOCKET_KEY)
    .digest('base64');
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-accept: ${accept}\r\n\r\n`,
  );
  sockets.add(socket);
  socket.on('close', () => sockets.delete(socket));
  socket.on('error', () => socket.destroy());
  let rest = Buffer.alloc(0);
  socket.on('data', (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    // The clients send short text frames only: 2 bytes of head, 4 of mask, then at most 125.
    while (rest.length >= 6 && rest.length >= 6 + (rest[1] & 0x7f)) {
      const length = rest[1] & 0x7f;
      const isClose = (rest[0] & 0x0f) === 8;
      const payload = rest.subarray(6, 6 + length).map((byte, index) => byte ^ rest[2 + (index % 4)]);
      rest = rest.subarray(6 + length);
      if (isClose) return socket.end(Buffer.from([0x88, 0]));
      socket.write(Buffer.concat([Buffer.from([0x81, length]), payload]));
    }
  });
});

server.listen(8080, () => console.log('listening on 8080, version', process.env.VERSION));
process.on('SIGTERM', () => {
  isEnding = true;
  server.close(() => process.exit(0));
  server.closeIdleConnections();
  for (const socket of sockets) socket.end(GOING_AWAY);
});

/**
 * The program of an App with which the edge is tested. On 8080 it speaks HTTP/1.1; on 8081 HTTP/2
 * without TLS, where it sends everything back with a gRPC status; on 8082 nothing listens. What it does on 8080 is in the path of the request:
 *   /seen        what it sees of the request, as JSON
 *   /status/N    its own answer with status N
 *   /broken      ends the connection instead of an answer
 *   /silent      never answers
 *   /drip/N      N lines, one each 300 ms
 *   /echo        sends back what comes, as it comes, with a trailer
 *   /text        64 KB that can be compressed; /text/encoded says that it is encoded already
 * An upgraded connection gets back what it sends.
 */
export const EDGE_APP = `
  const http = require('node:http');
  const http2 = require('node:http2');
  const act = (request, response) => {
    const [, what, argument] = request.url.split(/[/?]/);
    switch (what) {
      case 'status':
        response.writeHead(Number(argument), { 'content-type': 'text/plain' });
        return response.end('of the app itself');
      case 'broken':
        return request.socket.destroy();
      case 'silent':
        return;
      case 'drip': {
        response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
        let left = Number(argument);
        const timer = setInterval(() => {
          response.write('data: ' + left + '\\n\\n');
          if (--left > 0) return;
          clearInterval(timer);
          response.end();
        }, 300);
        return;
      }
      case 'echo':
        response.writeHead(200, { 'content-type': 'application/octet-stream', trailer: 'x-last' });
        request.on('data', (chunk) => response.write(chunk));
        request.on('end', () => { response.addTrailers({ 'x-last': 'yes' }); response.end(); });
        return;
      case 'text': {
        const encoded = argument === 'encoded' ? { 'content-encoding': 'identity-of-ours' } : {};
        response.writeHead(200, { 'content-type': 'text/plain', ...encoded });
        return response.end('all work and no play '.repeat(3120));
      }
      default: {
        response.writeHead(200, { 'content-type': 'application/json' });
        const { method, url, headers, httpVersion } = request;
        response.end(JSON.stringify({ method, url, headers, httpVersion, peer: request.socket.remoteAddress }));
      }
    }
  };
  const server = http.createServer({ maxHeaderSize: 262144 }, act);
  server.on('upgrade', (request, socket) => {
    socket.write('HTTP/1.1 101 Switching Protocols\\r\\nConnection: Upgrade\\r\\nUpgrade: ' + request.headers.upgrade + '\\r\\n\\r\\n');
    socket.pipe(socket);
  });
  server.listen(8080, () => console.log('listening'));
  http2.createServer()
    .on('stream', (stream, headers) => {
      stream.respond({ ':status': 200, 'content-type': headers['content-type'] ?? 'text/plain' }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
      stream.pipe(stream);
    })
    .listen(8081);
  process.on('SIGTERM', () => process.exit(0));
`;

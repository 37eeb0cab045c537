import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { listenForControl } from './control-server.ts';

it('goes on when a client leaves without reading its answers', async () => {
  const directory = await mkdtemp(path.join(tmpdir(), 'control-'));
  const file = path.join(directory, 'control.sock');
  const gone: Promise<void>[] = [];
  const server = await listenForControl(file, async (_request, { closed }) => {
    gone.push(new Promise((resolve) => closed.addEventListener('abort', () => resolve(), { once: true })));
    return { ok: false, error: 'x'.repeat(1_000_000) };
  });
  const client = connect(file);
  await once(client, 'connect');
  client.pause();
  const answered = once(client, 'readable').catch(() => undefined);
  client.write('{"op":"status"}\n');
  await answered;
  // The answer lies unread in the client's buffer, so the server's next read is refused: ECONNRESET.
  client.destroy();
  await gone[0];

  const next = connect(file);
  next.write('{"op":"status"}\n');
  const [chunk] = await once(next, 'data');
  expect(String(chunk)).toContain('"ok":false');
  next.destroy();
  await new Promise((resolve) => server.close(resolve));
  await rm(directory, { recursive: true });
});

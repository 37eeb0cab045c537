import { createHash } from 'node:crypto';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import path from 'node:path';
import { pause } from '@brainpod/supervisor/wait';

/** One builder at a time for a cache. The lock is a name in the kernel that goes with its process. */
export async function withBuildLock<T>(
  cache: string,
  detail: (text: string) => void,
  work: () => Promise<T>,
): Promise<T> {
  await mkdir(cache, { recursive: true });
  // Elsewhere two builders do double work and no harm: each writes its own folder.
  if (process.platform !== 'linux') return await work();
  const name = `\0brainpod-build-${createHash('sha256').update(path.resolve(cache)).digest('hex').slice(0, 32)}`;
  let lock = await take(name);
  while (lock === null) {
    detail('another npm start is building; waiting for it');
    await pause(500);
    lock = await take(name);
  }
  try {
    await removeUnfinished(cache);
    return await work();
  } finally {
    await new Promise((resolve) => lock?.close(resolve));
  }
}

/** What a builder that was killed left behind: nobody else builds while the lock is held. */
async function removeUnfinished(cache: string): Promise<void> {
  for (const name of await readdir(cache)) {
    if (/^\.(components|own|registry|engine)-/.test(name)) {
      await rm(path.join(cache, name), { recursive: true, force: true });
    }
  }
}

function take(name: string): Promise<Server | null> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EADDRINUSE' ? resolve(null) : reject(error),
    );
    server.listen({ path: name }, () => resolve(server));
  });
}

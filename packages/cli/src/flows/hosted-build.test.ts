import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BuildsStandIn, WAITING } from '../testing/builds-stand-in.ts';
import { type BuildLogEntry, BuildsConnection } from './builds-api.ts';
import { type HostedEvent, hostedBuild } from './hosted-build.ts';

const REQUEST = { image: 'web', tag: 'latest', source: `sha256:${'0'.repeat(64)}` };
const AT = '2026-11-23T12:00:01.000Z';

let server: BuildsStandIn;

beforeEach(async () => {
  server = await BuildsStandIn.start();
});
afterEach(() => server.stop());

function line(seq: number): BuildLogEntry {
  return { seq, at: AT, kind: 'log', step: 's', name: 'RUN', line: `line ${seq}` };
}

async function build(onEvent?: (event: HostedEvent) => void, signal?: AbortSignal) {
  const events: HostedEvent[] = [];
  const done = await hostedBuild({
    api: new BuildsConnection({ endpoint: server.origin, token: 'key' }),
    pod: 'pod',
    request: REQUEST,
    report: (event) => {
      events.push(event);
      onEvent?.(event);
    },
    ...(signal === undefined ? {} : { signal }),
  });
  return { done, events };
}

it('tells how many are before it, each line once and in order, and gives the build', async () => {
  server.build = { ...WAITING, ahead: 2 };
  server.logPage = 2;
  const { done, events } = await build((event) => {
    if (event.kind === 'waiting' && event.ahead === 2) server.build = { ...WAITING, ahead: 1 };
    else if (event.kind === 'waiting') {
      server.build = { ...WAITING, state: 'pending', ahead: null };
      server.log = [1, 2, 3, 4, 5].map(line);
    } else if (event.kind === 'entry' && event.entry.seq === 5) {
      server.log = [...server.log, line(6)];
      server.build = { ...WAITING, state: 'ready', ahead: null };
    }
  });
  expect(done.state).toBe('ready');
  expect(server.requests).toEqual([REQUEST]);
  const told = events.map((event) =>
    event.kind === 'entry' ? event.entry.seq : event.kind === 'waiting' ? `ahead ${event.ahead}` : event.kind,
  );
  expect(told).toEqual(['created', 'ahead 2', 'ahead 1', 1, 2, 3, 4, 5, 6]);
});

it('fails with what the build failed with, and says where the log is', async () => {
  server.build = { ...WAITING, state: 'failed', error: 'Line 3 of the Dockerfile failed.' };
  await expect(build()).rejects.toMatchObject({
    message: 'Line 3 of the Dockerfile failed.',
    advice: `Its whole log: brainpod build log ${WAITING.id}`,
  });
});

it('fails where somebody else cancelled it', async () => {
  server.build = { ...WAITING, state: 'cancelled' };
  await expect(build()).rejects.toThrow('The build was cancelled.');
});

it('waits for a server that is away for a moment', async () => {
  let logs = 0;
  server.onCall = (call) => (call.endsWith('/log') && ++logs <= 4 ? 503 : undefined);
  server.build = { ...WAITING, state: 'ready' };
  const { done, events } = await build();
  expect(done.state).toBe('ready');
  expect(events.map(({ kind }) => kind)).toEqual(['created', 'away']);
}, 30_000);

describe('where the person presses Ctrl-C', () => {
  async function stopped(): Promise<unknown> {
    const stop = new AbortController();
    return await build((event) => {
      if (event.kind === 'entry') stop.abort();
    }, stop.signal).catch((error: unknown) => error);
  }

  beforeEach(() => {
    server.build = { ...WAITING, state: 'pending' };
    server.log = [line(1)];
  });

  it('is told that it may have been made, where it was only asked for', async () => {
    const stop = new AbortController();
    server.onCall = () => void stop.abort();
    await expect(build(undefined, stop.signal)).rejects.toMatchObject({
      message: 'Stopped while the build was asked for.',
      advice: 'Whether it was made: brainpod build list',
    });
  });

  it('is cancelled', async () => {
    expect(await stopped()).toMatchObject({ message: 'The build was cancelled.' });
    expect(server.build.state).toBe('cancelled');
    expect(server.seen.filter((call) => call.endsWith('/cancel'))).toHaveLength(1);
  });

  it('says so where it had ended already', async () => {
    server.onCall = (call) => (call.endsWith('/cancel') ? 412 : undefined);
    expect(await stopped()).toMatchObject({ message: 'The build had ended before it could be cancelled.' });
  });

  it('says so where it could not be cancelled', async () => {
    server.onCall = (call) => (call.endsWith('/cancel') ? 400 : undefined);
    expect(await stopped()).toMatchObject({
      message: 'The build could not be cancelled, and may go on: No.',
      advice: `Try again: brainpod build cancel ${WAITING.id}`,
    });
  });
});

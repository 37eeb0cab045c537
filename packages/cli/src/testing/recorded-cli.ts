import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach } from 'vitest';
import { RecordedApi } from './recorded-api.ts';
import { type Outcome, runInProcess, type World } from './run-in-process.ts';

export type RecordedCli = {
  api: () => RecordedApi;
  home: () => string;
  /** Runs the command line against the recorded API, in pod `p`. */
  run: (args: string | readonly string[], world?: World) => Promise<Outcome>;
  /** The calls so far: `GET /v1/pods`. */
  calls: () => string[];
  bodyOf: (call: string) => unknown;
};

/** An API that the test plays, and a home of its own, for all tests of the calling file. */
export function recordedCli(): RecordedCli {
  const parts: { api?: RecordedApi; home?: string } = {};
  const api = () => present(parts.api);
  const home = () => present(parts.home);
  beforeAll(async () => {
    parts.api = await RecordedApi.start();
    parts.home = await mkdtemp(join(tmpdir(), 'brainpod-cli-test-'));
  });
  beforeEach(() => api().reset());
  afterAll(async () => {
    await parts.api?.stop();
    if (parts.home !== undefined) await rm(parts.home, { recursive: true, force: true });
  });
  return {
    api,
    home,
    run: (args, world = {}) =>
      runInProcess(typeof args === 'string' ? args.split(' ') : args, {
        ...world,
        environment: {
          HOME: home(),
          BRAINPOD_API_ENDPOINT: api().origin,
          BRAINPOD_API_TOKEN: 'brain_test',
          BRAINPOD_POD: 'p',
          ...world.environment,
        },
      }),
    calls: () => api().seen.map(({ method, url }) => `${method} ${url}`),
    bodyOf: (call) => {
      const body = api().seen.find(({ method, url }) => `${method} ${url}` === call)?.body;
      return body ? JSON.parse(body) : null;
    },
  };
}

function present<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('The test has not been set up.');
  return value;
}

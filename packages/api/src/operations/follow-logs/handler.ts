import { withArticle } from '@brainpod/model/kind';
import type { PodRecord } from '@brainpod/store/pods';
import Type from 'typebox';
import type { OutputLine } from '../../cluster-port.ts';
import type { ApiDependencies } from '../../dependencies.ts';
import type { ServerSentEvent } from '../../event-stream.ts';
import { NO_BODY, validationError } from '../../input.ts';
import { podOperation } from '../../operation.ts';
import { InstantParameter } from '../../parameters.ts';
import { clusterOf } from '../../pod-state.ts';
import { noSuchResource, RESOURCE_PATH, resourceKey } from '../../resource-path.ts';
import { LogLine } from '../../schemas.ts';

const DEFAULT_LINES = 100;
const MAX_LINES = 1000;
const MAX_SECONDS = 600;

export const followLogs = podOperation({
  id: 'followLogs',
  method: 'GET',
  path: `${RESOURCE_PATH}/logs`,
  tag: 'events',
  summary: 'Follow what an App writes to its output',
  description:
    'Events `line`, of all instances: first what each wrote last, then what they write from now on, in the order in which it arrives. Instances that start meanwhile join. Ends with an event `end` after 10 minutes, or `duration`; with `follow=false` after what there is. Comes straight from the cluster, which forgets what instances wrote when they go.',
  access: { actions: ['events:read'] },
  query: Type.Object({
    tail: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: MAX_LINES,
        default: DEFAULT_LINES,
        description: `a whole number of lines from 0 to ${MAX_LINES} to begin with, of each instance`,
      }),
    ),
    since: Type.Optional(InstantParameter),
    follow: Type.Optional(Type.Literal('false', { description: '"false", or be left out' })),
    duration: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: MAX_SECONDS,
        default: MAX_SECONDS,
        description: `a whole number of seconds from 1 to ${MAX_SECONDS} to stay at most`,
      }),
    ),
  }),
  body: NO_BODY,
  responses: { 200: { description: 'Lines as they are written', schema: LogLine, isStream: true } },
  handle: async ({ deps, pod, params, query, callerGone }) => {
    const { kind, name } = resourceKey(params);
    if (kind !== 'App') {
      const message = `Only an App has output that can be followed, and this is ${withArticle(kind)}.`;
      throw validationError([{ path: 'kind', message }], 'There is no output to follow.');
    }
    await assertThere(deps, pod, name);
    const durationMs = (query.duration ?? MAX_SECONDS) * 1000;
    const over = AbortSignal.any([AbortSignal.timeout(durationMs), callerGone(), deps.closing]);
    const request = {
      podName: pod.name,
      app: name,
      tail: query.tail ?? DEFAULT_LINES,
      ...(query.since === undefined ? {} : { since: query.since }),
      follow: query.follow === undefined,
    };
    return { events: events(await clusterOf(deps, pod).followOutput(request, over)) };
  },
});

/** What runs counts, and what is to run: whoever waits for a first deploy sees its first line. */
async function assertThere(deps: ApiDependencies, pod: PodRecord, name: string): Promise<void> {
  for (const revision of [pod.deployed, pod.head]) {
    if (revision === null) continue;
    if ((await deps.store.resources.find(revision.id, 'App', name)) !== null) return;
  }
  throw noSuchResource({ kind: 'App', name }, pod.name);
}

async function* events(lines: AsyncIterable<OutputLine>): AsyncGenerator<ServerSentEvent> {
  for await (const { instance, at, text } of lines) {
    yield { event: 'line', data: { instance, timestamp: at, body: text } };
  }
  yield { event: 'end', data: {} };
}

import { stringify } from 'smol-toml';
import type { Target } from './target.ts';

/** How often a name in a path is one of something that is there. */
const KNOWN_PROBABILITY = 0.5;

/** Requests that would take away what others need get a pod of their own. */
const OWN_PODS: ReadonlyMap<string, keyof Target['pods']> = new Map([
  ['DELETE /v1/pods/{pod}', 'doomed'],
  ['POST /v1/deleted-pods/{pod}/restore', 'doomed'],
  ['POST /v1/pods/{pod}/stop', 'stopping'],
  ['POST /v1/pods/{pod}/start', 'stopping'],
  ['PUT /v1/operator/pods/{pod}/limits', 'stopping'],
]);

/**
 * Reads that refuse what their schema allows, with 400, and why. Whether anything else refuses what its schema allows is
 * looked at; not of writes, whose rules reach beyond one request (names that are taken, an Idempotency-Key that was used).
 */
const STRICTER_READS: ReadonlyMap<string, string> = new Map([
  ['GET /v1/pods/{pod}/resources', 'revision and at exclude each other'],
  ['GET /v1/pods/{pod}/resources/{kind}/{namespace}/{name}', 'revision and at exclude each other'],
  ['GET /v1/pods/{pod}/variables', 'revision and at exclude each other'],
  ['GET /v1/pods/{pod}/revisions', 'a cursor must be a revision of the pod'],
  ['GET /v1/pods/{pod}/builds', 'a cursor must be a build of the pod'],
  ['GET /v1/pods/{pod}/resources/{kind}/{namespace}/{name}/logs', 'only an App has output'],
  ['GET /v1/pods/{pod}/events', 'only some kinds have events, and only those of kind=app a level'],
  ['GET /v1/pods/{pod}/events/watch', 'only some kinds have events, and only those of kind=app a level'],
  ['GET /v1/pods/{pod}/metrics', 'only Routes and Apps have requests, and a range takes so many steps'],
  ['GET /v1/audit', 'a cursor must be an entry of the account'],
  ['GET /v1/pods/{pod}/audit', 'a cursor must be an entry of the pod'],
]);

export type Described = { name: string; isStream: boolean };

/** The settings file of one run: which pods requests name, what is looked at, and how long a stream is read. */
export function settingsFor(target: Target, operations: readonly Described[]): string {
  return stringify({
    'base-url': target.origin,
    headers: { Authorization: `Bearer ${target.apiKey}` },
    parameters: {
      'path.pod': target.pods.live,
      'path.namespace': 'default',
      'query.duration': 1,
      ...Object.fromEntries(
        Object.keys(target.known).map((name) => [
          `path.${name}`,
          { dictionary: name, probability: KNOWN_PROBABILITY },
        ]),
      ),
    },
    dictionaries: Object.fromEntries(
      Object.entries(target.known).map(([name, known]) => [name, { values: known }]),
    ),
    'max-stream-events': 5,
    checks: {
      // Decided: a method that a path does not have is 404 here (docs/guides/api-choices.md).
      unsupported_method: { enabled: false },
      // What is as the schema says may still not fit the state of things: 412.
      positive_data_acceptance: {
        'expected-statuses': ['2xx', '401', '403', '404', '412', '413', '429', '503'],
      },
      negative_data_rejection: {
        'expected-statuses': ['400', '401', '403', '404', '412', '413', '429', '503'],
      },
    },
    operations: operations.flatMap((operation) => operationSettings(target, operation)),
  });
}

function operationSettings(target: Target, { name, isStream }: Described): object[] {
  const pod = OWN_PODS.get(name);
  const isLoose = !name.startsWith('GET ') || STRICTER_READS.has(name);
  const isOfKeys = name.includes('/v1/keys');
  const key = isOfKeys ? target.otherKey : target.limitedKey;
  const mayTake = isOfKeys || (pod !== undefined && !name.includes('/v1/operator/'));
  const checks = {
    ...(isLoose ? { positive_data_acceptance: { enabled: false } } : {}),
    // It holds the schema of an event's data against the whole record; our own tests look at each.
    ...(isStream ? { response_schema_conformance: { enabled: false } } : {}),
    // A known name is one of the pod `live`: under a pod that was just made it is not there, and should not be. And a
    // key of its own may not know of that pod.
    ...(mayTake || namesWhatIsInPod(target, name)
      ? { ensure_resource_availability: { enabled: false } }
      : {}),
  };
  const settings = {
    ...(pod === undefined ? {} : { parameters: { 'path.pod': target.pods[pod] } }),
    // Whatever it finds out about other pods and keys, it may not take away what the run itself needs.
    ...(mayTake ? { headers: { Authorization: `Bearer ${key}` } } : {}),
    ...(Object.keys(checks).length === 0 ? {} : { checks }),
  };
  return Object.keys(settings).length === 0 ? [] : [{ 'include-name': name, ...settings }];
}

/** Whether a path names, below a pod, something that the run knows the names of. */
function namesWhatIsInPod(target: Target, operation: string): boolean {
  const [, below] = operation.split('/v1/pods/{pod}/');
  return below !== undefined && Object.keys(target.known).some((name) => below.includes(`{${name}}`));
}

import { expect, test } from 'vitest';
import { ACTIONS, FULL_POLICY, isAllowed, type Policy, parsePolicy, permissionsOf } from './policy.ts';

const ALL = 'urn:brain:pod:*';
const HILL = 'urn:brain:pod:green-hill';
const SEA = 'urn:brain:pod:blue-sea';

type Statement = Policy['statements'][number];

function allow(actions: string[], resources: string[], more: Partial<Statement> = {}): Statement {
  return { sid: 'a', effect: 'allow', actions, resources, ...more };
}

function deny(actions: string[], resources: string[], more: Partial<Statement> = {}): Statement {
  return { ...allow(actions, resources, more), effect: 'deny' };
}

function policy(...statements: Statement[]): Policy {
  return { version: '1', statements };
}

const READ = ['pods:read'];

test.each<[string, Policy, string, boolean]>([
  ['one pod', policy(allow(READ, [HILL])), 'green-hill', true],
  ['another pod', policy(allow(READ, [HILL])), 'blue-sea', false],
  ['one pod is not every pod', policy(allow(READ, [HILL])), '*', false],
  ['every pod, for one', policy(allow(READ, [ALL])), 'green-hill', true],
  ['every pod, for all', policy(allow(READ, [ALL])), '*', true],
  ['another action', policy(allow(['pods:create'], [ALL])), 'green-hill', false],
  ['deny beats allow', policy(allow(READ, [ALL]), deny(READ, [HILL])), 'green-hill', false],
  ['deny beats allow in any order', policy(deny(READ, [HILL]), allow(READ, [ALL])), 'green-hill', false],
  ['deny of one leaves the others', policy(allow(READ, [ALL]), deny(READ, [HILL])), 'blue-sea', true],
  ['deny of one spoils all', policy(allow(READ, [ALL]), deny(READ, [HILL])), '*', false],
  ['deny of all', policy(allow(READ, [HILL]), deny(READ, [ALL])), 'green-hill', false],
  ['deny of another action', policy(allow(READ, [HILL]), deny(['pods:create'], [ALL])), 'green-hill', true],
  [
    'an unknown condition allows nothing',
    policy(allow(READ, [ALL], { conditions: { ip: '10.0.0.1' } })),
    'a',
    false,
  ],
  ['no condition is none', policy(allow(READ, [ALL], { conditions: {} })), 'a', true],
  [
    'an unknown condition denies',
    policy(allow(READ, [ALL]), deny(READ, [ALL], { conditions: { ip: 'x' } })),
    'a',
    false,
  ],
])('%s', (_what, given, podName, expected) => {
  expect(isAllowed(given, 'pods:read', podName)).toBe(expected);
});

test('the full policy allows every action everywhere', () => {
  expect(parsePolicy(FULL_POLICY)).toEqual({ ok: true, value: FULL_POLICY });
  for (const action of ACTIONS) expect(isAllowed(FULL_POLICY, action, '*')).toBe(true);
});

test('permissions say what is left of each action', () => {
  const given = policy(
    allow(['pods:read', 'events:read'], [ALL, HILL]),
    allow(['registry:push'], [HILL, SEA]),
    allow(['pods:create'], [ALL]),
    allow(['revisions:deploy'], [ALL], { conditions: { ip: 'x' } }),
    deny(['events:read'], [SEA]),
    deny(['registry:push'], [SEA]),
    deny(['pods:create'], [ALL]),
    deny(['resources:write'], [ALL]),
  );
  expect(permissionsOf(given)).toEqual([
    { action: 'events:read', resources: [ALL, HILL], excludedResources: [SEA] },
    { action: 'pods:read', resources: [ALL, HILL], excludedResources: [] },
    { action: 'registry:push', resources: [HILL], excludedResources: [SEA] },
  ]);
});

test('permissions and decisions agree', () => {
  const given = policy(allow(READ, [ALL]), deny(READ, [HILL]));
  for (const pod of ['green-hill', 'blue-sea']) {
    const listed = permissionsOf(given).some(
      ({ resources, excludedResources }) =>
        (resources.includes(ALL) || resources.includes(`urn:brain:pod:${pod}`)) &&
        !excludedResources.includes(`urn:brain:pod:${pod}`),
    );
    expect(listed).toBe(isAllowed(given, 'pods:read', pod));
  }
});

test.each([
  [{}, ['version', 'statements']],
  [{ version: '2', statements: [allow(READ, [ALL])] }, ['version']],
  [policy(), ['statements']],
  [policy(allow([], [])), ['statements[0].actions', 'statements[0].resources']],
  [policy(allow(['pods:*'], [ALL])), ['statements[0].actions[0]']],
  [policy(allow(['Pods:read'], [ALL])), ['statements[0].actions[0]']],
  [policy(allow(['pods'], [ALL])), ['statements[0].actions[0]']],
  [policy(allow(READ, ['green-hill'])), ['statements[0].resources[0]']],
  [policy(allow(READ, ['urn:brain:pod:default:demo'])), ['statements[0].resources[0]']],
  [policy(allow(READ, [ALL], { sid: '' })), ['statements[0].sid']],
  [policy({ ...allow(READ, [ALL]), effect: 'maybe' as 'allow' }), ['statements[0].effect']],
  [
    policy(allow(READ, [ALL], { conditions: { ip: 5 as unknown as string } })),
    ['statements[0].conditions.ip'],
  ],
])('%j is no policy', (input, paths) => {
  const parsed = parsePolicy(input);
  expect(parsed.ok ? [] : parsed.faults.map(({ path }) => path)).toEqual(paths);
});

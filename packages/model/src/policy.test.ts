import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  ACTIONS,
  FULL_POLICY,
  isAllowed,
  type Policy,
  parsePolicy,
  permissionsOf,
  podsNamedIn,
  podUrn,
  policyExceeds,
} from './policy.ts';

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

describe('a key passes on only what it may do', () => {
  const paths = (given: Policy, limit: Policy) => policyExceeds(given, limit).map(({ path }) => path);
  const everything = policy(allow(READ, [ALL]));
  const ip = { conditions: { ip: 'x' } };

  test.each<[string, Policy, Policy, string[]]>([
    ['the same', everything, everything, []],
    ['less', policy(allow(READ, [HILL])), everything, []],
    ['more pods', everything, policy(allow(READ, [HILL])), ['statements[0].actions[0]']],
    ['all pods one by one are not every pod', everything, policy(allow(READ, [HILL, SEA])), [first()]],
    ['another pod', policy(allow(READ, [HILL, SEA])), policy(allow(READ, [HILL])), [first()]],
    ['another action', policy(allow(['keys:write'], [HILL])), everything, [first()]],
    ['an action unknown yet', policy(allow(['a:b'], [HILL])), FULL_POLICY, [first()]],
    ['what the limit denies', policy(allow(READ, [HILL])), policy(...exceptHill()), [first()]],
    ['every pod though the limit denies one', everything, policy(...exceptHill()), [first()]],
    ['every pod but the denied one', policy(...exceptHill()), policy(...exceptHill()), []],
    ['what it denies itself', policy(allow(READ, [HILL]), deny(READ, [HILL])), policy(deny(READ, [ALL])), []],
    [
      'what it denies everywhere',
      policy(allow(READ, [HILL]), deny(READ, [ALL])),
      policy(deny(READ, [ALL])),
      [],
    ],
    ['a limit that denies all', policy(allow(READ, [HILL])), policy(...all(), deny(READ, [ALL])), [first()]],
    ['a grant under a condition', policy(allow(READ, [ALL], ip)), policy(allow(READ, [HILL])), [first()]],
    [
      'a denial under a condition',
      policy(...all(), deny(READ, [ALL], ip)),
      policy(allow(READ, [HILL])),
      [first()],
    ],
    ['a limit under a condition', policy(allow(READ, [HILL])), policy(allow(READ, [ALL], ip)), [first()]],
    [
      'all faults at once',
      policy(deny(['pods:create'], [SEA]), allow(['pods:read', 'keys:read', 'events:read'], [ALL])),
      everything,
      ['statements[1].actions[1]', 'statements[1].actions[2]'],
    ],
  ])('%s', (_what, given, limit, expected) => {
    expect(paths(given, limit)).toEqual(expected);
  });

  test('the fault names the action and where it goes too far', () => {
    const given = policy(allow(READ, [HILL, SEA]));
    expect(policyExceeds(given, policy(allow(READ, [HILL])))).toEqual([
      {
        path: 'statements[0].actions[0]',
        message:
          'Allows pods:read on urn:brain:pod:blue-sea, which this key itself does not allow. A key can pass on only what it may do.',
      },
    ]);
  });

  test('without a fault, whatever the new policy allows the limit allows', () => {
    const actions = ACTIONS.slice(0, 3);
    const pods = ['a', 'b', 'c', '*'];
    const statement = fc.record<Statement>({
      sid: fc.constant('s'),
      effect: fc.constantFrom('allow', 'allow', 'deny'),
      actions: fc.subarray([...actions], { minLength: 1 }),
      resources: fc.subarray(pods.map(podUrn), { minLength: 1 }),
      conditions: fc.constantFrom({}, {}, { ip: 'x' }),
    });
    const anyPolicy = fc.array(statement, { minLength: 1, maxLength: 4 }).map((them) => policy(...them));
    let refused = 0;
    fc.assert(
      fc.property(anyPolicy, anyPolicy, (given, limit) => {
        const faults = policyExceeds(given, limit);
        if (faults.length > 0) refused++;
        // `unnamed` stands for all pods that no policy names.
        const exceeded = actions.some((action) =>
          [...pods, 'unnamed'].some((pod) => isAllowed(given, action, pod) && !isAllowed(limit, action, pod)),
        );
        if (exceeded) expect(faults).not.toEqual([]);
        const conditional = given.statements.some(({ conditions }) => conditions?.ip !== undefined);
        if (!exceeded && !conditional) expect(faults).toEqual([]);
      }),
      { numRuns: 3000 },
    );
    expect(refused).toBeGreaterThan(0);
  });

  function first(): string {
    return 'statements[0].actions[0]';
  }
  function all(): Statement[] {
    return [allow(READ, [ALL])];
  }
  function exceptHill(): Statement[] {
    return [allow(READ, [ALL]), deny(READ, [HILL])];
  }
});

test('the pods that a policy names have their places', () => {
  expect(podsNamedIn(policy(allow(READ, [ALL, HILL]), deny(READ, [SEA, HILL])))).toEqual([
    { podName: 'green-hill', path: 'statements[0].resources[1]' },
    { podName: 'blue-sea', path: 'statements[1].resources[0]' },
    { podName: 'green-hill', path: 'statements[1].resources[1]' },
  ]);
});

// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references between resources are written this way.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { appInput, configInput, routeInput, ruleInput } from '../test/sample.ts';
import { type Fault, parseResourceDocument, parseResourceInput, type ResourceDocument } from './document.ts';

function faultsOf(input: unknown): Fault[] {
  const parsed = parseResourceInput(input);
  return parsed.ok ? [] : parsed.faults;
}

/** `path: message` of each fault. */
function complaints(input: unknown): string[] {
  return faultsOf(input).map(({ path, message }) => `${path}: ${message}`);
}

function documentOf(input: unknown): ResourceDocument {
  const parsed = parseResourceDocument(input);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults));
  return parsed.value;
}

describe('the envelope', () => {
  test.each([
    [undefined, ['']],
    [null, ['']],
    ['text', ['']],
    [[], ['']],
    [{}, ['kind', 'apiVersion', 'metadata']],
    [{ ...appInput(), kind: undefined }, ['kind']],
    [{ ...appInput(), apiVersion: 'v1' }, ['apiVersion']],
    [{ ...appInput(), metadata: { name: 'web' } }, ['metadata.namespace']],
    [{ ...appInput(), metadata: { name: 'web', namespace: 'other' } }, ['metadata.namespace']],
    [{ ...appInput(), metadata: undefined, spec: undefined }, ['metadata', 'spec']],
  ])('%j is at fault at %j', (input, paths) => {
    expect(faultsOf(input).map(({ path }) => path)).toEqual(paths);
  });

  test.each(['app', 'Secret', '', 5, null])('%j is no kind', (kind) => {
    const [fault, ...others] = faultsOf({ ...appInput(), kind });
    expect(others).toEqual([]);
    expect(fault?.path).toBe('kind');
    expect(fault?.message).toContain(
      'The kinds are App, Config, Route, Postgres, MariaDB, Valkey, Disk and MSSQL.',
    );
  });

  test('keys that a kind does not have are tolerated and dropped', () => {
    const input = { ...appInput({ extra: 1, runtime: { uid: 5, shell: 'sh' } }), status: {} };
    expect(documentOf(input)).toEqual(documentOf(appInput({ runtime: { uid: 5 } })));
  });

  test('the input is never changed', () => {
    const input = Object.freeze(routeInput());
    const before = JSON.stringify(input);
    parseResourceInput(input);
    expect(JSON.stringify(input)).toBe(before);
  });
});

describe('names', () => {
  const named = (input: object, name: unknown) => ({ ...input, metadata: { name, namespace: 'default' } });
  const long = 'a'.repeat(63);

  test.each(['a', 'web-2', long, 'x--y'])('%s is a name of every kind', (name) => {
    for (const input of [appInput(), configInput(), routeInput()])
      expect(complaints(named(input, name))).toEqual([]);
  });

  test.each(['', `${long}a`, 'Web', '-web', 'web-', 'we.b', 'we_b', 'wéb', 'web\n', 5, null])(
    '%j is a name of none',
    (name) => {
      for (const input of [appInput(), configInput(), routeInput()]) {
        expect(faultsOf(named(input, name)).map(({ path }) => path)).toEqual(['metadata.name']);
      }
    },
  );

  test('an App, which others reach by its name, begins with a letter', () => {
    expect(faultsOf(named(appInput(), '2web')).map(({ path }) => path)).toEqual(['metadata.name']);
    expect(faultsOf(named(routeInput(), '2web'))).toEqual([]);
  });
});

describe('an App', () => {
  test('that is minimal gets its defaults', () => {
    expect(documentOf(appInput())).toEqual({
      ...appInput(),
      spec: { ...Object(appInput().spec), mounts: [] },
    });
  });

  test.each([
    [{ image: '' }, 'spec.image'],
    [{ image: 'Nginx' }, 'spec.image'],
    [{ image: 5 }, 'spec.image'],
    [{ env: undefined }, 'spec.env'],
    [{ env: [{ name: '1A', value: 'x' }] }, 'spec.env[0].name'],
    [{ env: [{ name: 'A-B', value: 'x' }] }, 'spec.env[0].name'],
    [{ env: [{ name: 'A', value: '' }] }, 'spec.env[0].value'],
    [{ env: [{ name: 'A', value: 'a\u0000' }] }, 'spec.env[0].value'],
    [{ env: [{ name: 'A' }] }, 'spec.env[0].value'],
    [
      {
        env: [
          { name: 'A', value: 'x' },
          { name: 'A', value: 'y' },
        ],
      },
      'spec.env[1].name',
    ],
    [{ env: [{ name: 'A', value: 'ü'.repeat(50_000) }] }, 'spec.env[0].value'],
    [{ env: [1, 2, 3, 4, 5, 6].map((n) => ({ name: `A${n}`, value: 'x'.repeat(90_000) })) }, 'spec.env'],
    [{ instance: '3x' }, 'spec.instance'],
    [{ instance: 1 }, 'spec.instance'],
    [{ replicas: 0 }, 'spec.replicas'],
    [{ replicas: 11 }, 'spec.replicas'],
    [{ replicas: 1.5 }, 'spec.replicas'],
    [{ replicas: '2' }, 'spec.replicas'],
    [{ replicas: 2, instance: '.25x' }, 'spec.replicas'],
    [{ replicas: 2, instance: '.5x' }, 'spec.replicas'],
    [{ replicas: 2, mounts: [{ path: '/data', disk: 'urn:brain:disk:default:d' }] }, 'spec.replicas'],
    [{ mounts: {} }, 'spec.mounts'],
    [{ mounts: ['/data'] }, 'spec.mounts[0]'],
    [{ mounts: [{ path: 'data', disk: 'urn:brain:disk:default:d' }] }, 'spec.mounts[0].path'],
    [{ mounts: [{ path: '/', disk: 'urn:brain:disk:default:d' }] }, 'spec.mounts[0].path'],
    [{ mounts: [{ path: '/proc/x', disk: 'urn:brain:disk:default:d' }] }, 'spec.mounts[0].path'],
    [{ mounts: [{ path: '/a/../b', disk: 'urn:brain:disk:default:d' }] }, 'spec.mounts[0].path'],
    [{ mounts: [{ path: '/a:b', disk: 'urn:brain:disk:default:d' }] }, 'spec.mounts[0].path'],
    [{ mounts: [{ path: '/data', disk: 'd' }] }, 'spec.mounts[0].disk'],
    [{ mounts: [{ path: '/data', disk: 'urn:brain:app:default:d' }] }, 'spec.mounts[0].disk'],
    [{ mounts: [{ path: '/data' }] }, 'spec.mounts[0].disk'],
    [{ mounts: [{ path: '/f', file: 'f' }] }, 'spec.mounts[0].config'],
    [{ mounts: [{ path: '/f', config: 'c' }] }, 'spec.mounts[0].file'],
    [{ mounts: [{ path: '/f', config: 'C!', file: 'f' }] }, 'spec.mounts[0].config'],
    [{ mounts: [{ path: '/f', config: 'urn:brain:disk:default:c', file: 'f' }] }, 'spec.mounts[0].config'],
    [
      { mounts: [{ path: '/f', config: 'c', file: 'f', disk: 'urn:brain:disk:default:d' }] },
      'spec.mounts[0]',
    ],
    [
      {
        mounts: [
          { path: '/f', config: 'c', file: 'f' },
          { path: '/f/', config: 'c', file: 'g' },
        ],
      },
      'spec.mounts[1].path',
    ],
    [{ lifecycle: { init: '' } }, 'spec.lifecycle.init'],
    [{ lifecycle: { init: 5 } }, 'spec.lifecycle.init'],
    [{ lifecycle: { init: {} } }, 'spec.lifecycle.init'],
    [{ lifecycle: { init: { cmd: ['a'] } } }, 'spec.lifecycle.init.image'],
    [{ lifecycle: { init: { image: 'busybox', cmd: 'a' } } }, 'spec.lifecycle.init.cmd'],
    [{ lifecycle: { init: { image: 'busybox', cmd: [] } } }, 'spec.lifecycle.init.cmd'],
    [{ lifecycle: { init: { image: 'Busybox', cmd: ['a'] } } }, 'spec.lifecycle.init.image'],
    [{ checks: { ready: { port: 0 } } }, 'spec.checks.ready.port'],
    [{ checks: { ready: { port: 65536 } } }, 'spec.checks.ready.port'],
    [{ checks: { ready: { port: 80, path: 'health' } } }, 'spec.checks.ready.path'],
    [{ checks: { ready: { cmd: [] } } }, 'spec.checks.ready.cmd'],
    [{ checks: { ready: { cmd: ['x'], port: 80 } } }, 'spec.checks.ready'],
    [{ checks: { ready: { port: 80, host: 'a b' } } }, 'spec.checks.ready.host'],
    [{ runtime: { uid: 0 } }, 'spec.runtime.uid'],
    [{ runtime: { uid: 65536 } }, 'spec.runtime.uid'],
    [{ runtime: { gid: -1 } }, 'spec.runtime.gid'],
    [{ runtime: { fsGroup: 'x' } }, 'spec.runtime.fsGroup'],
    [{ artifactSelector: {} }, 'spec.artifactSelector'],
    [
      { artifactSelector: { status: 'configured', name: 'a', githubRepo: 'b' } },
      'spec.artifactSelector.refName',
    ],
    [{ buildRef: 1 }, 'spec.buildRef'],
  ])('with %j is at fault at %s only', (spec, path) => {
    expect(faultsOf(appInput(spec)).map((fault) => fault.path)).toEqual([path]);
  });

  test.each([
    { replicas: 10, instance: '8x' },
    { env: [{ name: '_a1', value: 'any\nthing ${x}' }] },
    { mounts: [{ path: '/data', disk: 'urn:brain:disk:default:d' }] },
    {
      mounts: [
        { path: '/f', file: 'f', config: 'c' },
        { path: '/g', file: 'f', config: 'urn:brain:config:default:c' },
      ],
    },
    { lifecycle: {} },
    { lifecycle: { init: 'chown' } },
    { lifecycle: { init: { cmd: 'chown' } } },
    { lifecycle: { init: { image: 'busybox', cmd: ['chown', ''] } } },
    { checks: {} },
    { checks: { ready: {} } },
    { checks: { ready: { path: '/health' } } },
    { checks: { ready: { port: 80, path: '/health?full=1', host: 'localhost:80' } } },
    { checks: { ready: { cmd: ['true'] } } },
    { runtime: {} },
    { runtime: { uid: 65535, gid: 0, fsGroup: 0 } },
    { artifactSelector: { status: 'pending' } },
    {
      artifactSelector: {
        status: 'configured',
        name: 'a',
        githubRepo: 'o/r',
        refName: 'main',
        buildRef: 'x',
      },
    },
    { buildRef: '' },
  ])('with %j is valid and kept as it is', (spec) => {
    expect(documentOf(appInput(spec)).spec).toMatchObject(spec);
  });

  test('names all faults at once, in sentences', () => {
    const spec = {
      image: 'X',
      env: [{ name: 'A', value: 5 }],
      replicas: 11,
      runtime: { uid: 0 },
      mounts: [{ path: '/f' }],
    };
    expect(complaints(appInput(spec, 'Web'))).toEqual([
      'metadata.name: Must be a name of 1 to 63 lowercase letters, digits and hyphens that starts with a letter and ends with a letter or digit.',
      'spec.image: The image name must be lowercase letters, digits, ".", "_" and "-", in parts divided by "/", each starting and ending with a letter or digit.',
      'spec.env[0].value: Must be text of at least 1 character, without NUL, but it is 5.',
      'spec.replicas: Must be a whole number from 1 to 10, but it is 11.',
      'spec.mounts[0].disk: Is missing. It must be the URN of a Disk, such as urn:brain:disk:default:example.',
      'spec.runtime.uid: Must not be 0: an app does not run as root. Use 1000, for example.',
    ]);
  });

  test('never repeats a value of the environment, which may be a password', () => {
    const env = [{ name: 'A B', value: 'hunter2' }, { name: 'C', value: ['hunter2'] }, 'hunter2'];
    expect(JSON.stringify(faultsOf(appInput({ env })))).not.toContain('hunter2');
  });
});

describe('a Route', () => {
  test('that is minimal gets its defaults, and may leave the host name to the platform', () => {
    expect(parseResourceInput(routeInput())).toEqual({
      ok: true,
      value: { ...routeInput(), spec: { rules: [ruleInput()], domains: [], timeout: 60 } },
    });
    const kept = parseResourceDocument(routeInput());
    expect(kept.ok ? [] : kept.faults.map(({ path }) => path)).toEqual(['spec.hostname']);
  });

  test.each([
    [{ rules: [] }, 'spec.rules'],
    [{ rules: undefined }, 'spec.rules'],
    [{ rules: [ruleInput({ name: '' })] }, 'spec.rules[0].name'],
    [{ rules: [ruleInput({ name: 'n'.repeat(64) })] }, 'spec.rules[0].name'],
    [{ rules: [ruleInput({ path: 'x' })] }, 'spec.rules[0].path'],
    [{ rules: [ruleInput({ path: '/a//b' })] }, 'spec.rules[0].path'],
    [{ rules: [ruleInput({ path: '/a/../b' })] }, 'spec.rules[0].path'],
    [{ rules: [ruleInput({ path: '/a?b' })] }, 'spec.rules[0].path'],
    [{ rules: [ruleInput({ path: '/a%2Fb' })] }, 'spec.rules[0].path'],
    [{ rules: [ruleInput({ path: '/ü' })] }, 'spec.rules[0].path'],
    [{ rules: [ruleInput({ port: 0 })] }, 'spec.rules[0].port'],
    [{ rules: [ruleInput({ port: 65536 })] }, 'spec.rules[0].port'],
    [{ rules: [ruleInput({ backendRef: 'web' })] }, 'spec.rules[0].backendRef'],
    [{ rules: [ruleInput({ backendRef: 'urn:brain:config:default:web' })] }, 'spec.rules[0].backendRef'],
    [{ rules: [ruleInput(), ruleInput({ name: 'same' })] }, 'spec.rules[1].path'],
    [{ rules: [ruleInput({ path: '/a' }), ruleInput({ path: '/a/' })] }, 'spec.rules[1].path'],
    [{ hostname: '' }, 'spec.hostname'],
    [{ hostname: 'Web.example.com' }, 'spec.hostname'],
    [{ hostname: '-a.example.com' }, 'spec.hostname'],
    [{ hostname: `${'a'.repeat(64)}.com` }, 'spec.hostname'],
    [{ domains: 'example.com' }, 'spec.domains'],
    [{ domains: ['com'] }, 'spec.domains[0]'],
    [{ domains: ['example.c'] }, 'spec.domains[0]'],
    [{ domains: ['example.c0m'] }, 'spec.domains[0]'],
    [{ domains: ['*.example.com'] }, 'spec.domains[0]'],
    [{ domains: ['a.example.com', 'a.example.com'] }, 'spec.domains[1]'],
    [{ domains: Array.from({ length: 10 }, (_, index) => `d${index}.example.com`) }, 'spec.domains'],
    [{ timeout: 0 }, 'spec.timeout'],
    [{ timeout: 301 }, 'spec.timeout'],
    [{ timeout: 1.5 }, 'spec.timeout'],
  ])('with %j is at fault at %s only', (spec, path) => {
    expect(faultsOf(routeInput(spec)).map((fault) => fault.path)).toEqual([path]);
  });

  test.each([
    { hostname: 'localhost' },
    { hostname: 'a.b-c.example' },
    { domains: ['example.com', 'www.xn--bcher-kva.example'] },
    { domains: Array.from({ length: 9 }, (_, index) => `d${index}.example.com`) },
    { rules: [ruleInput({ path: '/a' }), ruleInput({ path: '/a/b' }), ruleInput({ path: '/A' })] },
    { rules: [ruleInput({ path: '/caf%C3%A9/~x;y=1', port: 65535 })] },
    { timeout: 1 },
    { timeout: 300 },
  ])('with %j is valid and kept as it is', (spec) => {
    const parsed = parseResourceInput(routeInput(spec));
    expect(parsed).toMatchObject({ ok: true, value: { spec } });
  });
});

describe('a Config', () => {
  test.each([
    [undefined, 'spec.files'],
    [{ 'a.b': 5 }, 'spec.files["a.b"]'],
    [{ plain: null }, 'spec.files.plain'],
    [{ '': 'x' }, 'spec.files'],
    [{ 'a\nb': 'x' }, 'spec.files'],
    [{ ['n'.repeat(254)]: 'x' }, 'spec.files'],
    [{ a: 'x'.repeat(500_000), b: 'y'.repeat(500_001) }, 'spec.files'],
    [{ 'a\u2028b': '' }, 'spec.files'],
    [{ a: 'ü'.repeat(500_001) }, 'spec.files'],
    [{ a: '\u0001'.repeat(900_000) }, 'spec.files'],
  ])('is at fault', (files, path) => {
    const input = { ...configInput(), spec: { files } };
    expect(faultsOf(input).map((fault) => fault.path)).toEqual([path]);
  });

  test.each<Record<string, string>[]>([
    [{}],
    [{ 'größe/x y': '' }],
    [{ a: 'x'.repeat(1_000_000) }],
    [{ constructor: 'c', toString: 't', hasOwnProperty: 'h' }],
  ])('is valid and kept as it is', (files) => {
    expect(documentOf(configInput(files))).toEqual(configInput(files));
  });
});

describe('parsing anything', () => {
  test('answers, and never throws', () => {
    fc.assert(
      fc.property(fc.anything(), (input) => {
        expect(typeof parseResourceInput(input).ok).toBe('boolean');
      }),
    );
  });

  test('a document with anything in place of one part is valid or at fault within it', () => {
    const full = appInput({
      lifecycle: { init: 'x' },
      checks: { ready: { port: 1 } },
      runtime: { uid: 1 },
      mounts: [{ path: '/f', file: 'f', config: 'c' }],
      artifactSelector: { status: 'pending' },
    });
    const field = fc.constantFrom(...Object.keys(Object(full.spec)));
    fc.assert(
      fc.property(field, fc.jsonValue(), (name, value) => {
        const input = { ...full, spec: { ...Object(full.spec), [name]: value } };
        for (const fault of faultsOf(input)) {
          // What another instance allows of replicas is said at replicas.
          expect(fault.path.startsWith(`spec.${name}`) || fault.path === 'spec.replicas').toBe(true);
          expect(fault.message).toMatch(/^[A-Z"].*\.$/s);
        }
      }),
    );
  });

  test('what was parsed once parses to the same again', () => {
    for (const input of [appInput(), configInput(), routeInput({ hostname: 'a.b' })]) {
      const once = documentOf(input);
      expect(documentOf(once)).toEqual(once);
    }
  });
});

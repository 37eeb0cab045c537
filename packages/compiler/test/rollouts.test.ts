import { compilePod } from '@brainpod/compiler/compile';
import { UNTOUCHED } from '@brainpod/compiler/platform-facts';
import { parseResourceDocument, type ResourceDocument } from '@brainpod/model/document';
import { expect, test } from 'vitest';
import { PLATFORM } from './golden-case.ts';

// A changed template restarts an App, so it must change when something of the App does, and only then.

function documentOf(kind: string, name: string, spec: object): ResourceDocument {
  const metadata = { name, namespace: 'default' };
  const parsed = parseResourceDocument({ apiVersion: 'pod.brainpod.io/v1alpha1', kind, metadata, spec });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults));
  return parsed.value;
}

function app(name: string, spec: object = {}): ResourceDocument {
  return documentOf('App', name, { image: 'nginx', env: [], instance: '1x', replicas: 2, ...spec });
}

function route(name: string, spec: object = {}): ResourceDocument {
  const rules = [{ name: 'all', path: '/', port: 3000, backendRef: 'urn:brain:app:default:web' }];
  return documentOf('Route', name, { hostname: `${name}.example.com`, rules, ...spec });
}

const config = (text: string, name = 'settings') =>
  documentOf('Config', name, { files: { 'app.toml': text } });
const mounted = { mounts: [{ path: '/etc/app.toml', file: 'app.toml', config: 'settings' }] };

const before = [app('web', mounted), config('a'), route('web')];

function templateOfWeb(documents: ResourceDocument[]): string {
  const pod = { name: 'green-hill', pullSecret: { dockerConfigJson: '{}' }, ...UNTOUCHED };
  const { objects, diagnostics } = compilePod(documents, pod, PLATFORM);
  expect(diagnostics).toEqual([]);
  const deployment = objects.find(
    ({ object }) => object.kind === 'Deployment' && object.metadata.name === 'web',
  );
  return JSON.stringify(Object(deployment?.object.spec).template);
}

test.each([
  ['another App', [...before, app('api')]],
  ['another Config', [...before, config('x', 'other')]],
  ['another Route to the same port', [...before, route('shop')]],
  ['more instances', [app('web', { ...mounted, replicas: 5 }), config('a'), route('web')]],
  ['a domain', [app('web', mounted), config('a'), route('web', { domains: ['example.org'] })]],
  ['a shorter timeout', [app('web', mounted), config('a'), route('web', { timeout: 30 })]],
  [
    'where images come from',
    [app('web', { ...mounted, artifactSelector: { status: 'pending' } }), config('a'), route('web')],
  ],
])('%s does not restart an App', (_what, after) => {
  expect(templateOfWeb(after)).toBe(templateOfWeb(before));
});

test.each([
  ['an image', [app('web', { ...mounted, image: 'nginx:2' }), config('a'), route('web')]],
  ['a variable', [app('web', { ...mounted, env: [{ name: 'A', value: 'b' }] }), config('a'), route('web')]],
  ['a size', [app('web', { ...mounted, instance: '2x' }), config('a'), route('web')]],
  ['a mounted file', [app('web', mounted), config('b'), route('web')]],
  ['a much longer timeout', [app('web', mounted), config('a'), route('web', { timeout: 300 })]],
])('%s restarts it', (_what, after) => {
  expect(templateOfWeb(after)).not.toBe(templateOfWeb(before));
});

import { existsSync, readFileSync } from 'node:fs';
import { KINDS } from '@brainpod/model/kind';
import { formatReference } from '@brainpod/model/reference';
import { expect, test } from 'vitest';
import { openApiDocument } from './openapi.ts';
import { openApiText } from './openapi-text.ts';
import { DESCRIBED_OPERATIONS, OPERATIONS } from './operations.ts';

const COMMITTED = new URL('../../../openapi/v1.json', import.meta.url);
const document = openApiDocument(DESCRIBED_OPERATIONS);

function at(value: unknown, ...path: string[]): unknown {
  return path.reduce<unknown>(
    (member, key) =>
      typeof member === 'object' && member !== null && Object.hasOwn(member, key)
        ? Reflect.get(member, key)
        : undefined,
    value,
  );
}

/** Every value in the document with its path. */
function* walk(value: unknown, path: string[] = []): Generator<{ path: string[]; value: unknown }> {
  yield { path, value };
  if (typeof value !== 'object' || value === null) return;
  for (const [key, member] of Object.entries(value)) yield* walk(member, [...path, key]);
}

test('the committed document is up to date (else: npm run generate)', () => {
  expect(readFileSync(COMMITTED, 'utf8')).toBe(openApiText());
});

test('it is OpenAPI 3.1 with our title, version and key', () => {
  expect(document).toMatchObject({
    openapi: '3.1.0',
    info: { title: 'Brainpod API', version: '1.0.0' },
    security: [{ apiKey: [] }],
    components: { securitySchemes: { apiKey: { type: 'http', scheme: 'bearer' } } },
  });
});

test('it describes the operations of the contract under their names', () => {
  const described = Object.entries(at(document, 'paths') ?? {}).flatMap(([path, methods]) =>
    Object.entries(methods ?? {}).map(
      ([method, spec]) => `${at(spec, 'operationId')} ${method.toUpperCase()} ${path}`,
    ),
  );
  expect(described.sort()).toEqual(
    [
      'getCurrentUser GET /v1/me',
      'listClusters GET /v1/clusters',
      'listPods GET /v1/pods',
      'createPod POST /v1/pods',
      'getPod GET /v1/pods/{pod}',
      'listRevisions GET /v1/pods/{pod}/revisions',
      'getRevision GET /v1/pods/{pod}/revisions/{revision}',
      'getRevisionDiff GET /v1/pods/{pod}/revisions/{revision}/diff',
      'deployPod POST /v1/pods/{pod}/deploy',
      'redeployPod POST /v1/pods/{pod}/redeploy',
      'listResources GET /v1/pods/{pod}/resources',
      'createResources POST /v1/pods/{pod}/resources',
      'getResource GET /v1/pods/{pod}/resources/{kind}/{namespace}/{name}',
      'replaceResource PUT /v1/pods/{pod}/resources/{kind}/{namespace}/{name}',
      'deleteResource DELETE /v1/pods/{pod}/resources/{kind}/{namespace}/{name}',
      'listBlueprints GET /v1/blueprints',
      'getBlueprint GET /v1/blueprints/{blueprint}',
      'installBlueprint POST /v1/pods/{pod}/blueprints/{blueprint}/install',
      'listVariables GET /v1/pods/{pod}/variables',
      'resolveResource GET /v1/pods/{pod}/resources/resolve/{identifier}',
      'listPodImages GET /v1/pods/{pod}/images',
      'inspectPodImage GET /v1/pods/{pod}/images/inspect',
      // Ours.
      'listKeys GET /v1/keys',
      'createKey POST /v1/keys',
      'rollKey POST /v1/keys/{key}/roll',
      'revokeKey DELETE /v1/keys/{key}',
      'listAudit GET /v1/audit',
      'listPodAudit GET /v1/pods/{pod}/audit',
      'getPlan GET /v1/pods/{pod}/plan',
      'rollbackPod POST /v1/pods/{pod}/rollback',
      'cancelRevision POST /v1/pods/{pod}/revisions/{revision}/cancel',
      'followLogs GET /v1/pods/{pod}/resources/{kind}/{namespace}/{name}/logs',
      'listPodEvents GET /v1/pods/{pod}/events',
      'watchPodEvents GET /v1/pods/{pod}/events/watch',
      'getPodMetrics GET /v1/pods/{pod}/metrics',
      'updatePod PATCH /v1/pods/{pod}',
      'deletePod DELETE /v1/pods/{pod}',
      'listDeletedPods GET /v1/deleted-pods',
      'restorePod POST /v1/deleted-pods/{pod}/restore',
      'stopPod POST /v1/pods/{pod}/stop',
      'startPod POST /v1/pods/{pod}/start',
      'getPodLimits GET /v1/pods/{pod}/limits',
      'restartResource POST /v1/pods/{pod}/resources/{kind}/{namespace}/{name}/restart',
      'getRestart GET /v1/pods/{pod}/resources/{kind}/{namespace}/{name}/restart',
      'listInstanceSizes GET /v1/instance-sizes',
      'setInstanceSize PUT /v1/operator/instance-sizes/{size}',
      'setPodLimits PUT /v1/operator/pods/{pod}/limits',
      'listOperatorClusters GET /v1/operator/clusters',
      'registerCluster POST /v1/operator/clusters',
      'updateCluster PUT /v1/operator/clusters/{cluster}',
      'deleteCluster DELETE /v1/operator/clusters/{cluster}',
      'watchRevision GET /v1/pods/{pod}/revisions/{revision}/watch',
      'deletePodImage DELETE /v1/pods/{pod}/images',
      'getImageCleanup GET /v1/pods/{pod}/images/cleanup',
      'setImageCleanup PUT /v1/pods/{pod}/images/cleanup',
      'cleanUpImages POST /v1/pods/{pod}/images/cleanup',
      'createSource POST /v1/pods/{pod}/sources',
      'sendSourceContents PUT /v1/pods/{pod}/sources/contents',
      'listBuilds GET /v1/pods/{pod}/builds',
      'createBuild POST /v1/pods/{pod}/builds',
      'getBuild GET /v1/pods/{pod}/builds/{build}',
      'getBuildLog GET /v1/pods/{pod}/builds/{build}/log',
      'cancelBuild POST /v1/pods/{pod}/builds/{build}/cancel',
      'listPullKeys GET /v1/operator/pull-keys',
      'rotatePullKey POST /v1/operator/pull-keys',
      'listRegistryCredentials GET /v1/pods/{pod}/registry-credentials',
      'setRegistryCredentials PUT /v1/pods/{pod}/registry-credentials/{registry}',
      'removeRegistryCredentials DELETE /v1/pods/{pod}/registry-credentials/{registry}',
      'listDomains GET /v1/pods/{pod}/domains',
      'checkDomain POST /v1/pods/{pod}/domains/{domain}/check',
      'setDomainCertificate PUT /v1/pods/{pod}/domains/{domain}/certificate',
      'removeDomainCertificate DELETE /v1/pods/{pod}/domains/{domain}/certificate',
    ].sort(),
  );
});

test('every operation documents every error status', () => {
  for (const operation of DESCRIBED_OPERATIONS) {
    const responses =
      at(document, 'paths', operation.path, operation.method.toLowerCase(), 'responses') ?? {};
    expect(Object.keys(responses)).toEqual(
      [
        ...Object.keys(operation.responses),
        '400',
        '401',
        '403',
        '404',
        '412',
        '413',
        '429',
        '500',
        '503',
        '504',
      ].sort(),
    );
  }
});

test('the kinds stand inline, each told by a constant, with its variables', () => {
  const branches = at(document, 'components', 'schemas', 'ResourceInput', 'oneOf');
  expect(
    Array.isArray(branches) && branches.map((branch) => at(branch, 'properties', 'kind', 'const')),
  ).toEqual([...KINDS]);
  expect([...walk(branches)].filter(({ path }) => path.at(-1) === '$ref')).toEqual([]);
  expect(at(branches, '2', 'x-brainpod-variables')).toMatchObject([
    { name: 'host', ref: formatReference('<name>', 'host') },
  ]);
});

test('every reference leads somewhere', () => {
  const references = [...walk(document)]
    .filter(({ path }) => path.at(-1) === '$ref')
    .map(({ value }) => String(value));
  expect(references.length).toBeGreaterThan(50);
  for (const reference of references) expect(at(document, ...reference.split('/').slice(1))).toBeDefined();
});

test('every operation has its own tests, which prove its statuses', () => {
  for (const { id } of OPERATIONS) {
    const folder = id
      .replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
      .replace('open-api', 'openapi');
    const file = new URL(`./operations/${folder}/${folder}.integration.test.ts`, import.meta.url);
    expect(existsSync(file), `${file} exists`).toBe(true);
    expect(readFileSync(file, 'utf8').replaceAll(/\s/g, '')).toContain(`describeOperation('${id}'`);
  }
});

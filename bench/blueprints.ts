/**
 * npm run verify blueprints: blueprints on a Brainpod of its own, in a network namespace, with the images that
 * npm run base-images makes for them; the table goes to docs/results/blueprints.md. Needs root.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { DEFAULT_SETTINGS } from '@brainpod/supervisor/settings';
import { createPod, deletePods, deploy, hostname, replaceApp } from '../e2e/apps.ts';
import { brainpod, brainpodJson, installationIn, npmStart, ROOT, until } from '../e2e/brainpod.ts';
import { type Answer, edgeAgent, get } from '../e2e/edge.ts';
import { removeInstallation } from '../e2e/setup.ts';
import { createNetworkNamespace } from '../tools/network-namespace.ts';
import { measuredOn } from './machine.ts';
import { writeTable } from './results.ts';

const DIRECTORY = '/var/tmp/brainpod-blueprints';
const NAMESPACE = 'brainpod-blueprints';
const NETWORK_INDEX = 41;
const INSIDE = 'BRAINPOD_BLUEPRINTS_INSIDE';
const MIRRORED = { docker: 'docker.io', github: 'ghcr.io' };
const IMAGES = {
  nginx: 'nginxinc/nginx-unprivileged:1.29-alpine',
  pocketbase: 'ghcr.io/muchobien/pocketbase:0.36.7',
  wordpress: 'wordpress:6.9-php8.2-apache',
};
const ANSWER_TIMEOUT_MS = 60_000;
const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';

type Row = { blueprint: string; image: string; what: string; mb: number; seconds: number; answered: string };
type Content = { kind: string; metadata: { name: string }; spec: Record<string, unknown> };

if (process.env[INSIDE] === undefined) runInNamespace();
else await verifyAll();

/** Runs this again in a network namespace of its own, with the engine of this commit. */
function runInNamespace(): void {
  const built = execFileSync(process.execPath, [path.join(ROOT, 'tools/engine-build.ts')], {
    encoding: 'utf8',
  });
  // What the tool prints.
  const engine = JSON.parse(built) as { binDir: string; envoyBinary: string };
  const namespace = createNetworkNamespace(NAMESPACE, NETWORK_INDEX);
  try {
    const [command, args] = namespace.wrap(process.execPath, [import.meta.filename]);
    const { status } = spawnSync(command, args, {
      stdio: 'inherit',
      env: {
        ...process.env,
        [INSIDE]: 'true',
        BRAINPOD_MIRRORED_REGISTRIES: Object.values(MIRRORED).join(),
        BRAINPOD_ENGINE_BIN: engine.binDir,
        BRAINPOD_ENVOY_BINARY: engine.envoyBinary,
      },
    });
    process.exitCode = status ?? 1;
  } finally {
    namespace.remove();
  }
}

async function verifyAll(): Promise<void> {
  const installation = installationIn(DIRECTORY);
  await removeInstallation(DIRECTORY);
  await mkdir(installation.home, { recursive: true });
  try {
    const started = await npmStart(installation);
    if (started.code !== 0) throw new Error(`npm start: ${started.stderr}`);
    makeImages(installation.environment);
    const agent = edgeAgent(await readFile(path.join(installation.dataDir, 'server/ca.crt'), 'utf8'), 2);
    const site = { installation, ask: (url: string) => get(url, agent) };
    const rows = [await staticSite(site), await nextjs(site), await pocketbase(site), await wordpress(site)];
    await deletePods();
    agent.destroy();
    await writeRows(rows);
  } finally {
    await removeInstallation(DIRECTORY);
  }
}

/** As a person makes them: by the command. */
function makeImages(environment: Record<string, string>): void {
  const { status } = spawnSync(
    process.execPath,
    [path.join(ROOT, 'tools/base-images.ts'), ...Object.values(IMAGES), 'node:24-trixie-slim', 'node:24'],
    { stdio: 'inherit', env: { ...process.env, ...environment } },
  );
  if (status !== 0) throw new Error('the images were not made, see above');
}

type Site = {
  installation: ReturnType<typeof installationIn>;
  ask: (url: string) => Promise<Answer>;
};

/** With all of its defaults: Config, App and Route. */
async function staticSite(site: Site): Promise<Row> {
  const pod = await createPod(site.installation);
  await install(site, pod, 'static-site', {});
  const answered = await deployed(site, { pod, route: 'static-site', path: '/', words: 'It works' });
  const mb = await megabytes(`${MIRRORED.docker}/${IMAGES.nginx}`);
  return {
    blueprint: 'static-site',
    what: 'as it is, all inputs by default',
    image: IMAGES.nginx,
    mb,
    ...answered,
  };
}

/** With an image of examples/node-next, built on the platform. */
async function nextjs(site: Site): Promise<Row> {
  const pod = await createPod(site.installation);
  const { reference } = await brainpodJson<{ reference: string }>(site.installation, [
    ...['--pod', pod, 'image', 'build', 'web', path.join(ROOT, 'examples/node-next')],
  ]);
  await install(site, pod, 'nextjs', { image: reference });
  const answered = await deployed(site, { pod, route: 'nextjs', path: '/', words: '</html>' });
  const mb = await megabytes(`${pod}/web:latest`);
  const what = 'as it is, with an image of `examples/node-next` built on the platform';
  return { blueprint: 'nextjs', image: 'its own', what, mb, ...answered };
}

/** Without its Disk. */
async function pocketbase(site: Site): Promise<Row> {
  const pod = await createPod(site.installation);
  await install(site, pod, 'pocketbase', {});
  await changeApp(site, { pod, name: 'pocketbase', changes: { mounts: [] } });
  await removeResources(site, pod, [['disk', 'pocketbase-data']]);
  const words = 'API is healthy';
  const answered = await deployed(site, { pod, route: 'pocketbase', path: '/api/health', words });
  const mb = await megabytes(IMAGES.pocketbase);
  return { blueprint: 'pocketbase', image: IMAGES.pocketbase, what: 'without its Disk', mb, ...answered };
}

/** Without its Disks and its MariaDB, so that it asks where its database is. */
async function wordpress(site: Site): Promise<Row> {
  const pod = await createPod(site.installation);
  await install(site, pod, 'wordpress', {});
  await changeApp(site, { pod, name: 'wordpress', changes: { mounts: [], env: [] } });
  await removeResources(site, pod, [
    ...[['mariadb', 'wordpress-db'] as const, ['disk', 'wordpress-db-data'] as const],
    ['disk', 'wordpress-data'],
  ]);
  const path = '/wp-admin/setup-config.php';
  const answered = await deployed(site, { pod, route: 'wordpress', path, words: 'WordPress' });
  const mb = await megabytes(`${MIRRORED.docker}/library/${IMAGES.wordpress}`);
  const what = 'without its Disks and its MariaDB';
  return { blueprint: 'wordpress', image: IMAGES.wordpress, what, mb, ...answered };
}

async function install({ installation }: Site, pod: string, id: string, input: object): Promise<void> {
  const args = ['--pod', pod, 'blueprint', 'install', id, '-f', '-'];
  const { code, stdout, stderr } = await brainpod(installation, args, JSON.stringify(input));
  if (code !== 0) throw new Error(`blueprint install ${id}: ${stderr}`);
  console.log(stdout);
}

async function changeApp(
  { installation }: Site,
  { pod, name, changes }: { pod: string; name: string; changes: Record<string, unknown> },
): Promise<void> {
  const args = ['--pod', pod, 'resource', 'get', 'app', name];
  const { content } = await brainpodJson<{ content: Content }>(installation, args);
  await replaceApp(installation, pod, { ...content, spec: { ...content.spec, ...changes } });
}

async function removeResources(
  { installation }: Site,
  pod: string,
  resources: readonly (readonly [kind: string, name: string])[],
): Promise<void> {
  for (const [kind, name] of resources) {
    const { code, stderr } = await brainpod(installation, ['--pod', pod, 'resource', 'delete', kind, name]);
    if (code !== 0) throw new Error(`resource delete ${kind} ${name}: ${stderr}`);
  }
}

/** Deploys, and asks through the edge until these words come. `seconds` are of both. */
async function deployed(
  { installation, ask }: Site,
  wanted: { pod: string; route: string; path: string; words: string },
): Promise<{ seconds: number; answered: string }> {
  const { pod, route, path: asked, words } = wanted;
  const began = performance.now();
  const { code, stdout, stderr } = await deploy(installation, pod);
  if (code !== 0) throw new Error(`deploy of ${route}: ${stdout}${stderr}`);
  const url = `https://${await hostname(installation, pod, route)}${asked}`;
  const status = await until(`${words} at ${asked}`, ANSWER_TIMEOUT_MS, async () => {
    const answer = await ask(url);
    return answer.body.includes(words) ? answer.status : null;
  });
  return { seconds: (performance.now() - began) / 1000, answered: `${status} for \`${asked}\`` };
}

/** What the registry sends for all layers of an image. */
async function megabytes(image: string): Promise<number> {
  const [, repository = '', tag = ''] = /^(.+):([^:]+)$/.exec(image) ?? [];
  const url = `http://127.0.0.1:${DEFAULT_SETTINGS.registryPort}/v2/${repository}/manifests/${tag}`;
  const answer = await fetch(url, { headers: { accept: MANIFEST } });
  if (!answer.ok) throw new Error(`The registry answered ${answer.status} for ${image}.`);
  // The manifest's own form.
  const { layers } = (await answer.json()) as { layers: { size: number }[] };
  return layers.reduce((sum, { size }) => sum + size, 0) / 1e6;
}

async function writeRows(rows: readonly Row[]): Promise<void> {
  const lines = rows.map(
    ({ blueprint, what, image, mb, seconds, answered }) =>
      `| ${blueprint} | ${what} | ${image} | ${mb.toFixed(1)} | ${seconds.toFixed(1)} | ${answered} |`,
  );
  const table = `${measuredOn('npm run verify blueprints')}

| blueprint | how | image | MB | deploy to answer, s | answer through the edge |
| --- | --- | --- | ---: | ---: | --- |
${lines.join('\n')}
`;
  await writeTable('blueprints.md', table);
  console.log(table);
}

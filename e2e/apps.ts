import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { brainpod, brainpodJson, type Installation, type Outcome } from './brainpod.ts';

/** A Node program that answers every request with `text` on `port`, and says where it listens. */
export function answering(text: string, port: number): string {
  return `
    const http = require('node:http');
    const server = http.createServer((request, response) => response.end(${JSON.stringify(text)}));
    server.listen(${port}, () => console.log('listening on ${port}'));
    process.on('SIGTERM', () => server.close(() => process.exit(0)));
  `;
}

/** `dockerfile`: null for none, so that its package.json says how it is built. */
export type AppSource = { program: string; dockerfile?: string | null };

const DOCKERFILE = `FROM node:24-trixie-slim
COPY main.cjs /app/main.cjs
USER 1000
EXPOSE 8080
CMD ["node", "/app/main.cjs"]
`;

/** Writes a little app into a folder below `directory`. */
export async function writeApp(directory: string, name: string, source: AppSource): Promise<string> {
  const folder = path.join(directory, name);
  await mkdir(folder, { recursive: true });
  await writeFile(path.join(folder, 'main.cjs'), source.program);
  const { dockerfile = DOCKERFILE } = source;
  const manifest = JSON.stringify({ scripts: { start: 'node main.cjs' } });
  if (dockerfile === null) await writeFile(path.join(folder, 'package.json'), manifest);
  else await writeFile(path.join(folder, 'Dockerfile'), dockerfile);
  return folder;
}

/** Builds a little app and pushes it to the pod; gives the reference with its digest. */
export async function buildApp(
  installation: Installation,
  pod: string,
  name: string,
  source: AppSource,
): Promise<string> {
  const folder = await writeApp(path.join(installation.home, 'apps', pod), name, source);
  const built = await brainpodJson<{ reference: string; digest: string }>(installation, [
    '--pod',
    pod,
    'image',
    'build',
    // On the platform each of these pods would have a builder of its own, one after the other.
    '--local',
    name,
    folder,
  ]);
  return built.reference.includes('@') ? built.reference : `${built.reference}@${built.digest}`;
}

/** An App named `name` with this image, and a Route named the same to its port 8080. */
export function documents(name: string, image: string, spec: Record<string, unknown> = {}): object[] {
  const envelope = (kind: string) => ({
    apiVersion: 'pod.brainpod.io/v1alpha1',
    kind,
    metadata: { name, namespace: 'default' },
  });
  return [
    { ...envelope('App'), spec: { image, env: [], instance: '.25x', replicas: 1, ...spec } },
    {
      ...envelope('Route'),
      spec: { rules: [{ name: 'all', path: '/', port: 8080, backendRef: `urn:brain:app:default:${name}` }] },
    },
  ];
}

const created: { installation: Installation; name: string }[] = [];

/** A new pod, which goes when all tests of the file are over; gives its name. */
export async function createPod(installation: Installation): Promise<string> {
  const { name } = await brainpodJson<{ name: string }>(installation, ['pod', 'create']);
  created.push({ installation, name });
  return name;
}

/** Makes room for the next file's apps: deletes the pods that this one has made. */
export async function deletePods(): Promise<void> {
  for (const { installation, name } of created.splice(0)) {
    const pods = await brainpodJson<{ name: string }[]>(installation, ['pod', 'list']);
    if (pods.some((pod) => pod.name === name)) await brainpodJson(installation, ['pod', 'delete', name]);
  }
}

/** Puts documents into the pod's draft. */
export async function createResources(
  installation: Installation,
  pod: string,
  batch: object[],
): Promise<void> {
  await brainpodJson(installation, ['--pod', pod, 'resource', 'create', '-f', '-'], JSON.stringify(batch));
}

/** Replaces an App's document. */
export async function replaceApp(installation: Installation, pod: string, document: object): Promise<void> {
  const name = (document as { metadata: { name: string } }).metadata.name;
  await brainpodJson(
    installation,
    ['--pod', pod, 'resource', 'replace', 'app', name, '-f', '-'],
    JSON.stringify(document),
  );
}

/** Deploys the draft and waits for the end. */
export function deploy(installation: Installation, pod: string): Promise<Outcome> {
  return brainpod(installation, ['--pod', pod, 'deploy', '--wait', '--timeout', '120']);
}

/** The host name of a Route of the pod. */
export async function hostname(installation: Installation, pod: string, route: string): Promise<string> {
  const resource = await brainpodJson<{ content: { spec: { hostname: string } } }>(installation, [
    '--pod',
    pod,
    'resource',
    'get',
    'route',
    route,
  ]);
  return resource.content.spec.hostname;
}

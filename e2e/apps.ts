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

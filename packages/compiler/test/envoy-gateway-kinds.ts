import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { KubeClient } from '@brainpod/kube/client';
import { parseKubeObject } from '@brainpod/kube/kube-object';
import { waitFor } from '@brainpod/testkit/wait-for';
import { parse } from 'yaml';

const run = promisify(execFile);
const ENGINE_DIR = join(import.meta.dirname, '../../../engine');
const DEFINITIONS = 'charts/gateway-helm/charts/crds/crds/generated';
const KINDS = ['BackendTrafficPolicy', 'ClientTrafficPolicy', 'HTTPRouteFilter', 'SecurityPolicy'];

/** Installs those of Envoy Gateway's kinds that we write, as the engine's own pinned module defines them. */
export async function installEnvoyGatewayKinds(client: KubeClient): Promise<void> {
  const args = ['list', '-m', '-f', '{{.Dir}}', 'github.com/envoyproxy/gateway'];
  const { stdout } = await run('go', args, { cwd: ENGINE_DIR });
  for (const kind of KINDS) {
    const file = `gateway.envoyproxy.io_${kind.toLowerCase().replace(/y$/, 'ie')}s.yaml`;
    const text = await readFile(join(stdout.trim(), DEFINITIONS, file), 'utf8');
    await client.apply(parseKubeObject(parse(text)));
    await waitFor(() => client.hasResource('gateway.envoyproxy.io/v1alpha1', kind), {
      timeoutMs: 20_000,
      what: `Envoy Gateway's ${kind}`,
    });
  }
}

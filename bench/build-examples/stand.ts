import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { buildImage } from '@brainpod/builder/execute/build-image';
import { javaTrustStore } from '@brainpod/builder/java-trust-store';
import { startBuildkit } from '@brainpod/builder/testing/buildkit';
import { startDistribution } from '@brainpod/registry/testing/distribution';
import { planDirectory } from 'brainpod/flows/plan-directory';
import type { BaseImage } from '../../tools/base-image/base-images.ts';
import { ensureBaseImages } from '../../tools/base-image/ensure-base-images.ts';
import { baseImagesIn } from '../../tools/start/app-plan.ts';

/** A registry and a BuildKit that are there for this run alone: what they have built before does not count. */
export type Stand = {
  registryUrl: string;
  /** Sees to the base images of a folder's Dockerfile or plan. */
  provide(directory: string): Promise<void>;
  /** Builds a folder by its Dockerfile, or else its plan, and pushes the image. `say` gets each step and each line that it prints. */
  build(directory: string, repository: string, say: (line: string) => void): Promise<{ digest: string }>;
  stop(): Promise<void>;
};

const BUNDLE = '/etc/ssl/certs/ca-certificates.crt';
const TRUST = 'java-trust.jks';
const BUNDLE_IN_STEP = '/dev/brainpod/ca-certificates.crt';

export async function startStand(binaries: string, cacheDir: string): Promise<Stand> {
  const work = await mkdtemp(path.join(tmpdir(), 'brainpod-build-stand-'));
  const settings = path.join(work, 'settings.json');
  await writeFile(settings, JSON.stringify(await stepSettings(work)));
  const registry = await startDistribution(path.join(binaries, 'registry'));
  const buildkit = await startBuildkit(path.join(binaries, 'buildkitd'), {
    mirror: `${new URL(registry.origin).host}/docker.io`,
    runc: path.join(binaries, 'runc-build'),
    environment: { BRAINPOD_BUILD_STEP_SETTINGS: settings },
  });
  const provided = new Set<BaseImage>();
  return {
    registryUrl: registry.origin,
    async provide(directory) {
      const { dockerfile } = dockerfileOf(directory) ?? planDirectory(directory);
      const missing = baseImagesIn(dockerfile).filter((name) => !provided.has(name));
      await ensureBaseImages(missing, { registryUrl: registry.origin, cacheDir, report: () => undefined });
      for (const name of missing) provided.add(name);
    },
    async build(directory, repository, say) {
      const plan = dockerfileOf(directory) === null ? { plan: planDirectory(directory) } : {};
      return await buildImage({
        directory,
        ...plan,
        buildctl: path.join(binaries, 'buildctl'),
        buildkitAddress: buildkit.address,
        registryEndpoint: registry.origin,
        repository,
        tag: 'latest',
        apiKey: 'none',
        environment: process.env,
        onEvent: (event) => {
          if (event.kind === 'step-started') say(event.name);
          if (event.kind === 'log') say(event.line);
        },
      });
    },
    async stop() {
      await buildkit.stop();
      await registry.stop();
      await rm(work, { recursive: true, force: true });
    },
  };
}

function dockerfileOf(directory: string): { dockerfile: string } | null {
  const file = path.join(directory, 'Dockerfile');
  return existsSync(file) ? { dockerfile: readFileSync(file, 'utf8') } : null;
}

/** What the engine gives each step (engine/internal/buildstep), as far as the examples need it. */
async function stepSettings(work: string): Promise<{
  runc: string;
  mounts: Record<string, string>;
  environment: Record<string, string>;
}> {
  const runc = spawnSync('which', ['runc'], { encoding: 'utf8' }).stdout.trim();
  if (runc === '') throw new Error('runc is needed to build and run images: apt-get install runc');
  if (!existsSync(BUNDLE)) return { runc, mounts: {}, environment: {} };
  const names = [
    'SSL_CERT_FILE',
    'NODE_EXTRA_CA_CERTS',
    'REQUESTS_CA_BUNDLE',
    'PIP_CERT',
    'CARGO_HTTP_CAINFO',
    'DENO_CERT',
  ];
  const trust = path.join(work, TRUST);
  await writeFile(trust, javaTrustStore(await readFile(BUNDLE, 'utf8')));
  return {
    runc,
    mounts: { 'ca-certificates.crt': BUNDLE, [TRUST]: trust },
    environment: {
      ...Object.fromEntries(names.map((name) => [name, BUNDLE_IN_STEP])),
      MAVEN_OPTS: `-Djavax.net.ssl.trustStore=/dev/brainpod/${TRUST}`,
    },
  };
}

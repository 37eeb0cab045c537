import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { chmod, copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { BUILDER_REPOSITORY, BUILDER_TAG } from '@brainpod/builder/builder-image';
import { EPOCH_SECONDS } from '../base-image/base-images.ts';
import { DEBIAN_RECIPE, type DebianSystem, writeDebianTar } from '../base-image/debian-layer.ts';
import { ensureLayers, type LayerRecipe } from '../base-image/layer-store.ts';
import { assembleImage } from '../base-image/oci-image.ts';
import { imageLabels, pushImage } from '../base-image/oci-push.ts';
import { runProgram } from '../base-image/run-program.ts';

export type BuilderImageOptions = {
  /** The registry behind the front, such as `http://127.0.0.1:4650`. */
  registryUrl: string;
  /** Where finished layers are kept for the next time. */
  cacheDir: string;
  /** Where the engine's programs are. */
  binDir: string;
  /** Called with one short phrase for each step. */
  report: (step: string) => void;
};

const INPUTS_LABEL = 'io.brainpod.builder.inputs';
const PROGRAMS = ['buildkitd', 'buildctl', 'runc-build'];
const PROGRAMS_FOLDER = 'usr/local/bin';

/**
 * Root within a user namespace, which user 1000 makes: newuidmap and newgidmap get the one capability that each needs,
 * instead of being root, who could not open the other's map without yet another capability.
 */
const SYSTEM: DebianSystem = {
  suite: 'trixie',
  packages: ['libcap2-bin', 'rootlesskit', 'runc', 'uidmap'],
  hooks: [
    'chmod u-s "$1/usr/bin/newuidmap" "$1/usr/bin/newgidmap"',
    'chroot "$1" setcap cap_setuid=ep /usr/bin/newuidmap',
    'chroot "$1" setcap cap_setgid=ep /usr/bin/newgidmap',
    'echo builder:x:1000:1000::/var/lib/buildkit:/usr/sbin/nologin >> "$1/etc/passwd"',
    'echo builder:x:1000: >> "$1/etc/group"',
    'echo builder:100000:65536 > "$1/etc/subuid"',
    'echo builder:100000:65536 > "$1/etc/subgid"',
  ],
};

/**
 * Sees to it that our registry holds the image that builders run: BuildKit's programs on a Debian system. Says whether it
 * had to be made. Making it needs root, mmdebstrap and tar.
 */
export async function ensureBuilderImage(options: BuilderImageOptions): Promise<{ made: boolean }> {
  const { binDir, registryUrl, report } = options;
  const programs = await programsKey(binDir);
  const system = keyOf({ recipe: 1, debian: DEBIAN_RECIPE, system: SYSTEM, epoch: EPOCH_SECONDS });
  const inputs = keyOf([system, programs]);
  const repository = { registryUrl, name: BUILDER_REPOSITORY };
  const labels = await imageLabels(repository, BUILDER_TAG);
  if (labels?.[INPUTS_LABEL] === inputs) return { made: false };
  if (process.arch !== 'x64') {
    throw new Error(
      `The builder's image is made for amd64 only so far, and this machine is ${process.arch}.`,
    );
  }
  const layers = await ensureLayers([systemLayer(system), programsLayer(binDir, programs)], options);
  const image = assembleImage(layers, {
    env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'],
    cmd: ['buildkitd'],
    labels: { [INPUTS_LABEL]: inputs, 'org.opencontainers.image.title': 'Brainpod builder' },
    createdAt: new Date(EPOCH_SECONDS * 1000),
    architecture: 'amd64',
  });
  report(`pushing ${BUILDER_REPOSITORY}`);
  await pushImage(repository, [BUILDER_TAG], image);
  return { made: true };
}

function systemLayer(key: string): LayerRecipe {
  return {
    name: 'builder-system',
    key,
    createdBy: `mmdebstrap ${SYSTEM.suite} ${SYSTEM.packages.join(' ')}`,
    write: (tarFile, { report }) => writeDebianTar(tarFile, SYSTEM, { epochSeconds: EPOCH_SECONDS, report }),
  };
}

function programsLayer(binDir: string, key: string): LayerRecipe {
  return {
    name: 'builder-programs',
    key,
    createdBy: `copy ${PROGRAMS.join(' ')}`,
    write: (tarFile) => writeProgramsTar(binDir, tarFile),
  };
}

async function writeProgramsTar(binDir: string, tarFile: string): Promise<void> {
  const root = await mkdtemp(path.join(tmpdir(), 'brainpod-builder-'));
  try {
    const folder = path.join(root, PROGRAMS_FOLDER);
    await mkdir(folder, { recursive: true, mode: 0o755 });
    for (const program of PROGRAMS) {
      await copyFile(path.join(binDir, program), path.join(folder, program));
      await chmod(path.join(folder, program), 0o755);
    }
    const files = PROGRAMS.map((program) => `${PROGRAMS_FOLDER}/${program}`);
    const owner = ['--numeric-owner', '--owner=0', '--group=0', `--mtime=@${EPOCH_SECONDS}`];
    await runProgram('tar', ['--create', `--file=${tarFile}`, ...owner, `--directory=${root}`, ...files]);
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

/** By what the programs are, since the engine's own key changes with much that is none of theirs. */
async function programsKey(binDir: string): Promise<string> {
  const hash = createHash('sha256');
  for (const program of PROGRAMS) {
    hash.update(`${program}\n`);
    await pipeline(createReadStream(path.join(binDir, program)), hash, { end: false });
  }
  return hash.digest('hex').slice(0, 32);
}

function keyOf(inputs: unknown): string {
  return createHash('sha256').update(JSON.stringify(inputs)).digest('hex').slice(0, 32);
}

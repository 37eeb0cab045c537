import { createHash } from 'node:crypto';
import { blueprintImages } from './blueprint-images.ts';
import { DEBIAN_RECIPE, type DebianSystem, PLAIN_SYSTEM, writeDebianTar } from './debian-layer.ts';
import { DENO_PACKAGE, writeDenoTar } from './deno-layer.ts';
import { elixirImages } from './elixir-images.ts';
import { GO_VERSIONS, writeGoTar } from './go-layer.ts';
import { javaImages } from './java-images.ts';
import type { LayerRecipe } from './layer-store.ts';
import { NODE_PACKAGE, NPM_PACKAGE, writeNodeTar } from './node-layer.ts';
import { phpImages } from './php-images.ts';
import { rubyImages } from './ruby-images.ts';

/** How an image is made: its layers, lowest first, and what a container of it starts with. */
export type ImageRecipe = {
  layers: readonly LayerRecipe[];
  env: readonly string[];
  cmd: readonly string[];
  /** The number of its user and of its group; absent for root. */
  user?: string;
  /** What it really is, where its name says something else. */
  contents?: string;
};

/** Every file of an image carries this time: 2025-01-01. */
export const EPOCH_SECONDS = 1_735_689_600;

const FOLDERS = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** The lowest layer of most, and Node above it. */
const PLAIN_KEY = keyOf({
  recipe: 2,
  debian: DEBIAN_RECIPE,
  node: NODE_PACKAGE,
  npm: NPM_PACKAGE,
  epoch: EPOCH_SECONDS,
});

const PLAIN: LayerRecipe = {
  name: 'debian',
  key: PLAIN_KEY,
  createdBy: `mmdebstrap ${DEBIAN_RECIPE.suite}`,
  write: async (tarFile, { report }) =>
    await writeDebianTar(tarFile, PLAIN_SYSTEM, { epochSeconds: EPOCH_SECONDS, report }),
};

const NODE: LayerRecipe = {
  name: 'node',
  key: PLAIN_KEY,
  createdBy: `node ${NODE_PACKAGE.version}`,
  write: async (tarFile, { below, downloads, report }) => {
    if (below === null) throw new Error('Node lies above a Debian system.');
    report(`fetching Node ${NODE_PACKAGE.version}`);
    await writeNodeTar(below, tarFile, { downloads, epochSeconds: EPOCH_SECONDS });
  },
};

/** A Debian system with programs of Debian's own in it. */
function system(name: string, wanted: DebianSystem): LayerRecipe {
  return {
    name,
    key: keyOf({ recipe: 2, debian: DEBIAN_RECIPE, system: wanted, epoch: EPOCH_SECONDS }),
    createdBy: `mmdebstrap ${wanted.suite} ${wanted.packages.join(' ')}`,
    write: async (tarFile, { report }) =>
      await writeDebianTar(tarFile, wanted, { epochSeconds: EPOCH_SECONDS, report }),
  };
}

function plain(): ImageRecipe {
  return { layers: [PLAIN], env: [`PATH=${FOLDERS}`], cmd: ['bash'] };
}

function node(): ImageRecipe {
  const env = [`PATH=${FOLDERS}`, `NODE_VERSION=${NODE_PACKAGE.version}`];
  return { layers: [PLAIN, NODE], env, cmd: ['node'] };
}

function deno(): ImageRecipe {
  const layer: LayerRecipe = {
    name: 'deno',
    key: keyOf({ recipe: 1, deno: DENO_PACKAGE, epoch: EPOCH_SECONDS }),
    createdBy: `deno ${DENO_PACKAGE.version}`,
    write: async (tarFile, { downloads, report }) => {
      report(`fetching Deno ${DENO_PACKAGE.version}`);
      await writeDenoTar(tarFile, { downloads, epochSeconds: EPOCH_SECONDS });
    },
  };
  const env = [`PATH=${FOLDERS}`, 'DENO_DIR=/deno-dir/', `DENO_VERSION=${DENO_PACKAGE.version}`];
  return { layers: [PLAIN, layer], env, cmd: ['deno'] };
}

/** What builds with cgo needs a compiler of C beside it, which the official image has and this one does not. */
function golang(minor: keyof typeof GO_VERSIONS): ImageRecipe {
  const version = GO_VERSIONS[minor];
  const layer: LayerRecipe = {
    name: 'go',
    key: keyOf({ recipe: 1, go: version, epoch: EPOCH_SECONDS }),
    createdBy: `go ${version}`,
    write: async (tarFile, { report }) => {
      report(`fetching Go ${version}`);
      await writeGoTar(tarFile, { version, epochSeconds: EPOCH_SECONDS });
    },
  };
  const path = `PATH=/go/bin:/usr/local/go/bin:${FOLDERS}`;
  const env = [path, `GOLANG_VERSION=${version}`, 'GOPATH=/go', 'GOTOOLCHAIN=local'];
  return { layers: [PLAIN, layer], env, cmd: ['bash'] };
}

/** Debian has one version of Python in each suite. */
function python(suite: string): ImageRecipe {
  const packages = ['python3', 'python3-venv'];
  const wheel = 'wheel=$(echo /usr/share/python-wheels/pip-*.whl)';
  const hooks = [
    // As in the official images: "python" by this name, pip in /usr/local, and nobody else installs there.
    'ln -s /usr/bin/python3 "$1/usr/local/bin/python"',
    'rm -f "$1"/usr/lib/python3.*/EXTERNALLY-MANAGED',
    `chroot "$1" sh -c '${wheel}; python3 $wheel/pip install --no-index --no-cache-dir $wheel'`,
  ];
  const env = [`PATH=${FOLDERS}`, 'LANG=C.UTF-8'];
  return { layers: [system('python', { suite, packages, hooks })], env, cmd: ['python3'] };
}

/** The one of Debian's releases, which Debian goes on mending. */
function nginx(): ImageRecipe {
  const packages = ['nginx'];
  return {
    layers: [system('nginx', { suite: 'trixie', packages, hooks: [] })],
    env: [`PATH=${FOLDERS}`],
    cmd: ['nginx'],
  };
}

/** The one of Debian's release: what needs a newer compiler is not built with it. */
function rust(): ImageRecipe {
  const packages = ['cargo', 'gcc', 'libc6-dev', 'rustc'];
  const env = [`PATH=/usr/local/cargo/bin:${FOLDERS}`, 'CARGO_HOME=/usr/local/cargo'];
  return { layers: [system('rust', { suite: 'trixie', packages, hooks: [] })], env, cmd: ['bash'] };
}

const RECIPES = {
  ...javaImages({ system, folders: FOLDERS }),
  ...elixirImages({ system, folders: FOLDERS }),
  ...phpImages({ system, folders: FOLDERS }),
  ...rubyImages({ system, folders: FOLDERS }),
  ...blueprintImages({ plain: PLAIN, system, keyOf, folders: FOLDERS, epochSeconds: EPOCH_SECONDS }),
  'debian:trixie-slim': plain(),
  'denoland/deno:2.9.6': deno(),
  'node:24-trixie-slim': node(),
  'node:24': node(),
  'golang:1.24': golang('1.24'),
  'golang:1.25': golang('1.25'),
  'golang:1.26': golang('1.26'),
  'golang:1.27': golang('1.27'),
  'nginx:stable': nginx(),
  'python:3.11-slim': python('bookworm'),
  'python:3.13-slim': python('trixie'),
  'rust:1-slim-trixie': rust(),
} satisfies Record<string, ImageRecipe>;

export type BaseImage = keyof typeof RECIPES;

/** The images that we can make, by the name that a Dockerfile's FROM or an App gives them. */
export const BASE_IMAGES = Object.keys(RECIPES).filter(isBaseImage);

export function recipeOf(name: BaseImage): ImageRecipe {
  return RECIPES[name];
}

/** The same as long as an image made now would be the same, security updates of Debian aside. */
export function imageKey({ layers }: ImageRecipe): string {
  const keys = [...new Set(layers.map(({ key }) => key))];
  return keys.length === 1 ? (keys[0] ?? '') : keyOf(keys);
}

function isBaseImage(name: string): name is BaseImage {
  return name in RECIPES;
}

function keyOf(inputs: unknown): string {
  return createHash('sha256').update(JSON.stringify(inputs)).digest('hex').slice(0, 32);
}

import Type, { type Static } from 'typebox';
import { hasControlCharacter } from '../control-character.ts';
import { isDnsLabel } from '../dns-name.ts';
import type { Fault } from '../fault.ts';
import { parseImageReference } from '../image-reference.ts';
import { INSTANCE_NAMES, isFractional } from '../instance-size.ts';
import { addressableResourceOf, Port } from './envelope.ts';
import { duplicates, type Rule } from './rule.ts';
import { nameInUrn, urnFault, urnOf } from './urn-field.ts';

const MAX_ENV_ENTRY_BYTES = 100_000;
const MAX_ENV_BYTES = 500_000;

const Image = Type.Refine(
  Type.String({
    minLength: 1,
    description: 'the name of an image, such as nginx:1.29 or registry.example.com/web@sha256:…',
  }),
  (text) => text === '' || parseImageReference(text).ok,
  (text) => {
    const parsed = parseImageReference(text);
    return parsed.ok ? '' : parsed.faults.map((fault) => fault.message).join(' ');
  },
);

const EnvEntry = Type.Object({
  name: Type.String({
    pattern: '^[A-Za-z_][A-Za-z0-9_]*$',
    description: 'the name of a variable: a letter or "_", then letters, digits and "_"',
  }),
  value: Type.String({
    minLength: 1,
    pattern: '^[^\\u0000]*$',
    description: 'text of at least 1 character, without NUL',
  }),
});

const MountPath = Type.Refine(
  Type.String({ pattern: '^/', maxLength: 1024, description: 'an absolute path, such as /data' }),
  (path) => mountPathFault(path) === undefined,
  (path) => mountPathFault(path) ?? '',
);

const DiskMount = Type.Object({
  path: MountPath,
  disk: urnOf('Disk'),
});

const FileMount = Type.Object({
  path: MountPath,
  file: Type.String({ minLength: 1, description: 'the name of a file in the Config' }),
  config: Type.Refine(
    Type.String({ description: 'the name of a Config or its URN' }),
    (text) => configRefFault(text) === undefined,
    (text) => configRefFault(text) ?? '',
  ),
});

const ArtifactSelector = Type.Union([
  Type.Object({ status: Type.Literal('pending') }),
  Type.Object({
    status: Type.Literal('configured'),
    name: Type.String({ minLength: 1 }),
    githubRepo: Type.String({ minLength: 1 }),
    refName: Type.String({ minLength: 1 }),
    buildRef: Type.Optional(Type.String()),
  }),
]);

const Command = Type.Array(Type.String(), {
  minItems: 1,
  description: 'a list of a program and its arguments',
});
const ShellCommand = Type.String({ minLength: 1, description: 'text: a command for the shell' });

const Init = Type.Union([
  ShellCommand,
  Type.Object({ cmd: ShellCommand }),
  Type.Object({ image: Image, cmd: Command }),
]);

const ReadyCheck = Type.Object({
  cmd: Type.Optional(Command),
  port: Type.Optional(Port),
  host: Type.Optional(
    Type.String({
      pattern: '^[A-Za-z0-9.:\\[\\]_-]+$',
      maxLength: 253,
      description: 'a host name or address',
    }),
  ),
  path: Type.Optional(
    Type.String({ pattern: '^/', maxLength: 4096, description: 'a path that starts with "/"' }),
  ),
});

const UserId = Type.Integer({ minimum: 0, maximum: 65535 });

const AppSpec = Type.Object({
  image: Image,
  artifactSelector: Type.Optional(ArtifactSelector),
  buildRef: Type.Optional(Type.String()),
  env: Type.Array(EnvEntry),
  instance: Type.Enum(INSTANCE_NAMES),
  replicas: Type.Integer({ minimum: 1, maximum: 10 }),
  mounts: Type.Optional(Type.Array(Type.Union([DiskMount, FileMount]), { default: [] })),
  lifecycle: Type.Optional(Type.Object({ init: Type.Optional(Init) })),
  checks: Type.Optional(Type.Object({ ready: Type.Optional(ReadyCheck) })),
  runtime: Type.Optional(
    Type.Object({
      uid: Type.Optional(UserId),
      gid: Type.Optional(UserId),
      fsGroup: Type.Optional(UserId),
    }),
  ),
});

export const AppInputSchema = addressableResourceOf('App', AppSpec);

type AppInput = Static<typeof AppInputSchema>;
export type AppMount = Static<typeof DiskMount> | Static<typeof FileMount>;
export type AppFileMount = Static<typeof FileMount>;
export type AppInit = Static<typeof Init>;
export type AppDocument = Omit<AppInput, 'spec'> & {
  spec: Omit<AppInput['spec'], 'mounts'> & { mounts: AppMount[] };
};

export function isFileMount(mount: AppMount): mount is AppFileMount {
  return 'config' in mount;
}

/** The name of the Config that a mount means, which it may give as a name or as a URN. */
export function configNameOf(reference: string): string {
  return nameInUrn(reference);
}

/** Fills in what a document may leave out. */
export function completeApp(app: AppInput): AppDocument {
  return { ...app, spec: { ...app.spec, mounts: app.spec.mounts ?? [] } };
}

export const APP_RULES: readonly Rule<AppInput>[] = [
  { reads: ['spec.instance', 'spec.replicas'], check: replicasFitInstance },
  { reads: ['spec.mounts', 'spec.replicas'], check: replicasFitDisk },
  { reads: ['spec.env'], check: envNamesDiffer },
  { reads: ['spec.env'], check: envFits },
  { reads: ['spec.mounts'], check: mountsDiffer },
  { reads: ['spec.mounts'], check: mountsAreOneThing },
  { reads: ['spec.lifecycle'], check: initIsOneThing },
  { reads: ['spec.checks'], check: readyCheckIsOneThing },
  { reads: ['spec.runtime'], check: runtimeIsNotRoot },
];

function replicasFitInstance({ spec }: AppInput): Fault[] {
  if (spec.replicas === 1 || !isFractional(spec.instance)) return [];
  const message = `Must be 1 with instance ${spec.instance}. To run more than one, use 1x or larger.`;
  return [{ path: 'spec.replicas', message }];
}

function replicasFitDisk({ spec }: AppInput): Fault[] {
  if (spec.replicas === 1 || (spec.mounts ?? []).every(isFileMount)) return [];
  return [
    { path: 'spec.replicas', message: 'Must be 1 when a Disk is mounted: a Disk serves one instance.' },
  ];
}

function envNamesDiffer({ spec }: AppInput): Fault[] {
  const names = spec.env.map((entry) => entry.name);
  return duplicates(
    names,
    (index) => `spec.env[${index}].name`,
    (first) => `Is set already at ${first}. A variable can be set only once.`,
  );
}

/** Linux gives a program no variable longer than this, and no more than this in all with room to spare. */
function envFits({ spec }: AppInput): Fault[] {
  const encoder = new TextEncoder();
  const sizes = spec.env.map(({ name, value }) => encoder.encode(`${name}=${value}`).length);
  const tooLong = sizes.flatMap((bytes, index) => {
    if (bytes <= MAX_ENV_ENTRY_BYTES) return [];
    const message = `Has ${bytes} bytes with its name; a variable may have ${MAX_ENV_ENTRY_BYTES}. Put large values into a Config.`;
    return [{ path: `spec.env[${index}].value`, message }];
  });
  const total = sizes.reduce((sum, bytes) => sum + bytes, 0);
  if (tooLong.length > 0 || total <= MAX_ENV_BYTES) return tooLong;
  const message = `Holds ${total} bytes in all; an environment may hold ${MAX_ENV_BYTES}. Put large values into a Config.`;
  return [{ path: 'spec.env', message }];
}

function mountsDiffer({ spec }: AppInput): Fault[] {
  const paths = (spec.mounts ?? []).map((mount) => mount.path.replace(/\/+$/, ''));
  return duplicates(
    paths,
    (index) => `spec.mounts[${index}].path`,
    (first) => `Is mounted already at ${first}. A path can hold only one mount.`,
  );
}

function mountsAreOneThing({ spec }: AppInput): Fault[] {
  return (spec.mounts ?? []).flatMap((mount, index) => {
    if (!('disk' in mount && 'config' in mount)) return [];
    return [
      {
        path: `spec.mounts[${index}]`,
        message: 'Must name either a disk, or a config and a file, not both.',
      },
    ];
  });
}

function initIsOneThing({ spec }: AppInput): Fault[] {
  const init = spec.lifecycle?.init;
  if (typeof init !== 'object' || !('image' in init) || Array.isArray(init.cmd)) return [];
  const message =
    'Must be a list of a program and its arguments where an image is given: it may have no shell.';
  return [{ path: 'spec.lifecycle.init.cmd', message }];
}

function readyCheckIsOneThing({ spec }: AppInput): Fault[] {
  const check = spec.checks?.ready;
  if (check?.cmd === undefined || (check.port === undefined && check.path === undefined)) return [];
  const message = 'Must have either cmd, or port and path: a check is a command or a request, not both.';
  return [{ path: 'spec.checks.ready', message }];
}

function runtimeIsNotRoot({ spec }: AppInput): Fault[] {
  if (spec.runtime?.uid !== 0) return [];
  return [
    {
      path: 'spec.runtime.uid',
      message: 'Must not be 0: an app does not run as root. Use 1000, for example.',
    },
  ];
}

function mountPathFault(path: string): string | undefined {
  if (!path.startsWith('/')) return undefined;
  if (path.includes(':') || hasControlCharacter(path)) return 'Must not contain ":" or a control character.';
  const segments = path.split('/').filter((segment) => segment !== '');
  if (segments.length === 0) return 'Must not be "/": that is the whole of the image.';
  if (segments.some((segment) => segment === '.' || segment === '..'))
    return 'Must not contain "." or ".." as a part.';
  if (['proc', 'sys', 'dev'].includes(segments[0] ?? ''))
    return `Must not be under /${segments[0]}, which belongs to the system.`;
  return undefined;
}

function configRefFault(text: string): string | undefined {
  if (text.includes(':')) return urnFault(text, 'Config');
  return isDnsLabel(text) ? undefined : 'Must be the name of a Config, or its URN.';
}

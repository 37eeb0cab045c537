import { BUILD_SECRET_ID, LONGEST_BUILD_SECRET, MOST_BUILD_SECRETS } from '@brainpod/model/build-secret';
import { BUILD_LOG_KINDS, BUILD_ORIGINS, BUILD_STATES } from '@brainpod/model/build-state';
import { SOURCE_LIMITS } from '@brainpod/model/source';
import Type, { type Static } from 'typebox';
import { Instant, LinkSchema, nullable, Text, Uuid } from './schema-parts.ts';

// The shapes of builds and of what they are made of.

const Digest = Type.String({
  pattern: '^sha256:[0-9a-f]{64}$',
  description: 'sha256: and 64 lowercase hexadecimal digits',
});

const SourcePath = Type.String({
  minLength: 1,
  maxLength: SOURCE_LIMITS.pathCharacters,
  description: 'the path within the folder that is sent, with "/" between its parts',
});

const SourceFile = Type.Object({
  path: SourcePath,
  digest: Digest,
  sizeBytes: Type.Integer({ minimum: 0, maximum: SOURCE_LIMITS.fileBytes }),
  executable: Type.Optional(Type.Boolean()),
});

const SourceLink = Type.Object({
  path: SourcePath,
  link: Type.String({
    minLength: 1,
    maxLength: SOURCE_LIMITS.pathCharacters,
    description: 'what the symbolic link says; it must lead to a place within the source',
  }),
});

export const SourceInput = Type.Object(
  {
    files: Type.Array(Type.Union([SourceFile, SourceLink]), {
      minItems: 1,
      maxItems: SOURCE_LIMITS.entries,
    }),
  },
  { additionalProperties: false },
);

export const Source = Type.Object({
  source: Type.String({ description: 'The digest of the list of files, by which it is built' }),
  files: Type.Integer(),
  bytes: Type.Integer({ description: 'Of all files together' }),
  missing: Type.Array(Type.String(), { description: 'The digests of files that are still to be sent' }),
});

export const ReceivedContents = Type.Object({
  received: Type.Integer({ description: 'How many files were kept' }),
  bytes: Type.Integer(),
});

/** It becomes a part of a line of a Dockerfile, as all that is said of a plan. */
const Command = Type.String({
  minLength: 1,
  maxLength: 2000,
  pattern: '^[^\\u0000-\\u001f\\u007f-\\u009f\\u2028\\u2029]+$',
  description: 'one line',
});

const Version = Type.String({
  maxLength: 100,
  pattern: '^[ -~]+$',
  description: 'such as 22, or a range as the language writes them',
});

const PlanFolder = Type.String({
  maxLength: SOURCE_LIMITS.pathCharacters,
  pattern: '^[A-Za-z0-9_@.-]+(/[A-Za-z0-9_@.-]+)*$',
});

const PlanOverrides = Type.Object(
  {
    directory: Type.Optional(PlanFolder),
    install: Type.Optional(Command),
    build: Type.Optional(Command),
    start: Type.Optional(Command),
    publish: Type.Optional(PlanFolder),
    nodeVersion: Type.Optional(Version),
    pythonVersion: Type.Optional(Version),
    goVersion: Type.Optional(Version),
    rustVersion: Type.Optional(Version),
    javaVersion: Type.Optional(Version),
    phpVersion: Type.Optional(Version),
    rubyVersion: Type.Optional(Version),
    elixirVersion: Type.Optional(Version),
    dotnetVersion: Type.Optional(Version),
    denoVersion: Type.Optional(Version),
  },
  {
    additionalProperties: false,
    description:
      'what counts more than what is found where there is no Dockerfile: the folder that is built, commands, the folder of files for a web server, versions',
  },
);

const BuildSecretInput = Type.Object(
  {
    id: Type.String({
      pattern: BUILD_SECRET_ID,
      description: 'by which a Dockerfile asks for it, such as NPM_TOKEN',
    }),
    value: Type.String({ minLength: 1, maxLength: LONGEST_BUILD_SECRET, writeOnly: true }),
  },
  { additionalProperties: false },
);

export const BuildInput = Type.Object(
  {
    image: Type.String({
      minLength: 1,
      maxLength: 200,
      pattern: '^[a-z0-9]+([._-][a-z0-9]+)*(/[a-z0-9]+([._-][a-z0-9]+)*)*$',
      description: 'the name of the image within the pod, such as web',
    }),
    tag: Type.Optional(
      Type.String({
        pattern: '^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$',
        default: 'latest',
        description: 'the tag of the image',
      }),
    ),
    source: Digest,
    builder: Type.Optional(
      Type.Enum(['auto', 'dockerfile', 'plan'], {
        default: 'auto',
        description:
          'auto: by the Dockerfile where there is one, else by what is found in the source; plan: by that in any case',
      }),
    ),
    dockerfile: Type.Optional(SourcePath),
    directory: Type.Optional(
      Type.String({
        maxLength: SOURCE_LIMITS.pathCharacters,
        default: '',
        description: 'the folder of the source that is built; empty for all of it',
      }),
    ),
    platform: Type.Optional(
      Type.String({
        pattern: '^linux/[a-z0-9]{1,20}(/v[0-9])?$',
        description: 'such as linux/amd64; without it, that of the cluster',
      }),
    ),
    overrides: Type.Optional(PlanOverrides),
    secrets: Type.Optional(
      Type.Array(BuildSecretInput, {
        maxItems: MOST_BUILD_SECRETS,
        description:
          'values that steps may use, by RUN --mount=type=secret: they reach no layer, image or log, and are kept until the build is over',
      }),
    ),
    labels: Type.Optional(
      Type.Object(
        {
          'git.rev': Type.Optional(Type.String({ maxLength: 255 })),
          'git.refname': Type.Optional(Type.String({ maxLength: 255 })),
          'github.repo': Type.Optional(Type.String({ maxLength: 255 })),
          'github.workflow': Type.Optional(Type.String({ maxLength: 255 })),
        },
        { additionalProperties: false, description: 'where the source comes from' },
      ),
    ),
  },
  { additionalProperties: false },
);

const BuiltImage = Type.Object({
  repository: Type.String(),
  tag: Type.String(),
  reference: Type.Union([Type.String(), Type.Null()], {
    description: 'With the digest; null until it is there',
  }),
  digest: Text,
});

export const Build = Type.Object({
  id: Uuid,
  state: Type.Enum(BUILD_STATES),
  origin: Type.Enum(BUILD_ORIGINS, { description: 'external: it is done elsewhere, and told of here' }),
  image: nullable(BuiltImage),
  source: Text,
  platform: Text,
  tags: Type.Record(Type.String(), Type.String()),
  artifacts: Type.Array(Type.Object({ name: Type.String(), uri: Type.String() })),
  error: Type.Union([Type.String(), Type.Null()], { description: 'Why it failed and what to do' }),
  ahead: Type.Union([Type.Integer(), Type.Null()], {
    description: 'How many builds come before it; null unless it waits',
  }),
  createdAt: Instant,
  startedAt: nullable(Instant),
  finishedAt: nullable(Instant),
  _links: Type.Object({ self: LinkSchema, pod: LinkSchema, log: LinkSchema, cancel: LinkSchema }),
});

export const BuildList = Type.Object({
  items: Type.Array(Build),
  _links: Type.Object({ self: LinkSchema, next: nullable(LinkSchema) }),
});

export const BuildLog = Type.Object({
  items: Type.Array(
    Type.Object({
      seq: Type.Integer({ description: 'For `after`' }),
      at: Instant,
      kind: Type.Enum(BUILD_LOG_KINDS),
      step: Type.String({ description: 'The same in all entries of a step' }),
      name: Type.String(),
      line: Type.Optional(Type.String()),
      durationMs: Type.Optional(Type.Number()),
      cached: Type.Optional(Type.Boolean()),
    }),
  ),
  ended: Type.Boolean({ description: 'The build is over and nothing comes after these entries' }),
});

export type BuildBody = Static<typeof Build>;

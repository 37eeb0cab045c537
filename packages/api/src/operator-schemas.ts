import { INSTANCE_NAMES } from '@brainpod/model/instance-size';
import Type, { type Static } from 'typebox';
import { LinkSchema, nullable, Text, Uuid } from './schema-parts.ts';

// The shapes of what an operator sets: sizes, limits, clusters.

const REGIONS = new Intl.DisplayNames('en', { type: 'region', fallback: 'none' });

export const InstanceSizeInput = Type.Object(
  {
    cpuMillis: Type.Integer({
      minimum: 10,
      maximum: 1_000_000,
      description: 'a whole number of thousandths of a CPU, from 10 to 1000000',
    }),
    memoryMiB: Type.Integer({
      minimum: 16,
      maximum: 10_000_000,
      description: 'a whole number of MiB, from 16 to 10000000',
    }),
  },
  { additionalProperties: false },
);

export const InstanceSize = Type.Object({
  name: Type.Enum(INSTANCE_NAMES),
  cpuMillis: Type.Integer(),
  memoryMiB: Type.Integer(),
});

function limit(unit: string) {
  return Type.Optional(
    Type.Union([Type.Integer({ minimum: 0, maximum: 1_000_000_000 }), Type.Null()], {
      description: `a whole number of ${unit}, or null for no limit; left out, it stays as it is`,
    }),
  );
}

export const PodLimitsInput = Type.Object(
  {
    apps: limit('Apps'),
    cpuMillis: limit('thousandths of a CPU'),
    memoryMiB: limit('MiB'),
    diskGb: limit('GB'),
    imagesMiB: limit("MiB that the pod's images in the registry take together"),
  },
  { additionalProperties: false },
);

const Amount = Type.Integer();
const Amounts = Type.Object({ apps: Amount, cpuMillis: Amount, memoryMiB: Amount, diskGb: Amount });

export const PodLimits = Type.Object({
  apps: nullable(Amount),
  cpuMillis: nullable(Amount),
  memoryMiB: nullable(Amount),
  diskGb: nullable(Amount),
  imagesMiB: Type.Optional(nullable(Amount)),
});

export const PodLimitsUsed = Type.Object({
  limits: PodLimits,
  used: Type.Object({
    draft: Amounts,
    deployed: Amounts,
    imageBytes: Type.Union([Amount, Type.Null()], {
      description: 'Of the images in the registry, each layer once; null where that is not known',
    }),
  }),
  _links: Type.Object({ self: LinkSchema, pod: LinkSchema }),
});

const clusterFields = {
  id: Uuid,
  name: Type.String(),
  provider: Text,
  country: Text,
  region: Text,
  architectures: Type.Array(Type.String()),
  gatewayClass: Text,
  isBuiltIn: Type.Boolean({ description: 'The server was started with it; its settings say what it is' }),
};

export const OperatorCluster = Type.Object(clusterFields);

export const RegisteredCluster = Type.Object({
  ...clusterFields,
  warnings: Type.Array(Type.Object({ path: Type.String(), message: Type.String() }), {
    description: 'What of Brainpod will not work in this cluster',
  }),
});

const clusterInput = {
  name: Type.String({ minLength: 1, maxLength: 63, description: 'a text of 1 to 63 characters' }),
  provider: nullable(Type.String({ minLength: 1, maxLength: 100, description: 'a text, or null' })),
  country: Type.Refine(
    nullable(Type.String({ description: 'ISO 3166-1 alpha-2, such as DE' })),
    (value) => value === null || (/^[A-Z]{2}$/.test(value) && REGIONS.of(value) !== undefined),
    () => 'Must be the two capital letters of a country as in ISO 3166-1, such as DE, or null.',
  ),
  region: nullable(Type.String({ minLength: 1, maxLength: 100, description: 'a text, or null' })),
  architectures: Type.Array(Type.Enum(['amd64', 'arm64']), {
    minItems: 1,
    uniqueItems: true,
    description: 'a list of the CPU architectures of its nodes: amd64, arm64',
  }),
  kubeconfig: Type.String({
    minLength: 1,
    // With its escapes it has to fit into a body.
    maxLength: 40_000,
    description: 'a kubeconfig as text of at most 40000 characters, with everything that it needs in it',
  }),
  gatewayClass: nullable(
    Type.String({ minLength: 1, maxLength: 253, description: 'the name of a GatewayClass, or null' }),
  ),
};

export const ClusterInput = Type.Object(
  {
    name: clusterInput.name,
    provider: Type.Optional(clusterInput.provider),
    country: Type.Optional(clusterInput.country),
    region: Type.Optional(clusterInput.region),
    architectures: clusterInput.architectures,
    kubeconfig: clusterInput.kubeconfig,
    gatewayClass: Type.Optional(clusterInput.gatewayClass),
  },
  { additionalProperties: false },
);

export const ClusterUpdate = Type.Partial(ClusterInput, { additionalProperties: false });

export type ClusterUpdateBody = Static<typeof ClusterUpdate>;
export type PodLimitsUsedBody = Static<typeof PodLimitsUsed>;
export type OperatorClusterBody = Static<typeof OperatorCluster>;

import type { PlanAction } from '@brainpod/compiler/plan';
import type { ResourceDocument, ResourceInput } from '@brainpod/model/document';
import { ERROR_CODES } from '@brainpod/model/errors';
import { KINDS } from '@brainpod/model/kind';
import { resourceSchemas } from '@brainpod/model/openapi-schema';
import { PolicySchema } from '@brainpod/model/policy';
import { formatReference } from '@brainpod/model/reference';
import { REVISION_STATES } from '@brainpod/model/revision-state';
import { WORKLOAD_PHASES } from '@brainpod/model/status';
import Type, { type Static, type TSchema } from 'typebox';
import { ApiKey, ApiKeyInput, ApiKeyWithSecret, AuditEntry, AuditList } from './account-schemas.ts';
import {
  Build,
  BuildInput,
  BuildList,
  BuildLog,
  ReceivedContents,
  Source,
  SourceInput,
} from './build-schemas.ts';
import { Event, EventList, RequestMetrics } from './event-schemas.ts';
import {
  ClusterInput,
  ClusterUpdate,
  InstanceSize,
  InstanceSizeInput,
  OperatorCluster,
  PodLimits,
  PodLimitsInput,
  PodLimitsUsed,
  RegisteredCluster,
} from './operator-schemas.ts';
import { ClusterIdParameter, RevisionIdParameter } from './parameters.ts';
import { Instant, LinkSchema, nullable, Text, Uuid } from './schema-parts.ts';

// The shapes of what the API answers. Each exported schema is a component of the OpenAPI document under its name.

// As the compiler names what becomes of a resource.
const PLAN_ACTIONS: readonly PlanAction[] = [
  'none',
  'create',
  'update',
  'scale',
  'roll',
  'restart',
  'delete',
  'unsupported',
];

const documents = resourceSchemas();

export const ErrorEnvelope = Type.Object({
  error: Type.Object({
    code: Type.Enum(ERROR_CODES),
    message: Type.String(),
    requestId: Type.String(),
    details: Type.Optional(Type.Array(Type.Object({ path: Type.String(), message: Type.String() }))),
  }),
});

export const State = Type.Enum(REVISION_STATES);
export const Policy = PolicySchema;

export const User = Type.Object({
  email: Text,
  policy: nullable(Policy),
  permissions: Type.Array(
    Type.Object({
      action: Type.String(),
      resources: Type.Array(Type.String()),
      excludedResources: Type.Array(Type.String()),
    }),
  ),
  _links: Type.Object({ self: LinkSchema, pods: LinkSchema, blueprints: LinkSchema, clusters: LinkSchema }),
});

export const Cluster = Type.Object({
  id: Uuid,
  provider: Text,
  country: nullable(Type.String({ description: 'ISO 3166-1 alpha-2' })),
  region: Text,
  architectures: Type.Array(Type.String()),
});

const DisplayName = Type.String({ maxLength: 200, description: 'a name for people, at most 200 characters' });

export const PodCreateInput = Type.Object({
  displayName: Type.Optional(DisplayName),
  cluster: Type.Optional(ClusterIdParameter),
});

export const PodUpdateInput = Type.Object(
  {
    displayName: Type.Union([DisplayName, Type.Null()], {
      description: 'a name for people, at most 200 characters, or null for none',
    }),
  },
  { additionalProperties: false },
);

export const RevisionReference = Type.Object({
  id: Uuid,
  parent: nullable(Uuid),
  version: Type.Integer(),
  status: State,
  summary: Text,
  error: Text,
  createdAt: Instant,
  _links: Type.Object({ self: LinkSchema, resources: LinkSchema }),
});

export const Pod = Type.Object({
  name: Type.String(),
  displayName: Text,
  head: RevisionReference,
  deployed: nullable(RevisionReference),
  createdAt: Instant,
  isOwner: Type.Boolean(),
  cluster: Type.String({ format: 'uuid', description: 'Where it runs; chosen when it was made' }),
  stoppedAt: nullable(Instant),
  deletedAt: nullable(Instant),
  eraseAfter: nullable(
    Type.String({ format: 'date-time', description: 'When a deleted pod can no longer be restored' }),
  ),
  _links: Type.Object({
    self: LinkSchema,
    revisions: LinkSchema,
    resources: LinkSchema,
    events: LinkSchema,
    images: LinkSchema,
  }),
});

export const ResourceRestart = Type.Object({
  urn: Type.String(),
  restartedAt: Instant,
  finishedAt: nullable(
    Type.String({ format: 'date-time', description: 'null while the resource is being restarted' }),
  ),
  error: nullable(Type.String({ description: 'Why it failed; the instances from before go on then' })),
  _links: Type.Object({ self: LinkSchema, resource: LinkSchema, pod: LinkSchema }),
});

const revisionFields = {
  id: Uuid,
  parent: nullable(Uuid),
  version: Type.Integer(),
  state: State,
  summary: Text,
  error: Text,
  isLatest: Type.Boolean(),
  isDeployed: Type.Boolean(),
  createdAt: Instant,
  _links: Type.Object({ self: LinkSchema, pod: LinkSchema, resources: LinkSchema }),
};

export const Revision = Type.Object(revisionFields);

export const RevisionList = Type.Object({
  items: Type.Array(Revision),
  _links: Type.Object({ self: LinkSchema, next: nullable(LinkSchema) }),
});

export const ResourceDocumentSchema = Type.Unsafe<ResourceDocument>(documents.ResourceDocument);
export const ResourceInputSchema = Type.Unsafe<ResourceInput>(documents.ResourceInput);
export const ResourceReplacementSchema = Type.Unsafe<ResourceDocument>({
  description: 'The whole document, as it is to be from now on.',
  ...documents.ResourceReplacement,
});

const Phase = Type.Enum(WORKLOAD_PHASES);

export const WorkloadStatus = Type.Object({
  phase: Phase,
  readyReplicas: Type.Integer(),
  replicas: Type.Array(
    Type.Object({ name: Type.String(), phase: Phase, reason: Type.Optional(Type.String()) }),
  ),
});

export const DiskStatus = Type.Object({
  phase: Type.String(),
  bound: Type.Boolean(),
  ready: Type.Boolean(),
});

export const ReadyStatus = Type.Object({ ready: Type.Boolean() });

export const Variable = Type.Object({
  urn: Type.String(),
  name: Type.String(),
  ref: Type.String({ description: `As it is written in env: ${formatReference('db', 'host')}` }),
  secret: Type.Boolean(),
  resolved: Type.Boolean({ description: 'Whether the platform knows the value' }),
  value: nullable(Type.String({ description: 'null where it is secret or not known yet' })),
  description: Type.String(),
  template: Type.Optional(Type.String({ description: 'What the value is made of' })),
});

export const VariableList = Type.Object({
  items: Type.Array(Variable),
  _links: Type.Object({ self: LinkSchema }),
});

export const ResolvedResource = Type.Object({ urn: Type.String(), uuid: Uuid });

const Status = Type.Union([WorkloadStatus, DiskStatus, ReadyStatus, Type.Null()]);

export const Resource = Type.Object({
  urn: Type.String(),
  content: ResourceDocumentSchema,
  status: Type.Optional(Status),
  healthy: Type.Boolean(),
  locked: Type.Optional(
    Type.Boolean({ description: 'Being restarted; it cannot be changed until that is over' }),
  ),
  variables: Type.Optional(Type.Array(Variable)),
  _links: Type.Object({ self: LinkSchema, pod: LinkSchema, revision: nullable(LinkSchema) }),
});

export const RevisionDetail = Type.Object({
  ...revisionFields,
  checksum: Text,
  resources: Type.Array(Resource),
});

export const RevisionProgress = Type.Object({
  ...revisionFields,
  phase: Type.Enum([...REVISION_STATES, 'waiting']),
  resources: Type.Array(Type.Object({ urn: Type.String(), healthy: Type.Boolean(), status: Status })),
});

export const LogLine = Type.Object({ instance: Type.String(), timestamp: Instant, body: Type.String() });

export const RevisionDiff = Type.Object({
  revision: Uuid,
  base: nullable(Uuid),
  entries: Type.Array(
    Type.Object({
      kind: Type.Enum(KINDS),
      name: Type.String(),
      changeType: Type.Enum(['create', 'update', 'delete']),
      patch: Type.String(),
      _links: Type.Object({ self: LinkSchema }),
    }),
  ),
  _links: Type.Object({ self: LinkSchema, revision: LinkSchema }),
});

const Faults = Type.Array(Type.Object({ path: Type.String(), message: Type.String() }));
const amounts = {
  apps: Type.Integer(),
  cpuMillis: Type.Integer(),
  memoryMiB: Type.Integer(),
  diskGb: Type.Integer(),
};

export const PlannedChange = Type.Object({
  kind: Type.Enum(KINDS),
  name: Type.String(),
  urn: Type.String(),
  action: Type.Enum(PLAN_ACTIONS, {
    description:
      'update: in place, nothing is restarted; scale: only the number of instances; roll: new instances take the place of old ones without interruption; restart: the old instance ends before the new one starts; unsupported: its kind does not run here yet',
  }),
  interruption: nullable(
    Type.Object({
      what: Type.String({ description: 'What stops answering' }),
      seconds: nullable(Type.Integer({ description: 'For how long at most; null: for good' })),
      why: Type.String(),
    }),
  ),
  dataAtRisk: nullable(Type.String({ description: 'What data may be lost' })),
  reasons: Type.Array(Type.String()),
  _links: Type.Object({ self: LinkSchema, diff: LinkSchema }),
});

export const Plan = Type.Object({
  revision: Uuid,
  base: nullable(Uuid),
  tag: Type.String({ description: 'The ETag of the plan, without quotes' }),
  canDeploy: Type.Boolean(),
  message: nullable(
    Type.String({ description: 'Why there are no changes, where that is not because nothing changes' }),
  ),
  changes: Type.Array(PlannedChange),
  cluster: Type.Object({
    accepted: nullable(
      Type.Boolean({ description: 'null: the cluster was not asked, and message says why' }),
    ),
    message: Text,
    refusals: Faults,
  }),
  capacity: Type.Object({
    demand: Type.Object(amounts),
    limits: Type.Object({
      apps: nullable(amounts.apps),
      cpuMillis: nullable(amounts.cpuMillis),
      memoryMiB: nullable(amounts.memoryMiB),
      diskGb: nullable(amounts.diskGb),
      imagesMiB: Type.Optional(nullable(Type.Integer())),
    }),
    faults: Faults,
  }),
  faults: Faults,
  _links: Type.Object({ self: LinkSchema, pod: LinkSchema, revision: LinkSchema, diff: LinkSchema }),
});

const Summary = Type.Optional(
  Type.String({ maxLength: 1000, description: 'a text of at most 1000 characters' }),
);

export const DeployInput = Type.Object({ summary: Summary }, { additionalProperties: false });

export const RollbackInput = Type.Object(
  {
    revision: RevisionIdParameter,
    summary: Summary,
    discardDraft: Type.Optional(Type.Boolean({ description: 'true, to set a draft with changes aside' })),
  },
  { additionalProperties: false },
);

export const DeploymentAccepted = Type.Object({
  revisionId: Uuid,
  state: State,
  error: Text,
  _links: Type.Object({ pod: LinkSchema, revision: LinkSchema }),
});

export const ResourceMutation = Type.Object({
  revisionId: Uuid,
  resources: Type.Array(Resource),
  _links: Type.Object({ pod: LinkSchema, revision: LinkSchema }),
});

/** An object whose keys are for others to know. */
function anyObject(description: string) {
  return Type.Unsafe<Record<string, unknown>>({ type: 'object', additionalProperties: true, description });
}

const blueprintFields = {
  id: Type.String(),
  name: Type.String(),
  category: Type.Enum(['software', 'framework']),
  description: Type.Optional(Type.String()),
  tagline: Type.Optional(Type.String()),
  tags: Type.Optional(Type.Array(Type.String())),
  version: Type.Optional(Type.String()),
  _links: Type.Object({ self: LinkSchema }),
};

export const Blueprint = Type.Object(blueprintFields);

export const BlueprintDetail = Type.Object({
  ...blueprintFields,
  body: Type.String({ description: 'Markdown' }),
  defaults: anyObject('What an input that is left out is'),
  inputSchema: anyObject('JSON Schema'),
});

export const BlueprintInstallInput = Type.Object(
  {
    input: anyObject('an object with inputs of the blueprint'),
  },
  { additionalProperties: false },
);

export const DryRunResult = Type.Object({ valid: Type.Literal(true) });

/** The components of the OpenAPI document, by name. */
export const COMPONENTS: Record<string, TSchema> = {
  Error: ErrorEnvelope,
  State,
  Policy,
  User,
  ApiKey,
  ApiKeyWithSecret,
  ApiKeyInput,
  AuditEntry,
  AuditList,
  Cluster,
  OperatorCluster,
  RegisteredCluster,
  ClusterInput,
  ClusterUpdate,
  InstanceSize,
  InstanceSizeInput,
  PodCreateInput,
  PodUpdateInput,
  RevisionReference,
  Pod,
  PodLimits,
  PodLimitsInput,
  PodLimitsUsed,
  ResourceRestart,
  Revision,
  RevisionList,
  RevisionDetail,
  RevisionDiff,
  RevisionProgress,
  LogLine,
  Event,
  EventList,
  RequestMetrics,
  PlannedChange,
  Plan,
  DeployInput,
  RollbackInput,
  DeploymentAccepted,
  ResourceDocument: ResourceDocumentSchema,
  ResourceInput: ResourceInputSchema,
  ResourceReplacement: ResourceReplacementSchema,
  WorkloadStatus,
  DiskStatus,
  ReadyStatus,
  SourceInput,
  Source,
  ReceivedContents,
  BuildInput,
  Build,
  BuildList,
  BuildLog,
  Variable,
  VariableList,
  ResolvedResource,
  Resource,
  ResourceMutation,
  DryRunResult,
  Blueprint,
  BlueprintDetail,
  BlueprintInstallInput,
};

export type UserBody = Static<typeof User>;
export type ClusterBody = Static<typeof Cluster>;
export type ResourceRestartBody = Static<typeof ResourceRestart>;
export type RevisionReferenceBody = Static<typeof RevisionReference>;
export type PodBody = Static<typeof Pod>;
export type RevisionBody = Static<typeof Revision>;
export type PlanBody = Static<typeof Plan>;
export type RevisionProgressBody = Static<typeof RevisionProgress>;
export type RevisionDiffBody = Static<typeof RevisionDiff>;
export type BlueprintBody = Static<typeof Blueprint>;
export type ResourceBody = Static<typeof Resource>;
export type DeploymentBody = Static<typeof DeploymentAccepted>;
export type ErrorBody = Static<typeof ErrorEnvelope>;

import type {
  BuildArtifact,
  BuildLogEntry,
  BuildOptions,
  BuildOrigin,
  BuildState,
} from '@brainpod/model/build-state';
import type { Kind, ResourceDocument } from '@brainpod/model/document';
import type { CertificateIssuer, DomainState } from '@brainpod/model/domain-state';
import type { CleanupPolicy } from '@brainpod/model/image-cleanup';
import type { InstanceSize } from '@brainpod/model/instance-size';
import type { Policy } from '@brainpod/model/policy';
import type { RevisionState } from '@brainpod/model/revision-state';
import type { ResourceStatus } from '@brainpod/model/status';
import type { ColumnType, Generated, Kysely, Transaction } from 'kysely';

/** What a pod may take in all; null where nothing bounds it. */
export type PodLimits = {
  apps: number | null;
  cpuMillis: number | null;
  memoryMiB: number | null;
  diskGb: number | null;
  imagesMiB?: number | null;
};

/** A jsonb column: read as its value, written as JSON text. */
type Json<T> = ColumnType<T, string, string>;
type CreatedAt = ColumnType<Date, never, never>;

export type AccountTable = { id: Generated<string>; created_at: CreatedAt };

export type AppUserTable = {
  id: Generated<string>;
  account_id: string;
  email: string | null;
  /** Operates this installation. */
  is_operator: Generated<boolean>;
  created_at: CreatedAt;
};

export type ApiKeyTable = {
  id: Generated<string>;
  user_id: string;
  name: string;
  /** sha256 of the secret; the secret itself is nowhere. */
  secret_hash: Buffer;
  policy: Json<Policy>;
  created_at: CreatedAt;
  expires_at: Date | null;
  revoked_at: Date | null;
  last_used_at: Date | null;
  rolled_at: Date | null;
};

export type ClusterTable = {
  id: Generated<string>;
  name: string;
  provider: string | null;
  region: string | null;
  architectures: string[];
  /** ISO 3166-1 alpha-2. */
  country: string | null;
  /** Null: the server's own. */
  gateway_class: string | null;
  /** Encrypted under the master key; null for the cluster that the server itself was started with. */
  kubeconfig_sealed: Buffer | null;
  created_at: CreatedAt;
};

export type PodTable = {
  id: string;
  account_id: string;
  owner_id: string;
  cluster_id: string;
  name: string;
  display_name: string | null;
  head_revision_id: string;
  deployed_revision_id: string | null;
  stopped_at: Date | null;
  deleted_at: Date | null;
  /** When nothing of a deleted pod is kept any longer. */
  erase_after: Date | null;
  limits: Json<PodLimits> | null;
  /** Which of its images it keeps; null for the default. */
  image_cleanup: Json<CleanupPolicy> | null;
  created_at: CreatedAt;
};

/** What the last clean-up of a pod's images did that ran by itself. */
export type LastCleanup = {
  at: string;
  /** How many images were not needed any longer, and how many stayed. */
  planned: number;
  kept: number;
  /** How many of the first are gone. */
  deleted: number;
  /** What nothing of the pod needs any longer. */
  bytes: number;
  /** Why it was broken off, for a person; null where it was not. */
  problem: string | null;
};

export type ImageCleanupRoundTable = {
  pod_id: string;
  due_at: Date | null;
  last: Json<LastCleanup> | null;
};

export type RevisionTable = {
  id: string;
  pod_id: string;
  parent_id: string | null;
  version: number;
  state: RevisionState;
  summary: string | null;
  error: string | null;
  checksum: string | null;
  created_at: CreatedAt;
  /** When its turn to be deployed came; null while it waits for an earlier revision of the pod. */
  deploy_started_at: Date | null;
  deployed_at: Date | null;
  /** What its images were when it was sent on its way, by the names that documents give them. */
  image_digests: ColumnType<ImageDigests, string | undefined, string>;
};

/** Digests by the names that documents give images: what a tag led to. */
export type ImageDigests = Readonly<Record<string, string>>;

export type DocumentTable = {
  /** sha256 of the canonical JSON. */
  hash: Buffer;
  body: Json<ResourceDocument>;
  created_at: CreatedAt;
};

export type RevisionResourceTable = {
  revision_id: string;
  kind: Kind;
  name: string;
  uid: string;
  document_hash: Buffer;
};

export type HostnameClaimTable = {
  hostname: string;
  pod_id: string;
  /** Assigned by us to one Route for ever; own domains are in a table of their own. */
  type: 'platform';
  /** The Route it belongs to. */
  route_name: string;
  created_at: CreatedAt;
};

export type DomainTable = {
  pod_id: string;
  domain: string;
  route_name: string;
  /** The Route's platform host name, to which a CNAME is to lead. */
  target: string;
  state: Generated<DomainState>;
  /** What is in the way, and what to do; null when nothing is. */
  reason: string | null;
  /** Since when the pod holds the domain: nobody else can have it. Null while nothing is proven. */
  verified_at: Date | null;
  /** Since when DNS does not prove any more what it did. */
  unproven_since: Date | null;
  /** Tries in a row that came to nothing. */
  attempts: Generated<number>;
  next_attempt_at: ColumnType<Date | null, Date | null | undefined, Date | null>;
  certificate_pem: string | null;
  /** Encrypted under the master key. */
  key_sealed: Buffer | null;
  issuer: CertificateIssuer | null;
  not_before: Date | null;
  not_after: Date | null;
  /** Of the order that is under way at an ACME authority; all null when none is. */
  order_directory: string | null;
  order_url: string | null;
  /** Of the certificate to come, encrypted under the master key. */
  order_key_sealed: Buffer | null;
  challenge_token: string | null;
  /** What the edge answers whoever asks for the token. */
  challenge_answer: string | null;
  /** When the authority was told to ask; null before. */
  challenge_asked_at: Date | null;
  created_at: CreatedAt;
};

export type AcmeAccountTable = {
  /** The authority, by the address of its directory. */
  directory: string;
  /** Encrypted under the master key. */
  key_sealed: Buffer;
  /** What the authority calls the account; null before it knows it. */
  url: string | null;
  created_at: CreatedAt;
};

export type RegistryCredentialTable = {
  pod_id: string;
  /** Its host as it stands in images' names. */
  registry: string;
  username: string;
  /** Encrypted under the master key. */
  password_sealed: Buffer;
  set_at: Date;
};

export type PullKeyTable = {
  id: Generated<string>;
  /** Of nodes' passwords, together with the master key. Empty for the one that there was before there were several. */
  salt: Buffer;
  made_at: ColumnType<Date, Date, never>;
  /** Until when it is accepted; null while a namespace may hold it. */
  refused_after: Date | null;
};

/** The oldest key that a pod's namespace may hold. */
export type PullKeyHolderTable = { pod_id: string; key_id: string };

export type ResourceStatusTable = {
  pod_id: string;
  kind: Kind;
  name: string;
  status: Json<ResourceStatus>;
  healthy: boolean;
  updated_at: ColumnType<Date, never, Date>;
};

export type RetiredPodNameTable = { name: string; retired_at: CreatedAt };

export type ResourceRestartTable = {
  pod_id: string;
  kind: Kind;
  name: string;
  restarted_at: Date;
  /** Null while it goes on: the resource is locked. */
  finished_at: Date | null;
  error: string | null;
  /** The restart before this one that the instances are left at when this one fails. */
  effective_before: Date | null;
};

export type InstanceSizeTable = {
  name: InstanceSize;
  cpu_millis: number;
  memory_mib: number;
  updated_at: ColumnType<Date, never, Date>;
};

export type IdempotentAnswerTable = {
  key_id: string;
  idempotency_key: string;
  request_hash: Buffer;
  status: number;
  headers: Json<Record<string, string>>;
  /** Encrypted under the caller's own secret, which is nowhere here. */
  body: Buffer;
  created_at: ColumnType<Date, never, Date>;
};

export type RateBudgetTable = {
  key_id: string;
  tokens: number;
  /** How many the newest lease took. */
  leased: number;
  refilled_at: Date;
};

export type AuditEntryTable = {
  id: Generated<string>;
  at: CreatedAt;
  account_id: string | null;
  user_id: string | null;
  email: string | null;
  key_id: string | null;
  key_name: string | null;
  operation: string;
  pod_id: string | null;
  pod_name: string | null;
  target: string | null;
  revision_id: string | null;
  address: string | null;
  request_id: string | null;
};

export type RequestWriterTable = { id: string; last_batch: string; wrote_at: ColumnType<Date, never, Date> };
export type EventPositionTable = { id: Generated<boolean>; last: string };

export type HttpAccessChunkTable = {
  pod_id: string;
  route: string;
  /** Of the first and the last event in it; the chunks of one Route never overlap. */
  first_position: string;
  last_position: string;
  event_count: number;
  byte_count: number;
  /** See `packEvents`. */
  data: Buffer;
};

export type RequestMetricTable = {
  id: Generated<string>;
  pod_id: string;
  /** The beginning of the time that it is about, and how long that is. */
  at: Date;
  seconds: number;
  route: string;
  app: string;
  /** The version of the revision that was deployed; 0 before the first. */
  revision: number;
  requests: string;
  errors: string;
  /** See `DurationSketch`. */
  durations: Buffer;
};

/** What a build was made of: git.rev, git.refname, github.repo, github.workflow. */
export type BuildTags = Readonly<Record<string, string>>;
export type BuildTable = {
  id: Generated<string>;
  pod_id: string;
  origin: BuildOrigin;
  state: Generated<BuildState>;
  repository: string | null;
  tag: string | null;
  source: string | null;
  platform: string | null;
  options: ColumnType<BuildOptions, string | undefined, string>;
  tags: ColumnType<BuildTags, string | undefined, string>;
  artifacts: ColumnType<BuildArtifact[], string | undefined, string>;
  digest: string | null;
  reason: string | null;
  attempts: Generated<number>;
  cancel_requested_at: Date | null;
  created_at: CreatedAt;
  started_at: Date | null;
  finished_at: Date | null;
};

export type BuildSecretTable = { build_id: string; name: string; value_sealed: Buffer };

export type BuildLogTable = {
  build_id: string;
  seq: number;
  at: CreatedAt;
  entry: Json<BuildLogEntry>;
};

export type Tables = {
  account: AccountTable;
  app_user: AppUserTable;
  api_key: ApiKeyTable;
  cluster: ClusterTable;
  pod: PodTable;
  image_cleanup_round: ImageCleanupRoundTable;
  revision: RevisionTable;
  document: DocumentTable;
  revision_resource: RevisionResourceTable;
  hostname_claim: HostnameClaimTable;
  acme_account: AcmeAccountTable;
  domain: DomainTable;
  registry_credential: RegistryCredentialTable;
  pull_key: PullKeyTable;
  pull_key_holder: PullKeyHolderTable;
  resource_status: ResourceStatusTable;
  retired_pod_name: RetiredPodNameTable;
  resource_restart: ResourceRestartTable;
  instance_size: InstanceSizeTable;
  idempotent_answer: IdempotentAnswerTable;
  rate_budget: RateBudgetTable;
  audit_entry: AuditEntryTable;
  request_writer: RequestWriterTable;
  event_position: EventPositionTable;
  http_access_chunk: HttpAccessChunkTable;
  request_metric: RequestMetricTable;
  build: BuildTable;
  build_log: BuildLogTable;
  build_secret: BuildSecretTable;
};

export type Database = Kysely<Tables>;
export type DatabaseTransaction = Transaction<Tables>;

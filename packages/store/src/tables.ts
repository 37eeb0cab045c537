import type { Kind, ResourceDocument } from '@brainpod/model/document';
import type { Policy } from '@brainpod/model/policy';
import type { RevisionState } from '@brainpod/model/revision-state';
import type { ResourceStatus } from '@brainpod/model/status';
import type { ColumnType, Generated, Kysely, Transaction } from 'kysely';

/** A jsonb column: read as its value, written as JSON text. */
type Json<T> = ColumnType<T, string, string>;
type CreatedAt = ColumnType<Date, never, never>;

export type AccountTable = { id: Generated<string>; created_at: CreatedAt };

export type AppUserTable = {
  id: Generated<string>;
  account_id: string;
  email: string | null;
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
};

export type ClusterTable = {
  id: Generated<string>;
  name: string;
  provider: string | null;
  region: string | null;
  architectures: string[];
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
  created_at: CreatedAt;
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
};

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
  /** `platform` was assigned by us to one Route for ever, `custom` is a person's own domain. */
  type: 'platform' | 'custom';
  /** The Route a platform hostname belongs to; null for custom domains. */
  route_name: string | null;
  created_at: CreatedAt;
};

export type ResourceStatusTable = {
  pod_id: string;
  kind: Kind;
  name: string;
  status: Json<ResourceStatus>;
  healthy: boolean;
  updated_at: ColumnType<Date, never, Date>;
};

export type Tables = {
  account: AccountTable;
  app_user: AppUserTable;
  api_key: ApiKeyTable;
  cluster: ClusterTable;
  pod: PodTable;
  revision: RevisionTable;
  document: DocumentTable;
  revision_resource: RevisionResourceTable;
  hostname_claim: HostnameClaimTable;
  resource_status: ResourceStatusTable;
};

export type Database = Kysely<Tables>;
export type DatabaseTransaction = Transaction<Tables>;

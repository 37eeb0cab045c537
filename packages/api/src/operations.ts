import type { Operation } from './operation.ts';
import { cancelBuild } from './operations/cancel-build/handler.ts';
import { cancelRevision } from './operations/cancel-revision/handler.ts';
import { checkDomain } from './operations/check-domain/handler.ts';
import { cleanUpImages } from './operations/clean-up-images/handler.ts';
import { createBuild } from './operations/create-build/handler.ts';
import { createKey } from './operations/create-key/handler.ts';
import { createPod } from './operations/create-pod/handler.ts';
import { createResources } from './operations/create-resources/handler.ts';
import { createSource } from './operations/create-source/handler.ts';
import { deleteCluster } from './operations/delete-cluster/handler.ts';
import { deletePod } from './operations/delete-pod/handler.ts';
import { deletePodImage } from './operations/delete-pod-image/handler.ts';
import { deleteResource } from './operations/delete-resource/handler.ts';
import { deployPod } from './operations/deploy-pod/handler.ts';
import { followLogs } from './operations/follow-logs/handler.ts';
import { getBlueprint } from './operations/get-blueprint/handler.ts';
import { getBuild } from './operations/get-build/handler.ts';
import { getBuildLog } from './operations/get-build-log/handler.ts';
import { getCurrentUser } from './operations/get-current-user/handler.ts';
import { getImageCleanup } from './operations/get-image-cleanup/handler.ts';
import { getOpenApiDocument } from './operations/get-openapi-document/handler.ts';
import { getPlan } from './operations/get-plan/handler.ts';
import { getPod } from './operations/get-pod/handler.ts';
import { getPodLimits } from './operations/get-pod-limits/handler.ts';
import { getPodMetrics } from './operations/get-pod-metrics/handler.ts';
import { getResource } from './operations/get-resource/handler.ts';
import { getRestart } from './operations/get-restart/handler.ts';
import { getRevision } from './operations/get-revision/handler.ts';
import { getRevisionDiff } from './operations/get-revision-diff/handler.ts';
import { inspectPodImage } from './operations/inspect-pod-image/handler.ts';
import { installBlueprint } from './operations/install-blueprint/handler.ts';
import { listAudit } from './operations/list-audit/handler.ts';
import { listBlueprints } from './operations/list-blueprints/handler.ts';
import { listBuilds } from './operations/list-builds/handler.ts';
import { listClusters } from './operations/list-clusters/handler.ts';
import { listDeletedPods } from './operations/list-deleted-pods/handler.ts';
import { listDomains } from './operations/list-domains/handler.ts';
import { listInstanceSizes } from './operations/list-instance-sizes/handler.ts';
import { listKeys } from './operations/list-keys/handler.ts';
import { listOperatorClusters } from './operations/list-operator-clusters/handler.ts';
import { listPodAudit } from './operations/list-pod-audit/handler.ts';
import { listPodEvents } from './operations/list-pod-events/handler.ts';
import { listPodImages } from './operations/list-pod-images/handler.ts';
import { listPods } from './operations/list-pods/handler.ts';
import { listPullKeys } from './operations/list-pull-keys/handler.ts';
import { listRegistryCredentials } from './operations/list-registry-credentials/handler.ts';
import { listResources } from './operations/list-resources/handler.ts';
import { listRevisions } from './operations/list-revisions/handler.ts';
import { listVariables } from './operations/list-variables/handler.ts';
import { redeployPod } from './operations/redeploy-pod/handler.ts';
import { registerCluster } from './operations/register-cluster/handler.ts';
import { removeDomainCertificate } from './operations/remove-domain-certificate/handler.ts';
import { removeRegistryCredentials } from './operations/remove-registry-credentials/handler.ts';
import { replaceResource } from './operations/replace-resource/handler.ts';
import { resolveResource } from './operations/resolve-resource/handler.ts';
import { restartResource } from './operations/restart-resource/handler.ts';
import { restorePod } from './operations/restore-pod/handler.ts';
import { revokeKey } from './operations/revoke-key/handler.ts';
import { rollKey } from './operations/roll-key/handler.ts';
import { rollbackPod } from './operations/rollback-pod/handler.ts';
import { rotatePullKey } from './operations/rotate-pull-key/handler.ts';
import { sendSourceContents } from './operations/send-source-contents/handler.ts';
import { setDomainCertificate } from './operations/set-domain-certificate/handler.ts';
import { setImageCleanup } from './operations/set-image-cleanup/handler.ts';
import { setInstanceSize } from './operations/set-instance-size/handler.ts';
import { setPodLimits } from './operations/set-pod-limits/handler.ts';
import { setRegistryCredentials } from './operations/set-registry-credentials/handler.ts';
import { startPod } from './operations/start-pod/handler.ts';
import { stopPod } from './operations/stop-pod/handler.ts';
import { updateCluster } from './operations/update-cluster/handler.ts';
import { updatePod } from './operations/update-pod/handler.ts';
import { watchPodEvents } from './operations/watch-pod-events/handler.ts';
import { watchRevision } from './operations/watch-revision/handler.ts';

/** The operations that the OpenAPI document describes, in its order. */
export const DESCRIBED_OPERATIONS: readonly Operation[] = [
  getCurrentUser,
  listKeys,
  createKey,
  rollKey,
  revokeKey,
  listAudit,
  listClusters,
  listInstanceSizes,
  listPods,
  createPod,
  getPod,
  updatePod,
  deletePod,
  listDeletedPods,
  restorePod,
  stopPod,
  startPod,
  getPodLimits,
  listPodAudit,
  listRevisions,
  getRevision,
  getRevisionDiff,
  getPlan,
  deployPod,
  redeployPod,
  rollbackPod,
  cancelRevision,
  watchRevision,
  listResources,
  createResources,
  getResource,
  replaceResource,
  deleteResource,
  listVariables,
  resolveResource,
  restartResource,
  getRestart,
  followLogs,
  listPodEvents,
  watchPodEvents,
  getPodMetrics,
  listPodImages,
  inspectPodImage,
  deletePodImage,
  getImageCleanup,
  setImageCleanup,
  cleanUpImages,
  listRegistryCredentials,
  setRegistryCredentials,
  removeRegistryCredentials,
  createSource,
  sendSourceContents,
  listBuilds,
  createBuild,
  getBuild,
  getBuildLog,
  cancelBuild,
  listDomains,
  checkDomain,
  setDomainCertificate,
  removeDomainCertificate,
  listBlueprints,
  getBlueprint,
  installBlueprint,
  listOperatorClusters,
  listPullKeys,
  rotatePullKey,
  registerCluster,
  updateCluster,
  deleteCluster,
  setInstanceSize,
  setPodLimits,
];

/** Every operation there is. */
export const OPERATIONS: readonly Operation[] = [
  ...DESCRIBED_OPERATIONS,
  getOpenApiDocument(DESCRIBED_OPERATIONS),
];

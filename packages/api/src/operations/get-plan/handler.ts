import type { CompiledObject } from '@brainpod/compiler/compile';
import { ApiError } from '@brainpod/model/errors';
import { formatUrn } from '@brainpod/model/urn';
import type { PlanBasis } from '@brainpod/store/plan-basis';
import type { PodRecord } from '@brainpod/store/pods';
import Type from 'typebox';
import type { ClusterPort } from '../../cluster-port.ts';
import { readImageFacts } from '../../image-check.ts';
import { NO_BODY } from '../../input.ts';
import { instanceSizes } from '../../instance-sizes.ts';
import { links } from '../../links.ts';
import { podOperation } from '../../operation.ts';
import { RevisionIdParameter } from '../../parameters.ts';
import { type PodPlan, planOf } from '../../plan.ts';
import { clusterOf } from '../../pod-state.ts';
import { Plan, type PlanBody } from '../../schemas.ts';

const CLUSTER_PATIENCE_MS = 5_000;

export const getPlan = podOperation({
  id: 'getPlan',
  method: 'GET',
  path: '/v1/pods/{pod}/plan',
  tag: 'revisions',
  summary: 'Show what deploying the draft will do',
  description:
    'For each resource: what happens to it, what stops answering for how long, what data is at risk, and why. Compared with what is deployed or, while a deploy is on its way, with that. `cluster` is what the cluster says to it in a rehearsal (`accepted` null: it could not be asked), `capacity` what is asked for beside the limits of the pod, `faults` all that forbids the deploy. A deploy with the ETag as `If-Match` does just this, or is refused.',
  access: { actions: ['revisions:read', 'resources:read'] },
  query: Type.Object({ revision: Type.Optional(RevisionIdParameter) }),
  body: NO_BODY,
  hasPrecondition: true,
  responses: {
    200: {
      description: 'The plan',
      schema: Plan,
      headers: { etag: 'The tag of the plan, for If-Match of a deploy' },
    },
  },
  handle: async ({ deps, pod, query, callerGone }) => {
    const cluster = clusterOf(deps, pod);
    const platform = { ...cluster.platform(), sizes: await instanceSizes(deps) };
    const basis = await deps.store.deployments.planBasis(pod.id);
    assertIsHead(basis, query.revision);
    const documents = basis.head.entries.map(({ document }) => document);
    const images = await readImageFacts(deps, pod, { documents, signal: callerGone() });
    const plan = planOf(basis, { podName: pod.name, deps, platform, images });
    const opinion = await opinionOf(cluster, { pod, objects: plan.objects, plan, callerGone });
    return {
      status: 200,
      body: planBody(pod.name, { basis, plan, opinion }),
      headers: { etag: `"${plan.tag}"` },
    };
  },
});

function assertIsHead({ head }: PlanBasis, wanted: string | undefined): void {
  if (wanted === undefined || wanted.toLowerCase() === head.id) return;
  throw new ApiError(
    'PRECONDITION_FAILED',
    `Only the latest revision can be planned, which is ${head.id} (version ${head.version}, ${head.state}).`,
  );
}

type Opinion = PlanBody['cluster'];

async function opinionOf(
  cluster: ClusterPort,
  asked: { pod: PodRecord; objects: CompiledObject[]; plan: PodPlan; callerGone: () => AbortSignal },
): Promise<Opinion> {
  if (asked.plan.faults.length > 0) {
    return { accepted: null, message: 'The cluster was not asked: the faults come first.', refusals: [] };
  }
  try {
    const signal = AbortSignal.any([AbortSignal.timeout(CLUSTER_PATIENCE_MS), asked.callerGone()]);
    const refusals = await cluster.dryRun(asked.pod.name, asked.objects, signal);
    return { accepted: refusals.length === 0, message: null, refusals };
  } catch (error) {
    if (!(error instanceof ApiError) || error.code !== 'SERVICE_UNAVAILABLE') throw error;
    return { accepted: null, message: error.message, refusals: [] };
  }
}

function planBody(
  podName: string,
  { basis, plan, opinion }: { basis: PlanBasis; plan: PodPlan; opinion: Opinion },
): PlanBody {
  const { head, base } = basis;
  const diff = links.diff(podName, head.id, base?.id);
  const isThere = new Set(head.entries.map(({ kind, name }) => formatUrn(kind, name)));
  return {
    revision: head.id,
    base: base?.id ?? null,
    tag: plan.tag,
    canDeploy: plan.faults.length === 0 && opinion.accepted !== false,
    message: plan.message,
    changes: plan.changes.map((change) => {
      const urn = formatUrn(change.kind, change.name);
      const holder = isThere.has(urn) || base === null ? head.id : base.id;
      const self = links.resource(podName, change.kind, change.name, { revision: holder });
      return { ...change, urn, _links: { self, diff } };
    }),
    cluster: opinion,
    capacity: plan.capacity,
    faults: plan.faults,
    _links: {
      self: links.plan(podName),
      pod: links.pod(podName),
      revision: links.revision(podName, head.id),
      diff,
    },
  };
}

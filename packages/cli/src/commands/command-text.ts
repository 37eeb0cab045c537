import type { Pod, Resource, ResourceMutation } from '@brainpod/api-client/client';
import { describe, phaseOf } from '../flows/resource-state.ts';
import { paintState, type Style } from '../text/style.ts';
import { facts, table } from '../text/table.ts';
import { localTime } from '../text/time.ts';

export function podFacts(pod: Pod, style: Style): string {
  return facts(style, [
    ['Pod', style.bold(pod.name)],
    ['Display name', pod.displayName ?? ''],
    ['Head', revisionText(pod.head, style)],
    ['Deployed', pod.deployed === null ? '' : revisionText(pod.deployed, style)],
    ['Created', localTime(pod.createdAt)],
    ['Yours', pod.isOwner ? 'yes' : 'no, you are a member'],
  ]);
}

export function revisionText(reference: Pod['head'], style: Style): string {
  const summary = reference.summary === null ? '' : style.dim(`  ${reference.summary}`);
  const error = reference.error === null ? '' : `\n${style.red(reference.error)}`;
  return `${reference.version} ${paintState(style, reference.status)}${summary}${error}`;
}

export function resourceTable(resources: readonly Resource[], style: Style): string {
  return table(
    style,
    ['KIND', 'NAME', 'STATE', 'INSTANCES', 'DETAIL'],
    resources.map((resource) => [
      resource.content.kind,
      style.bold(resource.content.metadata.name),
      paintState(style, phaseOf(resource)),
      describe(resource),
      detailOf(resource),
    ]),
    'There are no resources.',
  );
}

export function detailOf(resource: Resource): string {
  const { content } = resource;
  switch (content.kind) {
    case 'App':
      return `${content.spec.image} (${content.spec.instance} × ${content.spec.replicas})`;
    case 'Route':
      return [content.spec.hostname, ...(content.spec.domains ?? [])]
        .map((host) => `https://${host}`)
        .join(' ');
    case 'Config':
      return Object.keys(content.spec.files).join(', ');
    default:
      return '';
  }
}

/** What a write to the draft came to, and what to do next. */
export function mutationText(mutation: ResourceMutation, style: Style): string {
  const next = 'Nothing running has changed yet. Deploy with: brainpod deploy --wait';
  return `${changedText(mutation, style)}\n${style.dim(next)}`;
}

/** What a write to the draft came to. */
export function changedText(mutation: ResourceMutation, style: Style): string {
  const count = mutation.resources.length;
  const what = `${count} ${count === 1 ? 'resource' : 'resources'} changed in the draft`;
  return [
    `${style.green('✓')} ${what} ${style.dim(`(revision ${mutation.revisionId})`)}`,
    ...mutation.resources.map((each) => `  ${each.content.kind}/${style.bold(each.content.metadata.name)}`),
  ].join('\n');
}

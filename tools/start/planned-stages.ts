import type { Durations } from './durations.ts';
import type { StartOrder } from './start-order.ts';

export type PlannedStage = { id: string; title: string; estimateSeconds: number | null };

/** Stages in their order. The seconds are for a machine of two cores that does it for the first time. */
const STAGES: readonly {
  id: string;
  title: string;
  seconds: number;
  when: (options: StartOrder['options']) => boolean;
}[] = [
  { id: 'npm', title: 'npm packages', seconds: 30, when: () => true },
  { id: 'server', title: 'API and status page', seconds: 3, when: () => true },
  { id: 'cluster', title: 'Your cluster', seconds: 3, when: isExternal },
  { id: 'debian', title: 'Debian packages', seconds: 15, when: isEmbedded },
  { id: 'account', title: 'First account', seconds: 8, when: () => true },
  { id: 'engine', title: 'Engine', seconds: 0, when: isEmbedded },
  { id: 'registry', title: 'Image registry', seconds: 0, when: isExternal },
  { id: 'boot', title: 'Kubernetes', seconds: 25, when: isEmbedded },
  { id: 'builder', title: 'Image builder', seconds: 45, when: buildsApp },
  {
    id: 'base-image',
    title: 'Base image',
    seconds: 70,
    when: (options) => isEmbedded(options) && buildsApp(options),
  },
  { id: 'image', title: 'Image of the app', seconds: 12, when: buildsApp },
  { id: 'deploy', title: 'Deploy', seconds: 8, when: (options) => !options.platformOnly },
  { id: 'answer', title: 'First answer', seconds: 2, when: (options) => !options.platformOnly },
  // Last where it can be, so that nobody waits for it who looks at an app.
  { id: 'builder', title: 'Image builder', seconds: 45, when: (options) => !buildsApp(options) },
];

/** What is going to happen, each stage with what it took here last time or is expected to take. */
export function plannedStages(
  options: StartOrder['options'],
  durations: Durations,
  buildSeconds: number,
): PlannedStage[] {
  return STAGES.filter((stage) => stage.when(options)).map(({ id, title, seconds }) => ({
    id,
    title,
    estimateSeconds:
      id === 'engine' || id === 'registry' ? buildSeconds : durations.estimate(`stage ${id}`, seconds),
  }));
}

function isExternal(options: StartOrder['options']): boolean {
  return options.kubeconfig !== null;
}

function isEmbedded(options: StartOrder['options']): boolean {
  return options.kubeconfig === null;
}

/** Whether an image is built of a folder. */
export function buildsApp(options: StartOrder['options']): boolean {
  return !options.platformOnly && options.image === null;
}

import type { InstanceSizes } from '@brainpod/model/instance-size';
import type { AppDocument } from '@brainpod/model/kinds/app';
import type { AppHealth, AppObservation } from './app-health.ts';

/** What Kubernetes noted about one of its pods, newest last. */
export type K8sEvent = { reason: string; message: string };

export type AppQuestion = {
  document: AppDocument;
  observation: AppObservation;
  health: AppHealth;
  /** What an instance of each size may use in this installation. */
  sizes: InstanceSizes;
  /** The host of the installation's own registry, as it stands in image names. */
  registryHost: string;
  /** The Routes' rules that lead to it. */
  routes: { route: string; port: number }[];
  /** By name of the k8s pod. May be left out where only what is terminal matters. */
  events: ReadonlyMap<string, readonly K8sEvent[]>;
};

import { formatImageReference, parseImageReference } from '@brainpod/model/image-reference';
import type { AppDocument, AppInit } from '@brainpod/model/kinds/app';
import type * as k8s from '@kubernetes/client-node';
import { APP_CONTAINER_NAME, INIT_CONTAINER_NAME } from '../names.ts';
import type { AppTraffic, PodView } from '../pod-view.ts';
import { limitsOf, requestsOf } from '../resources.ts';
import { compileEnv, escapeExpansion } from './app-env.ts';
import { compileMounts } from './app-mounts.ts';
import { probesOf } from './app-probe.ts';

/** What a root container needs to hand a volume over to the app's user, and nothing more. */
const INIT_CAPABILITIES = ['CHOWN', 'DAC_OVERRIDE', 'FOWNER'];

/** The app's own container: as the image or the document says, never as root. */
export function appContainer(app: AppDocument, traffic: AppTraffic, view: PodView): k8s.V1Container {
  const { runtime } = app.spec;
  return {
    name: APP_CONTAINER_NAME,
    ...commonParts(app, imageOf(app.spec.image, view), view),
    securityContext: {
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'] },
      runAsNonRoot: true,
      ...(runtime?.uid === undefined ? {} : { runAsUser: runtime.uid }),
      ...(runtime?.gid === undefined ? {} : { runAsGroup: runtime.gid }),
      seccompProfile: { type: 'RuntimeDefault' },
    },
    ...probesOf(app, traffic),
    ...drain(traffic, view.platform.drainSeconds),
  };
}

/** What runs as root before the app, with the app's environment and mounts. */
export function initContainer(app: AppDocument, init: AppInit, view: PodView): k8s.V1Container {
  return {
    name: INIT_CONTAINER_NAME,
    ...commonParts(app, imageOf(initImage(app, init), view), view),
    command: commandOf(init).map(escapeExpansion),
    securityContext: {
      allowPrivilegeEscalation: false,
      capabilities: { add: INIT_CAPABILITIES, drop: ['ALL'] },
      runAsNonRoot: false,
      runAsUser: 0,
      runAsGroup: 0,
      seccompProfile: { type: 'RuntimeDefault' },
    },
  };
}

function commonParts(app: AppDocument, image: string, view: PodView): Omit<k8s.V1Container, 'name'> {
  const size = view.platform.sizes[app.spec.instance];
  const env = compileEnv(app, view);
  const { volumeMounts } = compileMounts(app, view);
  return {
    image,
    imagePullPolicy: pullPolicy(image),
    ...(env.length === 0 ? {} : { env }),
    resources: { requests: requestsOf(size), limits: limitsOf(size) },
    ...(volumeMounts.length === 0 ? {} : { volumeMounts }),
  };
}

function initImage(app: AppDocument, init: AppInit): string {
  return typeof init === 'object' && 'image' in init ? init.image : app.spec.image;
}

/** The image as it was when its revision was sent on its way, so that each instance runs the same. */
function imageOf(image: string, { pod: { imageDigests } }: PodView): string {
  const digest = Object.hasOwn(imageDigests, image) ? imageDigests[image] : undefined;
  const parsed = parseImageReference(image);
  return digest === undefined || !parsed.ok ? image : formatImageReference({ ...parsed.value, digest });
}

/** A digest names one image for ever; a tag may have been pushed anew since the node pulled it. */
function pullPolicy(image: string): 'IfNotPresent' | 'Always' {
  const parsed = parseImageReference(image);
  return parsed.ok && parsed.value.digest !== undefined ? 'IfNotPresent' : 'Always';
}

function commandOf(init: AppInit): string[] {
  if (typeof init === 'string') return shell(init);
  return 'image' in init ? init.cmd : shell(init.cmd);
}

function shell(command: string): string[] {
  return ['/bin/sh', '-c', command];
}

/** Goes on serving until the edge has heard that this instance ends. One that gets no traffic ends at once. */
function drain(traffic: AppTraffic, seconds: number): Pick<k8s.V1Container, 'lifecycle'> {
  if (traffic.ports.length === 0 || seconds === 0) return {};
  return { lifecycle: { preStop: { sleep: { seconds } } } };
}

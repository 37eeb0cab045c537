import type { AppDocument } from '@brainpod/model/kinds/app';
import type { ContainerEnd, ObservedContainer, ObservedK8sPod } from '../observe/workload.ts';
import { type AppObservation, currentReplicaSet } from './app-health.ts';
import type { AppQuestion } from './app-question.ts';
import type { Diagnosis, LogSource } from './diagnosis.ts';
import { imageFault } from './image-fault.ts';
import { memoryFault } from './memory-fault.ts';
import { creationFault, roomFault } from './room-fault.ts';
import { silenceFault } from './silence-fault.ts';

// With Kubernetes' pauses between restarts that is some half a minute: long enough for an app that only waits for
// another one, short enough to be told soon.
const HOPELESS_RESTARTS = 2;

/** Finds why an App is not healthy. Null when nothing is wrong with it that can be seen. */
export function diagnoseApp(question: AppQuestion): Diagnosis | null {
  if (question.health.healthy) return null;
  const name = question.document.metadata.name;
  const found: Diagnosis[] = [];
  for (const k8sPod of question.health.current) {
    if (k8sPod.ready) continue;
    const diagnosis = diagnoseK8sPod(question, k8sPod);
    if (diagnosis !== null) found.push(diagnosis);
  }
  const creation = creationFailureOf(question.observation);
  if (creation !== null) found.push(creationFault(name, creation));
  return found.find((diagnosis) => diagnosis.terminal) ?? found[0] ?? null;
}

function creationFailureOf({ deployment, replicaSets }: AppObservation): string | null {
  if (deployment === null) return null;
  return currentReplicaSet(deployment, replicaSets)?.creationFailure ?? deployment.creationFailure;
}

function diagnoseK8sPod(question: AppQuestion, k8sPod: ObservedK8sPod): Diagnosis | null {
  const { document } = question;
  if (k8sPod.unschedulable !== null) {
    return roomFault(document.metadata.name, document.spec.instance, k8sPod.unschedulable);
  }
  for (const container of k8sPod.containers) {
    const fault = diagnoseContainer(question, k8sPod, container);
    if (fault !== null) return fault;
  }
  return silenceFault(question, k8sPod);
}

function diagnoseContainer(
  { document, sizes, registryHost }: AppQuestion,
  k8sPod: ObservedK8sPod,
  container: ObservedContainer,
): Diagnosis | null {
  const { state } = container;
  const app = `App "${document.metadata.name}"`;
  if (state.is === 'waiting') {
    const image = imageFault(app, container, registryHost);
    if (image !== null) return image;
    const start = startFault(app, state.reason, state.message);
    if (start !== null) return start;
  }
  const end = endOf(container);
  if (end === null) return null;
  const logFrom = logSource(k8sPod, container);
  if (end.reason === 'OOMKilled') {
    const who = container.init ? `The init step of ${app}` : app;
    const sentence = memoryFault(who, document.spec.instance, sizes);
    return { terminal: isHopeless(container), sentence, logFrom };
  }
  return endFault(document, container, end, logFrom);
}

/** How its latest run ended, null while it runs without having ended before, and for an init step that is done. */
function endOf({ init, state, lastEnd }: ObservedContainer): ContainerEnd | null {
  if (state.is === 'terminated') return init && state.exitCode === 0 ? null : state;
  return lastEnd;
}

function logSource(k8sPod: ObservedK8sPod, container: ObservedContainer): LogSource {
  return {
    namespace: k8sPod.namespace,
    k8sPod: k8sPod.name,
    container: container.name,
    // A container that waits or runs again has said its last words in the run before.
    previous: container.state.is !== 'terminated' && container.restarts > 0,
  };
}

function startFault(app: string, reason: string, message: string): Diagnosis | null {
  if (reason === 'CreateContainerConfigError') return configFault(app, message);
  if (reason !== 'RunContainerError' && reason !== 'CreateContainerError' && reason !== 'StartError')
    return null;
  return commandFault(app, message);
}

function configFault(app: string, message: string): Diagnosis | null {
  if (message.includes('non-numeric user')) {
    const user = /non-numeric user \(?"?([^\s")]+)/.exec(message)?.[1];
    const named = user === undefined ? 'by name' : `by name ("${user}")`;
    return {
      terminal: true,
      sentence: `The image of ${app} gives its user ${named}, so that nobody can tell whether it is root, which may not run here. Set spec.runtime.uid to the number of that user, or write that number in the USER line of the Dockerfile.`,
    };
  }
  if (message.includes('runAsNonRoot') || message.includes('run as root')) {
    return {
      terminal: true,
      sentence: `${app} would run as root, which is not allowed here. Set spec.runtime.uid to a number above 0, or write a USER line with such a number in its Dockerfile.`,
    };
  }
  return {
    terminal: false,
    sentence: `${app} could not be prepared to start. Deploy it again; if that does not help, tell the operator.`,
  };
}

function commandFault(app: string, message: string): Diagnosis {
  const command = /exec: "([^"]+)"/.exec(message)?.[1];
  const named = command === undefined ? 'its command' : `its command "${command}"`;
  if (message.includes('permission denied')) {
    return {
      terminal: true,
      sentence: `${app} could not be started: ${named} may not be executed. Make the file executable in the image (chmod +x), for the user that it runs as.`,
    };
  }
  if (message.includes('exec format error')) {
    return {
      terminal: true,
      sentence: `${app} could not be started: ${named} is not a program for this machine's processor, or a script without a "#!" line. Build the image for this architecture.`,
    };
  }
  if (message.includes('not found') || message.includes('no such file')) {
    return {
      terminal: true,
      sentence: `${app} could not be started: ${named} is not in the image. Check the ENTRYPOINT and CMD lines of its Dockerfile.`,
    };
  }
  return { terminal: false, sentence: `${app} could not be started: ${named} failed before it ran.` };
}

function endFault(
  document: AppDocument,
  container: ObservedContainer,
  end: ContainerEnd,
  logFrom: LogSource,
): Diagnosis {
  const app = `App "${document.metadata.name}"`;
  const terminal = isHopeless(container);
  if (end.reason === 'StartError' || end.reason === 'ContainerCannotRun') {
    return commandFault(container.init ? `The init step of ${app}` : app, end.message);
  }
  if (container.init) {
    return {
      terminal,
      sentence: `The init step of ${app} failed with exit code ${end.exitCode}${times(container.restarts)}, so the app was not started.`,
      logFrom,
    };
  }
  const advice =
    end.exitCode === 0
      ? ' An app has to keep running; exit code 0 means that it thinks its work is done.'
      : '';
  return {
    terminal,
    sentence: `${app} exited with code ${end.exitCode}${times(container.restarts)} instead of running on.${advice}`,
    logFrom,
  };
}

function isHopeless({ restarts }: ObservedContainer): boolean {
  return restarts >= HOPELESS_RESTARTS;
}

function times(restarts: number): string {
  return restarts === 0 ? '' : restarts === 1 ? ', twice' : `, ${restarts + 1} times`;
}

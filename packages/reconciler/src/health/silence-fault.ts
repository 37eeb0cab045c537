import type { ObservedK8sPod } from '../observe/workload.ts';
import type { AppQuestion, K8sEvent } from './app-question.ts';
import type { Diagnosis } from './diagnosis.ts';

/** Why an instance that nothing is wrong with is not ready: it is still being made, or it does not answer. */
export function silenceFault(question: AppQuestion, k8sPod: ObservedK8sPod): Diagnosis | null {
  const events = question.events.get(k8sPod.name) ?? [];
  const app = `App "${question.document.metadata.name}"`;
  const main = k8sPod.containers.find((container) => !container.init);
  if (main?.state.is !== 'running') return preparationFault(app, k8sPod, events);
  const logFrom = { namespace: k8sPod.namespace, k8sPod: k8sPod.name, container: main.name, previous: false };
  return { terminal: false, sentence: answerSentence(app, question, lastProbe(events)), logFrom };
}

function preparationFault(
  app: string,
  k8sPod: ObservedK8sPod,
  events: readonly K8sEvent[],
): Diagnosis | null {
  const running = k8sPod.containers.find((container) => container.init && container.state.is === 'running');
  if (running !== undefined) {
    return {
      terminal: false,
      sentence: `The init step of ${app} did not end, so the app was not started.`,
      logFrom: { namespace: k8sPod.namespace, k8sPod: k8sPod.name, container: running.name, previous: false },
    };
  }
  const last = events.findLast((event) => event.reason === 'Pulling' || event.reason === 'Pulled');
  if (last?.reason === 'Pulling') {
    return {
      terminal: false,
      sentence: `The image of ${app} was still being fetched. Deploy it again to go on.`,
    };
  }
  if (!k8sPod.scheduled)
    return { terminal: false, sentence: `${app} was still waiting for its turn to start.` };
  return {
    terminal: false,
    sentence: `${app} was still being prepared to start. Deploy it again; if that does not help, tell the operator.`,
  };
}

function answerSentence(app: string, question: AppQuestion, probe: string): string {
  const check = question.document.spec.checks?.ready;
  const port = check?.port;
  if (check?.cmd !== undefined) {
    return `${app} runs, but its check command "${check.cmd.join(' ')}" never succeeded.`;
  }
  const status = /statuscode: (\d+)/.exec(probe)?.[1];
  if (port !== undefined && check?.path !== undefined && status !== undefined) {
    return `${app} runs, but answered its check (GET ${check.path} on port ${port}) with status ${status} instead of 2xx or 3xx.`;
  }
  if (port !== undefined) {
    const what = check?.path === undefined ? '' : ` to GET ${check.path}`;
    return `${app} runs, but never answered${what} on port ${port}, which its check names. Make it listen on port ${port} on all addresses (0.0.0.0), or change the check.`;
  }
  const route =
    question.routes.find((candidate) => probe.includes(`:${candidate.port}:`)) ?? question.routes[0];
  if (route !== undefined) {
    return `${app} runs, but never answered on port ${route.port}, which Route "${route.route}" names. Make it listen on port ${route.port} on all addresses (0.0.0.0), or change the port in the Route.`;
  }
  return `${app} runs, but did not get ready.`;
}

function lastProbe(events: readonly K8sEvent[]): string {
  return events.findLast((event) => event.reason === 'Unhealthy')?.message ?? '';
}

import type { KubeClient } from '@brainpod/kube/client';
import { KubeError } from '@brainpod/kube/kube-error';
import type { AssessedApp, Assessment } from './assess.ts';
import type { K8sEvent } from './health/app-question.ts';
import { diagnoseApp } from './health/diagnose-app.ts';
import type { Diagnosis, LogSource } from './health/diagnosis.ts';
import { failureText } from './health/failure-text.ts';
import { textAt } from './observe/fields.ts';

const NO_EVENTS: ReadonlyMap<string, readonly K8sEvent[]> = new Map();

/** The first fault that waiting does not help against. */
export function findTerminalFault(assessment: Assessment): Diagnosis | null {
  for (const app of assessment.apps) {
    const diagnosis = diagnoseApp({ ...app, events: NO_EVENTS });
    if (diagnosis?.terminal === true) return diagnosis;
  }
  return null;
}

/** Why a revision is not healthy now that its time is over. */
export async function explainTimeout(
  kube: KubeClient,
  assessment: Assessment,
  timeoutMs: number,
): Promise<{ sentence: string; logFrom?: LogSource }> {
  const unhealthyApps = assessment.apps.filter(({ health }) => !health.healthy);
  const faults: Diagnosis[] = [];
  for (const app of unhealthyApps) {
    const diagnosis = diagnoseApp({ ...app, events: await eventsOf(kube, app) });
    if (diagnosis !== null) faults.push(diagnosis);
  }
  for (const { health } of assessment.routes) if (health.diagnosis !== null) faults.push(health.diagnosis);
  const [first] = faults;
  if (first !== undefined) return first;
  const names = unhealthyApps.map(({ document }) => `App "${document.metadata.name}"`);
  const what = names.length === 0 ? 'The pod' : names.join(' and ');
  return { sentence: `${what} did not get ready within ${Math.round(timeoutMs / 1000)} seconds.` };
}

/** The text of a failure with the app's last words; without them where they cannot be had. */
export async function withLastWords(
  kube: KubeClient,
  failure: { sentence: string; logFrom?: LogSource },
): Promise<string> {
  const { sentence, logFrom } = failure;
  if (logFrom === undefined) return sentence;
  const { namespace, k8sPod, container, previous } = logFrom;
  const query = { namespace, pod: k8sPod, container, previous, tailLines: 20 };
  try {
    return failureText(sentence, await kube.readLog(query));
  } catch (error) {
    if (!(error instanceof KubeError)) throw error;
    // The log of the run before is deleted at some point; then the current run's is the best there is.
    if (!previous) return sentence;
    return withLastWords(kube, { sentence, logFrom: { ...logFrom, previous: false } });
  }
}

async function eventsOf(kube: KubeClient, app: AssessedApp): Promise<Map<string, K8sEvent[]>> {
  const events = new Map<string, K8sEvent[]>();
  for (const { name, namespace, ready } of app.health.current) {
    if (ready) continue;
    const { items } = await kube.list({
      apiVersion: 'v1',
      kind: 'Event',
      namespace,
      fieldSelector: `involvedObject.kind=Pod,involvedObject.name=${name}`,
    });
    const sorted = items
      .map((item) => ({
        reason: textAt(item, 'reason') ?? '',
        message: textAt(item, 'message') ?? textAt(item, 'note') ?? '',
        at: textAt(item, 'lastTimestamp') ?? textAt(item, 'eventTime') ?? '',
      }))
      .sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
    events.set(name, sorted);
  }
  return events;
}

import type { AppDocument } from '@brainpod/model/kinds/app';
import type * as k8s from '@kubernetes/client-node';
import type { AppTraffic } from '../pod-view.ts';
import { escapeExpansion } from './app-env.ts';

// What the public interface promises of a check that a person asks for: first after 5 s, then every 5 s.
const ASKED_FOR = { initialDelaySeconds: 5, periodSeconds: 5, timeoutSeconds: 5, failureThreshold: 3 };

// Nobody is promised anything of a check that nobody asked for, so it looks at once and every second:
// an app that listens after 300 ms serves after a second and not after five.
const UNASKED = { periodSeconds: 1, timeoutSeconds: 1, failureThreshold: 3 };

// A check that is asked for also tells when an instance is to be started anew: when it has failed for two minutes
// without a break. That long, because a restart helps against what hangs and not against a database that is away for
// a moment; no longer, because an instance that fails its check gets no requests and nothing is lost by its end. Where
// nobody said how to ask, nobody is ended: what looks dead to a guess may be at work.
const RESTARTED = { periodSeconds: 10, timeoutSeconds: 10, failureThreshold: 12 };
// What hangs hardly ends by itself, and nobody waits for its answers.
const HANGING_GRACE_SECONDS = 15;
// An app may take its time to start: a deploy gives up long before, but after a restart of the machine nobody waits. The
// clock of a check runs from before the image is there, so with 5 s between them the first would come after 5 to 10 s. A
// command is not asked that often, since each time starts a program.
const STARTING = { initialDelaySeconds: 5, periodSeconds: 1, timeoutSeconds: 5, failureThreshold: 600 };
const STARTING_BY_COMMAND = { ...STARTING, periodSeconds: 5, failureThreshold: 120 };

type Probes = Pick<k8s.V1Container, 'readinessProbe' | 'livenessProbe' | 'startupProbe'>;

// The interface says that a check goes to localhost. It is made from outside to the instance's own
// address, where traffic comes in too, so the name is what an HTTP server is told it was asked for.
const DEFAULT_HOST = 'localhost';

/**
 * How an instance shows that it can take traffic, and that it has to be started anew: by the check asked for; else it
 * takes traffic when it listens on the port that Routes lead to; empty where nothing is known.
 */
export function probesOf(app: AppDocument, traffic: AppTraffic): Probes {
  const asked = askedFor(app, traffic);
  if (asked !== undefined) {
    return {
      readinessProbe: { ...asked, ...ASKED_FOR },
      startupProbe: { ...asked, ...(asked.exec === undefined ? STARTING : STARTING_BY_COMMAND) },
      livenessProbe: { ...asked, ...RESTARTED, terminationGracePeriodSeconds: HANGING_GRACE_SECONDS },
    };
  }
  const [port] = traffic.ports;
  return port === undefined ? {} : { readinessProbe: { tcpSocket: { port }, ...UNASKED } };
}

/** `host` is never where a check connects to: that would let one pod probe other machines from the node. */
function askedFor(app: AppDocument, traffic: AppTraffic): k8s.V1Probe | undefined {
  const check = app.spec.checks?.ready ?? {};
  if (check.cmd !== undefined) return { exec: { command: check.cmd.map(escapeExpansion) } };
  const port = check.port ?? (check.path === undefined ? undefined : traffic.ports[0]);
  if (port === undefined) return undefined;
  if (check.path !== undefined) {
    const httpHeaders = [{ name: 'Host', value: check.host ?? DEFAULT_HOST }];
    return { httpGet: { path: check.path, port, httpHeaders } };
  }
  return { tcpSocket: { port } };
}

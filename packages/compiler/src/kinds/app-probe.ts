import type { AppDocument } from '@brainpod/model/kinds/app';
import type * as k8s from '@kubernetes/client-node';
import type { AppTraffic } from '../pod-view.ts';
import { escapeExpansion } from './app-env.ts';

// What the public interface promises of a check that a person asks for: first after 5 s, then every 5 s.
const ASKED_FOR = { initialDelaySeconds: 5, periodSeconds: 5, timeoutSeconds: 5, failureThreshold: 3 };

// Nobody is promised anything of a check that nobody asked for, so it looks at once and every second:
// an app that listens after 300 ms serves after a second and not after five.
const UNASKED = { periodSeconds: 1, timeoutSeconds: 1, failureThreshold: 3 };

// The interface says that a check goes to localhost. It is made from outside to the instance's own
// address, where traffic comes in too, so the name is what an HTTP server is told it was asked for.
const DEFAULT_HOST = 'localhost';

/**
 * How an instance shows that it can take traffic: by the check asked for; else by listening on the
 * port that Routes lead to; undefined where nothing is known. `host` is never where a check connects
 * to: that would let one pod probe other machines from the node.
 */
export function readinessProbe(app: AppDocument, traffic: AppTraffic): k8s.V1Probe | undefined {
  const check = app.spec.checks?.ready ?? {};
  const routedPort = traffic.ports[0];
  if (check.cmd !== undefined) return { exec: { command: check.cmd.map(escapeExpansion) }, ...ASKED_FOR };
  const port = check.port ?? routedPort;
  if (port === undefined) return undefined;
  if (check.path !== undefined) {
    const httpHeaders = [{ name: 'Host', value: check.host ?? DEFAULT_HOST }];
    return { httpGet: { path: check.path, port, httpHeaders }, ...ASKED_FOR };
  }
  return { tcpSocket: { port }, ...(check.port === undefined ? UNASKED : ASKED_FOR) };
}

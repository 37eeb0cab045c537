import type { EdgeCount } from '@brainpod/store/request-records';

const TIMEOUT_MS = 1000;
const NAMES = '^(access_logs\\.grpc_access_log\\.logs_(written|dropped)|server\\.uptime)$';

/** How many requests an Envoy wanted to tell of since it started; null when it cannot be asked, as on clusters of others. */
export async function readEdgeCount(statistics: string): Promise<EdgeCount | null> {
  let text: string;
  try {
    const url = `${statistics}?filter=${encodeURIComponent(NAMES)}`;
    const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    if (!response.ok) return null;
    text = await response.text();
  } catch {
    // Nobody is there, or does not answer: what it counted meanwhile is in the next reading.
    return null;
  }
  return edgeCountOf(text, Date.now());
}

/** Of an Envoy's statistics as Prometheus reads them. */
export function edgeCountOf(text: string, nowMs: number): EdgeCount | null {
  const of = (name: string) => {
    const found = new RegExp(`^envoy_${name}\\{[^}]*\\} (\\d+)$`, 'm').exec(text)?.[1];
    return found === undefined ? null : Number(found);
  };
  const written = of('access_logs_grpc_access_log_logs_written');
  const uptimeSeconds = of('server_uptime');
  if (written === null || uptimeSeconds === null) return null;
  const dropped = of('access_logs_grpc_access_log_logs_dropped') ?? 0;
  return { count: written + dropped, startedAt: new Date(nowMs - uptimeSeconds * 1000) };
}

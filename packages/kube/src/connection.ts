import type * as http from 'node:http';

/** How to reach a cluster now. `agent` keeps connections open and is the same object while nothing changed. */
export type Connection = { server: URL; agent: http.Agent; headers: Record<string, string> };

export interface Credentials {
  current(): Promise<Connection>;
  /** Called after a refusal or a broken connection: what was read may be outdated. */
  invalidate(): void;
  close(): void;
}

import type * as http from 'node:http';
import type * as https from 'node:https';
import { KubeConfig } from '@kubernetes/client-node/dist/config.js';
import type { Connection, Credentials } from './connection.ts';

/** Credentials by the official client, for kubeconfigs with a proxy or an `auth-provider`. */
export function officialCredentials(path: string, contextName?: string): Credentials {
  let config = load(path, contextName);
  return {
    async current(): Promise<Connection> {
      const cluster = config.getCurrentCluster();
      if (cluster === null) throw new Error(`${path} names no cluster to use: set "current-context"`);
      const options: https.RequestOptions = { headers: {} };
      await config.applyToHTTPSOptions(options);
      const headers: Record<string, string> = {};
      for (const [name, value] of Object.entries(options.headers ?? {})) headers[name] = String(value);
      if (typeof options.auth === 'string') {
        headers.authorization = `Basic ${Buffer.from(options.auth).toString('base64')}`;
      }
      // applyToHTTPSOptions always sets an agent, and keeps one per cluster and user.
      return { server: new URL(cluster.server), agent: options.agent as http.Agent, headers };
    },
    invalidate(): void {
      config = load(path, contextName);
    },
    close(): void {
      // Its agents hold no idle sockets open.
    },
  };
}

function load(path: string, contextName?: string): KubeConfig {
  const config = new KubeConfig();
  config.loadFromFile(path);
  if (contextName !== undefined) config.setCurrentContext(contextName);
  return config;
}

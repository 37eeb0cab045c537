import { describe, expect, it } from 'vitest';
import { readSettings } from './settings.ts';

describe('readSettings', () => {
  it('has a default for everything', () => {
    expect(readSettings({})).toEqual({
      database: { host: '/run/brainpod/postgres', user: 'brainpod', database: 'brainpod' },
      listen: { host: '127.0.0.1', port: 4600 },
      kubeconfig: '/run/brainpod/engine/kubeconfig',
      domain: 'brainpod.localhost',
      httpsPort: 443,
      httpPort: 80,
      registryUpstream: 'http://127.0.0.1:4650',
      registryStorage: '/var/lib/brainpod/engine/registry',
      registryHost: 'registry.brainpod.localhost',
      gatewayClass: 'brainpod',
      dataDir: '/var/lib/brainpod',
      runDir: '/run/brainpod',
      deployTimeoutMs: 80_000,
      pullKeys: { maxAgeMs: 30 * 24 * 60 * 60 * 1000, graceMs: 2 * 60 * 60 * 1000 },
      dnsServers: [],
      acme: null,
      resyncIntervalMs: 300_000,
      builds: {
        engineBinaries: null,
        registry: null,
        isNear: false,
        steps: null,
        image: null,
        networks: [],
        atOnce: 2,
        timeoutMs: 1_800_000,
      },
      accessLogSocket: '/run/brainpod/access-log.sock',
      edgeStatistics: 'http://127.0.0.1:19001/stats/prometheus',
      requestBounds: { days: 7, bytesPerPod: 256 * 1024 * 1024 },
      requests: {
        rateLimit: { perSecond: 50, burst: 200 },
        guessLimit: { perSecond: 5, burst: 50 },
        requestTimeoutMs: 30_000,
        trustedProxies: ['loopback'],
        allowedOrigins: ['https://console.brainpod.localhost'],
      },
    });
  });

  it('prefers a database URL', () => {
    const settings = readSettings({ DATABASE_URL: 'postgres://db.example/brainpod', PGHOST: '/elsewhere' });
    expect(settings.database).toEqual({ url: 'postgres://db.example/brainpod' });
  });

  it('takes an IPv6 address', () => {
    expect(readSettings({ BRAINPOD_LISTEN: '[::1]:80' }).listen).toEqual({ host: '::1', port: 80 });
  });

  it('names every wrong variable at once', () => {
    const wrong = {
      BRAINPOD_LISTEN: 'nowhere',
      BRAINPOD_DOMAIN: 'UPPER.test',
      BRAINPOD_HTTPS_PORT: '70000',
      BRAINPOD_REGISTRY_UPSTREAM: 'not a url',
      BRAINPOD_DEPLOY_TIMEOUT_SECONDS: 'soon',
      BRAINPOD_RATE_LIMIT_PER_SECOND: '-1',
      BRAINPOD_RATE_LIMIT_BURST: '0',
      BRAINPOD_REQUEST_TIMEOUT_SECONDS: '0',
      BRAINPOD_TRUSTED_PROXIES: '10.0.0.0/33',
      BRAINPOD_CONSOLE_ORIGINS: 'https://console.example.com/',
      BRAINPOD_ACME_DIRECTORY: 'http://authority.example/directory',
      BRAINPOD_ACME_EMAIL: 'nobody',
    };
    for (const name of Object.keys(wrong)) expect(() => readSettings(wrong)).toThrow(name);
  });

  it('knows who makes the certificates of own domains', () => {
    const directory = 'https://authority.example/directory';
    expect(readSettings({ BRAINPOD_ACME_DIRECTORY: directory }).acme).toEqual({
      ...{ directory, email: null, caFile: null },
    });
    const all = { BRAINPOD_ACME_EMAIL: 'operator@example.com', BRAINPOD_ACME_CA_FILE: '/etc/ca.pem' };
    expect(readSettings({ ...all, BRAINPOD_ACME_DIRECTORY: directory }).acme).toEqual({
      ...{ directory, email: 'operator@example.com', caFile: '/etc/ca.pem' },
    });
    expect(() => readSettings(all)).toThrow('say nothing without BRAINPOD_ACME_DIRECTORY');
  });

  it('knows how requests are taken', () => {
    const { requests } = readSettings({
      BRAINPOD_DOMAIN: 'example.com',
      BRAINPOD_HTTPS_PORT: '8443',
      BRAINPOD_RATE_LIMIT_PER_SECOND: '0',
      BRAINPOD_TRUSTED_PROXIES: 'loopback, 10.0.0.0/8, fd00::1',
    });
    expect(requests).toMatchObject({
      rateLimit: null,
      guessLimit: null,
      trustedProxies: ['loopback', '10.0.0.0/8', 'fd00::1'],
      allowedOrigins: ['https://console.example.com:8443'],
    });
    expect(readSettings({ BRAINPOD_CONSOLE_ORIGINS: 'none' }).requests.allowedOrigins).toEqual([]);
  });

  it('never repeats the database URL, which may hold a password', () => {
    const read = () => readSettings({ DATABASE_URL: 'postgres://user:hidden@db/x', BRAINPOD_LISTEN: 'x' });
    expect(read).toThrow(/^(?!.*hidden)/s);
  });
});

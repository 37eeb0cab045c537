import { isIP } from 'node:net';
import type { ApiOptions } from '@brainpod/api/dependencies';

/** What the server is told of how it takes requests. */
export type RequestSettings = Required<
  Pick<ApiOptions, 'rateLimit' | 'guessLimit' | 'requestTimeoutMs' | 'trustedProxies' | 'allowedOrigins'>
>;

/** Reads variables of the environment, and gathers what is wrong with them. */
export type VariableReader = {
  text: (name: string, fallback: string) => string;
  whole: (name: string, fallback: number, from: number, to: number) => number;
  faults: string[];
};

// Nobody has to try keys by the dozen; a client that goes on with a revoked one asks about once a second.
const GUESS_LIMIT = { perSecond: 5, burst: 50 };
const NAMED_NETWORKS = new Set(['loopback', 'linklocal', 'uniquelocal']);

export function readRequestSettings(
  read: VariableReader,
  { domain, httpsPort }: { domain: string; httpsPort: number },
): RequestSettings {
  const perSecond = read.whole('BRAINPOD_RATE_LIMIT_PER_SECOND', 50, 0, 1_000_000);
  const burst = read.whole('BRAINPOD_RATE_LIMIT_BURST', 200, 1, 1_000_000);
  const port = httpsPort === 443 ? '' : `:${httpsPort}`;
  return {
    rateLimit: perSecond === 0 ? null : { perSecond, burst },
    guessLimit: perSecond === 0 ? null : GUESS_LIMIT,
    requestTimeoutMs: read.whole('BRAINPOD_REQUEST_TIMEOUT_SECONDS', 30, 1, 600) * 1000,
    trustedProxies: list(read, 'BRAINPOD_TRUSTED_PROXIES', 'loopback', isNetwork, 'addresses or networks'),
    allowedOrigins: list(
      read,
      'BRAINPOD_CONSOLE_ORIGINS',
      `https://console.${domain}${port}`,
      isOrigin,
      'origins such as https://console.example.com',
    ),
  };
}

/** Members separated by commas; `none` is no member. */
function list(
  { text, faults }: VariableReader,
  name: string,
  fallback: string,
  isMember: (text: string) => boolean,
  what: string,
): string[] {
  const value = text(name, fallback);
  const members = value === 'none' ? [] : value.split(',').map((member) => member.trim());
  const wrong = members.filter((member) => !isMember(member));
  if (wrong.length > 0) {
    faults.push(`${name} must be "none", or ${what} separated by commas, and holds "${wrong.join('", "')}"`);
  }
  return members;
}

function isNetwork(text: string): boolean {
  if (NAMED_NETWORKS.has(text) || isIP(text) !== 0) return true;
  const [address = '', prefix = ''] = text.split('/', 2);
  const family = isIP(address);
  if (family === 0 || !/^\d{1,3}$/.test(prefix) || text.split('/').length !== 2) return false;
  return Number(prefix) <= (family === 4 ? 32 : 128);
}

function isOrigin(text: string): boolean {
  return /^https?:/.test(text) && URL.canParse(text) && new URL(text).origin === text;
}

import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { httpsRequest } from '@brainpod/edge/acme/https-request';
import { createAuthority, issueFor } from '@brainpod/edge/certificate';
import { waitFor } from './wait-for.ts';

const HOST = 'localhost';
const START_TIMEOUT_MS = 15_000;
const SETPRIV = '/usr/bin/setpriv';

export type PebbleOptions = {
  /** Where it asks domains by HTTP. */
  httpPort: number;
  /** Who tells it where domains are: `address:port`. */
  dnsServer: string;
  /** How long its certificates are good, default 90 days. */
  validitySeconds?: number;
  /** Of a hundred nonces, how many it refuses for no reason. Default 30. */
  refusedNonces?: number;
};

/**
 * Pebble, the ACME authority that Let's Encrypt tests clients with. It forgets everything when it ends. `program` is
 * what `npm test` builds.
 */
export class Pebble {
  /** The address of its directory. */
  readonly directory: string;
  /** PEM of who vouches for its own address. */
  readonly caPem: string;
  readonly #folder: string;
  readonly #environment: NodeJS.ProcessEnv;
  readonly #dnsServer: string;
  readonly #managementPort: number;
  #child: ChildProcess | null = null;
  #log = '';

  private constructor(parts: {
    folder: string;
    caPem: string;
    ports: { acme: number; management: number };
    options: PebbleOptions;
  }) {
    const { folder, caPem, ports, options } = parts;
    this.#folder = folder;
    this.caPem = caPem;
    this.directory = `https://${HOST}:${ports.acme}/dir`;
    this.#managementPort = ports.management;
    this.#dnsServer = options.dnsServer;
    this.#environment = {
      PEBBLE_WFE_NONCEREJECT: String(options.refusedNonces ?? 30),
      // Authorities answer at once or after seconds; a test has no use for the seconds.
      PEBBLE_VA_NOSLEEP: '1',
    };
  }

  static async start(options: PebbleOptions): Promise<Pebble> {
    const folder = await mkdtemp(path.join(tmpdir(), 'brainpod-pebble-'));
    const authority = await createAuthority(HOST, new Date());
    const server = await issueFor(authority, HOST, new Date());
    const ports = { acme: await freePort(), management: await freePort() };
    const [certificate, privateKey] = ['server.pem', 'server.key'].map((name) => path.join(folder, name));
    const config = {
      listenAddress: `127.0.0.1:${ports.acme}`,
      managementListenAddress: `127.0.0.1:${ports.management}`,
      ...{ certificate, privateKey, httpPort: options.httpPort, tlsPort: 1 },
      ocspResponderURL: '',
      externalAccountBindingRequired: false,
      retryAfter: { authz: 1, order: 1 },
      keyAlgorithm: 'ecdsa',
      profiles: {
        default: { description: 'for tests', validityPeriod: options.validitySeconds ?? 90 * 86_400 },
      },
    };
    await writeFile(path.join(folder, 'server.pem'), server.certPem);
    await writeFile(path.join(folder, 'server.key'), server.keyPem, { mode: 0o600 });
    await writeFile(path.join(folder, 'pebble.json'), JSON.stringify({ pebble: config }));
    const pebble = new Pebble({ folder, caPem: authority.certPem, ports, options });
    await pebble.up();
    return pebble;
  }

  /** Starts it, with nothing known of before. */
  async up(): Promise<void> {
    const args = ['-config', path.join(this.#folder, 'pebble.json'), '-dnsserver', this.#dnsServer];
    // It must not outlive a test run that was killed.
    const wrap = existsSync(SETPRIV) ? [SETPRIV, '--pdeathsig', 'KILL', '--'] : [];
    const [file = '', ...rest] = [...wrap, programFor(), ...args];
    const child = spawn(file, rest, { env: this.#environment, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        this.#log = (this.#log + chunk.toString('utf8')).slice(-20_000);
      });
    }
    const listens = () => this.#log.includes('Listening on');
    await waitFor(
      async () => {
        if (child.exitCode !== null) throw new Error(`Pebble ended: ${this.#log}`);
        return listens();
      },
      { timeoutMs: START_TIMEOUT_MS, what: 'Pebble to listen', everyMs: 20 },
    );
  }

  /** Ends it; what it knew is forgotten. */
  async down(): Promise<void> {
    const child = this.#child;
    this.#child = null;
    this.#log = '';
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((done) => child.once('exit', done));
    child.kill('SIGKILL');
    await gone;
  }

  async remove(): Promise<void> {
    await this.down();
    await rm(this.#folder, { recursive: true, force: true });
  }

  /** What it has written, the newest part. */
  get log(): string {
    return this.#log;
  }

  /** PEM of who vouches for the certificates that it makes, as long as it runs. */
  async root(): Promise<string> {
    const url = `https://${HOST}:${this.#managementPort}/roots/0`;
    const options = {
      method: 'GET',
      timeoutMs: START_TIMEOUT_MS,
      maxBytes: 10_000,
      ca: [this.caPem],
    } as const;
    return (await httpsRequest(url, options)).body;
  }
}

function programFor(): string {
  const program = process.env.BRAINPOD_PEBBLE;
  if (program === undefined)
    throw new Error('BRAINPOD_PEBBLE is not set: npm test builds Pebble and names it.');
  return program;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const address = server.address();
  await new Promise((done) => server.close(done));
  if (address === null || typeof address === 'string') throw new Error('it listened on a port');
  return address.port;
}

import { readFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { DnsServer, type RecordType } from '@brainpod/testkit/dns-server';
import { Pebble } from '@brainpod/testkit/pebble';

/** Certificates live no longer than this, so that a test sees one renewed. */
const CERTIFICATE_SECONDS = 40;
const HTTP_PORT = 80;

/** Who gives certificates to own domains while the tests run, and who says where these domains are. */
export type Authority = {
  /** PEM of who vouches for its certificates. */
  rootPem: string;
  /** What DNS knows, for tests to write. */
  zoneFile: string;
};

type Zone = Record<string, string>;

/** Starts both; what a Brainpod has to be told of them comes back as its environment. */
export async function startAuthority(
  directory: string,
): Promise<Authority & { environment: Record<string, string>; close(): Promise<void> }> {
  const zoneFile = path.join(directory, 'zone.json');
  const caFile = path.join(directory, 'authority-ca.pem');
  await writeFile(zoneFile, '{}');
  // What this module writes.
  const zone = (): Zone => JSON.parse(readFileSync(zoneFile, 'utf8'));
  const dns = await DnsServer.start((type, name) => zone()[`${type} ${name}`]);
  const options = { httpPort: HTTP_PORT, dnsServer: dns.address, validitySeconds: CERTIFICATE_SECONDS };
  const pebble = await Pebble.start(options);
  await writeFile(caFile, pebble.caPem);
  return {
    rootPem: await pebble.root(),
    zoneFile,
    environment: {
      BRAINPOD_DNS_SERVERS: dns.address,
      BRAINPOD_ACME_DIRECTORY: pebble.directory,
      BRAINPOD_ACME_CA_FILE: caFile,
    },
    async close() {
      await pebble.remove();
      await dns.close();
    },
  };
}

/** Has DNS say this of a name from now on. */
export async function setRecord(
  { zoneFile }: Authority,
  type: RecordType,
  name: string,
  value: string,
): Promise<void> {
  const zone: Zone = JSON.parse(await readFile(zoneFile, 'utf8'));
  await writeFile(zoneFile, JSON.stringify({ ...zone, [`${type} ${name}`]: value }));
}

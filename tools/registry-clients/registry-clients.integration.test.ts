import { writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';
import { engineBinary } from '@brainpod/registry/testing/distribution';
import { createTestDatabase } from '@brainpod/testkit/test-database';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cacheDirectory } from '../start/engine-key.mjs';
import { ensureRegistryClients, type RegistryClients } from './clients.ts';
import { type Ended, Person } from './person.ts';
import { openPlace, type Place } from './place.ts';

const OK = 0;
const NO_TLS = '--tls-verify=false';

let clients: RegistryClients;
let place: Place;
const people: Person[] = [];

beforeAll(async () => {
  clients = await ensureRegistryClients(cacheDirectory(process.env, homedir()), () => undefined);
  place = await openPlace({ registry: engineBinary('registry'), database: await createTestDatabase() });
});
afterAll(async () => {
  for (const person of people) await person.leave();
  await place?.close();
});

async function newPerson(): Promise<Person> {
  const person = await Person.create(clients);
  people.push(person);
  await writeFile(path.join(person.home, 'file'), Buffer.alloc(1_000_000, 'what is in the image'));
  expect(await person.types(['tar', '-cf', 'layer.tar', 'file'])).toMatchObject({ code: OK });
  return person;
}

/** A name in the pod that the key is for. */
const own = (image: string): string => `${place.host}/${place.pod}/${image}`;
const others = (image: string): string => `${place.host}/${place.othersPod}/${image}`;
const noRight = (action: string): string =>
  `This API key has no ${action} on pod "${place.othersPod}", or there is no such pod.`;
const LOG_IN = 'Log in with user "api" and an API key as password.';
const WRONG_KEY = 'The API key is unknown, revoked or expired.';
const NO_POD = 'A repository name begins with the name of a pod: <pod>/<repository>.';

/** Of the right form, and nobody's. */
const wrongKey = (): string => place.key.secret.replace(/.$/, (last) => (last === 'a' ? 'b' : 'a'));

function expectDone(ended: Ended): string {
  expect(ended.code, ended.said).toBe(OK);
  return ended.said;
}

function expectRefused(ended: Ended, words: string): void {
  expect(ended.code, ended.said).not.toBe(OK);
  // Programs that log put quotes into a string of their own.
  expect(ended.said.replaceAll('\\"', '"')).toContain(words);
}

describe('crane', () => {
  let person: Person;
  const crane = (...args: string[]): Promise<Ended> => person.types(['crane', ...args]);
  const logIn = (secret: string): Promise<Ended> =>
    person.types(['crane', 'auth', 'login', '-u', 'api', '--password-stdin', place.host], secret);

  beforeAll(async () => {
    person = await newPerson();
  });

  it('is told to log in, and that a key is none', async () => {
    expectRefused(await crane('ls', own('web')), LOG_IN);
    expectDone(await logIn(wrongKey()));
    expectRefused(await crane('ls', own('web')), `UNAUTHORIZED: ${WRONG_KEY}`);
  });

  it('pushes, lists, inspects, pulls, copies, tags and deletes', async () => {
    expectDone(await logIn(place.key.secret));
    expectDone(await crane('append', '--new_layer', 'layer.tar', '--new_tag', own('web:1')));
    expect(expectDone(await crane('ls', own('web')))).toBe('1\n');
    const digest = expectDone(await crane('digest', own('web:1'))).trim();
    expect(JSON.parse(expectDone(await crane('manifest', own('web:1')))).layers).toHaveLength(1);
    expect(JSON.parse(expectDone(await crane('config', own(`web@${digest}`)))).rootfs.type).toBe('layers');
    expectDone(await crane('pull', own('web:1'), 'image.tar'));
    expectDone(await crane('push', 'image.tar', own('deep/er/web:1')));
    expect(expectDone(await crane('digest', own('deep/er/web:1'))).trim()).toBe(digest);
    const copied = expectDone(await crane('copy', own('web:1'), own('copy:1')));
    expect(copied.match(/mounted blob: sha256:/g)).toHaveLength(2);
    expect(copied).not.toContain('pushed blob');
    expectDone(await crane('tag', own('web:1'), 'latest'));
    expect(expectDone(await crane('ls', own('web')))).toBe('1\nlatest\n');
    expectDone(await crane('delete', own('web:latest')));
    expect(expectDone(await crane('ls', own('web')))).toBe('1\n');
    expectDone(await crane('delete', own(`copy@${digest}`)));
    expectRefused(await crane('manifest', own(`copy@${digest}`)), 'MANIFEST_UNKNOWN');
  });

  it("is told why another pod's images are none of its business", async () => {
    expectRefused(await crane('pull', others('web:1'), 'none.tar'), `DENIED: ${noRight('registry:pull')}`);
    expectRefused(await crane('push', 'image.tar', others('web:1')), `DENIED: ${noRight('registry:push')}`);
    expectRefused(await crane('copy', others('web:1'), own('web:2')), `DENIED: ${noRight('registry:pull')}`);
    expectRefused(await crane('pull', `${place.host}/web:1`, 'none.tar'), `NAME_UNKNOWN: ${NO_POD}`);
    expectRefused(await crane('push', 'image.tar', `${place.host}/web:1`), `NAME_UNKNOWN: ${NO_POD}`);
    expectRefused(
      await crane('catalog', place.host),
      'The registry does not list the repositories of all pods.',
    );
  });

  it('pushes with a key that may do nothing else', async () => {
    expectDone(await logIn(place.pushOnly.secret));
    expectDone(await crane('push', 'image.tar', own('pipeline:1')));
    expectDone(await crane('push', 'image.tar', own('pipeline:1')));
    expectRefused(
      await crane('pull', own('pipeline:1'), 'none.tar'),
      `This API key has no registry:pull on pod "${place.pod}"`,
    );
  });
});

describe('skopeo', () => {
  let person: Person;
  const skopeo = (...args: string[]): Promise<Ended> =>
    person.types(['skopeo', '--policy', clients.skopeoPolicy, ...args]);
  const copy = (from: string, to: string): Promise<Ended> =>
    skopeo('copy', '--src-tls-verify=false', '--dest-tls-verify=false', from, to);
  const logIn = (secret: string): Promise<Ended> =>
    person.types(['skopeo', 'login', NO_TLS, '-u', 'api', '--password-stdin', place.host], secret);

  beforeAll(async () => {
    person = await newPerson();
    expectDone(
      await person.types([
        'crane',
        'append',
        '--new_layer',
        'layer.tar',
        '--new_tag',
        'made:1',
        '-o',
        'made.tar',
      ]),
    );
  });

  it('logs in with a key, and is refused with another', async () => {
    // It keeps what the registry says to itself.
    expectRefused(await logIn(wrongKey()), 'invalid username/password');
    expect(expectDone(await logIn(place.key.secret))).toContain('Login Succeeded!');
  });

  it('pushes, lists, inspects, pulls, copies and deletes', async () => {
    expectDone(await copy('docker-archive:made.tar', `docker://${own('sky:1')}`));
    const listed = JSON.parse(expectDone(await skopeo('list-tags', NO_TLS, `docker://${own('sky')}`)));
    expect(listed).toMatchObject({ Tags: ['1'] });
    const seen = JSON.parse(expectDone(await skopeo('inspect', NO_TLS, `docker://${own('sky:1')}`)));
    expect(seen).toMatchObject({ Layers: [expect.stringMatching(/^sha256:/)] });
    expectDone(await copy(`docker://${own('sky:1')}`, `docker://${own('sky/copy:1')}`));
    expectDone(await copy(`docker://${own('sky/copy:1')}`, 'oci:pulled:1'));
    expectDone(await copy('oci:pulled:1', `docker://${own('sky:oci')}`));
    expectDone(await skopeo('delete', NO_TLS, `docker://${own('sky:1')}`));
    expectRefused(await skopeo('inspect', NO_TLS, `docker://${own('sky:1')}`), 'manifest unknown');
  });

  it("is told why another pod's images are none of its business", async () => {
    const refusedPush = await copy('docker-archive:made.tar', `docker://${others('sky:1')}`);
    expectRefused(refusedPush, noRight('registry:push'));
    expectRefused(await skopeo('inspect', NO_TLS, `docker://${others('sky:1')}`), noRight('registry:pull'));
    expectRefused(await copy(`docker://${others('sky:1')}`, 'oci:none:1'), noRight('registry:pull'));
  });
});

describe('docker', () => {
  let person: Person;
  const docker = (...args: string[]): Promise<Ended> => person.types(['docker', ...args]);
  const logIn = (secret: string): Promise<Ended> =>
    person.types(['docker', 'login', '-u', 'api', '--password-stdin', place.host], secret);

  beforeAll(async () => {
    person = await newPerson();
    await person.startDocker();
    expectDone(await docker('import', 'layer.tar', own('whale:1')));
  });

  it('logs in with a key, and is refused with another', async () => {
    expectRefused(await logIn(wrongKey()), `unauthorized: ${WRONG_KEY}`);
    expect(expectDone(await logIn(place.key.secret))).toContain('Login Succeeded');
  });

  it('pushes, pulls, and lends a layer from one repository to the next', async () => {
    expect(expectDone(await docker('push', own('whale:1')))).toMatch(/Pushed[\s\S]*1: digest: sha256:/);
    expectDone(await docker('tag', own('whale:1'), own('pod/of/whales:1')));
    expect(expectDone(await docker('push', own('pod/of/whales:1')))).toContain(
      `Mounted from ${place.pod}/whale`,
    );
    expectDone(await docker('rmi', own('whale:1'), own('pod/of/whales:1')));
    expect(expectDone(await docker('pull', own('whale:1')))).toContain('Pull complete');
    const manifest = expectDone(await docker('manifest', 'inspect', '--insecure', own('whale:1')));
    expect(JSON.parse(manifest).layers).toHaveLength(1);
  });

  it("is told why another pod's images are none of its business", async () => {
    expectRefused(await docker('pull', others('whale:1')), `denied: ${noRight('registry:pull')}`);
    expectDone(await docker('tag', own('whale:1'), others('whale:1')));
    expectRefused(await docker('push', others('whale:1')), `denied: ${noRight('registry:push')}`);
    expectDone(await docker('tag', own('whale:1'), `${place.host}/whale:1`));
    const nowhere = await docker('push', `${place.host}/whale:1`);
    expectRefused(nowhere, NO_POD);
    expect(nowhere.said).not.toContain('Retrying');
  });

  it('can do nothing more with a key from when it is revoked, and logs out', async () => {
    await place.revoke(place.key);
    expectRefused(await docker('push', own('whale:1')), `unauthorized: ${WRONG_KEY}`);
    expectRefused(await docker('pull', own('whale:1')), `unauthorized: ${WRONG_KEY}`);
    expectDone(await docker('logout', place.host));
    expectRefused(await docker('pull', own('whale:1')), LOG_IN);
  });
});

import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { BuildSecrets, hiding, writeSecrets } from './build-secrets.ts';

const TOKEN = { id: 'TOKEN', value: 'abcdefgh-secret' };

it('opens what it has sealed, for the same build and the same name only', () => {
  const secrets = new BuildSecrets(randomBytes(32));
  const id = randomUUID();
  const sealed = secrets.sealSecret(id, 'TOKEN', TOKEN.value);
  expect(sealed.toString('latin1')).not.toContain(TOKEN.value);
  expect(secrets.open({ id, secrets: [{ id: 'TOKEN', sealed }] })).toEqual([TOKEN]);
  expect(() => secrets.open({ id: randomUUID(), secrets: [{ id: 'TOKEN', sealed }] })).toThrow();
  expect(() => secrets.open({ id, secrets: [{ id: 'OTHER', sealed }] })).toThrow();
  expect(() => new BuildSecrets(randomBytes(32)).open({ id, secrets: [{ id: 'TOKEN', sealed }] })).toThrow();
});

it('writes them for nobody else to read', async () => {
  const directory = await mkdtemp(path.join(tmpdir(), 'build-secrets-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  const folder = path.join(directory, 'secrets');
  const [written] = await writeSecrets([TOKEN], folder);
  expect(written?.id).toBe('TOKEN');
  expect(await readFile(written?.file ?? '', 'utf8')).toBe(TOKEN.value);
  expect((await stat(written?.file ?? '')).mode & 0o777).toBe(0o600);
  expect((await stat(folder)).mode & 0o777).toBe(0o700);
  expect(await writeSecrets([], path.join(directory, 'none'))).toEqual([]);
});

it.each([
  ['whole', TOKEN.value, `token=${TOKEN.value}, again ${TOKEN.value}`, 'token=***, again ***'],
  ['without the line end of its file', `${TOKEN.value}\n`, TOKEN.value, '***'],
  ['a line of several', 'first-line-1\nsecond-line\n', 'said first-line-1', 'said ***'],
  ['that is a part of another', 'abcdefgh\nabcdefgh-and-more', 'abcdefgh-and-more', '***'],
  ['as characters, and not as a pattern', 'a.c+(d)[e]$&', 'a.c+(d)[e]$& abcc(d)', '*** abcc(d)'],
  ['but nothing so short that it is everywhere', 'a', 'a banana', 'a banana'],
])('hides a secret %s', (_, value, said, told) => {
  expect(hiding([value])(said)).toBe(told);
});

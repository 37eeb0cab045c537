import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { recordedCli } from '../testing/recorded-cli.ts';

const { api, home, run } = recordedCli();
const START = '{"scripts":{"start":"node server.js"}}';
let count = 0;

async function folder(files: Record<string, string>): Promise<string> {
  count += 1;
  const directory = join(home(), `source-${count}`);
  await mkdir(directory);
  for (const [name, text] of Object.entries(files)) await writeFile(join(directory, name), text);
  return directory;
}

describe('a directory without a Dockerfile', () => {
  it('is planned: what, why, and the Dockerfile, of which nothing is written', async () => {
    const directory = await folder({ 'package.json': START, '.nvmrc': '22' });
    const { stdout, exitCode } = await run(`build ${directory} --plan`);
    expect(exitCode).toBe(0);
    expect(stdout).toContain('Node 22: "22" is asked for (.nvmrc)');
    expect(stdout).toContain('CMD ["node", "server.js"]');
    await expect(readFile(join(directory, 'Dockerfile'))).rejects.toThrow('ENOENT');
    const told = JSON.parse((await run(`--json build ${directory} --plan`)).stdout);
    expect(told).toMatchObject({
      language: 'Node.js',
      images: ['node:22-trixie-slim'],
      used: null,
      written: [],
    });
  });

  it('that has one after all is told that the plan is not what is used', async () => {
    const directory = await folder({ 'package.json': START, Dockerfile: 'FROM scratch\n' });
    const { stdout, exitCode } = await run(`build ${directory} --plan`);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^The directory has a Dockerfile, and that is used\. /);
    expect(JSON.parse((await run(`--json build ${directory} --plan`)).stdout)).toMatchObject({
      used: 'Dockerfile',
    });
  });

  it('gets a Dockerfile of its own, and never in the place of another unasked', async () => {
    const directory = await folder({ 'package.json': START });
    expect((await run(`build ${directory} --eject --start server`)).stdout).toContain(
      'Dockerfile and .dockerignore',
    );
    const first = await readFile(join(directory, 'Dockerfile'), 'utf8');
    expect(first).toContain('CMD ["server"]');
    expect(await readFile(join(directory, '.dockerignore'), 'utf8')).toContain('.npmrc\n');
    const again = await run(`build ${directory} --eject`);
    expect([again.exitCode, again.stderr]).toEqual([1, expect.stringContaining('--force')]);
    expect(await readFile(join(directory, 'Dockerfile'), 'utf8')).toBe(first);
    expect((await run(`build ${directory} --eject --force`)).exitCode).toBe(0);
    expect(await readFile(join(directory, 'Dockerfile'), 'utf8')).toContain('CMD ["node", "server.js"]');
  });

  it('is asked about all that cannot be decided, with the flags that answer it', async () => {
    const directory = await folder({ 'package.json': '{"engines":{"node":"18 || 20"}}' });
    const { stderr, exitCode } = await run(`build ${directory} --plan`);
    expect(exitCode).toBe(1);
    expect(stderr).toContain(
      'package.json asks for Node "18 || 20". Name one version, such as 24. (--node-version)',
    );
    expect(stderr).toContain('package.json has no start script.');
    expect(stderr).toContain('brainpod build --eject --node-version … --start …');
    const answered = await run(`build ${directory} --plan --node-version 20 --start server`);
    expect([answered.exitCode, answered.stderr]).toEqual([0, '']);
  });

  it('is told so where nothing says what it is, and what lies outside is not looked at', async () => {
    const elsewhere = await folder({ 'package.json': START });
    const directory = await folder({ 'notes.txt': '' });
    await symlink(join(elsewhere, 'package.json'), join(directory, 'package.json'));
    const { stderr, exitCode } = await run(`build ${directory} --plan`);
    expect([exitCode, stderr]).toEqual([1, expect.stringContaining('no file that tells the language')]);
    expect(stderr).toContain('A Dockerfile of your own is used as it is.');
  });

  it('takes no line break into the Dockerfile, and wants to know what to do', async () => {
    const directory = await folder({ 'package.json': START });
    const broken = await run(['build', directory, '--plan', '--start', 'a\nUSER 0']);
    expect([broken.exitCode, broken.stderr]).toEqual([2, expect.stringContaining('one line')]);
    expect((await run(`build ${directory}`)).stderr).toContain('--plan or --eject');
  });
});

describe('the platform of an image', () => {
  const cluster = (...architectures: string[]) => ({
    status: 200,
    body: [{ id: '0197a1f0-0000-7000-8000-000000000001', provider: null, region: null, architectures }],
  });
  // The registry of this API is not there, so that each build ends when its platform has been chosen.
  const build = async (...flags: string[]) => {
    const environment = { BRAINPOD_CONFIG: join(home(), 'platform.toml') };
    const args = ['image', 'build', 'web', home(), '--registry-endpoint', api().origin, ...flags];
    return await run(args, { environment });
  };
  const kept = async () => await readFile(join(home(), 'platform.toml'), 'utf8');

  it('is what was named, what was kept, or amd64 before arm64, and is kept', async () => {
    api().on('GET /v1/clusters', cluster('arm64', 'amd64'));
    await build();
    expect(await kept()).toBe('architecture = "amd64"\n');
    await build('--platform', 'linux/arm64');
    expect(await kept()).toBe('architecture = "arm64"\n');
    await build();
    expect(await kept()).toBe('architecture = "arm64"\n');
  });

  it('is one that a cluster runs, else nothing is kept', async () => {
    await writeFile(join(home(), 'platform.toml'), 'architecture = "linux/arm64"\n');
    api().on('GET /v1/clusters', cluster('amd64'));
    const { exitCode, stderr } = await build();
    expect([exitCode, stderr]).toEqual([1, expect.stringContaining('No cluster runs linux/arm64.')]);
    expect(stderr).toContain('Name one with --platform, which is kept for the next time.');
    expect((await build('--platform', 'linux/s390x')).stderr).toContain('There is: linux/amd64.');
    expect(await kept()).toBe('architecture = "linux/arm64"\n');
  });

  it('is built for where it cannot be kept, and that is said', async () => {
    api().on('GET /v1/clusters', cluster('amd64'));
    const environment = { BRAINPOD_CONFIG: '/proc/config.toml' };
    const { stderr } = await run(['image', 'build', 'web', home()], { environment });
    expect(stderr).toContain('That it is for linux/amd64 is not kept: The config file /proc/config.toml');
  });
});

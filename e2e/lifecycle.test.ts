import { spawnSync } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, inject, it } from 'vitest';
import { brainpod, engineComponents, installationIn, runProgram, until } from './brainpod.ts';
import { edgeAgent, get } from './edge.ts';
import { leftovers } from './setup.ts';

const running = inject('running');
const installation = installationIn(running.directory);
const agent = edgeAgent(running.authorityPem, 1);

async function exampleAnswers(timeoutMs: number): Promise<void> {
  await until(
    'the example answers',
    timeoutMs,
    async () => (await get(running.url, agent, 3_000)).status === 200,
  );
}

describe('engine up', () => {
  it('says that everything runs already when it does', async () => {
    const again = await brainpod(installation, ['engine', 'up']);
    expect(again.code).toBe(0);
    expect(again.stdout).toMatch(/already/);
  });

  it('is refused to a second engine on the same directories, with the first one’s pid', async () => {
    const binary = path.join(process.env.BRAINPOD_ENGINE_BIN ?? '', 'engine');
    const status = JSON.parse(await readFile(path.join(installation.runDir, 'engine/status.json'), 'utf8'));
    const config = path.join(installation.runDir, 'engine/config.json');
    const second = await runProgram(binary, ['run', '--config', config], {});
    expect(second.code).not.toBe(0);
    expect(second.stderr).toContain(String(status.pid));
  });
});

describe('engine down', () => {
  it('leaves nothing of its own behind, and up brings the app back', async () => {
    const down = await brainpod(installation, ['engine', 'down']);
    expect(down).toMatchObject({ code: 0 });
    expect(await leftovers(running.directory)).toEqual([]);
    const processes = await runProgram('pgrep', ['-af', installation.dataDir], {});
    expect(processes.stdout).toBe('');
    expect(await readFile('/proc/mounts', 'utf8')).not.toContain(running.directory);
    const links = await runProgram('ip', ['-brief', 'link'], {});
    expect(links.stdout).not.toMatch(/brainpod-|veth/);
    const rules = await runProgram('nft', ['list', 'tables'], {});
    expect(rules.stdout.trim()).toBe('');
    const up = await brainpod(installation, ['engine', 'up']);
    expect(up).toMatchObject({ code: 0 });
    await exampleAnswers(90_000);
  });
});

describe('a reboot', () => {
  it('is survived: everything killed, unmounted, the run directory empty', async () => {
    const status = JSON.parse(await readFile(path.join(installation.runDir, 'status.json'), 'utf8'));
    // The owner first, so that nobody starts again what is killed.
    process.kill(status.pid, 'SIGKILL');
    const owned: number[] = status.processes.flatMap((one: { pid?: number }) => one.pid ?? []);
    const components = await engineComponents(installation);
    for (const pid of [...owned, ...components.flatMap((component) => component.pid ?? [])]) killHard(pid);
    for (const pid of await processesUnder(running.directory)) killHard(pid);
    await until(
      'all processes are gone',
      20_000,
      async () => (await processesUnder(running.directory)).length === 0,
    );
    for (const mount of (await mountsUnder(running.directory)).reverse()) spawnSync('umount', ['-l', mount]);
    await rm(installation.runDir, { recursive: true });
    const up = await brainpod(installation, ['engine', 'up']);
    expect(up).toMatchObject({ code: 0 });
    await exampleAnswers(120_000);
  });
});

function killHard(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}

/** Processes that name the directory on their command line, and what runs in their containers. */
async function processesUnder(directory: string): Promise<number[]> {
  const listing = await runProgram('ps', ['-eo', 'pid=,ppid=,args='], {});
  const all = listing.stdout.split('\n').flatMap((line) => {
    const match = /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line);
    return match ? [{ pid: Number(match[1]), parent: Number(match[2]), args: match[3] ?? '' }] : [];
  });
  const found = new Set(all.filter(({ args }) => args.includes(directory)).map(({ pid }) => pid));
  found.delete(process.pid);
  for (let before = -1; before !== found.size; ) {
    before = found.size;
    for (const { pid, parent } of all) if (found.has(parent)) found.add(pid);
  }
  return [...found];
}

async function mountsUnder(directory: string): Promise<string[]> {
  return (await readFile('/proc/mounts', 'utf8'))
    .split('\n')
    .map((line) => line.split(' ')[1] ?? '')
    .filter((mount) => mount.startsWith(directory));
}

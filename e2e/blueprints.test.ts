import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { pushApp } from './app-image.ts';
import { createPod, deploy, hostname } from './apps.ts';
import { brainpod, installationIn, type Outcome, until } from './brainpod.ts';
import { edgeAgent, get } from './edge.ts';

const running = inject('running');
const installation = installationIn(running.directory);
const agent = edgeAgent(running.authorityPem, 2);

/** What the placeholders of both blueprints are: a web server with the page of a Config, and one on the port it is told. */
const SERVERS = `
  const http = require('node:http');
  const page = '/usr/share/nginx/html/index.html';
  const answer = () => (process.env.PORT ? 'rendered as ' + process.env.NODE_ENV : require('node:fs').readFileSync(page));
  http.createServer((_, response) => response.end(answer())).listen(process.env.PORT ?? 8080);
`;
const PAGE = '<!doctype html>\n<title>Mine</title>\n';

let pod: string;

beforeAll(async () => {
  pod = await createPod(installation);
});

afterAll(() => {
  agent.destroy();
});

function install(into: string, id: string, input: object): Promise<Outcome> {
  const args = ['--pod', into, 'blueprint', 'install', id, '-f', '-'];
  return brainpod(installation, args, JSON.stringify(input));
}

async function answerOf(route: string): Promise<string> {
  const url = `https://${await hostname(installation, pod, route)}`;
  return await until(route, 30_000, async () => {
    const { status, body } = await get(url, agent);
    return status === 200 ? body : null;
  });
}

describe('a blueprint', () => {
  it('is installed with an image of the pod, deployed, and answers through the edge', async () => {
    const image = await pushApp(installation, pod, 'servers', { program: SERVERS });
    for (const [id, input] of [
      ['static-site', { name: 'pages', image, page: PAGE }],
      ['nextjs', { name: 'web', image }],
    ] as const) {
      const { code, stdout } = await install(pod, id, input);
      expect([code, stdout]).toEqual([0, expect.stringContaining('brainpod deploy --wait')]);
    }
    const deployed = await deploy(installation, pod);
    expect([deployed.code, deployed.stderr]).toEqual([0, expect.any(String)]);
    expect(await answerOf('pages')).toBe(PAGE);
    expect(await answerOf('web')).toBe('rendered as production');
  });

  it('with kinds that do not run here yet says so when it is installed, and when it is deployed', async () => {
    const other = await createPod(installation);
    const installed = await install(other, 'wordpress', { name: 'blog' });
    expect(installed.code).toBe(0);
    for (const named of ['Disk/blog-data: Disk', 'Disk/blog-db-data: Disk', 'MariaDB/blog-db: MariaDB']) {
      expect(installed.stdout).toContain(`${named} does not run here yet`);
    }
    expect(installed.stdout).toContain('It cannot be deployed as it is.');
    const refused = await deploy(installation, other);
    expect(refused.code).not.toBe(0);
    expect(refused.stderr).toContain('MariaDB/blog-db: MariaDB does not run here yet');
  });
});

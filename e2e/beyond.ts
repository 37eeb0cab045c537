import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import path from 'node:path';
import { ROOT } from './brainpod.ts';

const NODE = path.join(ROOT, 'node_modules/.bin/node');
const LINK = 'bpbeyond0';
const VIA = '192.0.2.1';

/** Says one word to whoever comes, on every address. */
const GREETER = `
  const net = require('node:net');
  const server = net.createServer((socket) => { socket.on('error', () => {}); socket.end('hello'); });
  server.listen(Number(process.argv[1]), '0.0.0.0', () => console.log('listening'));
`;

/** A host beyond the node, with addresses of its own that the node has routes to. */
export type Beyond = {
  /** Tries to connect from there; gives what `connect` gives. */
  reach(host: string, port: number): string;
  remove(): Promise<void>;
};

/**
 * Makes a network namespace `name`, connected to the one that the tests run in, whose host has `addresses` and
 * greets at `port`.
 */
export async function createBeyond(
  name: string,
  addresses: readonly string[],
  port: number,
): Promise<Beyond> {
  removeNamespace(name);
  ip('netns', 'add', name);
  ip('link', 'add', LINK, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name);
  ip('addr', 'add', `${VIA}/32`, 'dev', LINK);
  ip('link', 'set', LINK, 'up');
  for (const address of addresses) ip('-n', name, 'addr', 'add', `${address}/32`, 'dev', 'eth0');
  for (const link of ['eth0', 'lo']) ip('-n', name, 'link', 'set', link, 'up');
  ip('-n', name, 'route', 'add', VIA, 'dev', 'eth0');
  ip('-n', name, 'route', 'add', 'default', 'via', VIA);
  for (const address of addresses) ip('route', 'add', `${address}/32`, 'dev', LINK);
  const greeter = spawn('nsenter', [`--net=/run/netns/${name}`, NODE, '-e', GREETER, String(port)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(greeter.stdout, 'data');
  return {
    reach: (host, to) => connectFrom(name, host, to),
    async remove() {
      await ended(greeter);
      removeNamespace(name);
    },
  };
}

/** Tries to connect from the namespace of that name. */
function connectFrom(name: string, host: string, port: number): string {
  const program = `
    const socket = require('node:net').connect({ host: process.argv[1], port: Number(process.argv[2]) });
    const say = (word) => { console.log(word); process.exit(); };
    setTimeout(() => say('dropped'), 1500);
    socket.on('connect', () => say('open'));
    socket.on('error', () => say('refused'));
  `;
  return execFileSync('nsenter', [`--net=/run/netns/${name}`, NODE, '-e', program, host, String(port)], {
    encoding: 'utf8',
  }).trim();
}

/** Greets on one of this machine's addresses, as a service of its own would. */
export async function listenAt(host: string, port: number): Promise<Server> {
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.end('hello');
  });
  server.listen(port, host);
  await once(server, 'listening');
  return server;
}

async function ended(child: ChildProcess): Promise<void> {
  const exit = once(child, 'exit');
  child.kill();
  await exit;
}

function removeNamespace(name: string): void {
  for (const args of [
    ['link', 'delete', LINK],
    ['netns', 'delete', name],
  ]) {
    try {
      execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'pipe'] });
    } catch (error) {
      const said = error instanceof Error && 'stderr' in error ? String(error.stderr) : String(error);
      if (!/No such file|Cannot find device/.test(said)) throw error;
    }
  }
}

function ip(...args: readonly string[]): void {
  execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'inherit'] });
}

import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';

/**
 * A network namespace with loopback and a way out to the internet, in which a whole Brainpod can run beside
 * another one on the same machine: its ports, bridges and packet rules are its own.
 */
export type NetworkNamespace = {
  name: string;
  /** The program and arguments that run `command` inside; mounts and processes stay the machine's. */
  wrap(command: string, args: readonly string[]): [string, string[]];
  /** The address of the machine as seen from inside, and of the inside as seen from the machine. */
  outside: string;
  inside: string;
  remove(): void;
};

const FORWARDING = '/proc/sys/net/ipv4/ip_forward';

/**
 * Makes the namespace `name`; what a killed run left under that name is removed first.
 * `index` (0–63) picks its /30 of 10.251.7.0/24. Needs root, iproute2, util-linux and nftables.
 */
export function createNetworkNamespace(name: string, index: number): NetworkNamespace {
  const outside = `10.251.7.${index * 4 + 1}`;
  const inside = `10.251.7.${index * 4 + 2}`;
  const link = `bpt${index}`;
  remove(name, link);
  const forwarding = readFileSync(FORWARDING, 'utf8');
  run('ip', ['netns', 'add', name]);
  run('ip', ['link', 'add', link, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name]);
  run('ip', ['addr', 'add', `${outside}/30`, 'dev', link]);
  run('ip', ['link', 'set', link, 'up']);
  run('ip', ['-n', name, 'addr', 'add', `${inside}/30`, 'dev', 'eth0']);
  run('ip', ['-n', name, 'link', 'set', 'eth0', 'up']);
  run('ip', ['-n', name, 'link', 'set', 'lo', 'up']);
  run('ip', ['-n', name, 'route', 'add', 'default', 'via', outside]);
  writeFileSync(FORWARDING, '1');
  run('nft', ['add', 'table', 'ip', name]);
  run('nft', ['add', 'chain', 'ip', name, 'out', '{ type nat hook postrouting priority srcnat; }']);
  run('nft', ['add', 'rule', 'ip', name, 'out', 'ip', 'saddr', inside, 'masquerade']);
  return {
    name,
    outside,
    inside,
    // Not `ip netns exec`: that mounts a /sys of its own, in which there are no cgroups.
    wrap: (command, args) => ['nsenter', [`--net=/run/netns/${name}`, '--', command, ...args]],
    remove() {
      remove(name, link);
      writeFileSync(FORWARDING, forwarding);
    },
  };
}

function remove(name: string, link: string): void {
  runIfThere('nft', ['delete', 'table', 'ip', name]);
  runIfThere('ip', ['netns', 'delete', name]);
  runIfThere('ip', ['link', 'delete', link]);
}

function run(command: string, args: readonly string[]): void {
  execFileSync(command, args, { stdio: ['ignore', 'ignore', 'inherit'] });
}

/** Deletes something that may not be there. */
function runIfThere(command: string, args: readonly string[]): void {
  try {
    execFileSync(command, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  } catch (error) {
    const said = error instanceof Error && 'stderr' in error ? String(error.stderr) : String(error);
    if (!/No such file|Cannot find device/.test(said)) throw error;
  }
}

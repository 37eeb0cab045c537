import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { BareEngine, enginePrograms } from '../../tools/bare-engine.ts';

// Container storage must not lie on a file system in memory, as the scratch directory may.
const DIRECTORY = '/var/tmp/brainpod-bench-edge';

/** What a script of this folder is told of the engine that it runs beside. */
export type Engine = {
  kubeconfig: string;
  gatewayClass: string;
  pids: { envoy: number; envoyGateway: number; apiserver: number };
  /** Where the edge tells of each request; whoever listens there may be the script. */
  accessLogSocket: string;
};

/**
 * Starts a bare engine in a network namespace of its own, with the edge as Brainpod's own installation has it, and runs a
 * script of this folder in that namespace; its argument is an Engine with `settings`, in JSON. Needs root. Resolves with
 * what the script wrote to its standard output, at its end.
 */
export async function runBesideEngine(script: string, settings: object): Promise<string> {
  const accessLogSocket = `${DIRECTORY}/access-log.sock`;
  const engine = new BareEngine({
    name: 'brainpod-bench-edge',
    index: 50,
    programs: enginePrograms(),
    directory: DIRECTORY,
    gateways: 'merged',
    accessLogSocket,
  });
  try {
    await engine.start();
    const told: Engine = {
      kubeconfig: engine.kubeconfig,
      gatewayClass: engine.gatewayClass,
      pids: {
        envoy: await engine.pidOf('envoy'),
        envoyGateway: await engine.pidOf('envoy-gateway'),
        apiserver: await engine.pidOf('kube-apiserver'),
      },
      accessLogSocket,
    };
    const file = path.join(import.meta.dirname, script);
    const [command, args] = engine.wrap(process.execPath, [file, JSON.stringify({ ...told, ...settings })]);
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    let said = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    const [code] = await once(child, 'close');
    if (code !== 0) throw new Error(`${script} ended with ${code}`);
    return said;
  } finally {
    await engine.remove();
  }
}

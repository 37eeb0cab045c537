import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { type Command, InvalidArgumentError } from 'commander';
import type { Runner } from '../context.ts';
import { CliFailure } from '../failure.ts';
import type { Io } from '../io.ts';

const ARCHITECTURES = ['amd64', 'arm64'] as const;
type Architecture = (typeof ARCHITECTURES)[number];

type Options = {
  name?: string;
  provider?: string;
  country?: string;
  region?: string;
  architectures?: Architecture[];
  kubeconfig?: string;
  gatewayClass?: string;
};

export function registerClusterRegister(cluster: Command, run: Runner): void {
  withFacts(cluster.command('register'))
    .description("Operator's: add a cluster that pods can run in; it is checked first")
    .argument('<name>', 'what it is called')
    .action(
      run(async (context, name: string, options: Options) => {
        const { kubeconfig, architectures, ...facts } = options;
        if (kubeconfig === undefined) throw new CliFailure('--kubeconfig is missing.', { exitCode: 2 });
        const made = await context.client().operator.registerCluster({
          ...facts,
          name,
          architectures: architectures ?? ['amd64'],
          kubeconfig: await readKubeconfig(kubeconfig, context.io),
        });
        return {
          json: made,
          text: (style) =>
            `${style.green('✓')} Cluster ${style.bold(name)} is registered ${style.dim(`(${made.id})`)}.`,
        };
      }),
    );
}

export function registerClusterUpdate(cluster: Command, run: Runner): void {
  withFacts(cluster.command('update'))
    .description("Operator's: change what is known of a cluster, or how it is reached")
    .argument('<cluster>', 'id of the cluster')
    .option('--name <name>', 'what it is called')
    .action(
      run(async (context, id: string, options: Options) => {
        const client = context.client();
        const known = (await client.operator.listClusters()).find((each) => each.id === id);
        if (known === undefined) {
          throw new CliFailure(`There is no cluster ${id}.`, {
            advice: 'The clusters there are: brainpod cluster list --registered',
          });
        }
        const { kubeconfig, ...facts } = options;
        const { name, provider, country, region } = known;
        const architectures = ARCHITECTURES.filter((each) => known.architectures.includes(each));
        const updated = await client.operator.updateCluster(id, {
          name,
          architectures,
          ...(provider === null ? {} : { provider }),
          ...(country === null ? {} : { country }),
          ...(region === null ? {} : { region }),
          ...facts,
          ...(kubeconfig === undefined ? {} : { kubeconfig: await readKubeconfig(kubeconfig, context.io) }),
        });
        return {
          json: updated,
          text: (style) => `${style.green('✓')} Cluster ${style.bold(updated.name)} is updated.`,
        };
      }),
    );
}

export function registerClusterDelete(cluster: Command, run: Runner): void {
  cluster
    .command('delete')
    .description("Operator's: forget a cluster; no pod may be in it")
    .argument('<cluster>', 'id of the cluster')
    .action(
      run(async (context, id: string) => {
        const deleted = await context.client().operator.deleteCluster(id);
        return { json: deleted, text: (style) => `${style.green('✓')} Cluster ${id} is forgotten.` };
      }),
    );
}

function withFacts(command: Command): Command {
  return command
    .option('--kubeconfig <file>', 'how it is reached; - reads standard input')
    .option('--provider <name>', 'whose machines it runs on')
    .option('--country <code>', 'where they are, such as DE', parseCountry)
    .option('--region <name>', "the provider's name for the place")
    .option('--architectures <names>', 'with commas: amd64,arm64', parseArchitectures)
    .option('--gateway-class <name>', 'which of its gateway classes leads to pods');
}

async function readKubeconfig(file: string, io: Io): Promise<string> {
  if (file === '-') return await text(io.stdin);
  return await readFile(file, 'utf8').catch((cause: unknown) => {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new CliFailure(`${file} cannot be read: ${reason}`, { cause });
  });
}

function parseCountry(code: string): string {
  if (/^[A-Za-z]{2}$/.test(code)) return code.toUpperCase();
  throw new InvalidArgumentError('Two letters, such as DE.');
}

function parseArchitectures(text: string): Architecture[] {
  const names = text.split(',').map((name) => name.trim());
  const known = ARCHITECTURES.filter((each) => names.includes(each));
  if (known.length === names.length) return known;
  throw new InvalidArgumentError(`With commas: ${ARCHITECTURES.join(', ')}.`);
}

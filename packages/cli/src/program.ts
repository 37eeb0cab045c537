import { Command } from 'commander';
import { registerBlueprintGet } from './commands/blueprint-get.ts';
import { registerBlueprintInstall } from './commands/blueprint-install.ts';
import { registerBlueprintList } from './commands/blueprint-list.ts';
import { registerClusterList } from './commands/cluster-list.ts';
import { registerConfigPath } from './commands/config-path.ts';
import { registerConfigSet, registerConfigUnset } from './commands/config-set.ts';
import { registerConfigShow } from './commands/config-show.ts';
import { registerDeploy, registerRedeploy } from './commands/deploy.ts';
import { registerDescribeResource } from './commands/describe-resource.ts';
import { registerImageBuild } from './commands/image-build.ts';
import { registerPodCreate } from './commands/pod-create.ts';
import { registerPodGet } from './commands/pod-get.ts';
import { registerPodList } from './commands/pod-list.ts';
import { registerResourceCreate } from './commands/resource-create.ts';
import { registerResourceDelete } from './commands/resource-delete.ts';
import { registerResourceGet } from './commands/resource-get.ts';
import { registerResourceList } from './commands/resource-list.ts';
import { registerResourceReplace } from './commands/resource-replace.ts';
import { registerRevisionDiff } from './commands/revision-diff.ts';
import { registerRevisionGet } from './commands/revision-get.ts';
import { registerRevisionList } from './commands/revision-list.ts';
import { registerRevisionWait } from './commands/revision-wait.ts';
import { registerWhoami } from './commands/whoami.ts';
import type { Runner } from './context.ts';

const VERSION = '0.1.0';

/** The whole command line. Nothing runs before it is parsed. */
export function buildProgram(run: Runner): Command {
  const program = new Command('brainpod')
    .description('Brainpod: run your code or container image, in Europe')
    .version(VERSION, '-V, --version', 'show the version')
    .helpOption('-h, --help', 'show help')
    .helpCommand(false)
    .option('--json', 'print JSON for programs')
    .option('--endpoint <url>', 'address of the API')
    .option('--api-token <key>', 'the API key to use')
    .option('--registry-endpoint <url>', 'address of the image registry')
    .option('--control-plane-endpoint <url>', 'address of the control plane')
    .option('--pod <name>', 'the pod to work in')
    .configureHelp({ showGlobalOptions: true, sortSubcommands: false })
    .showHelpAfterError('(--help shows how it is used)');
  registerWhoami(program, run);
  registerPods(program, run);
  registerResources(program, run);
  registerDeploy(program, run);
  registerRedeploy(program, run);
  registerRevisions(program, run);
  registerBlueprints(program, run);
  registerImageBuild(group(program, 'image', 'Container images of the pod'), run);
  registerClusterList(group(program, 'cluster', 'Where pods run'), run);
  registerDescribeResource(group(program, 'describe', 'What there is, and how it is written'), run);
  registerConfig(program, run);
  return program;
}

function registerPods(program: Command, run: Runner): void {
  const pod = group(program, 'pod', 'Pods: your isolated workspaces');
  registerPodList(pod, run);
  registerPodGet(pod, run);
  registerPodCreate(pod, run);
}

function registerResources(program: Command, run: Runner): void {
  const resource = group(program, 'resource', 'Resources of the pod: apps, routes, configs');
  registerResourceList(resource, run);
  registerResourceGet(resource, run);
  registerResourceCreate(resource, run);
  registerResourceReplace(resource, run);
  registerResourceDelete(resource, run);
}

function registerRevisions(program: Command, run: Runner): void {
  const revision = group(program, 'revision', 'Revisions of the pod: what was and is deployed');
  registerRevisionList(revision, run);
  registerRevisionGet(revision, run);
  registerRevisionDiff(revision, run);
  registerRevisionWait(revision, run);
}

function registerBlueprints(program: Command, run: Runner): void {
  const blueprint = group(program, 'blueprint', 'Blueprints: whole stacks to begin with');
  registerBlueprintList(blueprint, run);
  registerBlueprintGet(blueprint, run);
  registerBlueprintInstall(blueprint, run);
}

function registerConfig(program: Command, run: Runner): void {
  const config = group(program, 'config', 'The settings of this program');
  registerConfigShow(config, run);
  registerConfigPath(config, run);
  registerConfigSet(config, run);
  registerConfigUnset(config, run);
}

function group(program: Command, name: string, description: string): Command {
  return program.command(name).description(description).helpCommand(false);
}

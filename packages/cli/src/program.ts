import { Command } from 'commander';
import { registerAudit } from './commands/audit.ts';
import { registerBlueprintGet } from './commands/blueprint-get.ts';
import { registerBlueprintInstall } from './commands/blueprint-install.ts';
import { registerBlueprintList } from './commands/blueprint-list.ts';
import { registerBuild } from './commands/build.ts';
import { registerClusterList } from './commands/cluster-list.ts';
import {
  registerClusterDelete,
  registerClusterRegister,
  registerClusterUpdate,
} from './commands/cluster-register.ts';
import { registerCompletion } from './commands/completion.ts';
import { registerConfigPath } from './commands/config-path.ts';
import { registerConfigSet, registerConfigUnset } from './commands/config-set.ts';
import { registerConfigShow } from './commands/config-show.ts';
import { registerDeploy, registerRedeploy } from './commands/deploy.ts';
import { registerDescribe } from './commands/describe.ts';
import { registerDescribeResource } from './commands/describe-resource.ts';
import { registerDomainCertificate } from './commands/domain-certificate.ts';
import { registerDomainCheck } from './commands/domain-check.ts';
import { registerDomainList } from './commands/domain-list.ts';
import { registerEvents } from './commands/events.ts';
import { registerImageBuild } from './commands/image-build.ts';
import { registerImageCleanup } from './commands/image-cleanup.ts';
import { registerImageDelete } from './commands/image-delete.ts';
import { registerImageInspect } from './commands/image-inspect.ts';
import { registerImageList } from './commands/image-list.ts';
import { registerImageProvenance } from './commands/image-provenance.ts';
import { registerImageSbom } from './commands/image-sbom.ts';
import { registerKeyCreate } from './commands/key-create.ts';
import { registerKeyList } from './commands/key-list.ts';
import { registerKeyRevoke } from './commands/key-revoke.ts';
import { registerKeyRoll } from './commands/key-roll.ts';
import { registerLogin } from './commands/login.ts';
import { registerLogs } from './commands/logs.ts';
import { registerMetrics } from './commands/metrics.ts';
import { registerOpen } from './commands/open.ts';
import { registerPlan } from './commands/plan.ts';
import { registerPodCreate } from './commands/pod-create.ts';
import { registerPodDelete, registerPodRestore } from './commands/pod-delete.ts';
import { registerPodGet } from './commands/pod-get.ts';
import { registerPodLimits } from './commands/pod-limits.ts';
import { registerPodList } from './commands/pod-list.ts';
import { registerPodRename } from './commands/pod-rename.ts';
import { registerPodStart, registerPodStop } from './commands/pod-stop.ts';
import { registerRegistryCredentials } from './commands/registry-credentials.ts';
import { registerRegistryPullKeys } from './commands/registry-pull-keys.ts';
import { registerResourceCreate } from './commands/resource-create.ts';
import { registerResourceDelete } from './commands/resource-delete.ts';
import { registerResourceGet } from './commands/resource-get.ts';
import { registerResourceList } from './commands/resource-list.ts';
import { registerResourceReplace } from './commands/resource-replace.ts';
import { registerResourceRestart } from './commands/resource-restart.ts';
import { registerResourceVariables } from './commands/resource-variables.ts';
import { registerRevisionCancel } from './commands/revision-cancel.ts';
import { registerRevisionDiff } from './commands/revision-diff.ts';
import { registerRevisionGet } from './commands/revision-get.ts';
import { registerRevisionList } from './commands/revision-list.ts';
import { registerRevisionWait } from './commands/revision-wait.ts';
import { registerRollback } from './commands/rollback.ts';
import { registerSizeList, registerSizeSet } from './commands/size-list.ts';
import { registerWhoami } from './commands/whoami.ts';
import type { Runner } from './context.ts';
import type { Io } from './io.ts';

const VERSION = '0.1.0';

/** The whole command line. Nothing runs before it is parsed. */
export function buildProgram(run: Runner, io: Io): Command {
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
  registerLogin(program, run);
  registerWhoami(program, run);
  registerPods(program, run);
  registerResources(program, run);
  registerPlan(program, run);
  registerDeploy(program, run);
  registerBuild(program, run);
  registerRedeploy(program, run);
  registerRollback(program, run);
  registerRevisions(program, run);
  registerLogs(program, run);
  registerEvents(program, run);
  registerMetrics(program, run);
  registerOpen(program, run);
  registerDomains(program, run);
  registerBlueprints(program, run);
  registerImages(program, run);
  registerRegistries(program, run);
  registerKeys(program, run);
  registerAudit(program, run);
  registerClusters(program, run);
  registerDescribeResource(registerDescribe(program, run), program, run);
  registerConfig(program, run);
  registerCompletion(program, run, io);
  return program;
}

function registerPods(program: Command, run: Runner): void {
  const pod = group(program, 'pod', 'Pods: your isolated workspaces');
  registerPodList(pod, run);
  registerPodGet(pod, run);
  registerPodCreate(pod, run);
  registerPodRename(pod, run);
  registerPodStop(pod, run);
  registerPodStart(pod, run);
  registerPodDelete(pod, run);
  registerPodRestore(pod, run);
  registerPodLimits(pod, run);
}

function registerResources(program: Command, run: Runner): void {
  const resource = group(program, 'resource', 'Resources of the pod: apps, routes, configs');
  registerResourceList(resource, run);
  registerResourceGet(resource, run);
  registerResourceCreate(resource, run);
  registerResourceReplace(resource, run);
  registerResourceDelete(resource, run);
  registerResourceVariables(resource, run);
  registerResourceRestart(resource, run);
}

function registerRevisions(program: Command, run: Runner): void {
  const revision = group(program, 'revision', 'Revisions of the pod: what was and is deployed');
  registerRevisionList(revision, run);
  registerRevisionGet(revision, run);
  registerRevisionDiff(revision, run);
  registerRevisionWait(revision, run);
  registerRevisionCancel(revision, run);
}

function registerDomains(program: Command, run: Runner): void {
  const domain = group(program, 'domain', 'Own domains: their DNS records and certificates');
  registerDomainList(domain, run);
  registerDomainCheck(domain, run);
  registerDomainCertificate(group(domain, 'certificate', 'Certificates that you bring yourself'), run);
}

function registerBlueprints(program: Command, run: Runner): void {
  const blueprint = group(program, 'blueprint', 'Blueprints: whole stacks to begin with');
  registerBlueprintList(blueprint, run);
  registerBlueprintGet(blueprint, run);
  registerBlueprintInstall(blueprint, run);
}

function registerImages(program: Command, run: Runner): void {
  const image = group(program, 'image', 'Container images of the pod');
  registerImageList(image, run);
  registerImageInspect(image, run);
  registerImageProvenance(image, run);
  registerImageSbom(image, run);
  registerImageBuild(image, run);
  registerImageCleanup(image, run);
  registerImageDelete(image, run);
}

function registerRegistries(program: Command, run: Runner): void {
  const registry = group(
    program,
    'registry',
    'Where images come from: other registries, and what opens them',
  );
  const about = 'What private images of other registries are fetched with';
  registerRegistryCredentials(group(registry, 'credentials', about), run);
  const keys = "Operator's: of what the passwords are made with which nodes fetch pods' images";
  registerRegistryPullKeys(group(registry, 'pull-keys', keys), run);
}

function registerKeys(program: Command, run: Runner): void {
  const key = group(program, 'key', 'API keys: what programs sign in with');
  registerKeyList(key, run);
  registerKeyCreate(key, run);
  registerKeyRoll(key, run);
  registerKeyRevoke(key, run);
}

function registerClusters(program: Command, run: Runner): void {
  const cluster = group(program, 'cluster', 'Where pods run');
  registerClusterList(cluster, run);
  registerClusterRegister(cluster, run);
  registerClusterUpdate(cluster, run);
  registerClusterDelete(cluster, run);
  const size = group(program, 'size', 'Sizes of instances');
  registerSizeList(size, run);
  registerSizeSet(size, run);
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

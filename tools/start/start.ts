import { mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import type { ControlClient } from '@brainpod/supervisor/control-client';
import { type EngineBinaries, writeEngineConfig } from '@brainpod/supervisor/engine';
import { ensureSupervisor } from '@brainpod/supervisor/launch';
import { type Locations, locationsFrom } from '@brainpod/supervisor/locations';
import { readPidFile } from '@brainpod/supervisor/process-identity';
import { apiEndpoint, DEFAULT_SETTINGS, type Settings, writeSettings } from '@brainpod/supervisor/settings';
import { provideBuilderImage } from './builder-image.ts';
import { closingText } from './closing-text.ts';
import { checkCluster, gatewayAddress } from './cluster.ts';
import { CommandFailed, runCommand } from './command.ts';
import { findMissingPackages, installPackages } from './debian-packages.ts';
import { Durations } from './durations.ts';
import { ensureRegistryBuild, estimateEngineBuild, estimateRegistryBuild } from './engine-build.ts';
import { obtainEngine } from './engine-source.ts';
import { isKeyAccepted } from './key-check.ts';
import { ensureOperator, type Operator } from './operator.ts';
import { buildsApp, plannedStages } from './planned-stages.ts';
import type { Progress, StageHandle } from './progress.ts';
import { startApp } from './start-app.ts';
import type { StartOrder } from './start-order.ts';
import { tellSupervisor } from './tell-supervisor.ts';
import { waitForEngine, waitForProcess } from './wait-for-engine.ts';

export type Environment = Record<string, string | undefined>;

/** Everything the stages share. */
export type Start = {
  order: StartOrder;
  environment: Environment;
  locations: Locations;
  settings: Settings;
  durations: Durations;
  client: ControlClient;
  /** Runs a stage and remembers how long it took. */
  stage: <T>(id: string, work: (handle: StageHandle) => Promise<T>) => Promise<T>;
};

export type ConfigPlace = { command: string; isChosen: boolean };

/** From installed packages to an app that answers. Throws with what went wrong and what to do. */
export async function start(
  order: StartOrder,
  progress: Progress,
  environment: Environment,
  config: ConfigPlace,
): Promise<void> {
  const locations = locationsFrom(environment, process.getuid?.() === 0);
  const settings = settingsOf(order.options, environment);
  const durations = await Durations.open(order.cacheDir);
  const estimate = settings.mode === 'embedded' ? estimateEngineBuild : estimateRegistryBuild;
  progress.plan(plannedStages(order.options, durations, estimate({ ...order, durations })));
  if (order.npmSeconds > 0) await durations.record('stage npm', order.npmSeconds);
  progress.record('npm', order.npmSeconds);
  const stage: Start['stage'] = async (id, work) => {
    const value = await progress.run(id, work);
    await durations.record(`stage ${id}`, progress.secondsOf(id));
    return value;
  };
  if (settings.kubeconfig !== undefined) {
    await stage('cluster', (handle) => checkCluster(settings, handle, (line) => progress.say(line)));
  }
  const client = await stage('server', (handle) => startSupervisor(locations, settings, environment, handle));
  const run = { order, environment, locations, settings, durations, client, stage };
  const told = await tellSupervisor(client, progress, order.startedAt);
  const operator = await bringUp(run, config, progress);
  const provideBuilder = () => stage('builder', (handle) => provideBuilderImage(run, handle));
  if (buildsApp(order.options)) await provideBuilder();
  const url = await startApp(run, operator);
  if (!buildsApp(order.options)) await provideBuilder();
  await told.settled();
  progress.close();
  await printClosing(run, operator, config, url);
  client.close();
}

function settingsOf(options: StartOrder['options'], environment: Environment): Settings {
  const common = {
    ...DEFAULT_SETTINGS,
    domain: options.domain,
    gatewayClass: options.gatewayClass,
    listenAddress: options.listen,
    httpPort: options.httpPort,
    httpsPort: options.httpsPort,
    registryHost: `registry.${options.domain}`,
  };
  if (options.kubeconfig === null) {
    const mirroredRegistries = (environment.BRAINPOD_MIRRORED_REGISTRIES ?? '').match(/[^\s,]+/g);
    return mirroredRegistries === null ? common : { ...common, mirroredRegistries };
  }
  return { ...common, mode: 'external', kubeconfig: options.kubeconfig };
}

async function startSupervisor(
  locations: Locations,
  settings: Settings,
  environment: Environment,
  handle: StageHandle,
): Promise<ControlClient> {
  // Written before the supervisor starts, so that it starts with them at once.
  if ((await readPidFile(locations.supervisorPid)) === null) {
    await mkdir(locations.dataDir, { recursive: true, mode: 0o755 });
    await writeSettings(locations.settings, settings);
  }
  const { client, how } = await ensureSupervisor(locations, environment);
  await client.request({ op: 'configure', settings });
  await waitForProcess(client, 'server', locations, async (status) => {
    handle.detail(status?.message ?? 'starting the server');
  });
  const url = `${apiEndpoint(settings)}/`;
  handle.outcome({ started: url, running: `${url}, already running`, renewed: `${url}, renewed` }[how]);
  return client;
}

/** Everything between the server and the app. */
async function bringUp(run: Start, config: ConfigPlace, progress: Progress): Promise<Operator> {
  if (run.settings.mode === 'embedded') await run.stage('debian', installDebianPackages);
  const operator = await run.stage('account', (handle) => findOperator(run, config, handle));
  for (const note of operator.notes) progress.say(`    ${note}`);
  if (run.settings.mode === 'embedded') {
    await run.stage('engine', (handle) => provideEngine(run, handle));
    await run.stage('boot', (handle) => waitForEngine(run.client, run.locations, handle));
  } else {
    await run.stage('registry', (handle) => provideRegistry(run, handle));
  }
  return operator;
}

async function installDebianPackages(handle: StageHandle): Promise<void> {
  const missing = await findMissingPackages();
  if (missing.length === 0) {
    handle.outcome('all there');
    return;
  }
  handle.detail(`installing ${missing.join(', ')}`);
  await installPackages(missing, (line) => {
    if (/^(Get:|Unpacking|Setting up)/.test(line)) handle.detail(line.slice(0, 80));
  });
  handle.outcome(`installed ${missing.join(', ')}`);
}

async function findOperator(run: Start, config: ConfigPlace, handle: StageHandle): Promise<Operator> {
  handle.detail('waiting for the database');
  await waitForProcess(run.client, 'postgres', run.locations, async (status) => {
    handle.detail(status?.message ?? 'waiting for the database');
  });
  const operator = await ensureOperator({
    root: run.order.root,
    settings: run.settings,
    locations: run.locations,
    configFile: config.command,
    isAccepted: (key) => isKeyAccepted(apiEndpoint(run.settings), key),
  });
  handle.outcome(operator.file);
  return operator;
}

async function provideEngine(run: Start, handle: StageHandle): Promise<void> {
  const binaries = await obtainEngine({ ...run.order, durations: run.durations, ...handle });
  await examineMachine(run, binaries, handle);
  await run.client.request({ op: 'engine-ready', ...binaries });
  handle.outcome(path.dirname(binaries.binDir));
}

/** Has the engine look at this machine before anything of it is started. Throws with everything that is missing. */
async function examineMachine(run: Start, binaries: EngineBinaries, handle: StageHandle): Promise<void> {
  const { status } = await run.client.request({ op: 'status' });
  const engine = status.processes.find(({ name }) => name === 'engine');
  if (engine?.state === 'ready' || engine?.state === 'starting') return;
  handle.detail('examining this machine');
  await writeEngineConfig(run.settings, run.locations, binaries);
  try {
    await runCommand(path.join(binaries.binDir, 'engine'), [
      'doctor',
      '--config',
      run.locations.engineConfig,
    ]);
  } catch (error) {
    if (!(error instanceof CommandFailed)) throw error;
    throw new Error(`This machine cannot run the engine yet.\n${failedChecks(error.output)}`, {
      cause: error,
    });
  }
}

/** The failed checks of the engine's doctor, each with its remedy. */
function failedChecks(output: string): string {
  const lines = output.split('\n');
  const failed = lines.filter(
    (line, index) =>
      line.startsWith('FAILED') || (/^\s/.test(line) && lines[index - 1]?.startsWith('FAILED')),
  );
  return failed.length > 0 ? failed.join('\n') : output;
}

async function provideRegistry(run: Start, handle: StageHandle): Promise<void> {
  const binDir = await ensureRegistryBuild({ ...run.order, durations: run.durations, ...handle });
  await run.client.request({ op: 'engine-ready', binDir });
  await waitForProcess(run.client, 'registry', run.locations, async (status) => {
    handle.detail(status?.message ?? 'starting the registry');
  });
}

async function printClosing(
  run: Start,
  operator: Operator,
  config: ConfigPlace,
  url: string | null,
): Promise<void> {
  const authorityFile = path.join(run.locations.dataDir, 'server', 'ca.crt');
  const seconds = (Date.now() - run.order.startedAt) / 1000;
  const text = closingText({
    url,
    api: apiEndpoint(run.settings),
    httpsPort: run.settings.httpsPort,
    gatewayAddress: await gatewayAddress(run.settings),
    authorityFile,
    configFile: operator.file,
    isDefaultConfigFile: operator.file === config.command && !config.isChosen,
    embedded: run.settings.mode === 'embedded',
  });
  // Fails loudly here rather than in the person's curl.
  await readFile(authorityFile);
  process.stdout.write(`\nReady after ${seconds.toFixed(1)} s.\n\n${text}\n`);
}

import { CliFailure } from '../failure.ts';
import { readBuildSecrets } from './build-secrets.ts';
import type { Build, BuildsApi } from './builds-api.ts';
import { type BuildChoice, chooseBuilder } from './choose-builder.ts';
import { type HostedEvent, hostedBuild } from './hosted-build.ts';
import { packDirectory } from './pack-directory.ts';
import { secretsWantedBy } from './plan-directory.ts';
import { type SourceEvent, sendSource } from './send-source.ts';
import { readSourceLabels } from './source-labels.ts';

export type HostedDirectoryEvent =
  | { kind: 'source'; event: SourceEvent }
  | { kind: 'hosted'; event: HostedEvent };

export type HostedDirectoryOptions = {
  api: BuildsApi;
  pod: string;
  directory: string;
  /** The name of the image in the pod. */
  image: string;
  tag: string;
  choice?: BuildChoice;
  /** Such as `linux/amd64`; left out: the platform's own. */
  platform?: string;
  /** Tells whether an image is still there: then one that was built of the very same source is not built again. Left out: it is. */
  isThere?: (digest: string) => Promise<boolean>;
  /** What the build may use, as `readBuildSecrets` takes it, besides what the project names. */
  secrets?: readonly string[];
  environment: Record<string, string | undefined>;
  report: (event: HostedDirectoryEvent) => void;
  signal?: AbortSignal;
};

const LOOKED_AT = 10;

/** An image that the server built. */
export type HostedImage = { build: Build; digest: string; builder: 'dockerfile' | 'plan' };

/**
 * Sends what the server has not got of a directory and has it built and pushed there. What cannot be decided is asked before anything is sent. Throws CliFailure with
 * what stands in the way or failed.
 */
export async function buildHosted(options: HostedDirectoryOptions): Promise<HostedImage> {
  const { api, pod, directory, image, tag, platform, choice = {}, report } = options;
  const stop = options.signal === undefined ? {} : { signal: options.signal };
  // The server finds the same plan, and puts it into the log.
  const { kind: builder } = await chooseBuilder(directory, choice);
  const secrets = readBuildSecrets({
    named: options.secrets ?? [],
    wants: secretsWantedBy(directory, choice.overrides?.directory),
    environment: options.environment,
  });
  const source = await send(options);
  const earlier = await builtBefore(options, source);
  if (earlier !== null) return { ...earlier, builder };
  const request = {
    image,
    tag,
    source,
    builder: choice.builder ?? 'auto',
    ...(choice.dockerfile === undefined ? {} : { dockerfile: choice.dockerfile }),
    ...(choice.overrides === undefined ? {} : { overrides: choice.overrides }),
    labels: await readSourceLabels(directory, options.environment),
    ...(platform === undefined ? {} : { platform }),
    ...(secrets.length === 0 ? {} : { secrets }),
  };
  const build = await hostedBuild({
    api,
    pod,
    request,
    report: (event) => report({ kind: 'hosted', event }),
    ...stop,
  });
  const digest = build.image?.digest ?? null;
  if (digest === null) throw new CliFailure(`Build ${build.id} is ready, and no image is named.`);
  return { build, digest, builder };
}

/** The newest build of the same source, if it made this image and that is still there. */
async function builtBefore(
  { api, pod, image, tag, isThere, signal }: HostedDirectoryOptions,
  source: string,
): Promise<Pick<HostedImage, 'build' | 'digest'> | null> {
  if (isThere === undefined) return null;
  const query = { repository: image, limit: String(LOOKED_AT) };
  const { items } = await api.listBuilds(pod, query, signal);
  const build = items.find(
    (each) => each.state === 'ready' && each.source === source && each.image?.tag === tag,
  );
  const digest = build?.image?.digest ?? null;
  return build !== undefined && digest !== null && (await isThere(digest)) ? { build, digest } : null;
}

async function send(options: HostedDirectoryOptions): Promise<string> {
  const { api, pod, directory, environment, report, signal } = options;
  const stop = signal === undefined ? {} : { signal };
  try {
    const packed = await packDirectory(directory, { environment, ...stop });
    const tell = (event: SourceEvent): void => report({ kind: 'source', event });
    return await sendSource({ api, pod, packed, report: tell, ...stop });
  } catch (error) {
    if (signal?.aborted !== true) throw error;
    throw new CliFailure('Stopped. Nothing was built.', {
      advice: 'What has arrived is kept for a while, and need not be sent again.',
      cause: error,
    });
  }
}

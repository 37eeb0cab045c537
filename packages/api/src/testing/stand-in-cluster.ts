import type { CompiledObject, Platform } from '@brainpod/compiler/compile';
import { ApiError } from '@brainpod/model/errors';
import { INSTANCE_SIZES } from '@brainpod/model/instance-size';
import type { ClusterPort, ClusterRefusal, OutputLine, OutputRequest } from '../cluster-port.ts';

/** A cluster as the API sees one, which does what a test says. The real one is tested where it is made. */
export class StandInCluster implements ClusterPort {
  isAway = false;
  refusals: ClusterRefusal[] = [];
  /** What was to be checked last. */
  checked: readonly CompiledObject[] = [];
  /** What was asked for last. */
  asked: OutputRequest | null = null;
  written: OutputLine[] = [];
  readonly #platform: Platform;

  constructor(names: { domain: string; registryHost: string }) {
    this.#platform = {
      ...names,
      gateway: {
        namespace: 'brainpod-system',
        name: 'brainpod',
        httpsListener: 'https',
        httpListener: 'http',
      },
      gatewayClass: 'brainpod',
      sizes: INSTANCE_SIZES,
      envoyGateway: true,
      certificate: { certPem: 'certificate', keyPem: 'key' },
      drainSeconds: 1,
    };
  }

  platform(): Platform {
    return this.#platform;
  }

  async dryRun(_podName: string, objects: readonly CompiledObject[]): Promise<ClusterRefusal[]> {
    this.#assertThere();
    this.checked = objects;
    return this.refusals;
  }

  async followOutput(request: OutputRequest, signal: AbortSignal): Promise<AsyncIterable<OutputLine>> {
    this.#assertThere();
    this.asked = request;
    return linesUntil(this.written, request.follow ? signal : AbortSignal.abort());
  }

  #assertThere(): void {
    if (this.isAway) throw new ApiError('SERVICE_UNAVAILABLE', 'The cluster cannot be reached right now.');
  }
}

async function* linesUntil(lines: OutputLine[], signal: AbortSignal): AsyncGenerator<OutputLine> {
  yield* lines;
  if (signal.aborted) return;
  await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}

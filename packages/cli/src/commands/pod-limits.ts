import type { LimitsUpdate } from '@brainpod/api-client/operator-client';
import type { PodLimits } from '@brainpod/api-client/pods-client';
import { type Command, InvalidArgumentError } from 'commander';
import type { Runner } from '../context.ts';
import { capacityTable } from '../text/capacity-table.ts';
import { megabytes } from '../text/megabytes.ts';

type Limit = number | 'none';
type Options = { apps?: Limit; cpu?: Limit; memory?: Limit; disk?: Limit; images?: Limit };

const MILLIS = 1000;
const BYTES_PER_MIB = 1024 * 1024;

export function registerPodLimits(pod: Command, run: Runner): void {
  pod
    .command('limits')
    .description('Show what a pod uses and may use; its operator can set that')
    .argument('[pod]', 'name of the pod')
    .option('--apps <count>', "operator's: how many apps; none takes the limit away", parseLimit)
    .option('--cpu <cpus>', "operator's: how many CPUs, such as 2.5; none", parseLimit)
    .option('--memory <mib>', "operator's: MiB of memory; none", parseLimit)
    .option('--disk <gb>', "operator's: GB of disk; none", parseLimit)
    .option('--images <mib>', "operator's: MiB of images in the registry; none", parseLimit)
    .action(
      run(async (context, named: string | undefined, options: Options) => {
        const client = context.client();
        const name = named ?? context.pod();
        if (Object.keys(options).length > 0) {
          const before = (await client.pods.limits(name)).limits;
          await client.operator.setLimits(name, { ...before, ...updateOf(options) });
        }
        const limits = await client.pods.limits(name);
        return {
          json: limits,
          text: (style) => {
            const section = (title: string, amounts: typeof limits.used.draft) =>
              `${style.bold(title)}\n${capacityTable(amounts, limits.limits, style)}`;
            return [
              section('Deployed', limits.used.deployed),
              section('Draft', limits.used.draft),
              `${style.bold('Images')}\n${imagesText(limits)}`,
            ].join('\n\n');
          },
        };
      }),
    );
}

function imagesText({ used, limits }: PodLimits): string {
  const has = used.imageBytes === null ? 'not known' : megabytes(used.imageBytes);
  const limit = limits.imagesMiB ?? null;
  return limit === null ? has : `${has} of ${megabytes(limit * BYTES_PER_MIB)}`;
}

function updateOf({ apps, cpu, memory, disk, images }: Options): Partial<LimitsUpdate> {
  return {
    ...(apps === undefined ? {} : { apps: amount(apps) }),
    ...(cpu === undefined ? {} : { cpuMillis: amount(cpu, MILLIS) }),
    ...(memory === undefined ? {} : { memoryMiB: amount(memory) }),
    ...(disk === undefined ? {} : { diskGb: amount(disk) }),
    ...(images === undefined ? {} : { imagesMiB: amount(images) }),
  };
}

function amount(limit: Limit, factor = 1): number | null {
  return limit === 'none' ? null : Math.round(limit * factor);
}

function parseLimit(text: string): Limit {
  if (text === 'none') return text;
  if (/^\d+(\.\d{1,3})?$/.test(text)) return Number(text);
  throw new InvalidArgumentError('A number, or none.');
}

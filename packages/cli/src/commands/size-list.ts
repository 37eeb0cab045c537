import { type Command, InvalidArgumentError } from 'commander';
import type { Runner } from '../context.ts';
import { wholeNumber } from '../kinds.ts';
import { cpuText, memoryText } from '../text/bar.ts';
import { table } from '../text/table.ts';

const MILLIS = 1000;

export function registerSizeList(size: Command, run: Runner): void {
  size
    .command('list')
    .description('List what an instance of each size gets')
    .action(
      run(async (context) => {
        const sizes = await context.client().pods.instanceSizes();
        return {
          json: sizes,
          text: (style) =>
            table(
              style,
              ['SIZE', 'CPU', 'MEMORY'],
              sizes.map((each) => [
                style.bold(each.name),
                cpuText(each.cpuMillis),
                memoryText(each.memoryMiB),
              ]),
              'There are no sizes.',
            ),
        };
      }),
    );
}

export function registerSizeSet(size: Command, run: Runner): void {
  size
    .command('set')
    .description("Operator's: change a size; what runs with it is rolled, without interruption")
    .argument('<size>', 'such as 1x')
    .requiredOption('--cpu <cpus>', 'CPUs, such as 0.5', parseCpu)
    .requiredOption('--memory <mib>', 'MiB of memory', wholeNumber(1, 1_000_000))
    .action(
      run(async (context, name: string, options: { cpu: number; memory: number }) => {
        const amounts = { cpuMillis: options.cpu, memoryMiB: options.memory };
        const answer = await context.client().operator.setInstanceSize(name, amounts);
        return {
          json: answer,
          text: (style) =>
            `${style.green('✓')} Size ${style.bold(name)} is ${cpuText(amounts.cpuMillis)} and ${memoryText(amounts.memoryMiB)} now.`,
        };
      }),
    );
}

function parseCpu(text: string): number {
  if (/^\d+(\.\d{1,3})?$/.test(text) && Number(text) > 0) return Math.round(Number(text) * MILLIS);
  throw new InvalidArgumentError('A number of CPUs, such as 0.5.');
}

import type { CleanupPolicy, DeletedImages, ImageCleanup } from '@brainpod/api-client/image-client';
import type { Command } from 'commander';
import type { Runner } from '../context.ts';
import { wholeNumber } from '../kinds.ts';
import { megabytes } from '../text/megabytes.ts';
import type { Style } from '../text/style.ts';
import { table } from '../text/table.ts';
import { localTime } from '../text/time.ts';

type Options = {
  dryRun?: true;
  keepRevisions?: number;
  keepTags?: string[];
  keepDays?: number;
  daily?: boolean;
};
type Image = DeletedImages['deleted'][number];

export function registerImageCleanup(image: Command, run: Runner): void {
  image
    .command('cleanup')
    .description('Delete the images that are not needed any longer')
    .option('--dry-run', 'only show what would be deleted, and why')
    .option(
      '--keep-revisions <count>',
      'from now on: keep what the last so many deployed revisions name',
      wholeNumber(1, 100),
    )
    .option('--keep-tags <tags...>', 'from now on: keep these tags; * stands for any characters')
    .option(
      '--keep-days <days>',
      'from now on: keep what was pushed within so many days',
      wholeNumber(0, 3650),
    )
    .option('--daily', 'from now on: have it done by itself once a day, for the first time tomorrow')
    .option('--no-daily', 'from now on: only when it is asked for')
    .action(
      run(async (context, { dryRun, ...changes }: Options) => {
        const { images } = context.client();
        const pod = context.pod();
        if (Object.keys(changes).length > 0) {
          const { policy } = await images.cleanup(pod);
          await images.setCleanup(pod, { ...policy, ...changes });
        }
        if (dryRun === true) {
          const plan = await images.cleanup(pod);
          return { json: plan, text: (style) => planText(plan, style) };
        }
        const done = await images.cleanUp(pod);
        return { json: done, text: (style) => deletedText(done, style) };
      }),
    );
}

/** What was deleted, or that nothing was. */
export function deletedText({ deleted, untagged, bytes }: DeletedImages, style: Style): string {
  if (untagged !== null) {
    return `${style.green('✓')} ${style.bold(`${untagged.repository}:${untagged.tag}`)} is gone; the image stays for its other names.`;
  }
  if (deleted.length === 0) return 'There is nothing to delete.';
  const what = `${deleted.length} ${deleted.length === 1 ? 'image was' : 'images were'} deleted`;
  return `${imageTable(deleted, style)}\n\n${style.green('✓')} ${what}. ${megabytes(bytes)} of disk are freed a day later.`;
}

function planText(plan: ImageCleanup, style: Style): string {
  const { delete: go, keep, bytes, policy } = plan;
  const sections = [
    go.length === 0
      ? 'Nothing would be deleted.'
      : `${style.bold('Would be deleted')}\n${imageTable(go, style)}`,
    ...(keep.length === 0 ? [] : [`${style.bold('Would stay')}\n${imageTable(keep, style)}`]),
    style.dim(`${megabytes(bytes)} would be freed. ${policyText(policy)}`),
    ...scheduleText(plan).map((line) => style.dim(line)),
  ];
  return sections.join('\n\n');
}

function scheduleText({ nextAt, last }: ImageCleanup): string[] {
  if (nextAt === null) return [];
  const next = `It is done by itself, the next time at ${localTime(nextAt)}.`;
  if (last === null) return [next];
  const outcome =
    last.problem ?? `${last.deleted} of ${last.planned} deleted, ${last.kept} kept, ${megabytes(last.bytes)}`;
  return [`${next} The last time at ${localTime(last.at)}: ${outcome}`];
}

function policyText({ keepRevisions, keepTags, keepDays }: CleanupPolicy): string {
  const tags = keepTags.length === 0 ? '' : `, tags ${keepTags.join(' ')}`;
  return `Kept: what the last ${keepRevisions} deployed revisions name${tags}, and what was pushed within ${keepDays} days.`;
}

function imageTable(images: readonly Image[], style: Style): string {
  return table(
    style,
    ['REPOSITORY', 'TAGS', 'DIGEST', 'WHY'],
    images.map(({ repository, tags, digest, reason }) => [
      style.bold(repository),
      tags.join(', '),
      digest.slice(0, 'sha256:'.length + 12),
      reason,
    ]),
    'None.',
  );
}

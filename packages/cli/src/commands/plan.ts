import type { Plan } from '@brainpod/api-client/client';
import type { Command } from 'commander';
import type { Runner } from '../context.ts';
import { capacityTable } from '../text/capacity-table.ts';
import type { Style } from '../text/style.ts';
import { padded, wrapped } from '../text/table.ts';

const NOTE_INDENT = 6;

type Change = Plan['changes'][number];

export function registerPlan(program: Command, run: Runner): void {
  program
    .command('plan')
    .description('Show what a deploy of the draft would do: to what, with which interruptions')
    .action(
      run(async (context) => {
        const plan = await context.client().getPlan(context.pod());
        const columns = context.io.stdout.columns ?? Number.POSITIVE_INFINITY;
        return { json: plan, text: (style) => planText(plan, { style, columns }) };
      }),
    );
}

type Look = { style: Style; columns: number };

function planText(plan: Plan, look: Look): string {
  const { style } = look;
  const changes = plan.changes.filter(({ action }) => action !== 'none');
  const same = plan.changes.length - changes.length;
  const width = Math.max(0, ...changes.map((change) => placeOf(change).length));
  return [
    changes.length === 0
      ? 'Nothing changes.'
      : changes.map((each) => changeText(each, width, look)).join('\n'),
    ...(same > 0 && changes.length > 0 ? [style.dim(`  = ${same} unchanged`)] : []),
    '',
    capacityTable(plan.capacity.demand, plan.capacity.limits, style),
    '',
    clusterText(plan.cluster, style),
    ...faultLines(plan.faults, style),
    '',
    conclusion(plan, changes, style),
  ].join('\n');
}

type Sign = { sign: string; words: string; paint: (style: Style) => (text: string) => string };
const LOOKS: Record<Change['action'], Sign> = {
  create: { sign: '+', words: 'created', paint: (style) => style.green },
  update: { sign: '~', words: 'changed in place', paint: (style) => style.yellow },
  scale: { sign: '↕', words: 'scaled', paint: (style) => style.yellow },
  roll: { sign: '↻', words: 'rolled, without interruption', paint: (style) => style.yellow },
  restart: { sign: '!', words: 'restarted', paint: (style) => style.red },
  delete: { sign: '-', words: 'deleted', paint: (style) => style.red },
  unsupported: { sign: '✗', words: 'cannot run here yet', paint: (style) => style.red },
  none: { sign: '=', words: 'unchanged', paint: (style) => style.dim },
};

function changeText(change: Change, width: number, look: Look): string {
  const { style, columns } = look;
  const { sign, words, paint } = LOOKS[change.action];
  const note = (text: string, title = '') =>
    wrapped(`${title}${text}`, { indent: NOTE_INDENT, columns }).replace(title, style.red(title));
  return [
    `  ${paint(style)(sign)} ${padded(style.bold(placeOf(change)), width)}  ${paint(style)(words)}`,
    ...change.reasons.map((reason) => style.dim(note(reason))),
    ...(change.interruption === null ? [] : [note(interruptionText(change.interruption), 'interrupted: ')]),
    ...(change.dataAtRisk === null ? [] : [note(change.dataAtRisk, 'data at risk: ')]),
  ].join('\n');
}

function interruptionText({ what, seconds, why }: NonNullable<Change['interruption']>): string {
  const time = seconds === null ? 'for good' : `for up to ${seconds} s`;
  return `${what} ${time}, because ${why}`;
}

function clusterText(cluster: Plan['cluster'], style: Style): string {
  if (cluster.accepted === true) return `${style.green('✓')} The cluster accepts it.`;
  if (cluster.accepted === null) {
    const why = cluster.message ?? 'The cluster cannot be asked now.';
    return style.yellow(`? Whether the cluster accepts it is not known: ${why}`);
  }
  return [
    style.red('✗ The cluster refuses it:'),
    ...cluster.refusals.map(({ path, message }) => `  ${style.bold(path)}: ${message}`),
  ].join('\n');
}

function faultLines(faults: Plan['faults'], style: Style): string[] {
  return faults.map(({ path, message }) => `${style.red('✗')} ${style.bold(path)}: ${message}`);
}

function conclusion(plan: Plan, changes: readonly Change[], style: Style): string {
  if (!plan.canDeploy) {
    return changes.length === 0 && plan.faults.length === 0
      ? style.dim(
          'There is no draft to deploy. Change something first, for example with: brainpod resource create',
        )
      : style.red('It cannot be deployed as it is.');
  }
  const interrupted = changes.filter(({ interruption }) => interruption !== null).length;
  const summary =
    interrupted === 0
      ? style.green('Nothing is interrupted.')
      : style.red(`${interrupted === 1 ? 'One resource is' : `${interrupted} resources are`} interrupted.`);
  return `${summary} ${style.dim(`Deploy exactly this: brainpod deploy --wait --plan ${plan.tag}`)}`;
}

function placeOf({ kind, name }: Change): string {
  return `${kind}/${name}`;
}

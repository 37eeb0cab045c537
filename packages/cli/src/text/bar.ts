import type { Style } from './style.ts';

const WIDTH = 20;
const NEARLY_FULL = 0.9;

/** How much of a limit is used: `████░░░░ 40%`. Red beyond the limit, yellow when nearly full. */
export function bar(used: number, limit: number | null, style: Style): string {
  if (limit === null) return style.dim('no limit');
  const share = limit === 0 ? (used === 0 ? 0 : Number.POSITIVE_INFINITY) : used / limit;
  const filled = Math.min(WIDTH, Math.round(share * WIDTH));
  const paint = share > 1 ? style.red : share >= NEARLY_FULL ? style.yellow : style.green;
  const percent = Number.isFinite(share) ? `${Math.round(share * 100)}%` : 'none allowed';
  return `${paint('█'.repeat(filled))}${style.dim('░'.repeat(WIDTH - filled))} ${percent}`;
}

/** Thousandths of a CPU as people count them: `1.5 CPU`. */
export function cpuText(cpuMillis: number): string {
  return `${Number((cpuMillis / 1000).toFixed(3))} CPU`;
}

/** `512 MiB`, `1.5 GiB`. */
export function memoryText(memoryMiB: number): string {
  return memoryMiB < 1024 ? `${memoryMiB} MiB` : `${Number((memoryMiB / 1024).toFixed(2))} GiB`;
}

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** One process or engine component as the status page shows it. */
export type Part = {
  name: string;
  state: string;
  since: string | null;
  restarts: number;
  waitsFor: string | null;
  message: string | null;
};

/** One step of the start, with ISO times. */
export type Stage = {
  id: string;
  title: string;
  state: string;
  startedAt: string | null;
  finishedAt: string | null;
  estimateSeconds: number | null;
  detail: string | null;
};

export type MachineStatus = { ready: boolean; stages: Stage[]; parts: Part[] };

/**
 * What the supervisor and the engine say of themselves: their status files in the run directory. A file that
 * is missing says nothing; the page is most useful exactly when not everything is there yet.
 */
export async function readMachineStatus(runDir: string): Promise<MachineStatus> {
  const supervisor = await readRecord(join(runDir, 'status.json'));
  const engine = await readRecord(join(runDir, 'engine/status.json'));
  const parts = [...records(supervisor.processes).map(toPart), ...records(engine.components).map(toPart)];
  const stages = records(supervisor.stages).map(toStage);
  return {
    ready:
      parts.length > 0 &&
      parts.every((part) => part.state === 'ready') &&
      stages.every((stage) => stage.state !== 'running'),
    stages,
    parts,
  };
}

type JsonRecord = Record<string, unknown>;

async function readRecord(path: string): Promise<JsonRecord> {
  try {
    const parsed: unknown = JSON.parse(await readFile(path, 'utf8'));
    return isRecord(parsed) ? parsed : {};
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return {};
    throw new Error(`${path} cannot be read`, { cause: error });
  }
}

function toPart(record: JsonRecord): Part {
  return {
    name: text(record.name) ?? 'unnamed',
    state: text(record.state) ?? 'waiting',
    since: text(record.since),
    restarts: typeof record.restarts === 'number' ? record.restarts : 0,
    waitsFor: text(record.waitsFor),
    message: text(record.message),
  };
}

function toStage(record: JsonRecord): Stage {
  return {
    id: text(record.id) ?? '',
    title: text(record.title) ?? '',
    state: text(record.state) ?? 'waiting',
    startedAt: text(record.startedAt),
    finishedAt: text(record.finishedAt),
    estimateSeconds: typeof record.estimateSeconds === 'number' ? Math.round(record.estimateSeconds) : null,
    detail: text(record.detail),
  };
}

function isRecord(value: unknown): value is JsonRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function records(value: unknown): JsonRecord[] {
  return Array.isArray(value) ? value.filter(isRecord) : [];
}

function text(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

import { readFile } from 'node:fs/promises';
import { writeFileAtomically } from './atomic-file.ts';
import { hasErrorCode } from './error-code.ts';
import {
  jsonObject,
  optionalNumber,
  optionalString,
  requiredArray,
  requiredNumber,
  requiredString,
  requiredWord,
} from './json-fields.ts';

const STAGE_STATES = ['waiting', 'running', 'done', 'failed'] as const;
const PROCESS_STATES = ['waiting', 'starting', 'ready', 'backoff', 'stopping', 'stopped', 'lent'] as const;
const PROCESS_NAMES = ['postgres', 'server', 'engine', 'registry'] as const;

export type StageState = (typeof STAGE_STATES)[number];
/** `lent`: run by somebody else for a while (npm run dev). `waiting`: for its program files. */
export type ProcessState = (typeof PROCESS_STATES)[number];
export type ProcessName = (typeof PROCESS_NAMES)[number];

/** One step of the way from nothing to a running app. Times are ISO 8601, estimates whole seconds. */
export type StageStatus = {
  id: string;
  title: string;
  state: StageState;
  startedAt?: string;
  finishedAt?: string;
  estimateSeconds?: number;
  detail?: string;
};

export type ProcessStatus = {
  name: ProcessName;
  state: ProcessState;
  pid?: number;
  restarts: number;
  since: string;
  message?: string;
};

export type SupervisorStatus = {
  pid: number;
  api: string;
  /** The clone the supervisor was started from, and its version; absent from the file. */
  program?: { root: string; version: string };
  /** Where the engine's programs lie; absent from the file, and as long as they are not there. */
  binDir?: string;
  stages: StageStatus[];
  processes: ProcessStatus[];
};

/** The status as it stands in a file or an answer; throws a JsonFault that names a wrong field. */
export function parseSupervisorStatus(input: unknown): SupervisorStatus {
  const object = jsonObject(input, 'the status');
  const program = object.program === undefined ? undefined : jsonObject(object.program, 'program');
  const binDir = optionalString(object, 'binDir');
  return {
    ...(binDir === undefined ? {} : { binDir }),
    ...(program === undefined
      ? {}
      : { program: { root: requiredString(program, 'root'), version: requiredString(program, 'version') } }),
    pid: requiredNumber(object, 'pid'),
    api: requiredString(object, 'api'),
    stages: requiredArray(object, 'stages').map(parseStage),
    processes: requiredArray(object, 'processes').map(parseProcess),
  };
}

export function parseStage(input: unknown): StageStatus {
  const object = jsonObject(input, 'a stage');
  const startedAt = optionalString(object, 'startedAt');
  const finishedAt = optionalString(object, 'finishedAt');
  const estimateSeconds = optionalNumber(object, 'estimateSeconds');
  const detail = optionalString(object, 'detail');
  return {
    id: requiredString(object, 'id'),
    title: requiredString(object, 'title'),
    state: requiredWord(object, 'state', STAGE_STATES),
    ...(startedAt === undefined ? {} : { startedAt }),
    ...(finishedAt === undefined ? {} : { finishedAt }),
    ...(estimateSeconds === undefined ? {} : { estimateSeconds }),
    ...(detail === undefined ? {} : { detail }),
  };
}

function parseProcess(input: unknown): ProcessStatus {
  const object = jsonObject(input, 'a process');
  const pid = optionalNumber(object, 'pid');
  const message = optionalString(object, 'message');
  return {
    name: requiredWord(object, 'name', PROCESS_NAMES),
    state: requiredWord(object, 'state', PROCESS_STATES),
    restarts: requiredNumber(object, 'restarts'),
    since: requiredString(object, 'since'),
    ...(pid === undefined ? {} : { pid }),
    ...(message === undefined ? {} : { message }),
  };
}

/** A part of the engine, as the engine's own status file tells of it. */
export type ComponentStatus = {
  name: string;
  state: string;
  restarts: number;
  since?: string;
  pid?: number;
  waitsFor?: string;
  message?: string;
};

/** The engine's parts out of its status file; none when that is missing or of an engine that runs no more. */
export function parseComponents(input: unknown, enginePid: number): ComponentStatus[] {
  if (input === undefined) return [];
  const status = jsonObject(input, 'the status of the engine');
  return status.pid === enginePid ? requiredArray(status, 'components').map(parseComponent) : [];
}

function parseComponent(input: unknown): ComponentStatus {
  const object = jsonObject(input, 'a part of the engine');
  const pid = optionalNumber(object, 'pid');
  const text = (field: string): string | undefined =>
    object[field] === '' ? undefined : optionalString(object, field);
  const [since, waitsFor, message] = [text('since'), text('waitsFor'), text('message')];
  return {
    name: requiredString(object, 'name'),
    state: requiredString(object, 'state'),
    restarts: optionalNumber(object, 'restarts') ?? 0,
    ...(since === undefined ? {} : { since }),
    ...(pid === undefined ? {} : { pid }),
    ...(waitsFor === undefined ? {} : { waitsFor }),
    ...(message === undefined ? {} : { message }),
  };
}

/** A JSON file that another process replaces on each change; undefined while it is not there. */
export async function readJsonFile(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    if (hasErrorCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}

/** The supervisor's status, kept in memory and written to its file after each change. */
export class StatusBoard {
  readonly #file: string;
  readonly #api: string;
  readonly #onWriteFailed: (error: unknown) => void;
  readonly #stages = new Map<string, StageStatus>();
  readonly #processes = new Map<ProcessName, ProcessStatus>();
  #writing: Promise<void> | null = null;
  #changed = false;

  constructor(file: string, api: string, onWriteFailed: (error: unknown) => void) {
    this.#file = file;
    this.#api = api;
    this.#onWriteFailed = onWriteFailed;
  }

  setStage(stage: StageStatus): void {
    this.#stages.set(stage.id, stage);
    this.#write();
  }

  endRunningStages(detail: string): void {
    for (const stage of this.#stages.values()) {
      if (stage.state !== 'running') continue;
      this.#stages.set(stage.id, { ...stage, state: 'failed', finishedAt: new Date().toISOString(), detail });
    }
    this.#write();
  }

  clearStages(): void {
    this.#stages.clear();
    this.#write();
  }

  setProcess(status: ProcessStatus): void {
    this.#processes.set(status.name, status);
    this.#write();
  }

  snapshot(): SupervisorStatus {
    return {
      pid: process.pid,
      api: this.#api,
      stages: [...this.#stages.values()],
      processes: [...this.#processes.values()],
    };
  }

  /** Resolves when the last change is on disk. */
  async settled(): Promise<void> {
    while (this.#writing !== null) await this.#writing;
  }

  #write(): void {
    this.#changed = true;
    this.#writing ??= this.#writeAll().finally(() => {
      this.#writing = null;
    });
  }

  async #writeAll(): Promise<void> {
    while (this.#changed) {
      this.#changed = false;
      try {
        await writeFileAtomically(this.#file, `${JSON.stringify(this.snapshot())}\n`, 0o644);
      } catch (error) {
        this.#onWriteFailed(error);
      }
    }
  }
}

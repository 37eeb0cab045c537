import { type EngineBinaries, parseEngineBinaries } from './engine.ts';
import { JsonFault, type JsonObject, jsonObject, requiredString } from './json-fields.ts';
import { parseSettings, type Settings } from './settings.ts';
import { parseStage, parseSupervisorStatus, type StageStatus, type SupervisorStatus } from './status.ts';

/** What can be asked of the supervisor, one JSON object a line. */
export type ControlRequest =
  | { op: 'status' }
  | { op: 'stage'; stage: StageStatus }
  | { op: 'clear-stages' }
  | ({ op: 'engine-ready' } & EngineBinaries)
  | { op: 'configure'; settings: Settings }
  | { op: 'restart-server' }
  /** The server stays down for as long as this connection lives; the answer says how to run it instead. */
  | { op: 'lend-server' }
  /** `keepApps`: apps go on serving, for a new supervisor to adopt. */
  | { op: 'stop'; keepApps: boolean };

/** The answer to a request: one line. A fault is a sentence for a person. */
export type ControlReply =
  | { ok: true; status: SupervisorStatus; environment?: Record<string, string> }
  | { ok: false; error: string };

/** A request from one line; throws a JsonFault that says what is wrong with it. */
export function parseRequest(line: string): ControlRequest {
  const object = jsonObject(parseJson(line), 'a request');
  const op = requiredString(object, 'op');
  switch (op) {
    case 'status':
    case 'clear-stages':
    case 'restart-server':
    case 'lend-server':
      return { op };
    case 'stage':
      return { op, stage: parseStage(object.stage) };
    case 'engine-ready':
      return { op, ...parseEngineBinaries(object) };
    case 'configure':
      return { op, settings: parseSettings(object.settings) };
    case 'stop':
      return { op, keepApps: object.keepApps === true };
    default:
      throw new JsonFault(`op "${op}" is not known`);
  }
}

/** A reply from one line; throws a JsonFault when the other side is of another make. */
export function parseReply(line: string): ControlReply {
  const object = jsonObject(parseJson(line), 'a reply');
  if (object.ok !== true) return { ok: false, error: requiredString(object, 'error') };
  const status = parseSupervisorStatus(object.status);
  if (object.environment === undefined) return { ok: true, status };
  return { ok: true, status, environment: parseTexts(jsonObject(object.environment, 'environment')) };
}

function parseTexts(object: JsonObject): Record<string, string> {
  return Object.fromEntries(Object.keys(object).map((name) => [name, requiredString(object, name)]));
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch (error) {
    throw new JsonFault('a line is not JSON', { cause: error });
  }
}

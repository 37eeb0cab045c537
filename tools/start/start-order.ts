import {
  type JsonObject,
  jsonObject,
  optionalNumber,
  optionalString,
  requiredNumber,
  requiredPort,
  requiredString,
} from '@brainpod/supervisor/json-fields';
import type { StartOptions } from './options.mjs';

/** What tools/start.mjs found out and did, before Node 24 took over. */
export type StartOrder = {
  options: Omit<StartOptions, 'help'>;
  cacheDir: string;
  root: string;
  /** When the command began, in ms since 1970. */
  startedAt: number;
  /** How long `npm ci` took, 0 when it was not needed. */
  npmSeconds: number;
  goVersion: string | null;
};

/** The order as it comes on the command line; throws a JsonFault that names a wrong field. */
export function parseStartOrder(text: string): StartOrder {
  const order = jsonObject(JSON.parse(text), 'the order');
  return {
    options: parseOptions(jsonObject(order.options, 'options')),
    cacheDir: requiredString(order, 'cacheDir'),
    root: requiredString(order, 'root'),
    startedAt: requiredNumber(order, 'startedAt'),
    npmSeconds: requiredNumber(order, 'npmSeconds'),
    goVersion: optionalString(order, 'go') ?? null,
  };
}

function parseOptions(object: JsonObject): StartOrder['options'] {
  return {
    app: optionalString(object, 'app') ?? null,
    image: optionalString(object, 'image') ?? null,
    port: optionalNumber(object, 'port') ?? null,
    kubeconfig: optionalString(object, 'kubeconfig') ?? null,
    gatewayClass: requiredString(object, 'gatewayClass'),
    domain: requiredString(object, 'domain'),
    listen: requiredString(object, 'listen'),
    httpPort: requiredPort(object, 'httpPort'),
    httpsPort: requiredPort(object, 'httpsPort'),
    platformOnly: object.platformOnly === true,
  };
}

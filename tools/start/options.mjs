// @ts-check
// Runs on Node 20 with nothing installed: no imports but Node's own.
import { isIPv4 } from 'node:net';
import path from 'node:path';

/**
 * What `npm start` was asked to do. Paths are absolute.
 * @typedef {object} StartOptions
 * @property {string | null} app a folder of the person's own to build and run, null for the example
 * @property {string | null} image an image to run in place of building one
 * @property {number | null} port the port that the image listens on
 * @property {string | null} kubeconfig an existing cluster in place of the engine
 * @property {string} gatewayClass
 * @property {string} domain
 * @property {string} listen the IPv4 address for the API and the registry
 * @property {number} httpPort
 * @property {number} httpsPort
 * @property {boolean} platformOnly start the platform, run no app
 * @property {boolean} help
 */

/**
 * @typedef {object} Flag
 * @property {string} name
 * @property {string | null} value what follows it, null when it stands alone
 * @property {string} text
 */

/** @type {readonly Flag[]} */
const FLAGS = [
  { name: 'app', value: 'DIR', text: 'build and run this folder instead of examples/hello-node' },
  { name: 'image', value: 'REF', text: 'run this container image instead of building one' },
  { name: 'port', value: 'N', text: 'the port that the image of --image listens on (default: 8080)' },
  {
    name: 'kubeconfig',
    value: 'FILE',
    text: 'use this existing cluster; no engine is built, no root is needed',
  },
  {
    name: 'gateway-class',
    value: 'NAME',
    text: 'the GatewayClass that serves the routes (default: brainpod)',
  },
  { name: 'domain', value: 'NAME', text: 'the domain under which apps appear (default: brainpod.localhost)' },
  {
    name: 'listen',
    value: 'IP',
    text: 'the address for API and registry (default: 127.0.0.1); a cluster elsewhere must reach it',
  },
  { name: 'http-port', value: 'N', text: 'the port for http (default: 80)' },
  { name: 'https-port', value: 'N', text: 'the port for https (default: 443)' },
  { name: 'platform-only', value: null, text: 'start the platform and run no app' },
  { name: 'help', value: null, text: 'show this' },
];

/**
 * Reads the command line. All faults are told at once.
 * @param {readonly string[]} args
 * @param {string} cwd where relative paths begin
 * @returns {{ ok: true, options: StartOptions } | { ok: false, faults: string[] }}
 */
export function parseStartOptions(args, cwd) {
  const { values, faults } = collectFlags(args);
  const absolute = (/** @type {string} */ name) => {
    const value = values.get(name);
    return value === undefined ? null : path.resolve(cwd, value);
  };
  const options = {
    app: absolute('app'),
    image: values.get('image') ?? null,
    port: values.has('port') ? port(values, 'port', 8080, faults) : null,
    kubeconfig: absolute('kubeconfig'),
    gatewayClass: values.get('gateway-class') ?? 'brainpod',
    domain: values.get('domain') ?? 'brainpod.localhost',
    listen: values.get('listen') ?? '127.0.0.1',
    httpPort: port(values, 'http-port', 80, faults),
    httpsPort: port(values, 'https-port', 443, faults),
    platformOnly: values.has('platform-only'),
    help: values.has('help'),
  };
  faults.push(...contradictions(options));
  return faults.length > 0 ? { ok: false, faults } : { ok: true, options };
}

/**
 * @param {readonly string[]} args
 * @returns {{ values: Map<string, string>, faults: string[] }}
 */
function collectFlags(args) {
  /** @type {Map<string, string>} */
  const values = new Map();
  /** @type {string[]} */
  const faults = [];
  const rest = [...args];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    const match = /^--([^=]+)(?:=(.*))?$/.exec(word === '-h' ? '--help' : word);
    if (match === null) {
      faults.push(`"${word}" is not understood: everything npm start takes begins with --`);
      continue;
    }
    const [, name = '', inline] = match;
    const flag = FLAGS.find((candidate) => candidate.name === name);
    if (flag === undefined) {
      faults.push(`--${name} is not known${suggestion(name)}`);
      // What follows is most likely its value and not worth a second complaint.
      if (inline === undefined && rest[0] !== undefined && !rest[0].startsWith('-')) rest.shift();
    } else if (values.has(name)) {
      faults.push(`--${name} is given twice`);
    } else if (flag.value === null) {
      if (inline !== undefined) faults.push(`--${name} takes no value`);
      values.set(name, '');
    } else {
      const value = inline ?? (rest[0]?.startsWith('--') ? undefined : rest.shift());
      if (value === undefined || value === '')
        faults.push(`--${name} needs a value: --${name} ${flag.value}`);
      else values.set(name, value);
    }
  }
  return { values, faults };
}

/**
 * @param {Map<string, string>} values
 * @param {string} name
 * @param {number} fallback
 * @param {string[]} faults
 */
function port(values, name, fallback, faults) {
  const text = values.get(name);
  if (text === undefined) return fallback;
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= 1 && value <= 65_535) return value;
  faults.push(`--${name} must be a port from 1 to 65535, and is "${text}"`);
  return fallback;
}

/**
 * @param {StartOptions} options
 * @returns {string[]}
 */
function contradictions(options) {
  const faults = [];
  if (options.app !== null && options.image !== null)
    faults.push('--app and --image exclude each other: build a folder or run an image');
  if (options.platformOnly && (options.app !== null || options.image !== null)) {
    faults.push('--platform-only runs no app, so --app and --image have no place beside it');
  }
  if (options.port !== null && options.image === null) {
    faults.push('--port goes with --image; a folder says its port by EXPOSE in the Dockerfile');
  }
  if (options.httpPort === options.httpsPort) faults.push('--http-port and --https-port must differ');
  if (!isIPv4(options.listen)) faults.push(`--listen must be an IPv4 address, and is "${options.listen}"`);
  const label = '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?';
  if (!new RegExp(`^${label}(?:\\.${label})+$`).test(options.domain)) {
    faults.push(`--domain must be a lowercase domain name of two or more labels, and is "${options.domain}"`);
  }
  return faults;
}

/** @param {string} name */
function suggestion(name) {
  const ranked = FLAGS.map((flag) => ({ name: flag.name, distance: editDistance(name, flag.name) }));
  ranked.sort((left, right) => left.distance - right.distance);
  const [best] = ranked;
  const near = best !== undefined && best.distance <= Math.max(2, Math.floor(name.length / 3));
  return near ? `; did you mean --${best.name}?` : '; npm start -- --help lists what there is';
}

/**
 * How many letters must be added, removed or replaced to turn one word into the other.
 * @param {string} from
 * @param {string} to
 */
export function editDistance(from, to) {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let i = 1; i <= from.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= to.length; j += 1) {
      const replaced = (row[j - 1] ?? 0) + (from[i - 1] === to[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}

export function usage() {
  const lines = FLAGS.map(
    (flag) => `  --${`${flag.name}${flag.value === null ? '' : ` ${flag.value}`}`.padEnd(20)} ${flag.text}`,
  );
  return ['npm start -- [flags]', '', ...lines].join('\n');
}

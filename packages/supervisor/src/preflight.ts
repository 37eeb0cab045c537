/** One look at the machine. A warning is a fault that is not in the way. */
export type Check = {
  id: string;
  title: string;
  ok: boolean;
  warning: boolean;
  found: string;
  remedy?: string;
};

/** What was found on the machine. Sizes are bytes; a port is taken when somebody else listens on it. */
export type MachineFacts = {
  platform: string;
  kernel: string;
  isRoot: boolean;
  memoryTotalBytes: number;
  diskFreeBytes: number;
  dataDir: string;
  cgroup: 'v1' | 'v2' | null;
  filesystems: readonly string[];
  missingPrograms: readonly { program: string; debianPackage: string }[];
  takenPorts: readonly { port: number; purpose: string }[];
  go: string | null;
};

const GIBIBYTE = 1024 ** 3;
const LEAST_MEMORY = 2.5 * GIBIBYTE;
/** The engine's modules, Go's cache and the programs while they are built, then images and data. */
const LEAST_DISK = 12 * GIBIBYTE;
const LEAST_KERNEL: readonly [number, number] = [5, 13];

/**
 * What can be said of a machine before the engine is built, which looks more closely itself. Everything at once,
 * each with what to do.
 */
export function preflightChecks(facts: MachineFacts): Check[] {
  return [
    platformCheck(facts),
    rootCheck(facts),
    kernelCheck(facts),
    cgroupCheck(facts),
    memoryCheck(facts),
    diskCheck(facts),
    programsCheck(facts),
    portsCheck(facts),
    goCheck(facts),
  ];
}

function check(id: string, title: string, ok: boolean, found: string, remedy: string): Check {
  return ok ? { id, title, ok, warning: false, found } : { id, title, ok, warning: false, found, remedy };
}

function platformCheck({ platform }: MachineFacts): Check {
  const remedy =
    'The engine runs on Linux on x86-64. Elsewhere use an existing cluster: npm start -- --kubeconfig FILE';
  return check('platform', 'Kind of machine', platform === 'linux-x64', platform, remedy);
}

function rootCheck({ isRoot }: MachineFacts): Check {
  const remedy =
    'Containers, bridges and mounts need root: use sudo. Without root: npm start -- --kubeconfig FILE';
  return check('root', 'Root', isRoot, isRoot ? 'running as root' : 'not running as root', remedy);
}

function kernelCheck({ kernel, filesystems }: MachineFacts): Check {
  const [major = 0, minor = 0] = kernel.split('.').map((part) => Number.parseInt(part, 10) || 0);
  const isNew = major > LEAST_KERNEL[0] || (major === LEAST_KERNEL[0] && minor >= LEAST_KERNEL[1]);
  const hasOverlay = filesystems.includes('overlay');
  const found = hasOverlay ? kernel : `${kernel}, without the file system overlay`;
  const remedy = isNew
    ? 'Load the file system that containers lie on: modprobe overlay'
    : `Linux ${LEAST_KERNEL.join('.')} or newer is needed; Debian 12 has 6.1.`;
  return check('kernel', 'Linux kernel', isNew && hasOverlay, found, remedy);
}

function cgroupCheck({ cgroup }: MachineFacts): Check {
  const found = cgroup === null ? 'none are mounted' : `cgroup ${cgroup}`;
  return check(
    'cgroups',
    'Control groups',
    cgroup !== null,
    found,
    'Mount them: mount -t cgroup2 none /sys/fs/cgroup',
  );
}

function memoryCheck({ memoryTotalBytes }: MachineFacts): Check {
  const remedy = `At least ${size(LEAST_MEMORY)} are needed.`;
  return check('memory', 'Memory', memoryTotalBytes >= LEAST_MEMORY, size(memoryTotalBytes), remedy);
}

function diskCheck({ diskFreeBytes, dataDir }: MachineFacts): Check {
  const remedy = `At least ${size(LEAST_DISK)} must be free to build and run the engine. Set BRAINPOD_DATA_DIR to a larger disk, or make room.`;
  return check(
    'disk',
    'Disk',
    diskFreeBytes >= LEAST_DISK,
    `${size(diskFreeBytes)} free at ${dataDir}`,
    remedy,
  );
}

function programsCheck({ missingPrograms }: MachineFacts): Check {
  const names = missingPrograms.map(({ program }) => program).join(', ');
  const packages = [...new Set(missingPrograms.map(({ debianPackage }) => debianPackage))].join(' ');
  const found = missingPrograms.length === 0 ? 'all there' : `missing: ${names}`;
  const remedy = `npm start installs them; by hand: apt-get install -y ${packages}`;
  return {
    ...check('programs', 'Programs', missingPrograms.length === 0, found, remedy),
    warning: missingPrograms.length > 0,
  };
}

function portsCheck({ takenPorts }: MachineFacts): Check {
  const taken = takenPorts.map(({ port, purpose }) => `${port} (${purpose})`).join(', ');
  const found = takenPorts.length === 0 ? 'all free' : `taken by another program: ${taken}`;
  const [first] = takenPorts;
  const remedy = `See what it is: ss -ltnp 'sport = :${first?.port ?? 0}'. End it; for http and https other ports can be had: npm start -- --http-port 8080 --https-port 8443`;
  return check('ports', 'Ports', takenPorts.length === 0, found, remedy);
}

function goCheck({ go }: MachineFacts): Check {
  const remedy = 'The engine is built with Go once. npm start names the command that installs it.';
  return check('go', 'Go', go !== null, go ?? 'not installed', remedy);
}

function size(bytes: number): string {
  return `${(bytes / GIBIBYTE).toFixed(1)} GiB`;
}

/**
 * A Node program that tries, from where it runs, what would reach the node or another tenant, and tells of each what
 * came of it: `no`, or what it got. It tries with `node …/main.cjs once` and prints, or on request at /attempts. On
 * request it also becomes a hog, which the names of the paths tell. NODE_PATHS names files of the node, one a line.
 */
export const TENANCY_PROBE = String.raw`
  const dgram = require('node:dgram');
  const fs = require('node:fs');
  const http = require('node:http');
  const net = require('node:net');
  const { spawn, spawnSync } = require('node:child_process');

  const refused = (attempt) => { try { return attempt() ?? 'no'; } catch (error) { return error.code ? 'no' : String(error); } };
  const shell = (command) => (spawnSync('/bin/sh', ['-c', command], { timeout: 5000 }).status === 0 ? 'did ' + command : 'no');
  const first = (attempts) => attempts.find((outcome) => outcome !== 'no') ?? 'no';
  const writing = (path, text) => refused(() => { fs.writeFileSync(path, text); return 'wrote ' + path; });
  const reading = (path) => refused(() => (fs.readFileSync(path).length > 0 ? 'read ' + path : 'no'));
  const opening = (path) => refused(() => { fs.closeSync(fs.openSync(path, 'r')); return 'opened ' + path; });
  const programs = () => fs.readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map((id) => {
    try { return fs.readFileSync('/proc/' + id + '/cmdline', 'utf8').split('\0').join(' '); } catch { return ''; }
  });
  const status = (name) => new RegExp('^' + name + ':\\s*(\\S+)', 'm').exec(fs.readFileSync('/proc/self/status', 'utf8'))?.[1];
  const nodePaths = (process.env.NODE_PATHS ?? '').split('\n').filter(Boolean);
  const connecting = (path) => new Promise((resolve) => {
    const socket = net.connect(path, () => { socket.destroy(); resolve('connected to ' + path); });
    socket.on('error', () => resolve('no'));
  });

  const ATTEMPTS = {
    'the files of the node': () => first([...nodePaths, '/host', '/rootfs', '/etc/kubernetes'].map((path) => (fs.existsSync(path) ? 'found ' + path : 'no'))),
    'the processes of the node': () => programs().find((line) => /containerd|kubelet|kube-|etcd|engine run|postgres/.test(line)) ?? 'no',
    'the sockets of the node': async () => first(await Promise.all([...nodePaths, '/run/containerd/containerd.sock', '/var/run/docker.sock'].map(connecting))),
    'the memory of the node': () => first(['/dev/mem', '/dev/kmem', '/dev/port', '/proc/kcore', '/proc/kmsg'].map(reading)),
    'the disks of the node': () => first([shell('mknod /tmp/disk b 254 0'), ...fs.readdirSync('/dev').filter((name) => /^(sd|vd|nvme|loop|dm-|kvm|fuse)/.test(name)).map((name) => 'found /dev/' + name)]),
    'the kernel’s settings': () => first([
      ['/proc/sys/kernel/core_pattern', '|/tmp/x'], ['/proc/sys/kernel/hostname', 'mine'], ['/proc/sys/vm/overcommit_memory', '0'],
      ['/proc/sys/net/ipv4/ip_forward', '1'], ['/proc/sysrq-trigger', 'h'], ['/sys/kernel/mm/transparent_hugepage/enabled', 'never'],
    ].map(([path, text]) => writing(path, text))),
    'the kernel’s log': () => shell('dmesg'),
    'a mount': () => first([shell('mount -t tmpfs none /mnt'), shell('mount --bind /etc /mnt'), shell('mount -t proc none /mnt')]),
    'a namespace of its own': () => first(['--user', '--mount', '--net', '--pid --fork', '--uts'].map((kind) => shell('unshare ' + kind + ' true'))),
    'another namespace': () => shell('nsenter --target 1 --mount --net true'),
    'a raw socket': () => shell("perl -e 'socket(S, 2, 3, 1) or exit 1'"),
    'its own bounds': () => shell('for f in $(find /sys/fs/cgroup -name memory.limit_in_bytes -o -name memory.max -o -name pids.max -o -name cpu.cfs_quota_us -o -name cpu.max); do echo 999999999999 > "$f" && exit 0; done; exit 1'),
    'more rights than it began with': () => (status('NoNewPrivs') === '1' ? 'no' : 'may gain rights'),
    'system calls without a filter': () => (status('Seccomp') === '2' ? 'no' : 'has no filter'),
    'capabilities': () => {
      // Of the container that prepares disks: CHOWN, DAC_OVERRIDE, FOWNER.
      const most = process.getuid() === 0 ? 0xbn : 0n;
      const held = ['CapEff', 'CapPrm', 'CapBnd', 'CapAmb', 'CapInh'].map((name) => BigInt('0x' + status(name)));
      return held.some((set) => (set & ~most) !== 0n) ? 'holds ' + held.join(' ') : 'no';
    },
    'a token of the cluster': () => (fs.existsSync('/var/run/secrets/kubernetes.io') ? 'found one' : 'no'),
    'the registry’s password': () => first([...fs.readdirSync('/'), '/root/.docker', '/var/lib/kubelet'].map((name) => (/docker(cfg|config)|kubelet/.test(name) && fs.existsSync(name) ? 'found ' + name : 'no'))),
  };
  const tryAll = async () => {
    const told = {};
    for (const [name, attempt] of Object.entries(ATTEMPTS)) told[name] = await attempt();
    return told;
  };

  const HOG_MS = 10_000;
  const running = (command, count) => new Promise((resolve) => {
    const children = Array.from({ length: count }, () => spawn('/bin/sh', ['-c', command], { stdio: 'ignore' }));
    setTimeout(() => { for (const child of children) child.kill('SIGKILL'); resolve(count + ' busy processes'); }, HOG_MS);
  });
  // What its container had of the processors since it began.
  const usedSeconds = async () => {
    const v1 = '/sys/fs/cgroup/cpuacct/cpuacct.usage';
    if (fs.existsSync(v1)) return String(Number(fs.readFileSync(v1, 'utf8')) / 1e9);
    return String(Number(/usage_usec (\d+)/.exec(fs.readFileSync('/sys/fs/cgroup/cpu.stat', 'utf8'))[1]) / 1e6);
  };
  const writingLog = async () => {
    const until = Date.now() + HOG_MS;
    const lines = 'x'.repeat(1000) + '\n';
    let bytes = 0;
    while (Date.now() < until) {
      bytes += 100 * lines.length;
      if (!process.stdout.write(lines.repeat(100))) await new Promise((resolve) => process.stdout.once('drain', resolve));
      await new Promise(setImmediate);
    }
    return Math.round(bytes / 2 ** 20) + ' MiB written';
  };

  const HOGS = {
    // Each of them waits for a writer that never comes.
    '/fork': () => new Promise((resolve) => {
      const child = spawn('/bin/sh', ['-c', 'mkfifo /tmp/never; n=0; while [ $n -lt 6000 ]; do ( read x < /tmp/never ) > /dev/null & n=$((n+1)); echo $n; done'], { detached: true, stdio: ['ignore', 'pipe', 'ignore'] });
      let text = '';
      child.stdout.on('data', (chunk) => { text += chunk; });
      child.on('exit', () => {
        fs.rmSync('/tmp/never', { force: true });
        resolve(text.trim().split('\n').pop());
        setImmediate(() => { try { process.kill(-child.pid, 'SIGKILL'); } catch {} });
      });
    }),
    '/memory': () => new Promise(() => { const kept = []; setInterval(() => kept.push(Buffer.alloc(16 << 20, 1)), 5); }),
    '/disk': async () => shell('fallocate -l 2300MiB /tmp/hog'),
    '/cpu': () => running('while :; do :; done', 8),
    '/used': () => usedSeconds(),
    '/log': () => writingLog(),
    '/inodes': async () => {
      const until = Date.now() + HOG_MS;
      let made = 0;
      fs.mkdirSync('/tmp/inodes', { recursive: true });
      for (; Date.now() < until; made++) {
        fs.writeFileSync('/tmp/inodes/' + made, '');
        if (made % 100 === 0) await new Promise(setImmediate);
      }
      await fs.promises.rm('/tmp/inodes', { recursive: true });
      return made + ' files';
    },
    // Each question comes from a port of its own, so that the node's kernel keeps an entry for it.
    '/connections': async () => {
      const nameServer = /^nameserver (\S+)/m.exec(fs.readFileSync('/etc/resolv.conf', 'utf8'))[1];
      const ask = (port) => new Promise((resolve) => {
        const socket = dgram.createSocket('udp4');
        const end = () => { socket.removeAllListeners(); socket.on('error', () => {}); socket.close(); resolve(); };
        socket.on('error', end);
        socket.bind(port, () => socket.send('x', 53, nameServer, end));
      });
      const isRefused = () => new Promise((resolve) => {
        const socket = net.connect({ host: nameServer, port: 53 }, () => { socket.resetAndDestroy(); resolve(false); });
        socket.on('error', () => resolve(true));
      });
      const until = Date.now() + HOG_MS;
      let port = 1025;
      for (; port < 65000 && Date.now() < until; port += 500) {
        await Promise.all(Array.from({ length: 500 }, (_, index) => ask(port + index)));
        if (await isRefused()) return 'refused';
      }
      return 'never refused';
    },
    '/traffic': async () => {
      const until = Date.now() + HOG_MS;
      let bytes = 0;
      const read = () => new Promise((resolve) => http.get({ host: process.env.HOSTNAME, port: 8080, path: '/megabytes' }, (answer) => {
        answer.on('data', (chunk) => { bytes += chunk.length; });
        answer.on('close', resolve);
      }).on('error', resolve));
      await Promise.all([1, 2, 3, 4].map(async () => { while (Date.now() < until) await read(); }));
      return Math.round(bytes / 2 ** 20) + ' MiB';
    },
    '/megabytes': async () => Buffer.alloc(8 << 20),
    // What a neighbour has to do with the processor, to see whether it still gets its share.
    '/work': async () => {
      const began = performance.now();
      let sum = 0;
      for (let i = 0; i < 5e7; i++) sum += i % 7;
      return String(sum > 0 ? performance.now() - began : 0);
    },
  };

  if (process.argv[2] === 'once') tryAll().then((told) => console.log(JSON.stringify(told)));
  else {
    http.createServer(async (request, response) => {
      const { pathname } = new URL(request.url, 'http://any');
      if (pathname === '/attempts') response.end(JSON.stringify(await tryAll()));
      else response.end(await (HOGS[pathname] ?? (async () => 'ready'))());
    }).listen(8080, () => console.log('listening on 8080'));
    process.on('SIGTERM', () => process.exit(0));
  }
`;

/** What it tries, by the names that it tells of. */
export const ATTEMPTS = [
  'the files of the node',
  'the processes of the node',
  'the sockets of the node',
  'the memory of the node',
  'the disks of the node',
  'the kernel’s settings',
  'the kernel’s log',
  'a mount',
  'a namespace of its own',
  'another namespace',
  'a raw socket',
  'its own bounds',
  'more rights than it began with',
  'system calls without a filter',
  'capabilities',
  'a token of the cluster',
  'the registry’s password',
];

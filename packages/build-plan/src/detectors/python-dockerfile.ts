import { execForm, PORT } from '../build-plan.ts';
import type { PythonApp } from './python-apps.ts';
import type { PythonInstaller } from './python-packages.ts';
import type { UvMember } from './python-workspace.ts';

export type PythonParts = {
  app: PythonApp;
  installer: PythonInstaller | null;
  isPackage: boolean;
  /** Null where it is installed alone. */
  member: UvMember | null;
};

/** The Dockerfile of a server of Python. */
export function pythonDockerfile(image: string, parts: PythonParts): string {
  const { app, installer, member } = parts;
  const below = member?.folder ?? null;
  const hasPackages = installer !== null || app.added !== null;
  const variables = {
    // What it prints is seen at once, also when it ends by a fault.
    PYTHONUNBUFFERED: '1',
    PORT: String(PORT),
    // Gunicorn and Uvicorn believe then what a proxy says of the visitor; nothing but the platform's edge reaches the app.
    FORWARDED_ALLOW_IPS: '*',
    ...(hasPackages ? { PATH: '/opt/venv/bin:$PATH' } : {}),
  };
  const written = Object.entries(variables).map(([name, value]) => `${name}="${value}"`);
  return `${hasPackages ? `${packagesStage(image, parts)}\n` : ''}${
    app.build === null ? '' : `${buildStage(hasPackages ? 'packages' : image, app.build, below)}\n`
  }# What runs. Proxy headers are believed, since nothing but the platform's edge reaches it.
FROM ${image}
WORKDIR /app
ENV ${written.join(' \\\n    ')}
${hasPackages ? 'COPY --from=packages /opt/venv /opt/venv\n' : ''}${app.build === null ? `COPY ${below ?? '.'} .` : `COPY --from=build ${folderOf(below)} ./`}
# A number, not a name: so the platform can see that it is not root.
USER 1000
EXPOSE ${PORT}
CMD ${execForm(app.start)}
`;
}

function folderOf(below: string | null): string {
  return below === null ? '/app' : `/app/${below}`;
}

function packagesStage(image: string, { app, installer, isPackage, member }: PythonParts): string {
  const lines = ['# Installed apart, so that a changed source line installs nothing anew.'];
  lines.push(`FROM ${image} AS packages`);
  const pipCache = '--mount=type=cache,target=/root/.cache/pip';
  if (installer !== null && installer.setUp !== null) lines.push(`RUN ${pipCache} ${installer.setUp}`);
  lines.push('WORKDIR /app');
  if (installer?.makesVenv !== true) lines.push('RUN python -m venv /opt/venv');
  const environment = { ...installer?.environment, PATH: '/opt/venv/bin:$PATH' };
  const written = Object.entries(environment).map(([name, value]) => `${name}="${value}"`);
  lines.push(`ENV ${written.join(' \\\n    ')}`);
  for (const { from, to } of installer?.files ?? []) lines.push(`COPY ${from.join(' ')} ${to}`);
  const cached = installer === null ? pipCache : `--mount=type=cache,target=${installer.cache}`;
  if (installer !== null && installer.install !== null) lines.push(`RUN ${cached} ${installer.install}`);
  const add = installer?.add ?? 'pip install';
  if (app.added !== null) lines.push(`RUN ${cached} ${add} ${app.added}`);
  // What a package of a workspace uses of the others is installed with it.
  const needsProject = member !== null || (isPackage && app.needsInstalled);
  if (installer !== null && (installer.install === null || needsProject)) {
    lines.push('COPY . .', `RUN ${cached} ${installer.installProject}`);
  }
  return `${lines.join('\n')}\n`;
}

function buildStage(from: string, build: string, below: string | null): string {
  const place = below === null ? '' : `WORKDIR ${folderOf(below)}\n`;
  return `# What the build leaves beside the source.
FROM ${from} AS build
${from === 'packages' ? '' : 'WORKDIR /app\n'}COPY . .
${place}RUN ${build}
`;
}

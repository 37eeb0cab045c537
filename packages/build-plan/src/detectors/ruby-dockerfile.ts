import { execForm, PORT } from '../build-plan.ts';
import { COPY_NODE } from './node-beside.ts';

export type RubyParts = {
  image: string;
  /** `files`: what of the project says which gems it uses. `lock`: the project's own, one that installing makes, or none at all. */
  gems: { files: readonly string[]; install: string; lock: 'kept' | 'made' | 'none' };
  /** Of Debian: to compile gems, and to run them. */
  libraries: { build: readonly string[]; run: readonly string[] };
  /** What makes pages' scripts and styles; null for none. */
  assets: { command: string; hasNode: boolean } | null;
  writes: readonly string[];
  environment: Readonly<Record<string, string>>;
  command: readonly string[];
};

/** The Dockerfile of a server of Ruby. */
export function rubyDockerfile(parts: RubyParts): string {
  const { image, gems, libraries, assets, writes, environment, command } = parts;
  const variables = {
    ...environment,
    ...bundlerVariables(gems.lock),
    PORT: String(PORT),
  };
  const written = Object.entries(variables).map(([name, value]) => `${name}=${value}`);
  const lines = [
    'COPY --from=packages /usr/local/bundle /usr/local/bundle',
    assets === null ? 'COPY . .' : 'COPY --from=build /app ./',
    ...(gems.lock === 'made' && assets === null ? ['COPY --from=packages /app/Gemfile.lock ./'] : []),
    ...(writes.length === 0
      ? []
      : [
          '# It writes there while it runs. What must outlast an instance belongs on a disk.',
          `RUN mkdir -p ${writes.join(' ')} && chown -R 1000:1000 ${writes.join(' ')}`,
        ]),
  ];
  return `${packagesStage(image, gems, libraries.build)}
${assets === null ? '' : `${assetsStage(assets, environment)}\n`}# What runs.
FROM ${image}
${libraries.run.length === 0 ? '' : `RUN ${aptInstall(libraries.run)}\n`}WORKDIR /app
ENV ${written.join(' \\\n    ')}
${lines.join('\n')}
# A number, not a name: so the platform can see that it is not root.
USER 1000
EXPOSE ${PORT}
CMD ${execForm(command)}
`;
}

function bundlerVariables(lock: RubyParts['gems']['lock']): Record<string, string> {
  if (lock === 'none') return {};
  return {
    BUNDLE_PATH: '/usr/local/bundle',
    BUNDLE_WITHOUT: 'development:test',
    ...(lock === 'kept' ? { BUNDLE_DEPLOYMENT: '1' } : {}),
  };
}

function packagesStage(image: string, gems: RubyParts['gems'], libraries: readonly string[]): string {
  const variables = Object.entries(bundlerVariables(gems.lock)).map(([name, value]) => `${name}=${value}`);
  return `# Compilers stay in this stage, and a changed source line installs nothing anew.
FROM ${image} AS packages
${libraries.length === 0 ? '' : `RUN ${aptInstall(libraries)}\n`}WORKDIR /app
${variables.length === 0 ? '' : `ENV ${variables.join(' \\\n    ')}\n`}COPY ${gems.files.join(' ')} ./
RUN mkdir -p /usr/local/bundle && ${gems.install}
`;
}

function assetsStage(
  { command, hasNode }: NonNullable<RubyParts['assets']>,
  environment: Readonly<Record<string, string>>,
): string {
  const variables = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
  return `# What visitors' browsers get.
FROM packages AS build
${hasNode ? COPY_NODE : ''}WORKDIR /app
${variables.length === 0 ? '' : `ENV ${variables.join(' ')}\n`}COPY . .
RUN ${command}
`;
}

function aptInstall(names: readonly string[]): string {
  return `apt-get update && apt-get install -y --no-install-recommends ${names.join(' ')} && rm -rf /var/lib/apt/lists/*`;
}

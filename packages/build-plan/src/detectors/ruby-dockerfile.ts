import { execForm, PORT } from '../build-plan.ts';

export type RubyParts = {
  image: string;
  /** What of the project says which gems it uses; null where it uses none. */
  gems: { files: readonly string[]; install: string; isPinned: boolean } | null;
  /** Of Debian: to compile gems, and to run them. */
  libraries: { build: readonly string[]; run: readonly string[] };
  /** What makes pages' scripts and styles; null for none. */
  assets: { command: string; node: string | null } | null;
  writes: readonly string[];
  environment: Readonly<Record<string, string>>;
  command: readonly string[];
};

/** The Dockerfile of a server of Ruby. */
export function rubyDockerfile(parts: RubyParts): string {
  const { image, gems, libraries, assets, writes, environment, command } = parts;
  const variables = {
    ...environment,
    ...(gems === null ? {} : bundlerVariables(gems.isPinned)),
    PORT: String(PORT),
  };
  const written = Object.entries(variables).map(([name, value]) => `${name}=${value}`);
  const lines = [
    ...(gems === null ? [] : ['COPY --from=packages /usr/local/bundle /usr/local/bundle']),
    assets === null ? 'COPY . .' : 'COPY --from=build /app ./',
    ...(gems === null || gems.isPinned || assets !== null
      ? []
      : ['COPY --from=packages /app/Gemfile.lock ./']),
    ...(writes.length === 0
      ? []
      : [
          '# It writes there while it runs. What must outlast an instance belongs on a disk.',
          `RUN mkdir -p ${writes.join(' ')} && chown -R 1000:1000 ${writes.join(' ')}`,
        ]),
  ];
  return `${gems === null ? '' : `${packagesStage(image, gems, libraries.build)}\n`}${
    assets === null ? '' : `${assetsStage(image, gems !== null, assets, environment)}\n`
  }# What runs.
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

function bundlerVariables(isPinned: boolean): Record<string, string> {
  return {
    BUNDLE_PATH: '/usr/local/bundle',
    BUNDLE_WITHOUT: 'development:test',
    ...(isPinned ? { BUNDLE_DEPLOYMENT: '1' } : {}),
  };
}

function packagesStage(
  image: string,
  gems: NonNullable<RubyParts['gems']>,
  libraries: readonly string[],
): string {
  const variables = Object.entries(bundlerVariables(gems.isPinned)).map(
    ([name, value]) => `${name}=${value}`,
  );
  return `# Compilers stay in this stage, and a changed source line installs nothing anew.
FROM ${image} AS packages
${libraries.length === 0 ? '' : `RUN ${aptInstall(libraries)}\n`}WORKDIR /app
ENV ${variables.join(' \\\n    ')}
COPY ${gems.files.join(' ')} ./
RUN mkdir -p /usr/local/bundle && ${gems.install}
`;
}

function assetsStage(
  image: string,
  hasGems: boolean,
  { command, node }: NonNullable<RubyParts['assets']>,
  environment: Readonly<Record<string, string>>,
): string {
  const variables = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
  const nodeLines =
    node === null
      ? ''
      : `COPY --from=${node} /usr/local/bin/node /usr/local/bin/node
COPY --from=${node} /usr/local/lib/node_modules /usr/local/lib/node_modules
RUN ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm && ln -s ../lib/node_modules/npm/bin/npx-cli.js /usr/local/bin/npx
`;
  return `# What visitors' browsers get.
FROM ${hasGems ? 'packages' : image} AS build
${nodeLines}WORKDIR /app
${variables.length === 0 ? '' : `ENV ${variables.join(' ')}\n`}COPY . .
RUN ${command}
`;
}

function aptInstall(names: readonly string[]): string {
  return `apt-get update && apt-get install -y --no-install-recommends ${names.join(' ')} && rm -rf /var/lib/apt/lists/*`;
}

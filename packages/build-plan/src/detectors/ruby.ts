import {
  ask,
  type BuildPlan,
  type Decision,
  dockerignoreWith,
  execForm,
  type FileTree,
  hasFile,
  type Overrides,
  PORT,
  type Question,
} from '../build-plan.ts';
import { webOfProcfile, wordsOf } from '../procfile.ts';
import { installsBeside, NODE_BESIDE } from './node-beside.ts';
import { type RubyParts, rubyDockerfile } from './ruby-dockerfile.ts';
import { chooseRuby } from './ruby-version.ts';

type Chosen = { decisions: Decision[]; questions: Question[] };
type Framework = 'Rails' | 'Hanami' | 'Sinatra' | 'Roda' | null;

const GEMFILE = 'Gemfile';
const LOCK = 'Gemfile.lock';
const RACK_FILE = 'config.ru';
const SCRIPTS = ['app.rb', 'main.rb', 'server.rb'];
/** What compiles the gems that bring source of C. */
const COMPILERS = ['build-essential', 'git', 'libyaml-dev', 'pkg-config'];

/** What gems need of Debian's trixie: to be compiled, and to run. */
const LIBRARIES: Readonly<Record<string, readonly [build: string, run: string]>> = {
  mysql2: ['default-libmysqlclient-dev', 'libmariadb3'],
  pg: ['libpq-dev', 'libpq5'],
  rmagick: ['libmagickwand-dev', 'libmagickwand-7.q16-10'],
  'ruby-vips': ['libvips-dev', 'libvips42t64'],
  trilogy: ['libssl-dev', 'libssl3t64'],
};

/** Those that speak with a server. */
const DATABASES = ['pg', 'mysql2', 'trilogy'];

const FRAMEWORKS: readonly (readonly [gem: string, name: Framework])[] = [
  ['rails', 'Rails'],
  ['railties', 'Rails'],
  ['hanami', 'Hanami'],
  ['sinatra', 'Sinatra'],
  ['roda', 'Roda'],
];

const ENVIRONMENT: Record<Exclude<Framework, null>, Record<string, string>> = {
  Rails: { RAILS_ENV: 'production', RAILS_LOG_TO_STDOUT: '1', RAILS_SERVE_STATIC_FILES: '1' },
  Hanami: { HANAMI_ENV: 'production', HANAMI_SERVE_ASSETS: 'true' },
  Sinatra: { APP_ENV: 'production', RACK_ENV: 'production' },
  Roda: { RACK_ENV: 'production' },
};

/** A server of Ruby, with what Bundler installs. */
export function detectRuby(tree: FileTree, overrides: Overrides): BuildPlan | null {
  const gemfile = tree.readText(GEMFILE);
  if (gemfile === null && !hasFile(tree, RACK_FILE)) return null;
  const decisions: Decision[] = [];
  const questions: Question[] = [];
  const chosen = { decisions, questions };
  const gems = gemsOf(gemfile ?? '', tree.readText(LOCK));
  const framework = FRAMEWORKS.find(([gem]) => gems.has(gem))?.[1] ?? null;
  const version = chooseRuby(tree, overrides, chosen);
  const installed =
    gemfile === null ? chooseGemsByHand(overrides, chosen) : chooseGems(tree, gems, overrides, chosen);
  const command =
    installed === null
      ? null
      : chooseCommand(tree, { gems, framework, hasBundler: gemfile !== null, overrides }, chosen);
  const assets = chooseAssets(tree, { gems, framework, overrides }, chosen);
  if (questions.length > 0 || version === null || installed === null || command === null) {
    return ask(...questions);
  }
  const writes = framework === 'Rails' ? ['tmp', 'log', 'storage'] : [];
  explain(framework, gems, writes, decisions);
  const image = `ruby:${version}-slim-trixie`;
  return {
    kind: 'planned',
    language: 'Ruby',
    framework,
    decisions,
    images: [image, ...(assets?.hasNode === true ? [NODE_BESIDE] : [])],
    dockerignore: dockerignoreWith(
      ...['**/node_modules', '**/.npmrc', 'vendor/bundle'],
      ...(framework === 'Rails' ? ['config/master.key', 'log', 'tmp'] : []),
    ),
    dockerfile: rubyDockerfile({
      image,
      gems: installed,
      libraries: gemfile === null ? { build: COMPILERS, run: [] } : librariesFor(gems),
      assets,
      writes,
      environment: framework === null ? {} : ENVIRONMENT[framework],
      command,
    }),
  };
}

/** The names of what it uses: all of a lock file, else what the Gemfile itself names. */
function gemsOf(gemfile: string, lock: string | null): ReadonlySet<string> {
  const pattern =
    lock === null ? /^[ \t]*gem\s*(?:\(\s*)?["']([\w.-]+)["']/gm : /^ {4}([\w.-]+)(?: \(.*\))?$/gm;
  return new Set([...(lock ?? gemfile).matchAll(pattern)].flatMap(([, name]) => name ?? []));
}

function librariesFor(gems: ReadonlySet<string>): RubyParts['libraries'] {
  const used = Object.entries(LIBRARIES).filter(([gem]) => gems.has(gem));
  return {
    build: gems.size === 0 ? [] : [...COMPILERS, ...used.map(([, [build]]) => build)].sort(),
    run: used.map(([, [, run]]) => run).sort(),
  };
}

/** The image of Ruby has neither Rack nor a server for it. */
function chooseGemsByHand(
  { install }: Overrides,
  { decisions, questions }: Chosen,
): RubyParts['gems'] | null {
  if (install === undefined) {
    questions.push({
      name: 'install',
      seen: `There is a ${RACK_FILE} and no ${GEMFILE}, so neither Rack nor a server is installed.`,
      answer: `Write a ${GEMFILE} with "bundle init" and "bundle add rack puma", or say what installs them, such as "gem install rack puma".`,
    });
    return null;
  }
  decisions.push({ what: `installs by "${install}"`, why: 'you said so', from: null });
  return { lock: 'none', files: ['.'], install };
}

function chooseGems(
  tree: FileTree,
  gems: ReadonlySet<string>,
  { install }: Overrides,
  { decisions, questions }: Chosen,
): RubyParts['gems'] {
  const isPinned = hasFile(tree, LOCK);
  const readsOthers = /\b(file|path|eval_gemfile|gemspec)\b|File\./.test(tree.readText(GEMFILE) ?? '');
  const vendored = tree.paths.some((path) => path.startsWith('vendor/cache/'));
  if (install !== undefined) {
    decisions.push({ what: `installs by "${install}"`, why: 'you said so', from: null });
  } else if (isPinned) {
    decisions.push({ what: 'installs with Bundler', why: 'its lock file is there', from: LOCK });
    const others = platformsWithoutLinux(tree.readText(LOCK) ?? '');
    if (others.length > 0) {
      questions.push({
        name: null,
        seen: `${LOCK} has no gems for Linux, only for ${others.join(', ')}.`,
        answer:
          'Run "bundle lock --add-platform x86_64-linux --add-platform aarch64-linux", and keep what it writes.',
      });
    }
  } else {
    decisions.push({
      what: 'installs with Bundler, the versions not pinned',
      why: 'no lock file says which; with the Gemfile.lock that "bundle install" writes, each build installs the same',
      from: GEMFILE,
    });
  }
  const names = librariesFor(gems).run;
  if (names.length > 0)
    decisions.push({ what: `adds ${names.join(', ')} of Debian`, why: 'gems use it', from: null });
  const isWhole = readsOthers || vendored || install !== undefined;
  return {
    lock: isPinned ? 'kept' : 'made',
    files: isWhole ? ['.'] : [GEMFILE, ...(isPinned ? [LOCK] : [])],
    install: install ?? 'bundle install --jobs=4 --retry=3 && rm -rf /usr/local/bundle/ruby/*/cache',
  };
}

/** The platforms of a lock file where Linux is not among them: Bundler installs nothing then. */
function platformsWithoutLinux(lock: string): string[] {
  const platforms = /^PLATFORMS\n((?: {2}\S+\n?)+)/m.exec(lock)?.[1]?.trim().split(/\s+/) ?? [];
  return platforms.some((platform) => platform === 'ruby' || platform.includes('linux')) ? [] : platforms;
}

type Starting = {
  gems: ReadonlySet<string>;
  framework: Framework;
  hasBundler: boolean;
  overrides: Overrides;
};

function chooseCommand(
  tree: FileTree,
  { gems, framework, hasBundler, overrides: { start } }: Starting,
  { decisions, questions }: Chosen,
): readonly string[] | null {
  const decide = (command: readonly string[], why: string, from: string | null): readonly string[] => {
    decisions.push({ what: `starts ${execForm(command)}`, why, from });
    return command;
  };
  if (start !== undefined) return decide(wordsOf(start), 'you said so', null);
  const web = webOfProcfile(tree);
  if (web !== null) return decide(wordsOf(web), 'it is what the web process runs', 'Procfile');
  const bundled = (...words: string[]): string[] => (hasBundler ? ['bundle', 'exec', ...words] : words);
  if (framework === 'Rails') {
    const words = bundled('rails', 'server', '-b', '0.0.0.0', '-p', String(PORT));
    return decide(words, 'so Rails is started', GEMFILE);
  }
  if (hasFile(tree, RACK_FILE)) {
    const server = ['puma', 'falcon', 'unicorn', 'thin'].find((gem) => gems.has(gem));
    if (server === 'puma') {
      return decide(
        bundled('puma', '-b', `tcp://0.0.0.0:${PORT}`, RACK_FILE),
        'Puma is among its gems',
        RACK_FILE,
      );
    }
    if (server === 'falcon') {
      return decide(
        bundled('falcon', 'serve', '-b', `http://0.0.0.0:${PORT}`),
        'Falcon is among its gems',
        RACK_FILE,
      );
    }
    if (server === 'unicorn') {
      return decide(
        bundled('unicorn', '-l', `0.0.0.0:${PORT}`, RACK_FILE),
        'Unicorn is among its gems',
        RACK_FILE,
      );
    }
    if (server === 'thin') {
      const words = bundled('thin', 'start', '-a', '0.0.0.0', '-p', String(PORT), '-R', RACK_FILE);
      return decide(words, 'Thin is among its gems', RACK_FILE);
    }
    questions.push({
      name: 'start',
      seen: `There is a ${RACK_FILE}, and no server for it among the gems.`,
      answer: 'Add one with "bundle add puma", or say what starts it.',
    });
    return null;
  }
  const scripts = SCRIPTS.filter((path) => hasFile(tree, path));
  const [script] = scripts;
  if (script !== undefined && scripts.length === 1) {
    return decide(bundled('ruby', script), 'by its name it is the one that is started', script);
  }
  questions.push({
    name: 'start',
    seen:
      scripts.length === 0
        ? `There is no ${RACK_FILE}, no Procfile and none of ${SCRIPTS.join(', ')}.`
        : `There are ${scripts.join(', ')}.`,
    answer: 'Say what starts it, such as "bundle exec ruby web.rb".',
  });
  return null;
}

function chooseAssets(
  tree: FileTree,
  { gems, framework, overrides }: { gems: ReadonlySet<string>; framework: Framework; overrides: Overrides },
  { decisions, questions }: Chosen,
): RubyParts['assets'] {
  const isRails = framework === 'Rails' && (gems.has('propshaft') || gems.has('sprockets'));
  const isHanami = framework === 'Hanami' && gems.has('hanami-assets');
  const { build } = overrides;
  if (build === undefined && !isRails && !isHanami) return null;
  const usual = isRails
    ? // Rails wants one, and nothing that is made depends on it.
      'SECRET_KEY_BASE_DUMMY=1 SECRET_KEY_BASE=none bundle exec rails assets:precompile'
    : 'bundle exec hanami assets compile';
  const command = build ?? usual;
  decisions.push({
    what: `makes what browsers get with "${command}"`,
    why: build === undefined ? `so ${framework} is built` : 'you said so',
    from: null,
  });
  const steps = installsBeside(tree, { decisions, questions });
  if (steps === null) return { command, hasNode: false };
  return { command: `${[...steps, command].join(' && ')} && rm -rf node_modules`, hasNode: true };
}

function explain(
  framework: Framework,
  gems: ReadonlySet<string>,
  writes: readonly string[],
  decisions: Decision[],
): void {
  if (writes.length > 0) {
    decisions.push({
      what: `may write to ${writes.join(', ')}, which ends with each instance`,
      why: `${framework} writes there; what must stay belongs on a disk`,
      from: null,
    });
    decisions.push({
      what: 'needs RAILS_MASTER_KEY or SECRET_KEY_BASE in the environment of its App',
      why: 'Rails does not start without it, and no image may hold it',
      from: null,
    });
  }
  const database = DATABASES.find((gem) => gems.has(gem));
  if ((framework === 'Rails' || framework === 'Hanami') && database !== undefined) {
    decisions.push({
      what: 'needs DATABASE_URL in the environment of its App',
      why: `${framework} finds its database by it, and "${database}" is among its gems`,
      from: GEMFILE,
    });
  }
  decisions.push({ what: `PORT is ${PORT}`, why: 'a user that is not root may listen there', from: null });
}

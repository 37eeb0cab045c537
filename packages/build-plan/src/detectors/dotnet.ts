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
import { wordsOf } from '../procfile.ts';
import { SITE_IMAGE, siteDockerfile } from '../site-dockerfile.ts';

const PROJECT = /(^|\/)([\w.-]+)\.(cs|fs|vb)proj$/;
/** Versions with images, and the one for who asks for none. */
const KNOWN = ['6.0', '7.0', '8.0', '9.0', '10.0'];
const USUAL = '10.0';
const LANGUAGES: Record<string, string> = { cs: 'C#', fs: 'F#', vb: 'Visual Basic' };

type Kind = 'web' | 'blazor' | 'other';
type Project = { path: string; folder: string; name: string; language: string; kind: Kind; text: string };

/** A server or pages of .NET: what the SDK publishes. */
export function detectDotnet(tree: FileTree, overrides: Overrides): BuildPlan | null {
  const projects = tree.paths.filter((path) => PROJECT.test(path)).map((path) => readProject(tree, path));
  const hasTop = tree.paths.some((path) => /^[^/]+\.(slnx?|[cfv][sb]proj)$/.test(path));
  if (projects.length === 0 || !hasTop) return null;
  const decisions: Decision[] = [];
  const questions: Question[] = [];
  const project = chooseProject(projects, overrides, { decisions, questions });
  const version = chooseDotnet(tree, project, overrides, { decisions, questions });
  if (project === null || version === null || questions.length > 0) return ask(...questions);
  const sdk = `mcr.microsoft.com/dotnet/sdk:${version}`;
  const runtime = `mcr.microsoft.com/dotnet/aspnet:${version}`;
  const build = buildStage(tree, { sdk, project, overrides }, decisions);
  const base = {
    kind: 'planned' as const,
    language: project.language,
    decisions,
    dockerignore: dockerignoreWith('**/bin', '**/obj', '**/appsettings.*.local.json'),
  };
  if (project.kind === 'blazor') {
    decisions.push({
      what: 'served by nginx',
      why: 'it runs in the browser, and needs no server',
      from: project.path,
    });
    return {
      ...base,
      framework: 'Blazor',
      images: [sdk, SITE_IMAGE],
      dockerfile: siteDockerfile({
        stages: [build],
        copied: 'COPY --from=build /out/wwwroot /srv',
        isSinglePage: true,
        hashed: null,
      }),
    };
  }
  const command =
    overrides.start === undefined ? ['dotnet', `${assemblyOf(project)}.dll`] : wordsOf(overrides.start);
  decisions.push({
    what: `starts ${execForm(command)}`,
    why: overrides.start === undefined ? 'it is what is published' : 'you said so',
    from: overrides.start === undefined ? project.path : null,
  });
  decisions.push({ what: `PORT is ${PORT}`, why: 'a user that is not root may listen there', from: null });
  return {
    ...base,
    framework: project.kind === 'web' ? 'ASP.NET Core' : null,
    images: [sdk, runtime],
    dockerfile: `${build}
# What runs.
FROM ${runtime}
WORKDIR /app
# Nobody asks for its diagnostics, which would write to /tmp.
ENV ${Number(version) < 8 ? `ASPNETCORE_URLS=http://+:${PORT}` : `ASPNETCORE_HTTP_PORTS=${PORT}`} \\
    ASPNETCORE_FORWARDEDHEADERS_ENABLED=true \\
    DOTNET_EnableDiagnostics=0 \\
    PORT=${PORT}
COPY --from=build /out ./
# A number, not a name: so the platform can see that it is not root.
USER 1000
EXPOSE ${PORT}
CMD ${execForm(command)}
`,
  };
}

function readProject(tree: FileTree, path: string): Project {
  const text = (tree.readText(path) ?? '').replaceAll(/<!--[\s\S]*?-->/g, '');
  const [, , name = '', end = ''] = PROJECT.exec(path) ?? [];
  const isBlazor = /Sdk="Microsoft\.NET\.Sdk\.BlazorWebAssembly"/.test(text);
  const kind = isBlazor ? 'blazor' : /Sdk="Microsoft\.NET\.Sdk\.Web"/.test(text) ? 'web' : 'other';
  const folder = path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : '';
  return { path, folder, name, language: LANGUAGES[`${end}`] ?? 'C#', kind, text };
}

type Chosen = { decisions: Decision[]; questions: Question[] };

/** The one server of all; else the one of pages; else, where it is told what is started, the one program. */
function chooseProject(
  projects: readonly Project[],
  { start }: Overrides,
  { decisions, questions }: Chosen,
): Project | null {
  const told = projects.find(({ name }) => start?.includes(`${name}.dll`) === true);
  const apps = projects.filter(
    ({ text, name }) => !/Test(s|ing)?$/.test(name) && !/Microsoft\.NET\.Test\.Sdk/.test(text),
  );
  const [servers, pages] = [
    apps.filter(({ kind }) => kind === 'web'),
    apps.filter(({ kind }) => kind === 'blazor'),
  ];
  const programs = apps.filter(({ text }) => /<OutputType>\s*Exe\s*</i.test(text));
  const candidates =
    servers.length > 0 ? servers : pages.length > 0 ? pages : start === undefined ? [] : programs;
  const project = told ?? (candidates.length === 1 ? candidates[0] : undefined);
  if (project === undefined) {
    questions.push({
      name: 'start',
      seen:
        candidates.length === 0
          ? `None of ${list(projects)} is of the SDK Microsoft.NET.Sdk.Web.`
          : `${list(candidates)} can be started.`,
      answer: `Say which, as in "dotnet ${(candidates[0] ?? projects[0])?.name}.dll".`,
    });
    return null;
  }
  const why =
    project === told ? 'you said so' : project.kind === 'web' ? 'it is the server' : 'it is what is run';
  decisions.push({ what: `publishes ${project.path}`, why, from: project.path });
  return project;
}

function list(projects: readonly Project[]): string {
  return projects.map(({ path }) => path).join(', ');
}

function chooseDotnet(
  tree: FileTree,
  project: Project | null,
  { dotnetVersion }: Overrides,
  { decisions, questions }: Chosen,
): string | null {
  const shared = (tree.readText('Directory.Build.props') ?? '').replaceAll(/<!--[\s\S]*?-->/g, '');
  const target = /<TargetFrameworks?>\s*([^<]+?)\s*</;
  const own = target.exec(project?.text ?? '')?.[1];
  const places = [
    { from: null, text: dotnetVersion },
    { from: project?.path ?? null, text: own },
    { from: 'Directory.Build.props', text: target.exec(shared)?.[1] },
  ];
  const found = places.find(({ text }) => text !== undefined);
  if (found?.text === undefined) {
    decisions.push({ what: `.NET ${USUAL}`, why: 'nothing asks for another', from: null });
    return USUAL;
  }
  const { from, text } = found;
  const asked = text.split(';').map((each) => /^(?:net)?(\d+)(?:\.(\d+))?$/.exec(each.trim()));
  const right = KNOWN.filter((known) =>
    asked.some((each) => each !== null && `${each[1]}.${each[2] ?? 0}` === known),
  );
  const version = right.at(-1);
  if (version === undefined) {
    questions.push({
      name: 'dotnetVersion',
      seen: `${from ?? 'The override'} asks for .NET "${text}".`,
      answer: `Name one of ${KNOWN.join(', ')}.`,
    });
    return null;
  }
  decisions.push({
    what: `.NET ${version}`,
    why: from === null ? 'you said so' : `"${text}" is its target`,
    from,
  });
  return version;
}

function buildStage(
  tree: FileTree,
  { sdk, project, overrides }: { sdk: string; project: Project; overrides: Overrides },
  decisions: Decision[],
): string {
  const shared = [
    'Directory.Build.props',
    'Directory.Packages.props',
    'global.json',
    'nuget.config',
    'NuGet.Config',
  ].filter((path) => hasFile(tree, path));
  const projects = tree.paths.filter((path) => PROJECT.test(path)).sort();
  const locks = tree.paths.filter((path) => /(^|\/)packages\.lock\.json$/.test(path)).sort();
  const isLocked = locks.includes(
    project.folder === '' ? 'packages.lock.json' : `${project.folder}/packages.lock.json`,
  );
  decisions.push({
    what: `installs with NuGet${isLocked ? '' : ', what packages use not pinned'}`,
    why: isLocked
      ? 'its lock file is there'
      : 'no packages.lock.json says which; RestorePackagesWithLockFile writes one',
    from: project.path,
  });
  const cache = '--mount=type=cache,target=/root/.nuget/packages';
  const restore = overrides.install ?? `dotnet restore ${project.path}${isLocked ? ' --locked-mode' : ''}`;
  const publish = `dotnet publish ${project.path} --configuration Release --no-restore --output /out /p:UseAppHost=false`;
  if (overrides.build !== undefined) {
    decisions.push({ what: `builds with "${overrides.build}"`, why: 'you said so', from: null });
  }
  const copied =
    overrides.install === undefined
      ? [
          ...(shared.length > 0 ? [`COPY ${shared.join(' ')} ./`] : []),
          ...[...projects, ...locks].map(
            (path) => `COPY ${path} ./${path.includes('/') ? path.slice(0, path.lastIndexOf('/') + 1) : ''}`,
          ),
        ]
      : ['COPY . .'];
  return `# The SDK stays here. Packages are fetched apart, so that a changed source line fetches nothing anew.
FROM ${sdk} AS build
WORKDIR /src
${copied.join('\n')}
RUN ${cache} ${restore}
${overrides.install === undefined ? 'COPY . .\n' : ''}RUN ${cache} ${overrides.build ?? publish}
`;
}

function assemblyOf({ name, text }: Project): string {
  return /<AssemblyName>\s*([\w.-]+)\s*</.exec(text)?.[1] ?? name;
}

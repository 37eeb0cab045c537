import { describe, expect, it } from 'vitest';
import type { Overrides } from '../build-plan.ts';
import { planBuild } from '../plan-build.ts';
import { treeOf } from '../testing/file-tree.ts';

const project = (sdk: string, ...lines: string[]): string =>
  `<Project Sdk="Microsoft.NET.Sdk${sdk}">\n<PropertyGroup>${lines.join('')}</PropertyGroup>\n</Project>\n`;
const target = (name: string): string => `<TargetFramework>${name}</TargetFramework>`;

const GOLDEN: Record<string, Record<string, string>> = {
  'dotnet-web': { 'Shop.csproj': project('.Web', target('net9.0')), 'Program.cs': '' },
  'dotnet-solution': {
    'Shop.sln': '',
    'Directory.Build.props': `<Project><PropertyGroup>${target('net8.0')}</PropertyGroup></Project>`,
    'src/Shop.Web/Shop.Web.csproj': project('.Web', '<AssemblyName>shop</AssemblyName>'),
    'src/Shop.Web/packages.lock.json': '{}',
    'src/Shop.Core/Shop.Core.csproj': project(''),
    'test/Shop.Tests/Shop.Tests.csproj': project('.Web'),
  },
  'dotnet-blazor': { 'Pages.csproj': project('.BlazorWebAssembly', target('net10.0')) },
};

const plan = (files: Record<string, string>, overrides: Overrides = {}) =>
  planBuild(treeOf(files), overrides);

function planned(files: Record<string, string>, overrides: Overrides = {}) {
  const found = plan(files, overrides);
  if (found.kind !== 'planned') throw new Error(JSON.stringify(found.questions));
  return found;
}

function asked(files: Record<string, string>, overrides: Overrides = {}) {
  const undecided = plan(files, overrides);
  if (undecided.kind !== 'undecided') throw new Error(undecided.dockerfile);
  return undecided.questions.map(({ name, seen }) => [name, seen] as const);
}

describe('a project of .NET', () => {
  it.each(Object.keys(GOLDEN))('has the golden plan: %s', async (name) => {
    await expect(planned(GOLDEN[name] ?? {}).dockerfile).toMatchFileSnapshot(
      `../testdata/${name}.Dockerfile`,
    );
  });

  it('is told by its language and its framework', () => {
    const told = (files: Record<string, string>) => {
      const { language, framework } = planned(files);
      return [language, framework];
    };
    expect(told(GOLDEN['dotnet-solution'] ?? {})).toEqual(['C#', 'ASP.NET Core']);
    expect(told(GOLDEN['dotnet-blazor'] ?? {})).toEqual(['C#', 'Blazor']);
    expect(told({ 'web.fsproj': project('.Web') })).toEqual(['F#', 'ASP.NET Core']);
  });

  it.each([
    [[target('net8.0')], '8.0'],
    [['<TargetFrameworks>net8.0;net9.0</TargetFrameworks>'], '9.0'],
    [[], '10.0'],
    [['<!-- ', target('net6.0'), ' -->'], '10.0'],
  ])('runs the version that it targets: %j', (lines, version) => {
    const files = { 'Shop.csproj': project('.Web', ...lines) };
    expect(planned(files).images).toEqual([
      `mcr.microsoft.com/dotnet/sdk:${version}`,
      `mcr.microsoft.com/dotnet/aspnet:${version}`,
    ]);
    expect(planned(files, { dotnetVersion: '9' }).images[0]).toBe('mcr.microsoft.com/dotnet/sdk:9.0');
  });

  it('asks which of several is started, and about versions that there are not', () => {
    const two = { 'a.sln': '', 'a/A.csproj': project('.Web'), 'b/B.csproj': project('.Web') };
    expect(asked(two)).toEqual([['start', 'a/A.csproj, b/B.csproj can be started.']]);
    expect(planned(two, { start: 'dotnet B.dll' }).dockerfile).toContain('dotnet publish b/B.csproj');
    expect(asked({ 'A.csproj': project('', target('net8.0')) })).toEqual([
      ['start', 'None of A.csproj is of the SDK Microsoft.NET.Sdk.Web.'],
    ]);
    expect(asked({ 'A.csproj': project('.Web', target('net4.8')) })).toEqual([
      ['dotnetVersion', 'A.csproj asks for .NET "net4.8".'],
    ]);
  });

  it('does as it is told', () => {
    const { dockerfile } = planned(GOLDEN['dotnet-web'] ?? {}, {
      install: 'dotnet restore --source x',
      build: 'make publish',
    });
    expect(dockerfile).toContain(
      'COPY . .\nRUN --mount=type=cache,target=/root/.nuget/packages dotnet restore --source x\n',
    );
    expect(dockerfile).toContain('RUN --mount=type=cache,target=/root/.nuget/packages make publish\n');
  });
});

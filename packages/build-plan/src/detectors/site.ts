import { type BuildPlan, dockerignoreWith, type FileTree, hasFile, type Overrides } from '../build-plan.ts';
import { SITE_IMAGE, siteDockerfile } from '../site-dockerfile.ts';

const FOLDERS = ['', 'public/', 'site/', 'www/', 'dist/'];

/** Files that are there already, with nothing to build. */
export function detectSite(tree: FileTree, overrides: Overrides): BuildPlan | null {
  const folder = FOLDERS.find((each) => hasFile(tree, `${each}index.html`));
  if (folder === undefined || overrides.start !== undefined || overrides.build !== undefined) return null;
  const place = folder === '' ? '.' : folder.slice(0, -1);
  return {
    kind: 'planned',
    language: 'HTML',
    framework: null,
    decisions: [
      {
        what: 'files for a web server',
        why: 'there is a first page, and nothing to build',
        from: `${folder}index.html`,
      },
      { what: 'served by nginx', why: 'it knows the types of files, and starts without root', from: null },
    ],
    images: [SITE_IMAGE],
    dockerignore: dockerignoreWith(),
    dockerfile: siteDockerfile({
      stages: [],
      copied: `COPY ${place} /srv`,
      isSinglePage: false,
      hashed: null,
    }),
  };
}

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

type Environment = Record<string, string | undefined>;

const TIMEOUT_MS = 5_000;
const LONGEST = 255;
const run = promisify(execFile);

/**
 * Where a directory's source comes from, as far as git and GitHub's own variables tell: `git.rev`, `git.refname`, `github.repo` and
 * `github.workflow`. Empty where it is in no repository, or there is no git.
 */
export async function readSourceLabels(
  directory: string,
  environment: Environment,
): Promise<Record<string, string>> {
  const git = async (...args: string[]): Promise<string> => {
    try {
      const { stdout } = await run('git', args, { cwd: directory, env: environment, timeout: TIMEOUT_MS });
      return stdout.trim();
    } catch {
      return ''; // No git, no repository, no commit, no such remote: a build is as good without.
    }
  };
  const [rev, refname, remote] = await Promise.all([
    git('rev-parse', '--verify', '--quiet', 'HEAD'),
    git('symbolic-ref', '--quiet', 'HEAD'),
    git('remote', 'get-url', 'origin'),
  ]);
  const found = {
    'git.rev': rev,
    'git.refname': refname || environment.GITHUB_REF || '',
    'github.repo': repositoryIn(remote),
    'github.workflow': environment.GITHUB_WORKFLOW ?? '',
  };
  return Object.fromEntries(
    Object.entries(found).filter(([, value]) => value !== '' && value.length <= LONGEST),
  );
}

/** `owner/name` of a remote at GitHub. What stands before the host, which may be a secret, is left out. */
function repositoryIn(remote: string): string {
  return /\bgithub\.com[:/]([\w.-]+\/[\w.-]+?)(?:\.git)?\/?$/.exec(remote)?.[1] ?? '';
}

import { CliFailure } from '../failure.ts';

export const BUILD_SECRET_HELP =
  'a value that steps of the build may use and no image holds: of the environment variable of that name, or of a file; may be repeated';

export function collectText(text: string, before: string[] = []): string[] {
  return [...before, text];
}

export function refuseLocalSecrets({
  local,
  buildSecret,
}: {
  local?: boolean;
  buildSecret?: string[];
}): void {
  if (local !== true || buildSecret === undefined) return;
  throw new CliFailure('--build-secret is for builds on the platform: with --local there is none.', {
    exitCode: 2,
  });
}

import type { Context } from '../context.ts';
import { BuildsConnection } from '../flows/builds-api.ts';
import type { HostedEvent } from '../flows/hosted-build.ts';
import type { HostedDirectoryEvent } from '../flows/hosted-directory.ts';
import { seconds } from '../text/time.ts';
import { hostedLine, sourceLine } from './build-view.ts';

/** The builds of the API in use. What is under way ends only by the signal that a call is given: a build is cancelled after Ctrl-C. */
export function buildsOf(context: Context): BuildsConnection {
  return new BuildsConnection({
    endpoint: context.endpoint(),
    token: context.apiKey(),
    onRetry: ({ delayMs }) =>
      context.progress((style) =>
        style.dim(`The API cannot answer now; trying again in ${seconds(delayMs)} …`),
      ),
  });
}

/** Shows a line for what happens to a build, where there is anything to say. */
export function tellHosted(context: Context, event: HostedEvent): void {
  context.progress((style) => hostedLine(event, style));
}

/** The same from the folder to the image. */
export function tellHostedDirectory(context: Context, { kind, event }: HostedDirectoryEvent): void {
  if (kind === 'hosted') tellHosted(context, event);
  else context.progress((style) => sourceLine(event, style));
}

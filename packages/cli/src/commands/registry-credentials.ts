import { type Command, InvalidArgumentError } from 'commander';
import type { Runner } from '../context.ts';
import { readSecret } from '../secret-input.ts';
import { table } from '../text/table.ts';
import { localTime } from '../text/time.ts';

const DOCKER_HUB = 'docker.io';

export function registerRegistryCredentials(credentials: Command, run: Runner): void {
  registerList(credentials, run);
  registerSet(credentials, run);
  registerRemove(credentials, run);
}

function registerList(credentials: Command, run: Runner): void {
  credentials
    .command('list')
    .description('List the other registries for which the pod has credentials')
    .action(
      run(async (context) => {
        const found = await context.client().registryCredentials.list(context.pod());
        return {
          json: found,
          text: (style) =>
            table(
              style,
              ['REGISTRY', 'USER', 'SET'],
              found.map(({ registry, username, setAt }) => [
                style.bold(registry),
                username,
                localTime(setAt),
              ]),
              'This pod has no credentials for other registries. It needs none for public images, and none for its own.',
            ),
        };
      }),
    );
}

function registerSet(credentials: Command, run: Runner): void {
  about(credentials.command('set'))
    .description(
      "Set what the pod's images of another registry are fetched with; the password is typed, or read from standard input",
    )
    .requiredOption('-u, --username <name>', 'with whom to sign in there')
    .action(
      run(async (context, registry: string, { username }: { username: string }) => {
        const client = context.client();
        const pod = context.pod();
        const password = await readSecret(context.io, `Password or token of ${username} at ${registry}: `);
        const set = await client.registryCredentials.set(pod, registry, { username, password });
        return {
          json: set,
          text: (style) =>
            [
              `${style.green('✓')} Images of ${style.bold(set.registry)} are fetched as ${style.bold(set.username)}. The password is encrypted, and shown to nobody.`,
              style.dim('What runs is left alone; what failed for want of them: brainpod redeploy'),
            ].join('\n'),
        };
      }),
    );
}

function registerRemove(credentials: Command, run: Runner): void {
  about(credentials.command('remove'))
    .description("Remove what the pod's images of another registry are fetched with; what runs goes on")
    .action(
      run(async (context, registry: string) => {
        const removed = await context.client().registryCredentials.remove(context.pod(), registry);
        return {
          json: removed,
          text: (style) =>
            `${style.green('✓')} Images of ${style.bold(removed.registry)} are fetched as anybody.`,
        };
      }),
    );
}

function about(command: Command): Command {
  return command.argument(
    '<registry>',
    `its host as it stands in the names of images: ghcr.io, or ${DOCKER_HUB} for names without any`,
    registryHost,
  );
}

/** Docker itself writes Docker Hub as an address. */
function registryHost(text: string): string {
  const host = text.replace(/^https?:\/\//i, '').replace(/\/(v[12]\/?)?$/i, '');
  if (host !== '' && !/[/@\s]/.test(host)) return host;
  throw new InvalidArgumentError('Only the host, without a path: ghcr.io, or registry.example.com:5000');
}

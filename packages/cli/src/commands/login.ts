import type { Command } from 'commander';
import type { Context, Runner } from '../context.ts';
import { LOGIN_SECONDS, startBrowserLogin } from '../flows/browser-login.ts';
import { openUrl } from '../flows/open-url.ts';
import { configPath, readConfigFile, writeConfigFile } from '../settings/config-file.ts';
import { dashboardOf } from '../settings/dashboard.ts';

export function registerLogin(program: Command, run: Runner): void {
  program
    .command('login')
    .description('Sign in: approve a new API key in the browser, and keep it in the config file')
    .option('--no-browser', 'only show the address to open')
    .action(
      run(async (context, options: { browser: boolean }) => {
        const { environment, signal } = context.io;
        const login = await startBrowserLogin(dashboardOf(environment, context.endpoint()), signal);
        try {
          const opened = options.browser && (await openUrl(login.url, environment));
          context.line(
            { event: 'authorize', url: login.url, expiresInSeconds: LOGIN_SECONDS },
            (style) =>
              `${opened ? 'Your browser shows this page; approve there' : 'Open this page and approve there'}:\n  ${style.cyan(login.url)}`,
          );
          const token = await login.token();
          const user = await context.clientWith(token).currentUser();
          await keepToken(context, token);
          context.line(
            { event: 'authenticated', user },
            (style) =>
              `${style.green('✓')} Signed in${user.email === null ? '' : ` as ${style.bold(user.email)}`}.`,
          );
        } finally {
          await login.close();
        }
        return null;
      }),
    );
}

async function keepToken(context: Context, token: string): Promise<void> {
  const { environment } = context.io;
  const path = configPath(environment);
  await writeConfigFile(path, { ...(await readConfigFile(path)), api_token: token });
  if (environment.BRAINPOD_API_TOKEN?.trim()) {
    context.progress((style) =>
      style.yellow('BRAINPOD_API_TOKEN is set and counts before the key that was kept now.'),
    );
  }
}

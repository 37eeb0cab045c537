import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** The program that opens an address in this system's browser. */
function openerOf(platform: NodeJS.Platform): [command: string, ...args: string[]] {
  if (platform === 'darwin') return ['open'];
  return platform === 'win32' ? ['rundll32', 'url.dll,FileProtocolHandler'] : ['xdg-open'];
}

/** Opens an http or https address in the person's browser. False where there is none. */
export async function openUrl(
  url: string,
  environment: Record<string, string | undefined>,
  platform: NodeJS.Platform = process.platform,
): Promise<boolean> {
  const [command, ...args] = openerOf(platform);
  const child = spawn(command, [...args, url], { stdio: 'ignore', detached: true, env: environment });
  child.unref();
  try {
    await once(child, 'spawn');
    return true;
  } catch {
    // There is no such program: the person is shown the address anyway.
    return false;
  }
}

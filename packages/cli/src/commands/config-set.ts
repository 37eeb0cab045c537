import { type Command, InvalidArgumentError } from 'commander';
import type { Runner } from '../context.ts';
import {
  CONFIG_KEYS,
  type ConfigKey,
  configPath,
  isConfigKey,
  readConfigFile,
  writeConfigFile,
} from '../settings/config-file.ts';

const NAMES = CONFIG_KEYS.map((key) => key.replaceAll('_', '-')).join(', ');

export function registerConfigSet(config: Command, run: Runner): void {
  config
    .command('set')
    .description(`Keep a value in the config file (${NAMES})`)
    .argument('<key>', 'what to set', parseKey)
    .argument('<value>', 'its value')
    .action(
      run(async (context, key: ConfigKey, value: string) => {
        const path = configPath(context.io.environment);
        await writeConfigFile(path, { ...(await readConfigFile(path)), [key]: value });
        return {
          json: { path, key },
          text: (style) => `${style.green('✓')} ${key.replaceAll('_', '-')} is set in ${path}`,
        };
      }),
    );
}

export function registerConfigUnset(config: Command, run: Runner): void {
  config
    .command('unset')
    .description('Remove a value from the config file')
    .argument('<key>', 'what to remove', parseKey)
    .action(
      run(async (context, key: ConfigKey) => {
        const path = configPath(context.io.environment);
        const { [key]: removed, ...rest } = await readConfigFile(path);
        if (removed !== undefined) await writeConfigFile(path, rest);
        const outcome = removed === undefined ? 'was not set' : 'is removed';
        return {
          json: { path, key },
          text: (style) => `${style.green('✓')} ${key.replaceAll('_', '-')} ${outcome} in ${path}`,
        };
      }),
    );
}

function parseKey(text: string): ConfigKey {
  const key = text.replaceAll('-', '_');
  if (isConfigKey(key)) return key;
  throw new InvalidArgumentError(`Known keys: ${NAMES}.`);
}

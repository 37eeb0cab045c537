import type { ApiKey, NewApiKey } from '@brainpod/api-client/keys-client';
import type { Style } from '../text/style.ts';
import { facts } from '../text/table.ts';
import { localTime } from '../text/time.ts';

/** A key whose secret is shown this once. */
export function newKeyText(key: NewApiKey, style: Style): string {
  return [
    `${style.green('✓')} This is the secret of the key. It is shown only now:`,
    `  ${style.bold(key.secret)}`,
    '',
    keyFacts(key, style),
  ].join('\n');
}

export function keyFacts(key: ApiKey, style: Style): string {
  return facts(style, [
    ['Key', `${style.bold(key.name)} ${style.dim(key.id)}`],
    ['May', allowedBy(key)],
    ['State', stateOf(key, style)],
    ['Expires', key.expiresAt === null ? 'never' : localTime(key.expiresAt)],
  ]);
}

/** What it allows, one statement a line: `pods:read, pods:write on *`. */
export function allowedBy({ policy }: ApiKey): string {
  return policy.statements
    .map(({ effect, actions, resources }) => {
      const pods = resources.map((urn) => urn.replace('urn:brain:pod:', '')).join(', ');
      return `${effect === 'deny' ? 'not ' : ''}${actions.join(', ')} on ${pods}`;
    })
    .join('\n');
}

export function stateOf(key: ApiKey, style: Style): string {
  if (key.revokedAt !== null) return style.red('revoked');
  const isExpired = key.expiresAt !== null && new Date(key.expiresAt).getTime() <= Date.now();
  return isExpired ? style.red('expired') : style.green('works');
}

/**
 * Makes the first account, whose user operates this installation, and its API key. Prints one line of JSON:
 * `{created: true, secret}`, or `{created: false}` when there is an account already. With `--new-key` an
 * existing operator gets another key: `{created: false, secret}`. Whoever may open the database may run this.
 */
import { FULL_POLICY } from '@brainpod/model/policy';
import { platformActor } from '@brainpod/store/audit';
import { openStore } from '@brainpod/store/store';
import { migrateWhenAvailable } from './database.ts';
import { readSettings } from './settings.ts';

const WAIT_FOR_DATABASE_MS = 60_000;
const OPERATOR_EMAIL = 'operator@brainpod.localhost';

const isNewKeyWanted = process.argv.includes('--new-key');
const store = openStore({ connection: readSettings(process.env).database });
try {
  await migrateWhenAvailable(store, AbortSignal.timeout(WAIT_FOR_DATABASE_MS));
  console.log(JSON.stringify(await firstAccount()));
} finally {
  await store.close();
}

async function firstAccount(): Promise<{ created: boolean; secret?: string }> {
  const first = await store.accounts.createFirst({ email: OPERATOR_EMAIL });
  if (first !== null) return { created: true, secret: first.secret };
  const userId = isNewKeyWanted ? await store.accounts.operatorId() : null;
  if (userId === null) return { created: false };
  const { secret } = await store.apiKeys.create({
    name: 'first-account --new-key',
    policy: FULL_POLICY,
    userId,
    actor: platformActor('createFirstAccount'),
  });
  return { created: false, secret };
}

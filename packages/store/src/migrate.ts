import type { Kysely } from 'kysely';
import { type MigrationProvider, Migrator } from 'kysely/migration';
import { up as initial } from './migrations/0001-initial.ts';
import { up as controlPlane } from './migrations/0002-control-plane.ts';
import { up as domains } from './migrations/0003-domains.ts';
import { up as events } from './migrations/0004-events.ts';
import { up as acme } from './migrations/0005-acme.ts';
import { up as edgeTally } from './migrations/0006-edge-tally.ts';
import { up as imageDigests } from './migrations/0007-image-digests.ts';
import { up as builds } from './migrations/0008-builds.ts';
import { up as imageCleanup } from './migrations/0009-image-cleanup.ts';
import { up as registryCredentials } from './migrations/0010-registry-credentials.ts';
import { up as pullKeys } from './migrations/0011-pull-keys.ts';
import { up as buildActions } from './migrations/0012-build-actions.ts';
import { up as dailyCleanup } from './migrations/0016-daily-cleanup.ts';
import { up as buildSecrets } from './migrations/0017-build-secrets.ts';

/** Every migration, in order. A released one is never edited; a change is a new one. */
const PROVIDER: MigrationProvider = {
  getMigrations: () =>
    Promise.resolve({
      '0001-initial': { up: initial },
      '0002-control-plane': { up: controlPlane },
      '0003-domains': { up: domains },
      '0004-events': { up: events },
      '0005-acme': { up: acme },
      '0006-edge-tally': { up: edgeTally },
      '0007-image-digests': { up: imageDigests },
      '0009-image-cleanup': { up: imageCleanup },
      '0008-builds': { up: builds },
      '0010-registry-credentials': { up: registryCredentials },
      '0011-pull-keys': { up: pullKeys },
      '0012-build-actions': { up: buildActions },
      '0016-daily-cleanup': { up: dailyCleanup },
      '0017-build-secrets': { up: buildSecrets },
    }),
};

/**
 * Brings the database to the newest layout, all in one transaction. Servers that start at once wait for each
 * other (the migrator holds an advisory lock), so only the first has anything to do.
 */
export async function migrate<T>(db: Kysely<T>): Promise<void> {
  const { error } = await new Migrator({
    db,
    provider: PROVIDER,
    // Each is about tables of its own, and one with a smaller number may be finished after another.
    allowUnorderedMigrations: true,
  }).migrateToLatest();
  if (error !== undefined) throw error;
}

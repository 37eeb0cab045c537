import type { Database } from './tables.ts';

/** Who the platform is to an ACME authority. */
export type AcmeAccount = {
  /** Sealed under the master key. */
  keySealed: Buffer;
  /** What the authority calls the account; null before it knows it. */
  url: string | null;
};

/** The platform's accounts at ACME authorities, each by the address of the authority's directory. */
export class AcmeAccounts {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  async find(directory: string): Promise<AcmeAccount | null> {
    const row = await this.#db
      .selectFrom('acme_account')
      .select(['key_sealed', 'url'])
      .where('directory', '=', directory)
      .executeTakeFirst();
    return row === undefined ? null : { keySealed: row.key_sealed, url: row.url };
  }

  /** Keeps a key before any authority hears of it, so that it is never forgotten; returns the one that is kept. */
  async add(directory: string, keySealed: Buffer): Promise<AcmeAccount> {
    await this.#db
      .insertInto('acme_account')
      .values({ directory, key_sealed: keySealed, url: null })
      .onConflict((conflict) => conflict.column('directory').doNothing())
      .execute();
    const kept = await this.find(directory);
    if (kept === null) throw new Error(`the account at ${directory} went away while it was made`);
    return kept;
  }

  async setUrl(directory: string, url: string | null): Promise<void> {
    await this.#db.updateTable('acme_account').set({ url }).where('directory', '=', directory).execute();
  }

  /** Forgets a key that cannot be opened any more. */
  async remove(directory: string): Promise<void> {
    await this.#db.deleteFrom('acme_account').where('directory', '=', directory).execute();
  }
}

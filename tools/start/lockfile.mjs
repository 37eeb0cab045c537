// @ts-check
// Runs on Node 20 with nothing installed: no imports but Node's own.

/**
 * @typedef {{ version?: string, integrity?: string, link?: boolean, optional?: boolean }} LockedPackage
 * @typedef {{ packages?: Record<string, LockedPackage> }} Lockfile
 */

/**
 * What node_modules lacks, or has in another version, compared with the lock file. npm's own record of what it
 * installed is compared, not the packages themselves. Packages beyond the lock file do no harm.
 * @param {Lockfile} wanted package-lock.json
 * @param {Lockfile | null} installed node_modules/.package-lock.json, null when it is not there
 * @returns {string[]} paths of packages, empty when everything is in place
 */
export function packagesToInstall(wanted, installed) {
  const there = installed?.packages ?? {};
  return Object.entries(wanted.packages ?? {})
    .filter(([location]) => location.startsWith('node_modules/') || location.includes('/node_modules/'))
    .filter(([location, locked]) => {
      const present = there[location];
      // An optional package may be one for another kind of machine.
      if (present === undefined) return locked.optional !== true;
      if (locked.link === true) return present.link !== true;
      return present.version !== locked.version || present.integrity !== locked.integrity;
    })
    .map(([location]) => location);
}

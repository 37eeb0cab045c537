const MEGABYTE = 1_000_000;

/** An amount of bytes for a person: `12.3 MB`. */
export function megabytes(bytes: number): string {
  return `${(bytes / MEGABYTE).toFixed(bytes < 100 * MEGABYTE ? 1 : 0)} MB`;
}

const SYSTEM_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
]);

// Shutting down or starting, out of connections, and waits that were cut: 57014 statement, 55P03 lock,
// 25P03 idle transaction, 40001 and 40P01 lost against another transaction.
const SQL_STATES = new Set(['57P01', '57P02', '57P03', '53300', '57014', '55P03', '25P03', '40001', '40P01']);

// The driver gives these no code.
const DRIVER_MESSAGES = [
  'Connection terminated',
  'timeout exceeded when trying to connect',
  'Client has encountered a connection error and is not queryable',
  'Client was closed and is not queryable',
  'Query read timeout',
];

/** Whether an error means that PostgreSQL is away or overloaded right now, so that trying again later helps. */
export function isDatabaseUnavailable(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  if (SYSTEM_CODES.has(code) || SQL_STATES.has(code) || code.startsWith('08')) return true;
  // A unix socket that is not there yet.
  if (code === 'ENOENT' && 'syscall' in error && error.syscall === 'connect') return true;
  return DRIVER_MESSAGES.some((message) => error.message.startsWith(message));
}

/** Whether an error means that a statement took longer than it may, or waited too long for a lock. */
export function isOutOfTime(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === '57014' || error.code === '55P03');
}

/** Whether an error means that the tables are not there yet: a server that just started is still making them. */
export function isNotMigratedYet(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === '42P01';
}

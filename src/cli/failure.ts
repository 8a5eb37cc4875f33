// How commands end: 0 when all is well, 1 when something is wrong with what was looked at, 2 when the command
// itself could not be carried out. Bad input gets one clear answer and no stack trace.

/** The command cannot be carried out as asked: says what, where, expected, found. Exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

interface SystemError extends Error {
  readonly code?: string;
  readonly path?: string;
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or folder',
  EACCES: 'permission denied',
  EISDIR: 'is a folder, expected a file',
  ENOSPC: 'no space left',
  ENOTDIR: 'a part of the path is no folder',
};

/** The words for an error that people caused; undefined for one of our own (a bug). */
export function explain(error: unknown): string | undefined {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof UsageError || error instanceof RangeError) return error.message;
  const { code, path } = error as SystemError;
  if (code !== undefined && path !== undefined) return `${path}: ${reasons[code] ?? error.message}`;
  return undefined;
}

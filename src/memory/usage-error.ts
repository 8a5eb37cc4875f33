// Misuse of the emulator by the program that runs in it: thrown, with the errno that the real call would set.

export type Errno =
  | 'EINVAL'
  | 'EIO'
  | 'ENOMEM'
  | 'EFAULT'
  | 'EBUSY'
  | 'EPERM'
  | 'EEXIST'
  | 'EOPNOTSUPP';

/** Our caller asked for what cannot be. What peers cause is never thrown: see verdict.ts. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
  readonly code: Errno;

  constructor(code: Errno, message: string) {
    super(`${code}: ${message}`);
    this.code = code;
  }
}

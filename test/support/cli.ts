// Runs the built command line as people do, as a child process.

import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));

export interface Ran {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Lines of stdout. */
  readonly lines: readonly string[];
}

export interface RunOptions {
  readonly stdin?: string | Uint8Array;
  readonly env?: Readonly<Record<string, string>>;
  /** How stdout becomes text; utf8 unless given. */
  readonly encoding?: 'utf8' | 'latin1';
  /** Stop reading and close the pipe behind so many bytes, as head does. */
  readonly closeAfter?: number;
}

/** Runs `wireverbs ARGS`. */
export function wireverbs(args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const { FORCE_COLOR: _, COLUMNS: __, ...rest } = process.env;
  const env = { ...rest, ...options.env };
  const child = spawn(process.execPath, [main, ...args], { env });
  const out: Buffer[] = [];
  let stderr = '';
  let size = 0;
  child.stdout.on('data', (data: Buffer) => {
    out.push(data);
    size += data.length;
    if (size > (options.closeAfter ?? Infinity)) child.stdout.destroy();
  });
  child.stderr.on('data', (data) => {
    stderr += data;
  });
  child.stdin.on('error', () => {}); // it may end before it reads
  child.stdin.end(options.stdin ?? '');
  return new Promise((resolve) => {
    child.on('close', (status) => {
      const stdout = Buffer.concat(out).toString(options.encoding ?? 'utf8');
      resolve({ status, stdout, stderr, lines: stdout.trimEnd().split('\n') });
    });
  });
}

/** Runs several, two at a time. */
export async function wireverbsEach(runs: readonly (readonly string[])[]): Promise<Ran[]> {
  const results: Ran[] = [];
  let next = 0;
  const work = async () => {
    for (let i = next++; i < runs.length; i = next++) results[i] = await wireverbs(runs[i]!);
  };
  await Promise.all([work(), work()]);
  return results;
}

/** Does `body` with a folder of its own. */
export async function inFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'wireverbs-'));
  try {
    await body(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

// Programs of others that judge ours: whether they are there, and what they say.

import { spawn, spawnSync } from 'node:child_process';

/** Why these programs cannot judge here; '' where they can. */
export function missing(...programs: readonly string[]): string {
  const gone = programs.filter((name) => spawnSync('which', [name]).status !== 0);
  return gone.length === 0 ? '' : `${gone.join(', ')} not installed`;
}

export interface ProgramRun {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end. */
export function runProgram(
  name: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<ProgramRun> {
  const child = spawn(name, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (data) => {
    stdout += data;
  });
  child.stderr.on('data', (data) => {
    stderr += data;
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status) => resolve({ status, stdout, stderr }));
  });
}

// One process at a time works on a store: PATH.lock names it. A process that was killed leaves its lock behind, which
// the next one sees from the process being gone, or from its number being another's by now.

import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';

/** When the process began, in ticks since boot (proc(5), field 22 of stat); '' where that cannot be told. */
function beginning(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name in front may contain anything, parentheses too.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return '';
  }
}

function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** @returns how to unlock. @throws Error that says who has it */
export function lock(path: string): () => void {
  const file = `${path}.lock`;
  const mine = `${process.pid} ${beginning(process.pid)}\n`;
  for (let attempt = 0; ; attempt++) {
    try {
      writeFileSync(file, mine, { flag: 'wx' });
      return () => rmSync(file, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const found = readText(file);
    const [pid = '', began = ''] = found.trim().split(' ');
    const held = lives(Number(pid)) && (began === '' || beginning(Number(pid)) === began);
    if ((held && Number(pid) > 0) || attempt > 2)
      throw new RangeError(`${path} is in use by process ${pid} (${file} says so)`);
    // Only one of several that find it stale can move it away; who moved another's new lock puts it back.
    const away = `${file}.${process.pid}`;
    try {
      renameSync(file, away);
      if (readText(away) === found) rmSync(away, { force: true });
      else renameSync(away, file);
    } catch {
      // Somebody else was quicker.
    }
  }
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

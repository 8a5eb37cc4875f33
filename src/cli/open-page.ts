// Opens a page in the reader's browser, where there is one: a person at a terminal with a desktop.

import { spawn } from 'node:child_process';

export interface Surroundings {
  readonly platform: NodeJS.Platform;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly isTerminal: boolean;
}

/** What opens a file here; undefined where nobody would see it. */
export function openerOf({
  platform,
  env,
  isTerminal,
}: Surroundings): readonly string[] | undefined {
  if (!isTerminal || env.CI) return undefined;
  if (platform === 'darwin') return ['open'];
  // `start` takes its first argument in quotes for a window's title.
  if (platform === 'win32') return ['cmd', '/c', 'start', ''];
  return env.DISPLAY || env.WAYLAND_DISPLAY ? ['xdg-open'] : undefined;
}

/** Opens the file and does not wait; a browser that does not come is no failure. */
export function openPage(path: string): void {
  const { platform, env, stdout } = process;
  const opener = openerOf({ platform, env, isTerminal: stdout.isTTY === true });
  if (!opener) return;
  const [command, ...args] = opener;
  const child = spawn(command!, [...args, path], { detached: true, stdio: 'ignore' });
  child.on('error', () => {});
  child.unref();
}

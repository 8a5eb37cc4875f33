// NBD servers of others, which tests kill and start again in the same place.

import { type ChildProcess, spawn } from 'node:child_process';
import { rmSync, truncateSync, writeFileSync } from 'node:fs';
import { createConnection, createServer } from 'node:net';
import { join } from 'node:path';
import { type NbdUri, parseNbdUri } from '../../src/storage/nbd/uri.js';
import { Random } from '../../src/time/index.js';

const POLL_MS = 10;
const LONGEST_START_MS = 30_000;
/** Of its complaints; each client that leaves too early is one. */
const MOST_SAID = 4096;
/** Operations between one kill and the next. */
const MOST_STEPS = 60;

/** Where a server listens. */
export type Place = { readonly socket: string } | { readonly port: number };

export const uriText = (place: Place, name = ''): string =>
  'socket' in place
    ? `nbd+unix:///${name}?socket=${place.socket}`
    : `nbd://127.0.0.1:${place.port}/${name}`;

export const uriOf = (place: Place, name = ''): NbdUri => parseNbdUri(uriText(place, name));

/** A port that nobody has now. */
export function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

/** How a program is told its place, and what it serves. */
type Command = (place: Place) => readonly [string, ...string[]];

export const nbdkit =
  (...args: readonly string[]): Command =>
  (place) => {
    const where =
      'socket' in place ? ['-U', place.socket] : ['-i', '127.0.0.1', '-p', String(place.port)];
    return ['nbdkit', '-f', ...where, ...args];
  };

export const qemuNbd =
  (image: string): Command =>
  (place) => {
    const where =
      'socket' in place ? ['-k', place.socket] : ['-b', '127.0.0.1', '-p', String(place.port)];
    return ['qemu-nbd', '-t', '-f', 'raw', '-e', '4', ...where, image];
  };

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

const listens = (place: Place): Promise<boolean> =>
  new Promise((resolve) => {
    const socket =
      'socket' in place
        ? createConnection(place.socket)
        : createConnection(place.port, '127.0.0.1');
    socket.once('connect', () => resolve(true));
    socket.once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });

export class NbdServer {
  #child: ChildProcess | undefined;
  starts = 0;

  constructor(
    readonly place: Place,
    /** What is started next. */
    public command: Command,
  ) {}

  async start(): Promise<void> {
    if ('socket' in this.place) rmSync(this.place.socket, { force: true });
    const [name, ...args] = this.command(this.place);
    const child = spawn(name, args, { stdio: ['ignore', 'ignore', 'pipe'] });
    this.#child = child;
    let said = '';
    child.stderr.on('data', (data) => {
      if (said.length < MOST_SAID) said += data;
    });
    this.starts++;
    const late = performance.now() + LONGEST_START_MS;
    while (!(await listens(this.place))) {
      if (child.exitCode !== null || performance.now() > late)
        throw new Error(`${name} does not begin: ${said}`);
      await pause(POLL_MS);
    }
  }

  signal(name: NodeJS.Signals): void {
    this.#child!.kill(name);
  }

  /** Asks it to end. @returns its exit code */
  async end(): Promise<number | null> {
    const child = this.#child!;
    const closed = new Promise((resolve) => child.on('close', resolve));
    child.kill('SIGTERM');
    await closed;
    return child.exitCode;
  }

  /** As the kernel ends a process that is out of memory: at once. */
  async kill(): Promise<void> {
    const child = this.#child!;
    const closed = new Promise((resolve) => child.on('close', resolve));
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await closed;
  }
}

/**
 * Does `work` while the server is killed and started again and again, each time when the work has got on: `step` is told
 * of every operation that was done.
 */
export async function underKills(
  server: { kill(): Promise<void>; start(): Promise<void> },
  seed: number,
  work: (step: () => void) => Promise<void>,
  longestAwayMs = 50,
): Promise<void> {
  const random = new Random(seed, 'kills');
  let isOver = false;
  let left = 0;
  let isDue = () => {};
  const killing = (async () => {
    while (!isOver) {
      left = 1 + random.below(MOST_STEPS);
      await new Promise<void>((resolve) => {
        isDue = resolve;
      });
      if (random.chance(0.5)) await pause(random.below(3));
      await server.kill();
      if (random.chance(0.3)) await pause(random.below(longestAwayMs));
      await server.start();
    }
  })();
  try {
    await work(() => {
      if (--left === 0) isDue();
    });
  } finally {
    isOver = true;
    isDue();
    await killing;
  }
}

/** A file of zeroes. */
export function image(folder: string, size: number, name = 'image'): string {
  const path = join(folder, name);
  writeFileSync(path, '');
  truncateSync(path, size);
  return path;
}

// A real Linux at the other end of the wire: boots the guest that `build-guest` made under QEMU's software emulation
// (no KVM, no privileges), lets it run a script, and hands over its console and how the script ended.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const QEMU = 'qemu-system-x86_64';
/** `-netdev stream` came with QEMU 7.2. */
const OLDEST_QEMU = 7.2;
/** Guest's memory; the image takes a tenth of it. */
const MEGABYTES = 1024;
/** The script's disk is made of whole sectors. */
const DISK_BYTES = 64 << 10;
/** A guest that says nothing for longer than its script may take is dead. */
const DEFAULT_SECONDS = 120;
const BUILD_SECONDS = 600;
const DONE = /^GUEST-DONE rc=(\d+)/m;
/** Checksums and segmentation are the guest's own work: QEMU's wire carries only whole frames. */
const NO_OFFLOADS = [
  'csum=off',
  'guest_csum=off',
  'gso=off',
  'host_tso4=off',
  'host_tso6=off',
  'guest_tso4=off',
  'guest_tso6=off',
  'mrg_rxbuf=off',
].join(',');

/** Where the guest's image is kept between runs. */
export const imageFolder =
  process.env.WIREVERBS_GUEST ??
  join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'wireverbs-guest');

const source = (name: string) =>
  fileURLToPath(new URL(`../../../test/linux/${name}`, import.meta.url));

/** Makes ready what booting needs; says in words why it cannot, or undefined when all is there. */
export function prepareGuest(): string | undefined {
  const version = qemuVersion() ?? installQemu();
  if (typeof version === 'string') return version;
  if (version < OLDEST_QEMU)
    return `${QEMU} is of version ${version}, but ${OLDEST_QEMU} is needed`;
  const built = spawnSync(source('build-guest'), [imageFolder], {
    stdio: ['ignore', 'inherit', 'pipe'],
    encoding: 'utf8',
    timeout: BUILD_SECONDS * 1000,
  });
  if (built.status === 0) return undefined;
  const why = built.stderr?.trim() || built.error?.message || `it ended with ${built.signal}`;
  return `the guest could not be built in ${imageFolder}: ${why}`;
}

/** siw as a module for the guest's kernel: the file of its bytes. @throws Error that says why it cannot be made */
export function siwModule(): string {
  const folder = `${imageFolder}-siw`;
  const built = spawnSync(source('build-siw'), [imageFolder, folder], {
    stdio: ['ignore', 'inherit', 'pipe'],
    encoding: 'utf8',
    timeout: BUILD_SECONDS * 1000,
  });
  if (built.status === 0) return join(folder, 'siw.ko');
  throw new Error(`siw could not be built in ${folder}: ${built.stderr?.trim() || built.error}`);
}

function qemuVersion(): number | undefined {
  const { stdout } = spawnSync(QEMU, ['--version'], { encoding: 'utf8' });
  const version = /version (\d+\.\d+)/.exec(stdout ?? '')?.[1];
  return version === undefined ? undefined : Number(version);
}

/** Root on a Debian machine installs it; others are told to. */
function installQemu(): number | string {
  const advice = `${QEMU} is not installed (Debian: apt-get install qemu-system-x86 cpio)`;
  if (process.getuid?.() !== 0 || spawnSync('apt-get', ['--version']).status !== 0) return advice;
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  spawnSync('apt-get', ['update', '-qq'], { stdio: 'ignore', env });
  const packages = ['qemu-system-x86', 'cpio'];
  const install = ['install', '-y', '-qq', '--no-install-recommends', ...packages];
  const { stderr } = spawnSync('apt-get', install, { encoding: 'utf8', env });
  return qemuVersion() ?? `${advice}, and apt-get could not do it: ${stderr.trim()}`;
}

export interface GuestOptions {
  /** Run by sh as root; its exit code is the guest's. The network device is eth0. */
  readonly script: string;
  /** The unix socket on which somebody listens for frames. */
  readonly socket: string;
  readonly mac?: string;
  /** The guest is ended when it takes longer. */
  readonly seconds?: number;
  /** Largest MTU of its card. */
  readonly mtu?: number;
  /** Bytes that the guest finds on its second disk, /dev/vdb: a module that is no part of the image, say. */
  readonly file?: string;
  /** A second card, eth1, behind which QEMU reaches this machine's own ports: as 10.0.2.2, the guest being 10.0.2.15. */
  readonly reachesHost?: boolean;
  /** Hears each line of the console as it comes. */
  readonly hear?: (line: string) => void;
}

export interface GuestEnd {
  /** The script's exit code; undefined when the guest did not come to its end. */
  readonly code: number | undefined;
  readonly console: string;
}

/** Boots a guest and waits until it is off. */
export async function runGuest(options: GuestOptions): Promise<GuestEnd> {
  const folder = mkdtempSync(join(tmpdir(), 'wireverbs-guest-'));
  try {
    const disk = join(folder, 'script');
    writeFileSync(disk, options.script);
    truncateSync(disk, DISK_BYTES);
    const child = spawn(QEMU, qemuArguments(options, disk), { stdio: ['ignore', 'pipe', 'pipe'] });
    const console = await consoleOf(child, options);
    const code = DONE.exec(console)?.[1];
    return { code: code === undefined ? undefined : Number(code), console };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function qemuArguments(
  { socket, mac = '52:54:00:00:00:02', mtu = 1500, file, reachesHost }: GuestOptions,
  disk: string,
): string[] {
  return [
    ...['-accel', 'tcg,thread=multi', '-cpu', 'max', '-m', String(MEGABYTES), '-smp', '1'],
    ...['-display', 'none', '-nodefaults', '-no-reboot', '-serial', 'stdio'],
    ...['-kernel', join(imageFolder, 'vmlinuz'), '-initrd', join(imageFolder, 'initrd.cpio')],
    // Where this machine is busy, an emulated timer may seem not to tick while the kernel looks.
    ...['-append', 'console=ttyS0 quiet panic=-1 no_timer_check'],
    ...['-drive', `file=${disk},format=raw,if=virtio`],
    ...(file === undefined ? [] : ['-drive', `file=${file},format=raw,if=virtio,readonly=on`]),
    ...['-netdev', `stream,id=n0,server=off,addr.type=unix,addr.path=${socket}`],
    ...['-device', `virtio-net-pci,netdev=n0,mac=${mac},host_mtu=${mtu},${NO_OFFLOADS}`],
    ...(reachesHost ? ['-netdev', 'user,id=n1', '-device', 'virtio-net-pci,netdev=n1'] : []),
  ];
}

/** All that the guest says until it is off, or until its time is over. */
function consoleOf(
  child: ChildProcess,
  { seconds = DEFAULT_SECONDS, hear: tell = () => {} }: GuestOptions,
): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    /** Where the line begins that is not whole yet. */
    let at = 0;
    const timer = setTimeout(() => {
      text += `\n(ended after ${seconds} s)\n`;
      child.kill('SIGKILL');
    }, seconds * 1000);
    const hear = (bytes: Buffer) => {
      text += bytes.toString('utf8').replaceAll('\r', '');
      for (let end = text.indexOf('\n', at); end >= 0; end = text.indexOf('\n', at)) {
        tell(text.slice(at, end));
        at = end + 1;
      }
    };
    child.stdout!.on('data', hear);
    child.stderr!.on('data', hear);
    child.on('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    child.on('close', () => {
      clearTimeout(timer);
      resolve(text);
    });
  });
}

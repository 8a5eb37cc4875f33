// `wireverbs pool serve`: volumes on the sockets of this machine, for real clients: qemu, nbd-client, libnbd, fio.

import { existsSync, lstatSync, rmSync } from 'node:fs';
import { createConnection } from 'node:net';
import { dirname } from 'node:path';
import { Duplex } from 'node:stream';
import { type Command, InvalidArgumentError } from 'commander';
import { OpenVolumes, parseVolume, type VolumeSpec } from '../storage/backing.js';
import { Exports, NbdListener, type Place, type ServerCounts } from '../storage/nbd/index.js';
import { UsageError } from './failure.js';
import { wholeNumber } from './input.js';
import { reading } from './option.js';
import { NvmeTcpServers } from './pool-nvme.js';
import { storeCommands } from './pool-store.js';
import { POOL_NQN } from './pool-subsystem.js';
import { counted, print, remark, table } from './terminal.js';

interface Options {
  readonly volume: readonly VolumeSpec[];
  readonly nbd: readonly Place[];
  readonly nvmeTcp: readonly TcpPlace[];
  readonly nqn: string;
  readonly patience?: number;
  readonly overwriteCopies?: true;
  readonly stdio?: true;
  readonly json?: true;
  readonly once?: true;
  readonly seconds?: number;
}

/** Where NVMe/TCP is served. */
type TcpPlace = Extract<Place, { readonly port: number }>;

const examples = `
Examples:
  wireverbs pool serve --volume disk=1G --nbd 10809
  wireverbs pool serve --volume a=64M --volume b=1G --nbd unix:/tmp/pool.sock
  wireverbs pool serve --volume disk=10G,file:/var/tmp/disk.store --nbd 10809
  wireverbs pool serve --volume disk=1G --nvme-tcp 0.0.0.0:4420
  wireverbs pool serve --volume disk=10G,file:disk.store,nbd://node2/disk,nbd://node3/disk --nbd 10809
  nbdinfo nbd+unix:///a?socket=/tmp/pool.sock
  nvme connect -t tcp -a HOST -s 4420 -n nqn.2026-11.io.wireverbs:pool
  nbdinfo -- [ wireverbs pool serve --volume disk=64M --stdio ]

A volume is NAME=SIZE or NAME=SIZE,BACKING. Sizes are bytes, or numbers with K, M, G or T (powers of 1024). Backings:
  memory:              in memory, gone at the end (this is meant where nothing is said)
  file:PATH            on disk, thin; every block has a CRC, and what was flushed survives any crash
  nbd://HOST:PORT/NAME, nbd+unix:///NAME?socket=PATH
                       an export of any NBD server; connects again when it is lost. No size is needed
Up to three backings, file: and nbd://, are copies of the volume: what is acknowledged is in all that are whole, and what is
read comes from the first of those. A copy that fails is left out, and gets what it missed when it is there again. Which copies
are whole is kept beside the first file, or where record:PATH says.
Over NVMe/TCP the volumes are namespaces 1 and on of one subsystem, which discovery on the same port tells.
Without --nbd, --nvme-tcp and --stdio, sockets that the caller opened are served (LISTEN_FDS, socket activation).
`;

/** Sockets of socket activation begin behind standard error (sd_listen_fds(3)). */
const FIRST_FD = 3;

export function poolCommand(program: Command): void {
  const pool = program.command('pool').description('a storage pool of volumes');
  pool
    .command('serve')
    .requiredOption(
      '--volume <name=size,backing>',
      'a volume; may be given several times',
      collect(parseVolume),
    )
    .option(
      '--nbd <port|host:port|unix:path>',
      'serve NBD there; may be given several times',
      collect(parsePlace),
      [],
    )
    .option(
      '--nvme-tcp <port|host:port>',
      'serve NVMe/TCP there; may be given several times',
      collect(parseTcpPlace),
      [],
    )
    .option('--nqn <name>', 'of the NVMe subsystem', POOL_NQN)
    .option(
      '--patience <seconds>',
      'how long nbd:// exports that do not answer are waited for (30, copies 5)',
      atLeastOne,
    )
    .option('--overwrite-copies', 'the first copy of a new volume replaces what the others hold')
    .option('--stdio', 'serve one NBD client on standard input and output')
    .option('--once', 'end when the last client has left')
    .option('--seconds <number>', 'end after that time', wholeNumber)
    .option('--json', 'tell what happens as JSON, an object a line')
    .description('export volumes over NBD and NVMe/TCP until told to end (SIGTERM, SIGINT)')
    .addHelpText('after', examples)
    .action(serve);
  storeCommands(pool);
}

const collect = <T>(read: (text: string) => T) => {
  const one = reading(read);
  return (text: string, before: readonly T[] = []): readonly T[] => [...before, one(text)];
};

function atLeastOne(text: string): number {
  const number = wholeNumber(text);
  if (number === 0) throw new InvalidArgumentError('expected at least 1.');
  return number;
}

/** The port that IANA gave to NBD listens on this machine alone, unless a host says otherwise. */
function parsePlace(text: string): Place {
  const path = /^unix:(.+)$/.exec(text)?.[1];
  if (path !== undefined) return { path };
  const [, host = '127.0.0.1', digits] = /^(?:(.+):)?(\d+)$/.exec(text) ?? [];
  const port = Number(digits);
  if (digits === undefined || port > 65535)
    throw new InvalidArgumentError(`'${text}': expected PORT, HOST:PORT or unix:PATH`);
  return { port, host: host.replace(/^\[(.*)\]$/, '$1') };
}

function parseTcpPlace(text: string): TcpPlace {
  const place = parsePlace(text);
  if ('port' in place) return place;
  throw new InvalidArgumentError(`'${text}': expected PORT or HOST:PORT`);
}

async function serve(options: Options): Promise<void> {
  const end = new Promise<void>((resolve) => {
    process.once('SIGINT', resolve);
    process.once('SIGTERM', resolve);
    if (options.seconds !== undefined) setTimeout(resolve, options.seconds * 1000).unref();
  });
  const say = options.json ? asJson : asText;
  const exports = new Exports();
  const listener = new NbdListener(exports);
  const { nqn } = options;
  const nvme = new NvmeTcpServers(nqn);
  const places = [...options.nbd, ...inherited(options)];
  refuseUnreachable(options, places);
  const open = new OpenVolumes({
    ...{ overwriteCopies: options.overwriteCopies },
    patienceMs: options.patience && options.patience * 1000,
    say: (volume, what) => say({ event: 'volume', volume, what }),
  });
  try {
    for (const spec of options.volume) {
      const volume = await open.open(spec);
      nvme.add(spec.name, volume);
      exports.add({ name: spec.name, volume, description: describe(spec) });
    }
    const idle = whenIdle(options, listener, nvme);
    for (const place of places)
      say({ event: 'listening', protocol: 'NBD', at: await listen(listener, place) });
    for (const place of options.nvmeTcp)
      say({ event: 'listening', ...{ protocol: 'NVMe/TCP', at: await nvme.listen(place), nqn } });
    if (options.stdio)
      listener.adopt(Duplex.from({ readable: process.stdin, writable: process.stdout }));
    await Promise.race([end, idle]);
  } finally {
    await listener.close();
    await nvme.close();
    await open.close();
  }
  say({ event: 'end', ...listener.counts });
}

/** Ends when there was a client, and none is left; where nobody wants that, never. */
const whenIdle = (options: Options, listener: NbdListener, nvme: NvmeTcpServers): Promise<void> =>
  new Promise((resolve) => {
    if (!options.once && !options.stdio) return;
    const left = () => {
      if (nvme.connected === 0 && listener.connected === 0) resolve();
    };
    listener.onIdle = left;
    nvme.onIdle = left;
  });

function refuseUnreachable({ nvmeTcp, stdio, json }: Options, places: readonly Place[]): void {
  if (places.length + nvmeTcp.length === 0 && !stdio)
    throw new UsageError('nobody could reach the volumes: expected --nbd, --nvme-tcp or --stdio');
  if (stdio && json)
    throw new UsageError('--json and --stdio both want the standard output: expected one of them');
}

type Told =
  | { readonly event: 'volume'; readonly volume: string; readonly what: string }
  | { readonly event: 'listening'; readonly protocol: string; readonly at: string; nqn?: string }
  | ({ readonly event: 'end' } & ServerCounts);

const asJson = (told: Told): void => print(JSON.stringify(told));

function asText(told: Told): void {
  if (told.event === 'volume') remark(`${told.volume}: ${told.what}`);
  else if (told.event === 'listening')
    remark(`${told.protocol} on ${told.at}${told.nqn ? `, ${told.nqn}` : ''}`);
  else report(told);
}

const describe = ({ backings }: VolumeSpec): string =>
  `wireverbs volume, ${backings.map(({ kind }) => kind).join(' and ')}`;

/** Sockets that the caller opened for us: LISTEN_FDS of them, if they are meant for this process. */
function inherited({ nbd, stdio }: Options): Place[] {
  const { LISTEN_FDS, LISTEN_PID } = process.env;
  if (nbd.length > 0 || stdio || LISTEN_PID !== String(process.pid)) return [];
  return Array.from({ length: Number(LISTEN_FDS) || 0 }, (_, i) => ({ fd: FIRST_FD + i }));
}

async function listen(listener: NbdListener, place: Place): Promise<string> {
  if ('path' in place) await clearPath(place.path);
  return listener.listen(place).catch((error: NodeJS.ErrnoException) => {
    if (error.syscall === undefined) throw error;
    throw new UsageError(`NBD cannot be served there: ${error.message}`);
  });
}

/** A socket that nobody listens on is left over from a run before; anything else stays. */
async function clearPath(path: string): Promise<void> {
  // The system says of this that permission is denied.
  if (!existsSync(dirname(path))) throw new UsageError(`${dirname(path)}: there is no such folder`);
  if (!lstatSync(path, { throwIfNoEntry: false })?.isSocket()) return;
  const socket = createConnection(path);
  const alive = await new Promise<boolean>((resolve) => {
    socket.once('connect', () => resolve(true));
    socket.once('error', () => resolve(false));
  });
  socket.destroy();
  if (!alive) rmSync(path, { force: true });
}

/** Standard output may be the client's, so that the report goes where remarks go. */
function report(counts: ServerCounts): void {
  remark(`${counted(counts.connections, 'connection')} served`);
  const { reads, writes, flushes, others, errors, bytesRead, bytesWritten } = counts;
  const rows = [
    ['read', reads, bytesRead],
    ['written', writes, bytesWritten],
    ['flushed', flushes, 0],
    ['other', others, 0],
    ['failed', errors, 0],
  ];
  remark(table(['requests', 'count', 'bytes'], rows));
}

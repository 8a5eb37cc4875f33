// `wireverbs live`: a host of ours on a real wire, such as the one that a QEMU guest has for its Ethernet. It answers
// ARP, neighbour discovery and ping, has a RoCE or iWARP device, and runs rping's two sides, until it is told to end.

import { closeSync, openSync, writeSync } from 'node:fs';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { formatMac, parseMac } from '../../protocols/index.js';
import { LEAST_SIZE, MOST_SIZE } from '../apps/rping/index.js';
import { CaptureTap, chances, parseOutage, parseRule } from '../fabric/index.js';
import { Host } from '../host/index.js';
import { realTimeCpu } from '../profiles/cpu.js';
import { formatIp, type HostStack, parseHostAddress, parseIp } from '../stack/index.js';
import { parseVolume, type VolumeSpec } from '../storage/backing.js';
import { ms, Random } from '../time/index.js';
import { LiveWorld } from '../world/live.js';
import { UsageError } from './failure.js';
import { wholeNumber } from './input.js';
import { reportPool, type ServedPool, servePool } from './live-pool.js';
import {
  connectRping,
  reportOutcome,
  reportServed,
  rpingTarget,
  serveRping,
  type Target,
} from './live-rping.js';
import { probability, reading, several } from './option.js';
import { POOL_NQN } from './pool-subsystem.js';
import { counted, print, remark, table } from './terminal.js';

interface Options {
  readonly wire: string;
  readonly ip: readonly string[];
  readonly gateway?: readonly string[];
  readonly mac: string;
  readonly mtu: number;
  readonly pcap?: string;
  readonly fault?: readonly string[];
  readonly loss?: number;
  readonly duplicate?: number;
  readonly reorder?: number;
  readonly seed: number;
  readonly ping?: string;
  readonly serve?: 'rping' | 'pool';
  readonly volume?: readonly VolumeSpec[];
  readonly nqn: string;
  readonly rdma: keyof typeof gidTypes;
  readonly connect?: Target;
  readonly size?: number;
  readonly patience: number;
  readonly count?: number;
  readonly once?: true;
  readonly seconds?: number;
}

/** What carries RDMA. */
const gidTypes = { rocev2: 'RoCE v2', rocev1: 'RoCE v1', iwarp: 'iWARP' } as const;
/** Locally administered (the second bit of its first byte), so that it meets no card's. */
const DEFAULT_MAC = '52:54:00:00:00:01';
const DEFAULT_MTU = 1500;
/** siw needs so long before it looks at what an active side says first (IwarpOptions.startDelay). */
const START_DELAY_MS = 100;
/** Frames that are held back are overtaken for up to so long. */
const REORDER_NS = 10_000_000;
/** A peer that boots may take so many seconds until it answers. */
const PATIENCE = 60;
const PING_INTERVAL_MS = 1000;
const PING_IDENTIFIER = 1;
/** Requests after which one that was not answered is forgotten. */
const FORGOTTEN = 60;

const examples = `
Examples:
  wireverbs live --wire qemu:/tmp/wire.sock --ip 10.0.0.1/24 --ip fd00::1/64 --pcap live.pcapng
  wireverbs live --wire qemu:/tmp/wire.sock --ip 10.0.0.1/24 --loss 0.02 --fault 'drop the 3rd frame with icmp from peer'
  wireverbs live --wire udp:127.0.0.1:5001,127.0.0.1:5000 --ip 10.0.0.1/24 --ping 10.0.0.2 --once
  wireverbs live --wire qemu:/tmp/wire.sock --ip 10.0.0.1/24 --serve rping
  wireverbs live --wire qemu:/tmp/wire.sock --ip 10.0.0.1/24 --serve pool --volume disk=1G
  wireverbs live --wire qemu:/tmp/wire.sock --ip 10.0.0.1/24 --serve rping --rdma iwarp
  wireverbs live --wire qemu:/tmp/wire.sock --ip fd00::1/64 --connect rping:fd00::2 --size 4096 --count 10

qemu:PATH is a unix socket; wireverbs connects to it, or listens where nobody does. QEMU's side of it:
  qemu-system-x86_64 ... -netdev stream,id=n0,server=off,addr.type=unix,addr.path=/tmp/wire.sock \\
    -device virtio-net-pci,netdev=n0,csum=off,guest_csum=off,gso=off,host_tso4=off,guest_tso4=off
In faults, 'from us' and 'from peer' say whose frames are meant.
`;

/** Reads an option with the library's own words for what is wrong; the text is kept. */
function checked(text: string, parse: (text: string) => unknown): string {
  try {
    parse(text);
    return text;
  } catch (error) {
    throw new InvalidArgumentError(`${(error as Error).message}.`);
  }
}

function pingSize(text: string): number {
  const size = Number(text);
  if (!(Number.isInteger(size) && size >= LEAST_SIZE && size <= MOST_SIZE))
    throw new InvalidArgumentError(
      `expected ${LEAST_SIZE} to ${MOST_SIZE} bytes, found '${text}'.`,
    );
  return size;
}

const addressText = (text: string) => checked(text, parseIp);

export function liveCommand(program: Command): void {
  program
    .command('live')
    .requiredOption('--wire <wire>', 'qemu:PATH or udp:HERE:PORT,THERE:PORT')
    .requiredOption(
      '--ip <address/prefix>',
      'our address; may be given several times',
      (text: string, before?: readonly string[]) =>
        several(checked(text, parseHostAddress), before),
    )
    .option(
      '--gateway <address>',
      'where packets for other subnets go',
      (text: string, before?: readonly string[]) => several(addressText(text), before),
    )
    .option('--mac <mac>', 'our Ethernet address', (text) => checked(text, parseMac), DEFAULT_MAC)
    .option('--mtu <bytes>', 'largest packet that we send', wholeNumber, DEFAULT_MTU)
    .option('--pcap <file>', 'write every frame to a pcapng file')
    .option('--fault <rule>', 'what goes wrong on the wire; may be given several times', several)
    .option('--loss <p>', 'probability that a frame is lost, either way', probability)
    .option('--duplicate <p>', 'that it comes twice', probability)
    .option('--reorder <p>', 'that others overtake it', probability)
    .option('--seed <number>', 'of what is left to chance', wholeNumber, 1)
    .option('--ping <address>', 'ask for an echo once a second', addressText)
    .addOption(new Option('--serve <service>', 'serve over RDMA').choices(['rping', 'pool']))
    .option(
      '--volume <name=size,backing>',
      'of the pool, a namespace of NVMe over RDMA and TCP; may be given several times',
      (text: string, before: readonly VolumeSpec[] = []) => [...before, reading(parseVolume)(text)],
    )
    .option('--nqn <name>', "of the pool's NVMe subsystem", POOL_NQN)
    .addOption(
      new Option('--rdma <wire>', 'what carries RDMA')
        .choices(Object.keys(gidTypes))
        .default('rocev2'),
    )
    .option('--connect <rping:address>', 'be the client of an rping server', rpingTarget)
    .option('--size <bytes>', "of rping's data; of a server the most", pingSize)
    .option('--patience <seconds>', 'how long rping tries again', wholeNumber, PATIENCE)
    .option('--count <number>', 'end after so many replies', wholeNumber)
    .option('--once', 'end when the peer leaves')
    .option('--seconds <number>', 'end after that time', wholeNumber)
    .description(
      'be a host on a real wire: ARP, neighbour discovery, ping, rping over RDMA, a storage pool',
    )
    .addHelpText('after', examples)
    .action(runLive);
}

async function runLive(options: Options): Promise<void> {
  const world = new LiveWorld();
  const random = new Random(options.seed, 'live');
  const host = liveHost(world, options, random);
  const stack = host.stack!;
  spoil(world, options, random);
  const capture = options.pcap === undefined ? undefined : openTap(world, options.pcap);
  let greet = () => {};
  const peer = new Promise<void>((resolve) => {
    greet = resolve;
  });
  const end = new Promise<void>((resolve) => ending(world, options, greet, resolve));
  let pool: ServedPool | undefined;
  try {
    const wire = await world.connect(host, options.wire).catch(unusable);
    const ours = stack.addresses.map(({ ip }) => formatIp(ip)).join(', ');
    print(`${wire.name}: we are ${ours} at ${formatMac(stack.mac)}`);
    const served = options.serve === 'rping' && serveRping(host, options.size);
    pool = options.serve === 'pool' ? await openPool(world, host, options) : undefined;
    world.settle();
    const asking =
      options.ping === undefined ? [] : [peer.then(() => pinging(world, stack, options))];
    const rping = options.connect && connected(world, host, options, peer);
    await Promise.race([end, ...asking, ...(rping ? [rping] : [])]);
    if (served) reportServed(served);
    if (pool) reportPool(pool);
  } finally {
    await world.close();
    await pool?.close();
    capture?.();
  }
  report(world, host);
}

function openPool(world: LiveWorld, host: Host, options: Options): Promise<ServedPool> {
  if (!options.volume?.length)
    throw new UsageError('a pool has volumes: expected --volume NAME=SIZE');
  return servePool(world, host, options.volume, options.nqn);
}

/** The card of a run that begins anew must not be taken for that of the one before: peers remember connections. */
const guidOfRun = (): bigint => GUID_PREFIX + BigInt(Date.now());
/** Locally administered, as the MAC is. */
const GUID_PREFIX = 0x0200_0000_0000_0000n;

function liveHost(world: LiveWorld, options: Options, random: Random): Host {
  const { mtu, ip: addresses, gateway: gateways = [] } = options;
  return new Host({
    name: 'us',
    pool: world.pool,
    mac: parseMac(options.mac),
    mtu,
    addresses,
    gateways,
    random,
    guid: guidOfRun(),
    wire: gidTypes[options.rdma],
    iwarp: { startDelay: ms(START_DELAY_MS) },
    cpu: realTimeCpu,
  });
}

async function connected(
  world: LiveWorld,
  host: Host,
  options: Options,
  peer: Promise<void>,
): Promise<void> {
  await peer;
  reportOutcome(await connectRping(world, host, options.connect!, options));
}

/** A wire that cannot be opened is no bug of ours. */
function unusable(error: NodeJS.ErrnoException): never {
  if (error.syscall === undefined) throw error;
  throw new UsageError(`the wire cannot be opened: ${error.message}`);
}

function spoil(world: LiveWorld, options: Options, random: Random): void {
  for (const text of options.fault ?? []) {
    if (parseOutage(text))
      throw new UsageError(`'${text}': a real wire is pulled by hand; drop its frames instead`);
    const rule = parseRule(text);
    const ways = { '': 'both', us: 'out', peer: 'in' } as const;
    const way = ways[rule.from as keyof typeof ways];
    if (way === undefined)
      throw new UsageError(`'${text}': frames come from 'us' or from 'peer', not '${rule.from}'`);
    world.impair(rule, way);
  }
  const { loss = 0, duplicate = 0, reorder = 0 } = options;
  if (loss + duplicate + reorder === 0) return;
  for (const way of ['out', 'in'] as const) {
    const fault = { loss, duplicate, reorder, reorderNs: REORDER_NS };
    world.impair(chances(fault, random.fork(way)), way);
  }
}

function openTap(world: LiveWorld, path: string): () => void {
  const file = openSync(path, 'w');
  const tap = new CaptureTap((bytes) => writeSync(file, bytes));
  world.tap(tap.port('us', 1, ['in', 'out', 'lost'], world.epochSeconds));
  return () => {
    tap.flush();
    closeSync(file);
  };
}

function ending(
  world: LiveWorld,
  { once, seconds }: Options,
  greet: () => void,
  end: () => void,
): void {
  process.once('SIGINT', end);
  process.once('SIGTERM', end);
  if (seconds !== undefined) setTimeout(end, seconds * 1000).unref();
  world.onFailure = (why) => remark(`wireverbs: ${why}`);
  world.onPeer = (there) => {
    remark(there ? 'the peer is there' : 'the peer has left');
    if (there) greet();
    else if (once) end();
  };
}

/** Asks once a second and prints what comes back, in the manner of ping, until there were enough replies. */
function pinging(world: LiveWorld, stack: HostStack, options: Options): Promise<void> {
  const target = parseIp(options.ping!);
  const asked = new Map<number, number>();
  let sequence = 0;
  const ask = () => {
    const { now } = world;
    asked.set(++sequence, now);
    asked.delete(sequence - FORGOTTEN);
    stack.ping(now, target, PING_IDENTIFIER, sequence);
    world.settle();
  };
  return new Promise((resolve) => {
    let replies = 0;
    world.onSettled = () => {
      for (let reply = stack.takeEchoReply(); reply; reply = stack.takeEchoReply()) {
        const took = (reply.at - (asked.get(reply.sequence) ?? reply.at)) / 1e6;
        const { from, size } = reply;
        const text = `${size} bytes from ${formatIp(from)}: seq=${reply.sequence}`;
        print(`${text} time=${took.toFixed(3)} ms`);
        if (++replies === options.count) resolve();
      }
    };
    setInterval(ask, PING_INTERVAL_MS).unref();
    // What cannot be reached at all is told at once.
    ask();
  });
}

function report(world: LiveWorld, host: Host): void {
  const stack = host.stack!;
  print(
    `${counted(world.received, 'frame')} received, ${world.sent} sent, ` +
      `${stack.icmp.answered} echo requests answered`,
  );
  const rows = [
    ...[...world.lost].map(([why, count]) => ['lost on the wire', why, count]),
    ...Object.entries(stack.drops.all).map(([why, count]) => ['dropped by us', why, count]),
    ...Object.entries(host.device.counters.all()).map(([what, count]) => ['RDMA', what, count]),
  ];
  if (rows.length > 0) print(table(['what', 'why', 'frames'], rows));
}

// A stock Linux kernel's NVMe over Fabrics host with a storage pool of ours: over rdma_rxe, siw and TCP, with and without
// digests, on a good wire and on one that loses 1 %. Two guests at once have all of these lives, one after the other; one
// guest's pool is served by the library, the other's by the commands.

import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compileFilter, dissect, protocols } from '../../protocols/index.js';
import { servePool } from '../../src/cli/live-pool.js';
import { chances, type Impairment } from '../../src/fabric/index.js';
import { parseVolume } from '../../src/storage/backing.js';
import { Random } from '../../src/time/index.js';
import { wireverbs } from '../support/cli.js';
import { assert, spec } from '../support/spec.js';
import { type GuestOptions, runGuest, siwModule } from './guest.js';
import { judgeCapture, listening, liveHost } from './host.js';
import { guestScript, judgeLife, type Life, Progress, VOLUMES } from './nvme-life.js';

const main = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));
const GOOD = '10.0.0.1';
/** One frame in a hundred of this network is lost, whoever sent it. */
const BAD = '10.0.1.1';
const BAD_NETWORK = '10.0.1.0/24';
/** This machine, as QEMU's own network shows it to its guest. */
const MACHINE = '10.0.2.2';
/** A guest under software emulation takes minutes for what a machine does in seconds. */
const SECONDS = 500;
/**
 * What tshark 4.0 misreads: it guesses at what packets of RDMA carry, and reassembles no PDU through retransmissions that
 * overlap what it has.
 */
const MISREAD =
  'infiniband.bth.opcode < 0x20 || _ws.expert.message contains "fragment overlaps old data"';
const options = '--hdr-digest --data-digest';

const ofLibrary: readonly Life[] = [
  { name: 'rxe', transport: 'rdma', address: GOOD },
  { name: 'rxe-loss', transport: 'rdma', address: BAD, unregistered: true },
  { name: 'tcp', transport: 'tcp', address: GOOD },
  { name: 'tcp-loss', transport: 'tcp', address: BAD },
];
const ofCommands: readonly Life[] = [
  { name: 'siw', transport: 'rdma', address: GOOD },
  { name: 'siw-loss', transport: 'rdma', address: BAD },
  { name: 'tcp-digests', transport: 'tcp', address: GOOD, port: 4421, options },
  { name: 'tcp-digests-loss', transport: 'tcp', address: BAD, port: 4421, options },
  { name: 'tcp-serve', transport: 'tcp', address: MACHINE },
];

/** WIREVERBS_LIFE=siw,siw-loss: only these, and with the guests' consoles. */
const wanted = process.env.WIREVERBS_LIFE?.split(',');
const among = (lives: readonly Life[]) =>
  wanted ? lives.filter(({ name }) => wanted.includes(name)) : lives;
const isLossy = ({ address }: Life): boolean => address === BAD;

interface Outcome {
  readonly console: string;
  readonly captures: readonly string[];
}
const NOTHING: Outcome = { console: '', captures: [] };

/** Impairs the frames of the bad network. */
function onBadNetwork(impairment: Impairment): Impairment {
  const isBad = compileFilter(`ipv4.src == ${BAD_NETWORK}`, protocols);
  return {
    name: impairment.name,
    apply(now, from, pool, slot, fate) {
      const start = pool.at(slot);
      const scene = dissect(pool.bytes(slot), { start, end: start + pool.length(slot) });
      if (isBad(scene)) impairment.apply(now, from, pool, slot, fate);
    },
  };
}

/** Boots a guest and gives its console. */
async function boot(name: string, options: GuestOptions): Promise<string> {
  const progress = new Progress();
  const hear = (line: string) => {
    if (wanted) console.log(`${name}: ${line}`);
    progress.hear(line);
  };
  return (await runGuest({ seconds: SECONDS, hear, ...options })).console;
}

/** The pool in this process, over RoCE and TCP. */
async function withLibrary(): Promise<Outcome> {
  const lives = among(ofLibrary);
  if (lives.length === 0) return NOTHING;
  const loss = onBadNetwork(chances({ loss: 0.01 }, new Random(6)));
  const live = await liveHost([`${GOOD}/24`, `${BAD}/24`], [loss]);
  const pool = await servePool(live.world, live.host, VOLUMES.map(parseVolume));
  live.world.settle();
  const script = guestScript('rxe', lives);
  const console = await boot('guest 1', { script, socket: live.socket });
  await live.close();
  await pool.close();
  assert.is(pool.subsystem.controllers.size, 0, `the host said goodbye:\n${console}`);
  assert.is((live.world.lost.get('loss') ?? 0) > 0, lives.some(isLossy));
  return { console, captures: [live.capture] };
}

/** The pools of `wireverbs live --serve pool`, over iWARP and TCP, and of `wireverbs pool serve`, on sockets. */
async function withCommands(folder: string): Promise<Outcome> {
  const lives = among(ofCommands);
  if (lives.length === 0) return NOTHING;
  const file = siwModule();
  const socket = join(folder, 'wire.sock');
  const capture = join(folder, 'wire.pcapng');
  const volumes = VOLUMES.flatMap((volume) => ['--volume', volume]);
  const wire = wireverbs([
    ...['live', '--wire', `qemu:${socket}`, '--once', '--seconds', String(SECONDS)],
    ...['--ip', `${GOOD}/24`, '--ip', `${BAD}/24`, '--rdma', 'iwarp', '--pcap', capture],
    ...['--fault', `drop every 100th frame with ipv4.src == ${BAD_NETWORK}`],
    ...['--serve', 'pool', ...volumes],
  ]);
  const sockets = await poolServe(volumes);
  await listening(socket);
  const here = lives.map((life) =>
    life.address === MACHINE ? { ...life, port: sockets.port } : life,
  );
  const script = guestScript('siw', here);
  const console = await boot('guest 2', { script, socket, file, reachesHost: true });
  const { status, stdout, stderr } = await wire;
  assert.is(status, 0, stderr);
  assert.match(stdout, /^pool: \d+ queues? over RDMA and \d+ over TCP served$/m);
  assert.is(/lost on the wire.*rule/.test(stdout), lives.some(isLossy), stdout);
  assert.is(await sockets.end(), 0);
  return { console, captures: [capture] };
}

/** `wireverbs pool serve` on a port of this machine. */
async function poolServe(volumes: readonly string[]) {
  const command = ['pool', 'serve', '--nvme-tcp', '127.0.0.1:0', ...volumes];
  const child = spawn(process.execPath, [main, ...command], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  const port = await new Promise<number>((resolve, reject) => {
    let said = '';
    child.stderr.on('data', (data) => {
      said += data;
      const found = /NVMe\/TCP on \S*:(\d+)/.exec(said);
      if (found) resolve(Number(found[1]));
    });
    child.on('close', () => reject(new Error(said)));
  });
  const end = () => {
    child.kill('SIGTERM');
    return ended;
  };
  return { port, end };
}

spec('linux: NVMe over Fabrics', (it) => {
  const folder = mkdtempSync(join(tmpdir(), 'wireverbs-nvme-'));
  let running: Promise<readonly PromiseSettledResult<Outcome>[]> | undefined;
  /** Both guests, once; which of them there was trouble with is told to each test of its lives. */
  const outcome = async (number: 0 | 1): Promise<Outcome> => {
    running ??= Promise.allSettled([withLibrary(), withCommands(folder)]);
    const settled = (await running)[number]!;
    if (settled.status === 'rejected') throw settled.reason;
    return settled.value;
  };
  for (const [number, lives] of [ofLibrary, ofCommands].entries())
    for (const life of among(lives))
      it(`${life.name}: a file system lives, raw data is verified, and both are as they were after a reconnect`, async () => {
        judgeLife((await outcome(number as 0 | 1)).console, life);
      });

  it('what went over the wires is right by our check and by tshark', async () => {
    const captures = [...(await outcome(0)).captures, ...(await outcome(1)).captures];
    for (const capture of captures) judgeCapture(capture, MISREAD);
    for (const path of [folder, ...captures.map((capture) => dirname(capture))])
      rmSync(path, { recursive: true, force: true });
  });
});

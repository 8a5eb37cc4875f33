// Bulk TCP between a stock Linux and our stack: 64 MiB each way at once over each connection, whoever opens it, over IPv4 and
// IPv6, with frames of 1500 and of 9000 bytes, on a good wire and on one that loses, copies and reorders.

import { createHash, randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { chances, type Impairment } from '../../src/fabric/index.js';
import { Random } from '../../src/time/index.js';
import { assert, spec } from '../support/spec.js';
import { guestOn, judgeCapture, liveHost } from './host.js';
import { buffers, serve, Task } from './tcp-service.js';

const MEGABYTES = 64;
/** Both ways at once; asks us to connect back; spoils the wire from then on. */
const PORT = { both: 7, back: 10, spoil: 11 } as const;
/** Where the guest listens for us; no protocol that tshark would look for. */
const GUEST_PORT = 50_007;
const ADDRESSES = { IPv4: '10.0.0.1', IPv6: 'fd00::1' } as const;
/** What is captured of a run: its judges read each frame by itself. */
const CAPTURED_FRAMES = 20_000;
/** A guest without KVM moves some 4 MiB a second, both ways together, half of it on the bad wire: all runs take 11 minutes. */
const GUEST_SECONDS = 900;
const EVERY_RUN = process.env.WIREVERBS_LINUX === 'full';

/** One connection: who opens it, over what. */
interface Run {
  readonly family: keyof typeof ADDRESSES;
  readonly opener: 'guest' | 'us';
  readonly wire: 'good' | 'bad';
}

const everyRun: readonly Run[] = (['good', 'bad'] as const).flatMap((wire) =>
  (['guest', 'us'] as const).flatMap((opener) =>
    (['IPv4', 'IPv6'] as const).map((family) => ({ family, opener, wire })),
  ),
);

/** Unless all are asked for: each family, opener, wire and MTU occurs, and any two of them but for one pairing together. */
const someRuns: Readonly<Record<number, readonly Run[]>> = {
  1500: [
    { family: 'IPv4', opener: 'guest', wire: 'good' },
    { family: 'IPv6', opener: 'us', wire: 'bad' },
  ],
  9000: [
    { family: 'IPv6', opener: 'guest', wire: 'good' },
    { family: 'IPv4', opener: 'us', wire: 'bad' },
  ],
};

const lines = ({ family, opener }: Run, index: number): string => {
  const ip = ADDRESSES[family];
  if (opener === 'guest') return `got ${index} nc ${ip} ${PORT.both}`;
  return `{ sleep 0.5; nc ${ip} ${PORT.back} < /dev/null; } & got ${index} nc -l -p ${GUEST_PORT}`;
};

const script = (mtu: number, some: readonly Run[]): string => {
  const bad = some.findIndex(({ wire }) => wire === 'bad');
  const all = some.map(lines);
  if (bad >= 0) all.splice(bad, 0, `nc ${ADDRESSES.IPv4} ${PORT.spoil} < /dev/null`);
  return `
ip link set eth0 up mtu ${mtu}
ip addr add 10.0.0.2/24 dev eth0
ip -6 addr add fd00::2/64 dev eth0 nodad
sleep 2
now() { cut -d' ' -f1 /proc/uptime; }
got() { index=$1; shift; from=$(now); echo GOT $index $("$@" < /dev/vdb | sha256sum) $from $(now); }
${all.join('\n')}
grep -i tcp /proc/net/netstat /proc/net/snmp
`;
};

/** The runs of one guest, one after the other. */
async function transfer(mtu: number, some: readonly Run[]): Promise<void> {
  const ours = randomBytes(MEGABYTES << 20);
  const theirs = randomBytes(MEGABYTES << 20);
  let spoiled = false;
  const faults = chances(
    { loss: 0.02, duplicate: 0.02, reorder: 0.05, reorderNs: 2_000_000 },
    new Random(3),
  );
  const wire: Impairment = {
    name: faults.name,
    apply: (...frame) => spoiled && faults.apply(...frame),
  };
  const host = await liveHost(['10.0.0.1/24', 'fd00::1/64'], [wire], { mtu }, CAPTURED_FRAMES);
  const { tcp, tasks } = serve(host, {
    [PORT.both]: (_now, connection) => new Task(connection, ours),
    [PORT.back]: (now, connection, stack) => {
      connection.close(now);
      const { remote } = connection;
      const back = stack.connect(now, { remote, port: GUEST_PORT, buffers: buffers() });
      return new Task(back, ours);
    },
    [PORT.spoil]: (now, connection) => {
      connection.close(now);
      spoiled = true;
      return undefined;
    },
  });
  const disk = join(host.folder, 'theirs');
  writeFileSync(disk, theirs);
  const { console } = await guestOn(host, script(mtu, some), {
    seconds: GUEST_SECONDS,
    file: disk,
    mtu,
  });
  await host.close();
  const lost = host.world.lost.get('loss') ?? 0;
  judgeCapture(host.capture);
  host.discard();
  assert.is(tasks.length, some.length, 'connections');
  for (const [index, run] of some.entries()) {
    const what = `${run.family}, opened by ${run.opener}, ${run.wire} wire, MTU ${mtu}`;
    const task = tasks[index]!;
    assert.match(
      console,
      `GOT ${index} ${hex(ours)}`,
      `the guest got other bytes: ${what}\n${console}`,
    );
    assert.is(task.received, theirs.length, what);
    assert.is(task.sum(), hex(theirs), `we got other bytes: ${what}`);
    assert.is(task.error, undefined, what);
    assert.is(task.connection.tcb.sndMss > 1460, mtu > 1500, 'segments fit the MTU');
  }
  assert.is(lost > 0, spoiled, 'the bad wire loses');
  assert.is(tcp.counters.InErrs, 0);
}

const hex = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

spec('linux: bulk TCP', (it) => {
  for (const mtu of [1500, 9000]) {
    const runs = EVERY_RUN ? everyRun : someRuns[mtu]!;
    it(`carries 64 MiB each way at once with an MTU of ${mtu}, whoever opens, also through loss, copies and reordering`, () =>
      transfer(mtu, runs));
  }
});

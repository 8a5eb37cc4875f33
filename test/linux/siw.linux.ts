// rping of a stock Linux kernel over siw (Soft-iWARP), with an RNIC of ours as server and as client.

import { join } from 'node:path';
import { type Outcome, rpingClient, rpingServer, type Served } from '../../src/apps/rping/index.js';
import { chances } from '../../src/fabric/index.js';
import { parseIp } from '../../src/stack/index.js';
import { after, ms, Random, seconds } from '../../src/time/index.js';
import { inFolder, wireverbs } from '../support/cli.js';
import { assert, spec } from '../support/spec.js';
import { runGuest, siwModule } from './guest.js';
import {
  guestOn,
  judgeCapture,
  type LiveHost,
  listening,
  liveHost,
  rpingClientFunction,
} from './host.js';

const OURS = ['10.0.0.1/24', 'fd00::1/64'];
/** siw loses a wake-up where its peer is quicker. */
const startDelay = ms(200);
const SIZES = [64, 4096, 65_535];

const setup = `set -e
${rpingClientFunction}ip link set eth0 up mtu 1500
ip addr add 10.0.0.2/24 dev eth0
ip -6 addr add fd00::2/64 dev eth0 nodad
modprobe libcrc32c; modprobe ib_core; modprobe iw_cm; modprobe rdma_ucm; modprobe ib_uverbs
cat /dev/vdb >/tmp/siw.ko
insmod /tmp/siw.ko
sleep 2
rdma link add siw0 type siw netdev eth0
sleep 1
`;

const clients = (count: number, sizes: readonly number[], ips: readonly string[]): string =>
  ips
    .flatMap((ip) =>
      sizes.map(
        (size) => `rping_client -a ${ip} -C ${count} -S ${size} -V
echo CLIENT-OK ${ip} ${size}`,
      ),
    )
    .join('\n');

const servers = (sizes: readonly number[]): string =>
  ['10.0.0.2', 'fd00::2']
    .flatMap((ip) =>
      sizes.map(
        (size) => `timeout 60 rping -s -a ${ip} -S ${size}
echo SERVER-OK ${ip} ${size}`,
      ),
    )
    .join('\n');

const serve = ({ host, world }: LiveHost): Served => {
  const served: Served = { connections: 0, pings: 0, failures: [] };
  host.spawn('rping -s', rpingServer(host, {}, served));
  world.settle();
  return served;
};

function connectEach({ host, world }: LiveHost, count: number, sizes: readonly number[]) {
  const outcomes: Outcome[] = [];
  host.spawn('clients', function* (thread) {
    for (const ip of ['10.0.0.2', 'fd00::2'])
      for (const size of sizes) {
        const outcome: Outcome = { pings: 0, failure: '', ended: false };
        outcomes.push(outcome);
        const patience = after(thread.now, seconds(120));
        const options = { target: parseIp(ip), size, count, patience };
        const client = host.spawn(`rping ${ip} ${size}`, rpingClient(host, options, outcome));
        while (!client.ended) yield thread.block(client.done);
        // The guest's server still listens for a moment, and fails when somebody comes then.
        yield thread.sleep(after(thread.now, seconds(2)));
      }
  });
  world.settle();
  return outcomes;
}

const ended = (pings: number, count: number): Outcome[] =>
  new Array<Outcome>(count).fill({ pings, failure: '', ended: true });

spec('linux: rping over siw', (it) => {
  const module = siwModule();

  it('the guest is client: every size over IPv4 and IPv6, and its data comes back whole', async () => {
    const live = await liveHost(OURS, [], { wire: 'iWARP', iwarp: { startDelay } });
    const served = serve(live);
    const script = setup + clients(5, SIZES, ['10.0.0.1', 'fd00::1']);
    const { console } = await guestOn(live, script, { seconds: 200, file: module });
    await live.close();
    assert.is(console.match(/CLIENT-OK/g)?.length, 2 * SIZES.length, console);
    assert.equal(served, { connections: 6, pings: 30, failures: [] });
    judgeCapture(live.capture);
    live.discard();
  });

  it('the guest is server, with a CRC, because we ask for one', async () => {
    const live = await liveHost(OURS, [], { wire: 'iWARP', iwarp: { startDelay } });
    const outcomes = connectEach(live, 5, SIZES);
    const { console } = await guestOn(live, setup + servers(SIZES), { seconds: 200, file: module });
    await live.close();
    assert.is(console.match(/SERVER-OK/g)?.length, 2 * SIZES.length, console);
    assert.equal(outcomes, ended(5, 2 * SIZES.length));
    judgeCapture(live.capture);
    live.discard();
  });

  it('through 2 % loss, copies and reordering on our side, without CRC, with RTR by Read', async () => {
    const fault = { loss: 0.02, duplicate: 0.02, reorder: 0.02, reorderNs: 5_000_000 };
    const more = { wire: 'iWARP', iwarp: { rtr: 'read', crc: false, startDelay } } as const;
    const live = await liveHost(OURS, [chances(fault, new Random(4))], more);
    const served = serve(live);
    const outcomes = connectEach(live, 5, [4096]);
    const script = `${setup}${servers([4096])}\n${clients(5, [4096], ['10.0.0.1', 'fd00::1'])}`;
    const { console } = await guestOn(live, script, { seconds: 200, file: module });
    await live.close();
    assert.is(console.match(/(CLIENT|SERVER)-OK/g)?.length, 4, console);
    assert.equal(outcomes, ended(5, 2));
    assert.equal(served, { connections: 2, pings: 10, failures: [] });
    assert.ok(live.world.lost.get('loss')! > 0);
    // tshark complains of segments that come again in other pieces.
    judgeCapture(live.capture, 'tcp');
    live.discard();
  });

  it('the command does the same', () =>
    inFolder(async (folder) => {
      const socket = join(folder, 'wire.sock');
      const pcap = join(folder, 'wire.pcapng');
      const script = setup + clients(2, [100], ['10.0.0.1']);
      const [host, guest] = await Promise.all([
        wireverbs([
          ...['live', '--wire', `qemu:${socket}`, '--once', '--seconds', '200', '--pcap', pcap],
          ...['--ip', '10.0.0.1/24', '--ip', 'fd00::1/64', '--serve', 'rping', '--rdma', 'iwarp'],
        ]),
        listening(socket).then(() => runGuest({ script, socket, file: module, seconds: 200 })),
      ]);
      assert.is(guest.code, 0, guest.console);
      assert.is(host.status, 0, host.stderr);
      assert.match(host.stdout, /1 connection and 2 pings served/);
      judgeCapture(pcap);
    }));
});

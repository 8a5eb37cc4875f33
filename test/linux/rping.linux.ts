// A stock Linux kernel's rping over rdma_rxe, with a host of ours as server and as client.

import { join } from 'node:path';
import { type Outcome, rpingClient, rpingServer, type Served } from '../../src/apps/rping/index.js';
import { chances } from '../../src/fabric/index.js';
import { parseIp } from '../../src/stack/index.js';
import { after, Random, seconds } from '../../src/time/index.js';
import { inFolder, wireverbs } from '../support/cli.js';
import { assert, spec } from '../support/spec.js';
import { runGuest } from './guest.js';
import {
  guestOn,
  judgeCapture,
  type LiveHost,
  listening,
  liveHost,
  rpingClientFunction,
} from './host.js';

const OURS = ['10.0.0.1/24', 'fd00::1/64'];
/** The last is the most that rping takes. */
const SIZES = [64, 1000, 4096, 65_535];

/** The guest's device; the second address family's is there from the start as well. */
const setup = `set -e
${rpingClientFunction}ip link set eth0 up mtu 1500
ip addr add 10.0.0.2/24 dev eth0
ip -6 addr add fd00::2/64 dev eth0 nodad
modprobe rdma_rxe; modprobe rdma_ucm; modprobe ib_uverbs
sleep 2
rdma link add rxe0 type rxe netdev eth0
sleep 1
`;

/** The guest's rping as client, every size over both versions of IP. */
const clients = (count: number, sizes: readonly number[] = SIZES): string =>
  ['10.0.0.1', 'fd00::1']
    .flatMap((ip) =>
      sizes.map(
        (size) => `rping_client -a ${ip} -C ${count} -S ${size} -V
echo CLIENT-OK ${ip} ${size}`,
      ),
    )
    .join('\n');

/** The guest's rping as server, for one client of ours after the other. */
const servers = (sizes: readonly number[] = SIZES): string =>
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

/** Our clients, one after the other as the guest's servers come up. */
function connectEach(
  { host, world }: LiveHost,
  count: number,
  sizes: readonly number[] = SIZES,
): Outcome[] {
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
      }
  });
  world.settle();
  return outcomes;
}

const ended = (pings: number, count: number): Outcome[] =>
  new Array<Outcome>(count).fill({ pings, failure: '', ended: true });

spec('linux: rping', (it) => {
  it('the guest is client: 64 B to 64 KiB over IPv4 and IPv6, and its data comes back whole', async () => {
    const live = await liveHost(OURS);
    const served = serve(live);
    const { console } = await guestOn(live, setup + clients(5), { seconds: 110 });
    await live.close();
    assert.is(console.match(/CLIENT-OK/g)?.length, 2 * SIZES.length, console);
    assert.equal(served, { connections: 8, pings: 40, failures: [] });
    judgeCapture(live.capture);
    live.discard();
  });

  it('the guest is server: 64 B to 64 KiB over IPv4 and IPv6, and our data comes back whole', async () => {
    const live = await liveHost(OURS);
    const outcomes = connectEach(live, 5);
    const { console } = await guestOn(live, setup + servers(), { seconds: 110 });
    await live.close();
    assert.is(console.match(/SERVER-OK/g)?.length, 2 * SIZES.length, console);
    assert.equal(outcomes, ended(5, 2 * SIZES.length));
    judgeCapture(live.capture);
    live.discard();
  });

  it('through 2 % loss, copies and reordering on our side, with the guest as client and as server', async () => {
    const fault = { loss: 0.02, duplicate: 0.02, reorder: 0.02, reorderNs: 5_000_000 };
    const live = await liveHost(OURS, [chances(fault, new Random(4))]);
    const served = serve(live);
    const outcomes = connectEach(live, 5, [4096]);
    const sizes = [4096];
    const script = `${setup}${servers(sizes)}\n${clients(5, sizes)}`;
    const { console } = await guestOn(live, script, { seconds: 110 });
    await live.close();
    assert.is(console.match(/(CLIENT|SERVER)-OK/g)?.length, 4, console);
    assert.equal(outcomes, ended(5, 2));
    assert.equal(served, { connections: 2, pings: 10, failures: [] });
    assert.ok(live.world.lost.get('loss')! > 0);
    judgeCapture(live.capture);
    live.discard();
  });

  it('the command does the same', () =>
    inFolder(async (folder) => {
      const socket = join(folder, 'wire.sock');
      const pcap = join(folder, 'wire.pcapng');
      const addresses = ['--ip', '10.0.0.1/24', '--ip', 'fd00::1/64'];
      const [host, guest] = await Promise.all([
        wireverbs([
          ...['live', '--wire', `qemu:${socket}`, '--once', '--seconds', '110', ...addresses],
          ...['--serve', 'rping', '--pcap', pcap],
        ]),
        listening(socket).then(() => runGuest({ script: setup + clients(2, [100]), socket })),
      ]);
      assert.is(guest.code, 0, guest.console);
      assert.is(host.status, 0, host.stderr);
      assert.match(host.stdout, /2 connections and 4 pings served/);
      judgeCapture(pcap);
    }));
});

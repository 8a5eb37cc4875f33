// A stock Linux kernel and a host of ours ping each other over QEMU's wire.

import { join } from 'node:path';
import { chances } from '../../src/fabric/index.js';
import { parseIp } from '../../src/stack/index.js';
import { Random } from '../../src/time/index.js';
import { inFolder, wireverbs } from '../support/cli.js';
import { assert, spec } from '../support/spec.js';
import { runGuest } from './guest.js';
import { guestOn, judgeCapture, listening, liveHost } from './host.js';

const setup = `
ip link set eth0 up mtu 1500
ip addr add 10.0.0.2/24 dev eth0
ip -6 addr add fd00::2/64 dev eth0 nodad
sleep 2
`;

spec('linux: ping', (it) => {
  it('ping and ping6 are answered 3 of 3, near the MTU and in fragments too, and so are ours', async () => {
    const host = await liveHost(['10.0.0.1/24', 'fd00::1/64']);
    // Ours go out once the guest has pinged first, so that it is there.
    let asked = false;
    host.world.onSettled = (now) => {
      if (asked || host.stack.icmp.answered < 3) return;
      asked = true;
      for (const ip of ['10.0.0.2', 'fd00::2', 'fe80::5054:ff:fe00:2']) {
        host.stack.ping(now, parseIp(ip), 1, 1);
        host.stack.ping(now, parseIp(ip), 1, 2, 4000);
      }
      setImmediate(() => host.world.settle());
    };
    const { console } = await guestOn(
      host,
      `${setup} set -e
ping -c 3 -i 0.2 -W 3 10.0.0.1
ping -c 3 -i 0.2 -W 3 -M do -s 1400 10.0.0.1
ping -c 3 -i 0.2 -W 3 -s 9000 10.0.0.1
ping6 -c 3 -i 0.2 -W 3 fd00::1
ping6 -c 3 -i 0.2 -W 3 -s 1400 fd00::1
ping6 -c 3 -i 0.2 -W 3 -s 9000 fd00::1
ping6 -c 3 -i 0.2 -W 3 fe80::5054:ff:fe00:1%eth0
ip neigh show dev eth0
`,
    );
    await host.close();
    assert.is(
      console.match(/3 packets transmitted, 3 received, 0% packet loss/g)?.length,
      7,
      console,
    );
    assert.match(console, /10\.0\.0\.1 lladdr 52:54:00:00:00:01/);
    assert.match(console, /fd00::1 lladdr 52:54:00:00:00:01/);
    let replies = 0;
    while (host.stack.takeEchoReply()) replies++;
    assert.is(replies, 6);
    assert.is(host.stack.neighbours.get(parseIp('10.0.0.2'))?.state !== 'FAILED', true);
    judgeCapture(host.capture);
    host.discard();
  });

  it('loss, copies and reordering on our side of the wire cost some replies and nothing else', async () => {
    const spoiled = chances(
      { loss: 0.05, duplicate: 0.05, reorder: 0.1, reorderNs: 20_000_000 },
      new Random(3),
    );
    const host = await liveHost(['10.0.0.1/24'], [spoiled]);
    const { console } = await guestOn(host, `${setup} ping -c 100 -i 0.02 -W 3 10.0.0.1`);
    await host.close();
    const received = Number(/(\d+) received/.exec(console)?.[1]);
    assert.ok(received > 70 && received < 100, console);
    assert.ok(host.world.lost.get('loss')! > 0);
    judgeCapture(host.capture);
    host.discard();
  });

  it('the command does the same, with faults by rule and by chance, and ends when the guest is off', () =>
    inFolder(async (folder) => {
      const socket = join(folder, 'wire.sock');
      const pcap = join(folder, 'wire.pcapng');
      const faults = [
        '--loss',
        '0.02',
        '--fault',
        'drop the 2nd frame with icmp.type == 0 from us',
      ];
      const addresses = ['--ip', '10.0.0.1/24', '--ip', 'fd00::1/64'];
      const [host, guest] = await Promise.all([
        wireverbs([
          ...['live', '--wire', `qemu:${socket}`, '--once', '--seconds', '110'],
          ...[...addresses, '--pcap', pcap, ...faults],
        ]),
        listening(socket).then(() =>
          runGuest({ script: `${setup} ping -c 50 -i 0.05 -W 3 10.0.0.1`, socket }),
        ),
      ]);
      assert.is(host.status, 0, host.stderr);
      assert.is(guest.code, 0, guest.console);
      assert.match(host.stderr, /the peer has left/);
      assert.match(host.stdout, /rule: drop the 2nd frame/);
      const received = Number(/(\d+) received/.exec(guest.console)?.[1]);
      assert.ok(received > 35 && received < 50, guest.console);
      judgeCapture(pcap);
    }));
});

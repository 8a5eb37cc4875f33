// Mirrors src/cli/live.ts: two hosts of ours on one wire, each a command of its own.

import { join } from 'node:path';
import { inFolder, wireverbs, wireverbsEach } from '../../support/cli.js';
import { assert, spec } from '../../support/spec.js';

spec('wireverbs live', (it) => {
  it('answers the ping of another one, and writes what it saw', () =>
    inFolder(async (folder) => {
      const wire = ['--wire', `qemu:${join(folder, 'wire.sock')}`];
      const pcap = join(folder, 'live.pcapng');
      const other = ['--mac', '52:54:00:00:00:02', '--ip', '10.0.0.2/24'];
      const drop = 'drop the 2nd frame with icmp from peer';
      const [served, asked] = await Promise.all([
        wireverbs([
          'live',
          ...wire,
          '--ip',
          '10.0.0.1/24',
          '--once',
          '--pcap',
          pcap,
          '--fault',
          drop,
        ]),
        wireverbs(['live', ...wire, ...other, '--ping', '10.0.0.1', '--count', '2']),
      ]);
      assert.is(asked.status, 0, asked.stderr);
      assert.match(asked.stdout, /56 bytes from 10\.0\.0\.1: seq=1 time=\d+\.\d+ ms/);
      assert.match(asked.stdout, /seq=3/);
      assert.not.match(asked.stdout, /seq=2/);
      assert.is(served.status, 0, served.stderr);
      assert.match(served.stdout, /2 echo requests answered/);
      assert.match(served.stdout, /lost on the wire.*rule: drop the 2nd frame.* 1/);
      const check = await wireverbs(['check', pcap]);
      assert.match(check.stdout, /nothing is wrong/);
      const shown = await wireverbs(['dissect', pcap]);
      assert.match(shown.stdout, /Who has 10\.0\.0\.1\?/);
    }));

  it('serves rping to another one and is its client, over IPv4 and IPv6', () =>
    inFolder(async (folder) => {
      const socket = join(folder, 'wire.sock');
      const pcap = join(folder, 'live.pcapng');
      const wire = ['live', '--wire', `qemu:${socket}`, '--seconds', '60'];
      const lost = 'drop the 2nd frame with reth from peer';
      const [served, asked] = await Promise.all([
        wireverbs([...wire, '--ip', 'fd00::1/64', '--serve', 'rping', '--once', '--pcap', pcap]),
        wireverbs([
          ...[...wire, '--mac', '52:54:00:00:00:02', '--ip', 'fd00::2/64'],
          ...['--connect', 'rping:fd00::1', '--size', '5000', '--count', '3', '--fault', lost],
        ]),
      ]);
      assert.is(asked.status, 0, asked.stderr);
      assert.match(asked.stdout, /^ping data: rdma-ping-2: CDEF/m);
      assert.match(asked.stdout, /3 pings came back whole/);
      assert.is(served.status, 0, served.stderr);
      assert.match(served.stdout, /1 connection and 3 pings served/);
      const check = await wireverbs(['check', pcap]);
      assert.match(check.stdout, /nothing is wrong/);
    }));

  it('a client without a server says so, and fails', () =>
    inFolder(async (folder) => {
      const wire = [
        ...['live', '--wire', `qemu:${join(folder, 'wire.sock')}`],
        ...['--once', '--seconds', '60'], // whoever is slow to start must still find the other
      ];
      const [, asked] = await Promise.all([
        wireverbs([...wire, '--ip', '10.0.0.1/24']),
        wireverbs([
          ...[...wire, '--mac', '52:54:00:00:00:02', '--ip', '10.0.0.2/24'],
          ...['--connect', 'rping:10.0.0.1', '--patience', '0'],
        ]),
      ]);
      assert.is(asked.status, 1);
      assert.match(asked.stderr, /the server rejects the connection \(8\)/);
    }));

  it('a pool beside iWARP, whose ports are TCP ports, has another one for NVMe/TCP', () =>
    inFolder(async (folder) => {
      const wire = ['--wire', `qemu:${join(folder, 'wire.sock')}`, '--ip', '10.0.0.1/24'];
      const pool = ['--serve', 'pool', '--volume', 'a=1M', '--seconds', '0'];
      const [iwarp, roce] = await wireverbsEach([
        ['live', ...wire, ...pool, '--rdma', 'iwarp'],
        ['live', '--wire', `qemu:${join(folder, 'other')}`, '--ip', '10.0.0.1/24', ...pool],
      ]);
      assert.match(iwarp!.stdout, /over RDMA on port 4420 and over TCP on port 4421/);
      assert.match(roce!.stdout, /over RDMA on port 4420 and over TCP on port 4420/);
    }));

  it('says what it cannot do', async () => {
    const live = (...args: string[]) => ['live', '--ip', '10.0.0.1/24', '--seconds', '1', ...args];
    const rows: (readonly [string[], RegExp])[] = [
      [live('--wire', 'tap:eth0'), /'tap:eth0' is no wire: expected qemu:PATH/],
      [live('--wire', 'qemu:/no/such/folder/x'), /the wire cannot be opened/],
      [live('--wire', 'qemu:x', '--ip', '10.0.0.1'), /no address with a prefix/],
      [live('--wire', 'qemu:x', '--fault', 'drop frames from b'), /from 'us' or from 'peer'/],
      [live('--wire', 'qemu:x', '--ping', 'localhost'), /'localhost' is not an IPv4 address/],
    ];
    const results = await wireverbsEach(rows.map(([args]) => args));
    for (const [i, { status, stderr }] of results.entries()) {
      assert.is(status, 2, stderr);
      assert.match(stderr, rows[i]![1]);
      assert.not.match(stderr, /\n {4}at /);
    }
  });
});

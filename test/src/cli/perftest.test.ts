// Mirrors src/cli/perftest.ts: the command as people run it.

import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inFolder, wireverbs } from '../../support/cli.js';
import { assert, spec } from '../../support/spec.js';
import { noTshark } from '../../support/tshark.js';

spec('wireverbs perftest', (it) => {
  it("prints perftest's table, and what both sides did under it", async () => {
    const { status, stdout } = await wireverbs([
      'perftest',
      'write_bw',
      '--wire',
      'rocev2',
      '-n',
      '20',
    ]);
    assert.is(status, 0);
    assert.match(stdout, / RDMA_Write BW Test\n/);
    assert.match(
      stdout,
      /^ #bytes {5}#iterations {4}BW peak\[MB\/sec\] {4}BW average\[MB\/sec\] {3}MsgRate\[Mpps\]$/m,
    );
    assert.match(stdout, /^ 65536 {6}20 {15}\d+\.\d\d/m);
    assert.match(stdout, /^CPU copies +0 +0 +0 +0$/m);
    assert.match(stdout, /^bytes written by DMA +\d+ +[\d.]+ +1310720 +65536$/m);
  });

  it('gives one JSON object a size', async () => {
    const args = [
      'perftest',
      'send_lat',
      '--wire',
      'ib',
      '-c',
      'UD',
      '-s',
      'all',
      '-n',
      '8',
      '--json',
    ];
    const { status, lines } = await wireverbs(args);
    assert.is(status, 0);
    const rows = lines.map((line) => JSON.parse(line));
    assert.equal(
      rows.map((row) => row.parameters.size),
      [2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096],
    );
    assert.ok(rows.every((row) => row.latencyNs.typical > 0 && row.failure === ''));
    assert.is(rows[0].counts.client.doorbells, 8);
    assert.is(rows[0].frames.server.received, 8);
  });

  it('refuses what the standard forbids by name, with exit code 2', async () => {
    const { status, stderr } = await wireverbs(['perftest', 'read_bw', '--wire', 'ib', '-c', 'UC']);
    assert.is(status, 2);
    assert.match(stderr, /RDMA READ does not exist on an unreliable connection \(UC\)/);
    const wire = await wireverbs(['perftest', 'read_bw', '--wire', 'token-ring']);
    assert.is(wire.status, 2);
    assert.match(wire.stderr, /expected ib, rocev1, rocev2, iwarp; found 'token-ring'/);
    for (const [args, words] of [
      [['tcp_bw', '--wire', 'ib'], /'--wire <wire>' is of tests of verbs, which tcp_bw is not/],
      [['tcp_bw', '--cores', '17'], /cores: expected 1 to 16, as many as Xeon E5.*, found 17/],
      [['write_bw', '--wire', 'iwarp', '-m', '1024'], /mtu: expected 2048 or 4096 .* found 1024/],
      [['tcp_lat', '-N'], /'-N, --no-peak' is of tests of verbs/],
      [['write_bw', '--wire', 'ib', '--tso'], /'--tso' is of tests of TCP, which write_bw is not/],
    ] as const) {
      const other = await wireverbs(['perftest', ...args]);
      assert.is(other.status, 2);
      assert.match(other.stderr, words);
    }
  });

  it('over iWARP the MTU is what a segment holds', async () => {
    const frames = async (mtu: string) => {
      const args = ['perftest', 'write_bw', '--wire', 'iwarp', '-n', '20', '-m', mtu, '--json'];
      return JSON.parse((await wireverbs(args)).lines[0]!).frames.client.sent as number;
    };
    const ratio = (await frames('2048')) / (await frames('4096'));
    assert.ok(ratio > 1.9 && ratio < 2.1, `${ratio} times the frames`);
  });

  it('ends with exit code 1 and the reason when the test does not end well', async () => {
    const fault = 'drop the 2nd frame with bth.opcode == UC_SEND_ONLY from client';
    const args = [
      'perftest',
      'send_bw',
      '--wire',
      'rocev2',
      '-c',
      'UC',
      '-s',
      '64',
      '-n',
      '5',
      '--fault',
      fault,
    ];
    const { status, stderr } = await wireverbs(args);
    assert.is(status, 1);
    assert.match(stderr, /the server waits for ever: 4 of 5/);
  });

  it('takes cards and processors by name: an ideal card is quicker', async () => {
    const typical = async (nic: string) => {
      const args = ['perftest', 'read_lat', '--wire', 'ib', '-n', '8', '--nic', nic, '--json'];
      return JSON.parse((await wireverbs(args)).lines[0]!).latencyNs.typical as number;
    };
    assert.ok((await typical('ideal')) < (await typical('connectx4')));
    const unknown = await wireverbs(['perftest', 'read_lat', '--wire', 'ib', '--nic', 'ne2000']);
    assert.is(unknown.status, 2);
  });

  it('takes a topology from a file, and says what is wrong with one', async () => {
    await inFolder(async (folder) => {
      const file = join(folder, 'rack.yaml');
      writeFileSync(file, 'shape: leaf-spine\nleaves: 2\nspines: 2\ncount: 2\nrate: 25G\n');
      const args = [
        'perftest',
        'write_bw',
        '--wire',
        'rocev2',
        '-n',
        '10',
        '--topology',
        file,
        '--json',
      ];
      const { status, lines } = await wireverbs([...args, '--client', 'h3', '--server', 'h0']);
      assert.is(status, 0);
      const row = JSON.parse(lines[0]!);
      assert.equal([row.client, row.server, row.topology], ['h3', 'h0', 'leaf-spine']);
      const unknown = await wireverbs([...args, '--client', 'h9']);
      assert.is(unknown.status, 2);
      assert.match(unknown.stderr, /there is no host 'h9'; there are h0, h1, h2, h3/);
      writeFileSync(file, 'shape: star\ncount: many\n');
      const wrong = await wireverbs(args);
      assert.is(wrong.status, 2);
      assert.match(wrong.stderr, /rack\.yaml:2:8: count: expected integer, found "many"/);
    });
  });

  it('writes captures that check finds nothing in', async () => {
    await inFolder(async (folder) => {
      const file = join(folder, 'run.pcapng');
      const args = [
        'perftest',
        'write_bw',
        '--wire',
        'rocev2',
        '-n',
        '10',
        '--loss',
        '0.05',
        '--pcap',
        file,
      ];
      assert.is((await wireverbs(args)).status, 0);
      const checked = await wireverbs(['check', file]);
      assert.is(checked.status, 0, checked.stdout);
    });
  });

  it.where(
    noTshark === '',
    noTshark,
    'writes captures in which tshark finds nothing malformed',
    async () => {
      await inFolder(async (folder) => {
        for (const test of ['write_bw', 'read_lat', 'send_lat', 'atomic_lat']) {
          const file = join(folder, `${test}.pcapng`);
          await wireverbs(['perftest', test, '--wire', 'rocev2', '-n', '10', '--pcap', file]);
          // tshark 4.0 takes every SEND of less than 16 bytes for a broken RPC-over-RDMA message.
          const args = [
            '-r',
            file,
            '--disable-heuristic',
            'rpcrdma_infiniband',
            '-Y',
            '_ws.malformed',
          ];
          assert.is(
            execFileSync('tshark', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }),
            '',
          );
        }
      });
    },
  );
});

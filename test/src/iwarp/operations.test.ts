// Mirrors src/iwarp/: every operation between two RNICs of ours, over what MPA can agree on, with and without faults.

import { chances } from '../../../src/fabric/index.js';
import type { SendWr } from '../../../src/rdma/index.js';
import { seconds } from '../../../src/time/index.js';
import { iwarpPair, type PairOptions, told } from '../../support/iwarp-pair.js';
import { assert, spec } from '../../support/spec.js';

const agreements: readonly [string, PairOptions][] = [
  ['CRC', {}],
  ['no CRC', { client: { crc: false }, server: { crc: false } }],
  ['CRC that the passive side alone wants', { client: { crc: false } }],
  ['markers both ways', { client: { markers: true }, server: { markers: true } }],
  ['markers to the active side', { client: { markers: true, crc: false }, server: { crc: false } }],
  ['markers to the passive side', { server: { markers: true } }],
  ['MPA revision 1', { client: { revision: 1 } }],
  ['RTR by Write', { client: { rtr: 'write' } }],
  ['RTR by Read', { client: { rtr: 'read' } }],
  ['RTR by an empty FPDU', { client: { rtr: 'send' } }],
  ['IPv6', { six: true }],
  ['a router', { kind: 'routed' }],
];

const faults: PairOptions = {
  impairment: (sim) =>
    chances(
      { loss: 0.02, duplicate: 0.02, reorder: 0.05, reorderNs: 50_000 },
      sim.random.fork('faults'),
    ),
};

const pattern = (length: number, salt: number) =>
  Uint8Array.from({ length }, (_, i) => (i * 7 + salt + Math.floor(i / 256)) % 256);

/** All operations, from the active to the passive side and back; what each side's completions say. */
function everything(options: PairOptions) {
  const world = iwarpPair(options);
  const { client, server, run } = world;
  const big = 70_001;
  client.bytes.set(pattern(big, 1));
  server.receive(100_000, big);
  server.receive(0, 0);
  server.receive(180_000, 100);
  client.send(
    { opcode: 'IBV_WR_SEND', sgList: [client.piece(0, 1000), client.piece(1000, big - 1000)] },
    {
      opcode: 'IBV_WR_RDMA_WRITE_WITH_IMM',
      sgList: [client.piece(0, 5000)],
      rdma: server.remote(200_000),
      immData: 0xfeedbeef,
    },
    { opcode: 'IBV_WR_SEND', inlineData: pattern(50, 3) },
  );
  run(seconds(20));
  const received = server.completions();
  assert.equal(told(received), ['RECV', 'RECV_RDMA_WITH_IMM', 'RECV']);
  assert.equal(
    received.map(({ byteLen }) => byteLen),
    [big, 5000, 50],
  );
  assert.is(received[1]!.immData, 0xfeedbeef);
  assert.equal(told(client.completions()), ['SEND', 'RDMA_WRITE', 'SEND']);
  assert.equal(server.bytes.slice(100_000, 100_000 + big), pattern(big, 1));
  assert.equal(server.bytes.slice(180_000, 180_050), pattern(50, 3));

  server.bytes.set(pattern(20_000, 5), 0);
  server.bytes.fill(0, 40_000, 40_016);
  server.bytes[40_000] = 7;
  const remote = server.remote(40_000);
  const atomic = (wr: Partial<SendWr['atomic']>) => ({ ...remote, compareAdd: 0n, ...wr });
  client.send(
    { opcode: 'IBV_WR_RDMA_READ', sgList: [client.piece(80_000, 20_000)], rdma: server.remote(0) },
    {
      opcode: 'IBV_WR_ATOMIC_FETCH_AND_ADD',
      sgList: [client.piece(110_000, 8)],
      atomic: atomic({ compareAdd: 5n }),
    },
    {
      opcode: 'IBV_WR_ATOMIC_CMP_AND_SWP',
      sgList: [client.piece(110_008, 8)],
      atomic: atomic({ compareAdd: 12n, swap: 99n }),
    },
    { opcode: 'IBV_WR_RDMA_READ', rdma: { remoteAddr: 0n, rkey: 0 } },
    {
      opcode: 'IBV_WR_RDMA_WRITE',
      sgList: [client.piece(80_000, 20_000)],
      rdma: server.remote(200_000),
      sendFlags: 2 + 1, // fence: what was read goes back
    },
  );
  run(seconds(20));
  assert.equal(told(client.completions()), [
    'RDMA_READ',
    'FETCH_ADD',
    'COMP_SWAP',
    'RDMA_READ',
    'RDMA_WRITE',
  ]);
  assert.equal(client.bytes.slice(80_000, 100_000), pattern(20_000, 5));
  assert.equal(server.bytes.slice(200_000, 220_000), pattern(20_000, 5));
  assert.is(client.bytes[110_000], 7);
  assert.is(client.bytes[110_008], 12);
  assert.is(server.bytes[40_000], 99);

  client.receive(120_000, 10);
  server.send({
    opcode: 'IBV_WR_SEND_WITH_INV',
    sgList: [server.piece(0, 10)],
    invalidateRkey: client.mr.rkey,
  });
  run(seconds(20));
  const [last] = client.completions();
  // A region of ibv_reg_mr cannot be invalidated by a peer: that is an error of its own.
  assert.is(last!.status, 'IBV_WC_REM_INV_REQ_ERR');
  return world;
}

spec('iWARP operations', (it) => {
  for (const [title, options] of agreements) {
    it(`all of them arrive: ${title}`, () => {
      everything(options);
    });
  }

  it('all of them arrive through loss, copies and reordering', () => {
    for (let seed = 1; seed <= 6; seed++) {
      const markers = seed % 2 === 0;
      everything({ ...faults, seed, client: { markers }, server: { markers } });
    }
  });

  it('all of them arrive in small segments and in jumbo frames', () => {
    for (const mtu of [1280, 4000, 4500]) everything({ host: { mtu } });
  });

  it('segments that are next are placed from where they lie', () => {
    const world = iwarpPair();
    const { client, server, run } = world;
    const before = server.host.rnic!.streamOf(server.qp)!.sink.keptBytes;
    client.send({
      opcode: 'IBV_WR_RDMA_WRITE',
      sgList: [client.piece(0, 100_000)],
      rdma: server.remote(0),
    });
    run();
    const stream = server.host.rnic!.streamOf(server.qp)!;
    assert.is(stream.sink.keptBytes, before);
    assert.ok(stream.sink.direct > 60);
  });

  it('work requests that iWARP has not are refused by name', () => {
    const { client } = iwarpPair();
    const refused = (wr: SendWr, what: RegExp) => assert.throws(() => client.send(wr), what);
    refused({ opcode: 'IBV_WR_SEND_WITH_IMM', immData: 1 }, /IBV_WR_SEND_WITH_IMM/);
    refused({ opcode: 'IBV_WR_FLUSH' }, /no FLUSH/);
    refused({ opcode: 'IBV_WR_ATOMIC_WRITE' }, /no ATOMIC WRITE/);
    refused(
      {
        opcode: 'IBV_WR_RDMA_READ',
        sgList: [client.piece(0, 1), client.piece(1, 1)],
        rdma: { remoteAddr: 0n, rkey: 0 },
      },
      /one sink/,
    );
  });
});

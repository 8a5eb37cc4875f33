// The laws of the opcode table, and the table against a list from elsewhere.

import { BTH, bth, build, dissect, payloadAt } from '../../../protocols/index.js';
import {
  mayFollow,
  type Opcode,
  opcodeByCode,
  opcodeNames,
  opcodes,
  successors,
} from '../../../protocols/infiniband/opcode.js';
import { assert, spec } from '../../support/spec.js';

/** Linux include/rdma/ib_pack.h (6.12): operation codes, and the services in which it lists each. */
const linuxServices = { RC: 0x00, UC: 0x20, RD: 0x40, UD: 0x60 } as const;
const linuxOperations: readonly (readonly [number, string, string])[] = [
  [0x00, 'SEND_FIRST', 'RC UC RD'],
  [0x01, 'SEND_MIDDLE', 'RC UC RD'],
  [0x02, 'SEND_LAST', 'RC UC RD'],
  [0x03, 'SEND_LAST_WITH_IMMEDIATE', 'RC UC RD'],
  [0x04, 'SEND_ONLY', 'RC UC RD UD'],
  [0x05, 'SEND_ONLY_WITH_IMMEDIATE', 'RC UC RD UD'],
  [0x06, 'RDMA_WRITE_FIRST', 'RC UC RD'],
  [0x07, 'RDMA_WRITE_MIDDLE', 'RC UC RD'],
  [0x08, 'RDMA_WRITE_LAST', 'RC UC RD'],
  [0x09, 'RDMA_WRITE_LAST_WITH_IMMEDIATE', 'RC UC RD'],
  [0x0a, 'RDMA_WRITE_ONLY', 'RC UC RD'],
  [0x0b, 'RDMA_WRITE_ONLY_WITH_IMMEDIATE', 'RC UC RD'],
  [0x0c, 'RDMA_READ_REQUEST', 'RC RD'],
  [0x0d, 'RDMA_READ_RESPONSE_FIRST', 'RC RD'],
  [0x0e, 'RDMA_READ_RESPONSE_MIDDLE', 'RC RD'],
  [0x0f, 'RDMA_READ_RESPONSE_LAST', 'RC RD'],
  [0x10, 'RDMA_READ_RESPONSE_ONLY', 'RC RD'],
  [0x11, 'ACKNOWLEDGE', 'RC RD'],
  [0x12, 'ATOMIC_ACKNOWLEDGE', 'RC RD'],
  [0x13, 'COMPARE_SWAP', 'RC RD'],
  [0x14, 'FETCH_ADD', 'RC RD'],
  [0x16, 'SEND_LAST_WITH_INVALIDATE', 'RC'],
  [0x17, 'SEND_ONLY_WITH_INVALIDATE', 'RC'],
  [0x1c, 'FLUSH', 'RC RD'],
  [0x1d, 'ATOMIC_WRITE', 'RC'],
];

/** Bytes from BTH to payload by name, as Linux's soft RoCE has them (rxe_opcode.c, `length`). */
const rxeLengths: Readonly<Record<string, number>> = {
  RC_SEND_FIRST: 12,
  RC_SEND_LAST_WITH_IMMEDIATE: 16,
  RC_SEND_ONLY: 12,
  RC_RDMA_WRITE_FIRST: 28,
  RC_RDMA_WRITE_MIDDLE: 12,
  RC_RDMA_WRITE_ONLY: 28,
  RC_RDMA_WRITE_ONLY_WITH_IMMEDIATE: 32,
  RC_RDMA_READ_REQUEST: 28,
  RC_RDMA_READ_RESPONSE_FIRST: 16,
  RC_RDMA_READ_RESPONSE_MIDDLE: 12,
  RC_ACKNOWLEDGE: 16,
  RC_ATOMIC_ACKNOWLEDGE: 24,
  RC_COMPARE_SWAP: 40,
  RC_SEND_ONLY_WITH_INVALIDATE: 16,
  RC_FLUSH: 32,
  RC_ATOMIC_WRITE: 28,
  RD_SEND_MIDDLE: 24,
  RD_RDMA_WRITE_FIRST: 40,
  RD_RDMA_READ_RESPONSE_MIDDLE: 16,
  RD_ATOMIC_ACKNOWLEDGE: 28,
  RD_FETCH_ADD: 52,
  // From the XRC patch series for rxe on linux-rdma (2022).
  XRC_SEND_FIRST: 16,
  XRC_SEND_MIDDLE: 16,
  XRC_RDMA_WRITE_FIRST: 32,
  UD_SEND_ONLY: 20,
  UD_SEND_ONLY_WITH_IMMEDIATE: 24,
};

const named = (name: string): Opcode => opcodes.find((o) => o.name === name)!;
const of = (service: string): readonly Opcode[] => opcodes.filter((o) => o.service === service);

spec('opcode table', (it) => {
  it('gives every opcode a code and a name of its own', () => {
    assert.is(new Set(opcodes.map((o) => o.code)).size, opcodes.length);
    assert.is(new Set(opcodes.map((o) => o.name)).size, opcodes.length);
    for (const o of opcodes) assert.is(opcodeByCode[o.code], o);
  });

  it('has every opcode that Linux names, with its code', () => {
    for (const [low, operation, services] of linuxOperations) {
      for (const service of services.split(' ') as (keyof typeof linuxServices)[]) {
        assert.is(opcodeNames[linuxServices[service] + low], `${service}_${operation}`);
      }
    }
  });

  it('has beyond that list only RESYNC, CNP and what XRC takes from RC', () => {
    const known = linuxOperations.flatMap(([, operation, services]) =>
      services.split(' ').map((service) => `${service}_${operation}`),
    );
    const others = opcodes.map((o) => o.name).filter((name) => !known.includes(name));
    assert.equal(
      others.filter((name) => !name.startsWith('XRC_')),
      ['RD_RESYNC', 'CNP'],
    );
    assert.is(named('RD_RESYNC').code, 0x55);
    assert.is(named('CNP').code, 0x81);
  });

  it('gives XRC exactly the operations of RC, at 0xa0 (IBA A14)', () => {
    assert.equal(
      of('XRC').map((o) => [o.code - 0xa0, o.name.slice(1)]),
      of('RC').map((o) => [o.code, o.name]),
    );
  });

  it('gives UC the operations of RC that need no answer, at 0x20, with the same headers', () => {
    for (const uc of of('UC')) {
      const rc = opcodeByCode[uc.code - 0x20]!;
      assert.equal([uc.does, uc.place, uc.chain], [rc.does, rc.place, rc.chain]);
      assert.is(uc.answeredBy, null);
    }
  });

  it('puts no extended header into middle packets of RC and UC', () => {
    for (const o of [...of('RC'), ...of('UC')]) {
      if (o.place === 'middle') assert.equal(o.chain, [], o.name);
    }
  });

  it('puts RETH into the first packet of a message only', () => {
    for (const o of opcodes) {
      if (o.place === 'middle' || o.place === 'last') assert.not(o.chain.includes('reth'), o.name);
    }
  });

  it('puts immediate data and keys to invalidate into the last packet of a message only', () => {
    for (const o of opcodes) {
      if (o.place === 'last' || o.place === 'only') continue;
      assert.not(o.chain.includes('immdt') || o.chain.includes('ieth'), o.name);
    }
  });

  it('puts RDETH into every RD packet, DETH into datagram requests, XRCETH into XRC requests', () => {
    for (const o of opcodes) {
      const { service, kind, chain } = o;
      const request = kind === 'request';
      assert.is(chain[0] === 'rdeth', service === 'RD', o.name);
      assert.is(chain.includes('deth'), service === 'UD' || (service === 'RD' && request), o.name);
      assert.is(chain[0] === 'xrceth', service === 'XRC' && request, o.name);
    }
  });

  it('has payloads begin where soft RoCE expects them', () => {
    for (const [name, length] of Object.entries(rxeLengths)) {
      assert.is(payloadAt(named(name)), length, name);
    }
  });

  it('has payloads begin where the dissector finds them', () => {
    const udp = 42;
    for (const o of opcodes.filter(({ payload }) => payload !== 'none')) {
      const bare = build([bth({ opcode: o.code }), new Uint8Array(payloadAt(o) - BTH.size + 8)]);
      const frame = roceV2(bare.bytes);
      const found = dissect(frame).layers.find((layer) => layer.key === 'payload');
      assert.is(found?.at, udp + payloadAt(o), o.name);
    }
  });

  it('lets a message go on to its end before another begins', () => {
    for (const previous of opcodes) {
      for (const next of opcodes) {
        const open = previous.place === 'first' || previous.place === 'middle';
        const goesOn = next.place === 'middle' || next.place === 'last';
        const same = next.does === previous.does && next.service === previous.service;
        assert.is(mayFollow(previous, next), open ? goesOn && same : !goesOn);
      }
    }
  });

  it('names what may follow a first packet', () => {
    assert.equal(
      successors(named('UC_RDMA_WRITE_FIRST')).map((o) => o.name),
      ['UC_RDMA_WRITE_MIDDLE', 'UC_RDMA_WRITE_LAST', 'UC_RDMA_WRITE_LAST_WITH_IMMEDIATE'],
    );
  });

  it('begins a queue pair with the beginning of a message', () => {
    assert.ok(mayFollow(null, named('RC_SEND_ONLY')));
    assert.not(mayFollow(null, named('RC_SEND_LAST')));
  });
});

/** Ethernet, IPv4 and UDP 4791 around a BTH and what follows. */
function roceV2(packet: Uint8Array): Uint8Array {
  const head = '020000000002020000000001080045000000000040004011000000000000000000000000';
  const frame = new Uint8Array(42 + packet.length);
  frame.set(Uint8Array.from(head.match(/../g)!, (b) => Number.parseInt(b, 16)));
  const view = new DataView(frame.buffer);
  view.setUint16(16, 28 + packet.length);
  view.setUint16(36, 4791);
  view.setUint16(38, 8 + packet.length);
  frame.set(packet, 42);
  return frame;
}

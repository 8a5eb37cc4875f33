// Mirrors src/apps/compare and src/scenario/compare.ts: what is counted is what happened, over every path that there is.

import { check, dissect } from '../../../../protocols/index.js';
import {
  type Comparison,
  jsonOf,
  type Operation,
  operations,
  type PathName,
  type PathRecord,
  sides,
} from '../../../../src/apps/compare/index.js';
import { available, compare, MOST_BYTES } from '../../../../src/scenario/compare.js';
import { assert, spec } from '../../../support/spec.js';

const SIZE = 4096;
const byVerbs = available().filter((path) => path !== 'tcp');
const kept = new Map<Operation, Comparison>();
/** One comparison an operation, over all paths. */
function compared(op: Operation): Comparison {
  const known = kept.get(op) ?? compare({ op, size: SIZE });
  kept.set(op, known);
  return known;
}
const record = (op: Operation, path: PathName): PathRecord =>
  compared(op).paths.find((one) => one.path === path)!;

const bytesOf = (
  { moves }: PathRecord,
  wanted: Partial<Record<'side' | 'kind' | 'from' | 'to', string>>,
): number =>
  moves
    .filter((move) => Object.entries(wanted).every(([k, v]) => move[k as 'side'] === v))
    .reduce((sum, { bytes }) => sum + bytes, 0);

spec('a comparison', (it) => {
  for (const op of operations) {
    it(`brings the right bytes over every path (${op})`, () => {
      assert.equal(
        compared(op).paths.map(({ path }) => path),
        available(),
      );
      for (const path of compared(op).paths) assert.ok(path.verified, path.title);
    });

    it(`counts what moves and marks say, and nothing beside them (${op})`, () => {
      for (const path of compared(op).paths) {
        for (const side of sides) {
          const counts = path.counts[side];
          const marked = (kind: string) =>
            path.marks.filter((mark) => mark.side === side && mark.kind === kind).length;
          assert.is(bytesOf(path, { side, kind: 'copy' }), counts.copiedBytes);
          assert.is(bytesOf(path, { side, kind: 'dma-read' }), counts.dmaReadBytes);
          assert.is(bytesOf(path, { side, kind: 'dma-write' }), counts.dmaWriteBytes);
          assert.is(marked('system-call'), counts.systemCalls);
          assert.is(marked('interrupt'), counts.interrupts);
          assert.is(marked('context-switch'), counts.contextSwitches);
          assert.is(marked('doorbell'), counts.doorbells);
          const spent = path.spans.filter((span) => span.side === side);
          const sum = (polls: boolean) =>
            spent
              .filter(({ doing }) => (doing === 'spin') === polls)
              .reduce((ns, { fromNs, untilNs }) => ns + untilNs - fromNs, 0);
          assert.is(sum(false), counts.cpuNs, `${path.title} ${side}`);
          assert.is(sum(true), counts.pollNs, `${path.title} ${side}`);
        }
      }
    });

    it(`has every byte of every move in a station (${op})`, () => {
      for (const { moves, stations } of compared(op).paths) {
        const kinds = ['copy', 'dma-read', 'dma-write'];
        const told = stations.filter(({ kind }) => kinds.includes(kind));
        const total = (list: readonly { readonly bytes: number }[]) =>
          list.reduce((sum, { bytes }) => sum + bytes, 0);
        assert.is(total(told), total(moves));
      }
    });

    it(`shows frames that are right to the last byte, and came (${op})`, () => {
      for (const { frames, linkType } of compared(op).paths) {
        assert.ok(frames.length >= 2);
        for (const { data, arrivedNs, leftNs } of frames) {
          assert.equal(check(dissect(data, { linkType })).findings, []);
          assert.ok(arrivedNs !== null && arrivedNs > leftNs);
        }
      }
    });

    it(`says of RDMA that nobody copied and no kernel was called (${op})`, () => {
      for (const path of byVerbs) {
        const { counts, findings } = record(op, path);
        for (const side of sides) {
          const { copies, copiedBytes, systemCalls, interrupts, contextSwitches } = counts[side];
          assert.equal(
            [copies, copiedBytes, systemCalls, interrupts, contextSwitches],
            [0, 0, 0, 0, 0],
          );
        }
        assert.ok(findings.some((text) => text.startsWith('Zero copy')));
        assert.ok(findings.some((text) => text.startsWith('Kernel bypass')));
      }
    });
  }

  it('copies a message over TCP once in and once out, by the way of socket buffers', () => {
    for (const op of ['write', 'send'] as const) {
      const tcp = record(op, 'tcp');
      const [a, b] = [tcp.counts.initiator, tcp.counts.target];
      assert.equal([a.copiedBytes, b.copiedBytes], [SIZE, SIZE]);
      assert.is(
        bytesOf(tcp, { side: 'initiator', from: 'application memory', to: 'socket buffer' }),
        SIZE,
      );
      assert.is(
        bytesOf(tcp, { side: 'target', from: 'receive buffer', to: 'application memory' }),
        SIZE,
      );
      assert.is(bytesOf(tcp, { side: 'initiator', from: 'socket buffer', to: 'NIC' }), SIZE);
      assert.equal([a.systemCalls, b.systemCalls], [1, 1]);
      assert.ok(b.interrupts > 0 && b.contextSwitches > 0 && b.cpuNs > 0);
      assert.ok(tcp.findings[0]!.startsWith('CPUs moved every byte of the message twice'));
    }
  });

  it('copies more for a READ over TCP: the request is a message as well', () => {
    const { counts } = record('read', 'tcp');
    assert.equal([counts.initiator.systemCalls, counts.target.systemCalls], [2, 2]);
    assert.ok(counts.target.copiedBytes > SIZE && counts.initiator.copiedBytes > SIZE);
  });

  it("leaves the target's cores alone for WRITE and READ, and says so", () => {
    for (const path of byVerbs) {
      for (const op of ['write', 'read'] as const) {
        const { counts, spans, findings } = record(op, path);
        assert.equal([counts.target.cpuNs, counts.target.pollNs], [0, 0]);
        assert.is(spans.filter(({ side }) => side === 'target').length, 0);
        assert.ok(findings.some((text) => text.includes('no core of the target did anything')));
      }
      const { counts, findings } = record('send', path);
      assert.ok(counts.target.cpuNs > 0);
      assert.not.ok(findings.some((text) => text.includes('did anything')));
    }
  });

  it('lets NICs take the message from the application and put it there', () => {
    for (const path of byVerbs) {
      const [write, read] = [record('write', path), record('read', path)];
      const out = { from: 'application memory', to: 'NIC' };
      const into = { from: 'NIC', to: 'application memory' };
      assert.is(bytesOf(write, { side: 'initiator', ...out }), SIZE);
      assert.is(bytesOf(write, { side: 'target', ...into }), SIZE);
      assert.is(bytesOf(read, { side: 'target', ...out }), SIZE);
      assert.is(bytesOf(read, { side: 'initiator', ...into }), SIZE);
    }
  });

  it('counts the header bytes that the standards give', () => {
    // Ethernet 14, IPv4 20, UDP 8, TCP 20 with timestamps 12, BTH 12, RETH 16, GRH 40, LRH 8, ICRC 4, VCRC 2, AETH 4.
    const headers = (path: PathName) =>
      sides.map((side) => record('write', path).counts[side].headerBytes);
    assert.equal(headers('tcp'), [66, 66]);
    assert.equal(headers('rocev2'), [74, 62]);
    assert.equal(headers('rocev1'), [86, 74]);
    assert.equal(headers('ib'), [42, 30]);
    // Beside TCP's: MPA 2, DDP and RDMAP 14, CRC 4.
    if (byVerbs.includes('iwarp')) assert.equal(headers('iwarp'), [86, 66]);
  });

  it('has stations in the order of time, the message before what is delayed', () => {
    for (const { stations, quietNs } of compared('write').paths) {
      for (let i = 1; i < stations.length; i++)
        assert.ok(stations[i]!.atNs >= stations[i - 1]!.atNs);
      for (const { phase, atNs } of stations) assert.is(phase > 0, atNs > quietNs);
    }
  });

  it('is the same whenever it is made', () => {
    for (const { path } of compared('write').paths.slice(0, 2)) {
      const [again] = compare({ op: 'write', size: SIZE, paths: [path] }).paths;
      assert.is(JSON.stringify(again), JSON.stringify(record('write', path)));
    }
  });

  it('cuts long messages into frames and brings all of them', () => {
    const size = 100_000;
    const { paths } = compare({ size, mtu: 1500, paths: ['tcp', 'rocev2'] });
    for (const { verified, frames, counts, path } of paths) {
      assert.ok(verified);
      const carried = frames.reduce((sum, frame) => sum + frame.payloadBytes, 0);
      // TCP sends the tail again when its acknowledgement is delayed longer than a probe waits (RFC 8985 7.2).
      assert.ok(path === 'tcp' ? carried >= size : carried === size, `${path}: ${carried}`);
      assert.is(counts.initiator.copiedBytes, path === 'tcp' ? size : 0);
    }
  });

  it('takes a single byte as well', () => {
    for (const { verified, counts } of compare({ size: 1, op: 'send', paths: ['tcp', 'ib'] })
      .paths) {
      assert.ok(verified);
      assert.ok(counts.initiator.copiedBytes <= 1);
    }
  });

  it('refuses what cannot be compared, by name', () => {
    assert.throws(() => compare({ size: 0 }), /size: expected 1 to \d+, found 0/);
    assert.throws(() => compare({ size: MOST_BYTES + 1 }), /size/);
    assert.throws(() => compare({ size: 1.5 }), /size/);
    assert.throws(() => compare({ mtu: 100 }), /mtu: expected/);
    if (!available().includes('iwarp'))
      assert.throws(() => compare({ paths: ['iwarp'] }), /iWARP cannot be compared/);
  });
});

/** The names of all fields, each way once. */
function shape(value: unknown, at = ''): string[] {
  if (Array.isArray(value)) return value.flatMap((one) => shape(one, `${at}[]`));
  if (value === null || typeof value !== 'object') return [at];
  return Object.entries(value).flatMap(([name, one]) => shape(one, `${at}.${name}`));
}

spec('the JSON of a comparison', (it) => {
  it('has the fields that it had', () => {
    const found = [...new Set(shape(jsonOf(compared('write'))))];
    const inPath = (name: string, fields: string) =>
      fields.split(' ').map((field) => `.paths[].${name}${field}`);
    const counts =
      'copies systemCalls interrupts contextSwitches doorbells dmaReads dmaReadBytes dmaWrites dmaWriteBytes copiedBytes cpuNs pollNs framesSent frameBytes headerBytes';
    const wanted = [
      ...'schema size op nic cpu kernel mtu bitsPerSecond seed warmUp findings[]'
        .split(' ')
        .map((name) => `.${name}`),
      ...inPath('', 'path title operation linkType verified placedNs knownNs knownBy quietNs'),
      ...inPath('', 'findings[] hosts.initiator hosts.target'),
      ...inPath('counts.initiator.', counts),
      ...inPath('counts.target.', counts),
      ...inPath('stations[].', 'phase side kind by what from to times bytes atNs untilNs'),
      ...inPath('moves[].', 'side kind by from to bytes atNs untilNs'),
      ...inPath('marks[].', 'side kind by atNs tookNs'),
      ...inPath('frames[].', 'from leftNs arrivedNs bytes payloadBytes protocol summary data'),
      ...inPath('spans[].', 'side core doing thread fromNs untilNs'),
      ...inPath('calls[].', 'side name kernel core fromNs untilNs'),
    ];
    assert.equal(found.sort(), wanted.sort());
  });
});

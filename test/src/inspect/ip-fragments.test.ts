// Mirrors src/inspect/ip-fragments.ts: datagrams that were cut by hand become whole in any order.

import * as fc from 'fast-check';
import {
  build,
  check,
  eth,
  type Frame,
  formatHex,
  ipv4,
  ipv6,
  ipv6Dst,
  ipv6Fragment,
  type LayerInput,
  udp,
} from '../../../protocols/index.js';
import { Inspector } from '../../../src/inspect/index.js';
import { MAX_FRAGMENT_BYTES } from '../../../src/inspect/ip-fragments.js';
import { assert, spec } from '../../support/spec.js';
import { chain, tilesAndReencodes } from '../../support/tiling.js';

const UNIT = 8;
const data = Uint8Array.from({ length: 3000 }, (_, i) => i * 7);
const over4 = { src: '10.0.0.1', dst: '10.0.0.2' };
const over6 = { src: 'fe80::1', dst: 'fe80::2' };

const whole4 = build([eth(), ipv4({ ...over4, identification: 7 }), udp({ dstPort: 7 }), data]);
const whole6 = build([eth(), ipv6(over6), ipv6Dst(), udp({ dstPort: 7 }), data]);

const UDP_NUMBER = 17;

/** Bytes of the frame from its UDP header on. */
const cutFrom = (frame: Frame) =>
  frame.bytes.subarray(frame.layers.find((layer) => layer.protocol === udp)!.at);

const fragment4 = (
  offset: number,
  bytes: Uint8Array,
  mf: number,
  identification = 7,
): LayerInput[] => [
  eth(),
  ipv4({ ...over4, identification, mf, fragmentOffset: offset / UNIT, protocol: UDP_NUMBER }),
  bytes,
];
const fragment6 = (offset: number, bytes: Uint8Array, mf: number): LayerInput[] => [
  eth(),
  ipv6(over6),
  ipv6Dst(),
  ipv6Fragment({ nextHeader: UDP_NUMBER, mf, fragmentOffset: offset / UNIT, identification: 9 }),
  bytes,
];

/** The datagram's fragments of so many units each, in their order. */
function fragments(whole: Frame, make: typeof fragment6, units: readonly number[]): Uint8Array[] {
  const body = cutFrom(whole);
  const cut: Uint8Array[] = [];
  for (let at = 0, i = 0; at < body.length; i++) {
    const to = Math.min(body.length, at + units[i % units.length]! * UNIT);
    cut.push(build(make(at, body.subarray(at, to), to < body.length ? 1 : 0)).bytes);
    at = to;
  }
  return cut;
}

function inspect(frames: readonly Uint8Array[], inspector = new Inspector()) {
  return frames.map((frame) => {
    const found = inspector.inspect(frame);
    tilesAndReencodes(found);
    assert.is(found.stop, null);
    return found;
  });
}

spec('IP fragments', (it) => {
  const cases = [
    ['IPv4', whole4, fragment4, 'ipv4/udp/payload'],
    ['IPv6', whole6, fragment6, 'ipv6/ipv6-dst/ipv6-padn/udp/payload'],
  ] as const;
  for (const [name, whole, make, layers] of cases) {
    it(`of ${name} in any order, some twice, become the datagram that was cut`, () => {
      const units = fc.array(fc.integer({ min: 1, max: 180 }), { minLength: 1, maxLength: 6 });
      const anything = units.chain((sizes) => {
        const cut = fragments(whole, make, sizes);
        return fc.tuple(
          fc.shuffledSubarray(cut, { minLength: cut.length }),
          fc.subarray(cut, { maxLength: 3 }),
        );
      });
      fc.assert(
        fc.property(anything, ([cut, again]) => {
          if (cut.length === 1) return;
          const inspector = new Inspector();
          const last = cut.at(-1)!;
          const found = inspect(
            [...cut.slice(0, -1), ...again.filter((f) => f !== last), last],
            inspector,
          );
          const [message] = found.at(-1)!.messages;
          assert.is(formatHex(message!.bytes), formatHex(whole.bytes.subarray(14)));
          assert.is(chain(message!), layers);
          assert.equal(check(message!).findings, []);
          assert.is(inspector.keptBytes, 0);
        }),
        { numRuns: 30 },
      );
    });
  }
  it('keep the bytes that came first where fragments overlap', () => {
    const body = cutFrom(whole4).subarray(0, 64);
    const other = new Uint8Array(40).fill(0xee);
    const found = inspect(
      [
        fragment4(24, body.subarray(24, 48), 1),
        fragment4(16, other, 1),
        fragment4(48, body.subarray(48), 0),
      ]
        .concat([fragment4(0, body.subarray(0, 16), 1)])
        .map((layers) => build(layers).bytes),
    );
    const [message] = found.at(-1)!.messages;
    const made = message!.bytes.subarray(20);
    assert.is(formatHex(made.subarray(16, 24)), 'ee'.repeat(8));
    assert.is(formatHex(made.subarray(24, 48)), formatHex(body.subarray(24, 48)));
  });
  it('that never become whole are forgotten, and the bound is said', () => {
    const inspector = new Inspector();
    let said = '';
    for (let id = 0; id < 3000; id++) {
      const { bytes } = build(fragment4(8, new Uint8Array(20_000), 1, id));
      said ||= inspector.inspect(bytes).notes.join('');
      assert.ok(inspector.keptBytes <= MAX_FRAGMENT_BYTES);
    }
    assert.match(said, /bound: MAX_/);
  });
});

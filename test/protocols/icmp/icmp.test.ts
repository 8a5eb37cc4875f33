// ICMP and ICMPv6: messages, quoted packets and what a summary says. What is right is judged by tshark in test/judge.

import * as p from '../../../protocols/index.js';
import { build, check, dissect, type Scene, summarize } from '../../../protocols/index.js';
import { assert, spec } from '../../support/spec.js';
import { chain, tilesAndReencodes } from '../../support/tiling.js';
import { datagram, frame, v4, v6 } from '../ip/frames.js';
import { icmpFrames } from './frames.js';

const findings = (scene: Scene) => check(scene).findings.map((f) => `${f.layer}.${f.field}`);
const info = (name: string) => summarize(dissect(icmpFrames[name]![1].bytes)).info;

spec('ICMP frames', (it) => {
  for (const [name, [layers, { bytes }]] of Object.entries(icmpFrames)) {
    it(`dissects ${name} and finds it right`, () => {
      const found = dissect(bytes);
      assert.is(chain(found), `eth/${layers}`);
      assert.is(found.stop, null);
      tilesAndReencodes(found);
      assert.equal(findings(found), []);
    });
  }

  it('sums them up as tshark does', () => {
    assert.is(info('an echo request'), 'Echo (ping) request id=0x0001, seq=1');
    assert.is(info('port unreachable'), 'Destination unreachable (Port unreachable)');
    assert.is(
      info('a neighbour solicitation'),
      'Neighbor Solicitation for fe80::2 from 02:00:00:00:00:01',
    );
    assert.is(
      info('a neighbour advertisement'),
      'Neighbor Advertisement fe80::2 (rtr, sol, ovr) is at 02:00:00:00:00:01',
    );
  });
});

spec('icmp', (it) => {
  it('derives the type from what stands behind', () => {
    const { layers } = frame(v4(), p.icmp(), p.icmpTimeExceeded(), v4(), datagram());
    assert.is(layers[2]!.number('type'), 11);
  });

  it('judges its own checksum, and none of what it quotes', () => {
    const quoted = build([v4({ headerChecksum: 5 }), p.udp({ checksum: 7, length: 900 }), 'x']);
    const { bytes } = frame(v4(), p.icmp({ code: 3 }), p.icmpUnreachable(), quoted.bytes);
    assert.equal(findings(dissect(bytes)), []);
    bytes[bytes.length - 1]! ^= 1;
    assert.equal(findings(dissect(bytes)), ['icmp.checksum']);
  });

  it('stands its quote one level deeper, with the outer addresses in the summary', () => {
    const found = dissect(icmpFrames['port unreachable']![1].bytes);
    assert.equal(
      found.layers.map((l) => l.depth),
      [0, 0, 0, 0, 1, 1],
    );
    assert.is(summarize(found).source, '10.0.0.1');
  });

  it('takes a quote that is cut anywhere for what it is', () => {
    const { bytes } = build([v4(), datagram(), 'all of it']);
    for (let n = 1; n <= bytes.length; n++) {
      const error = frame(v4(), p.icmp({ code: 3 }), p.icmpUnreachable(), bytes.subarray(0, n));
      const found = dissect(error.bytes);
      assert.is(found.stop, null, `${n} bytes quoted`);
      assert.equal(findings(found), []);
      tilesAndReencodes(found);
    }
  });

  it('follows errors about errors to their end', () => {
    let inner = build([v4(), datagram()]).bytes;
    for (let i = 0; i < 300; i++) {
      inner = build([v4(), p.icmp({ code: 3 }), p.icmpUnreachable(), inner]).bytes;
    }
    const found = dissect(inner, { linkType: 228 });
    assert.is(found.stop!.code, 'limit');
    tilesAndReencodes(found);
  });
});

spec('icmpv6', (it) => {
  it('tells MLD queries of both versions apart by their length', () => {
    const short = frame(v6(), p.icmpv6({ type: 'MLD_QUERY' }), p.mld());
    assert.ok(chain(dissect(short.bytes)).endsWith('icmpv6/mld'));
    const long = frame(v6(), p.icmpv6(), p.mldQuery2());
    assert.ok(chain(dissect(long.bytes)).endsWith('icmpv6/mld-query2'));
  });

  it('gives neighbour discovery the hop limit 255, and says when it has another', () => {
    const solicitation = () => [p.icmpv6(), p.ndNeighbourSolicitation({ target: 'fe80::1' })];
    assert.is(frame(v6(), ...solicitation()).layers[1]!.number('hopLimit'), 255);
    const far = frame(v6({ hopLimit: 64 }), ...solicitation());
    assert.equal(findings(dissect(far.bytes)), ['icmpv6.type']);
  });

  it('refuses an option of length 0 and keeps its bytes', () => {
    const option = p.ndOption({ type: 1, length: 0, data: new Uint8Array(6) });
    const found = dissect(frame(v6(), p.icmpv6(), p.ndNeighbourSolicitation(), option).bytes);
    assert.ok(chain(found).endsWith('nd-ns/nd-option-rest'));
    assert.is(found.stop!.code, 'bad-value');
    tilesAndReencodes(found);
  });

  it('stops where a report announces more records than it has', () => {
    const report = p.mldReport2({ numberOfRecords: 9 });
    const { bytes } = frame(v6(), p.icmpv6(), report, p.mldRecord());
    const { stop } = dissect(bytes);
    assert.is(stop!.code, 'truncated');
    assert.is(stop!.layer, 'mld-record');
  });
});

// A protocol of one's own beside ours: the shipped example does what it says, and what cannot be added is refused.

import {
  bindings,
  build,
  dissect,
  eth,
  header,
  ipv4,
  protocol,
  rest,
  standardWire,
  tcp,
  tree,
  udp,
  uint,
  type Wire,
  withProtocols,
} from '../protocols/index.js';
import { Inspector } from '../src/inspect/index.js';
import { assertChecksums, assertFrame } from '../src/testing/index.js';
import { assert, spec } from './support/spec.js';

const Tunnel = header('Tunnel', [
  uint(16, 'id', 'whose it is'),
  uint(16, 'kind', 'what it carries'),
]);
const tunnel = protocol(Tunnel, { info: (layer) => `tunnel ${layer.number('id')}` });
const wire = withProtocols({ bindings: { udp: [[9999, tunnel]] } });
const { bytes } = wire.build([eth(), ipv4(), udp(), tunnel({ id: 7 }), 'x']);
const keys = ({ dissect: read }: Wire) => read(bytes).layers.map((l) => l.key);

/** What refuses to be added, in words. */
const refused = (make: () => unknown, words: RegExp) =>
  assert.throws(make, (error: unknown) => error instanceof RangeError && words.test(error.message));

spec('own protocols', (it) => {
  it('are built and found by the number that they are bound to', () => {
    assert.equal(keys(wire), ['eth', 'ipv4', 'udp', 'tunnel', 'payload']);
    assert.is(wire.dissect(bytes).layers[2]!.get('dstPort'), 9999);
  });

  it('leave ours as they were', () => {
    assert.equal(keys(standardWire), ['eth', 'ipv4', 'udp', 'payload']);
    assert.is(bindings.udp!.get(9999), undefined);
    assert.equal(dissect(bytes).layers.length, 4);
  });

  it('are known to expressions, filters, assertions and the inspector', () => {
    const again = wire.build(wire.parseFrame('eth/ipv4/udp/tunnel(id=7)/"x"')).bytes;
    assert.equal(again, bytes);
    assert.ok(wire.compileFilter('tunnel.id == 7')(wire.dissect(bytes)));
    assertFrame(bytes, 'eth/ipv4/udp/tunnel(id=7)/"x"', { wire });
    assertFrame(bytes, ['eth/ipv4/udp', { layer: 'tunnel', fields: { id: 7 } }, '...'], { wire });
    assert.equal(assertChecksums(bytes, { wire }), ['ipv4.headerChecksum', 'udp.checksum']);
    assert.ok(tree(new Inspector(wire).inspect(bytes)).includes('tunnel'));
    refused(() => assertFrame(bytes, 'eth/tunnel'), /there is no layer 'tunnel'/);
  });

  it('come with their parts and trailers', () => {
    const tag = protocol(header('Tag', [uint(32, 'sum', 'of all')]), { trailer: true });
    const framed = protocol(header('Framed', [uint(8, 'id', 'whose')]), {
      trailers: [{ protocol: tag, size: () => 4 }],
    });
    const option = protocol(header('Mark', [rest('data', 'what it is')]), { partOf: 'framed' });
    const both = withProtocols(
      { protocols: [option], bindings: { ipproto: [[253, framed]] } },
      wire,
    );
    assert.equal(
      ['framed', 'tag', 'mark', 'tunnel'].filter((key) => both.protocolByKey.has(key)).length,
      4,
    );
    const built = both.build(both.parseFrame('eth/ipv4/framed/mark(data=0x0102)/"x"'));
    assert.equal(
      built.layers.map((l) => l.key),
      ['eth', 'ipv4', 'framed', 'mark', 'payload', 'tag'],
    );
    assert.is(built.layers[1]!.get('protocol'), 253);
  });

  it('may stand at other numbers of ours, and in place of ours where asked for', () => {
    const doubled = withProtocols({ bindings: { udp: [[4790, eth]] } });
    assert.is(doubled.protocols.length, standardWire.protocols.length);
    const instead = withProtocols({ bindings: { udp: [[4791, tunnel]] }, replace: true });
    assert.is(instead.build([udp(), tunnel()]).layers[0]!.get('dstPort'), 4791);
  });

  it('are refused where a key, a number or a space is taken, mistyped or unknown', () => {
    const named = (key: string) => protocol(header('Other', [uint(8, 'x', 'x')], { key }));
    refused(
      () => withProtocols({ protocols: [named('udp')] }),
      /the key 'udp' of Other is taken by UDP/,
    );
    refused(() => withProtocols({ protocols: [named('my tunnel')] }), /no key that can be typed/);
    refused(() => withProtocols({ protocols: [named('zeros')] }), /no key that can be typed/);
    refused(() => withProtocols({ protocols: [named('a'), named('a')] }), /is taken by Other/);
    refused(
      () => withProtocols({ bindings: { udp: [[4791, tunnel]] } }),
      /udp 4791 is taken by 'bth'/,
    );
    refused(
      () => withProtocols({ bindings: { udp: [[1.5, tunnel]] } }),
      /udp 1.5: numbers are whole/,
    );
    refused(
      () => withProtocols({ bindings: { ethertyp: [[1, tunnel]] } }),
      /no space 'ethertyp'; did you mean 'ethertype'\?/,
    );
    refused(() => wire.build([tcp()], { sealing: { tunel: 'leave' } }), /did you mean 'tunnel'\?/);
  });
});

spec('sealing', (it) => {
  it('refuses names that seal nothing', () => {
    const sealed = (name: string, how = 'spoil') =>
      refused.bind(null, () => build([eth(), ipv4()], { sealing: { [name]: how as 'spoil' } }));
    sealed('icrcc')(/'icrcc' is no layer and no kind of field \(.*\); did you mean 'icrc'\?/);
    sealed('ipv4.ttl')(/'ipv4.ttl' is no field that is derived; ipv4 has/);
    sealed('payload')(/'payload' is no field that is derived; payload has none/);
    sealed('checksum', 'ruin')(/derive, leave, spoil, not by 'ruin'/);
    build([eth(), ipv4()], {
      sealing: { checksum: 'leave', 'icrc.icrc': 'spoil', ipv4: 'derive' },
    });
  });
});

spec('examples/own-protocol.mjs', (it) => {
  it('does what it says', async () => {
    const lines: unknown[] = [];
    const { log } = console;
    console.log = (line: unknown) => lines.push(line);
    try {
      const path = new URL('../../examples/own-protocol.mjs', import.meta.url).href;
      const { bytes: own, wire: theirs, finding, found } = await import(path);
      assert.is(found.length, 1);
      assert.is(`${finding.layer}.${finding.field}`, 'mytunnel.crc');
      const seen = theirs.dissect(own);
      assert.is(seen.stop, null);
      assert.equal(theirs.check(seen).findings, []);
      assert.ok(String(lines[1]).includes('mytunnel  My tunnel  12 bytes'));
    } finally {
      console.log = log;
    }
  });
});

// Looking up what follows: dissector and builder read one table in opposite directions.

import { bindings } from '../../../protocols/bindings.js';
import { follower, following, headerEnd, keyOf, partsOf } from '../../../protocols/core/bind.js';
import {
  build,
  eth,
  fcs,
  ipv4,
  ipv6,
  payload,
  tcp,
  tcpMss,
  tcpNop,
  udp,
} from '../../../protocols/index.js';
import { assert, spec } from '../../support/spec.js';

const frame = build([eth(), ipv4(), tcp(), tcpMss(), tcpNop(), 'x', fcs()]);
const keys = frame.layers.map((l) => l.key);

spec('bindings', (it) => {
  it('are read in both directions', () => {
    assert.is(bindings.ethertype!.get(0x0800), ipv4);
    assert.is(keyOf(bindings, 'ethertype', ipv4), 0x0800);
    assert.is(keyOf(bindings, 'ethertype', payload), undefined);
    assert.is(keyOf(bindings, 'nothing', ipv4), undefined);
  });

  it('name a number that leads back to the same protocol, in every space', () => {
    for (const [space, table] of Object.entries(bindings)) {
      for (const protocol of table.values()) {
        assert.is(
          table.get(keyOf(bindings, space, protocol)!),
          protocol,
          `${space} ${protocol.key}`,
        );
      }
    }
  });

  it('derive a type from the first space that knows what follows', () => {
    const type = following('nothing', 'ethertype', 'ip.protocol');
    assert.is(type.kind, 'type');
    assert.is(type.value(frame, 0), 0x0800);
    assert.is(following('nothing').value(frame, 0), undefined);
    assert.is(type.value(frame, frame.layers.length - 2), undefined, 'nothing follows the payload');
    assert.is(following('ethertype').value(build([eth(), ipv6(), udp()]), 0), 0x86dd);
  });
});

spec('what belongs to a header', (it) => {
  it('are its parts, which what follows comes behind', () => {
    const tcpAt = keys.indexOf('tcp');
    assert.equal(
      partsOf(frame, tcpAt).map((l) => l.key),
      ['tcp-mss', 'tcp-nop', 'tcp-eol'],
    );
    assert.is(headerEnd(frame, tcpAt), frame.layers[keys.indexOf('payload')]!.at);
    assert.is(keys[follower(frame, tcpAt)], 'payload');
    assert.is(keys[follower(frame, 0)], 'ipv4');
  });
  it('are none where it has none', () => {
    assert.equal(partsOf(frame, 0), []);
    assert.is(headerEnd(frame, 0), 14);
    assert.is(follower(build([eth(), fcs()]), 0), -1);
    assert.is(follower(build([eth()]), 0), -1);
    assert.is(follower(build([[[eth()], [eth()]]]), 0), -1, 'the unit beside it');
  });
});

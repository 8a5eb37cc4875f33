// Sealing: which fields are derived, left or spoiled, and in which order, so that outer checksums cover inner ones.

import { fromInside } from '../../../protocols/core/seal.js';
import {
  bth,
  build,
  check,
  eth,
  fcs,
  ipv4,
  type LayerInput,
  lrh,
  reth,
  type Sealing,
  tcp,
  udp,
} from '../../../protocols/index.js';
import { assert, spec } from '../../support/spec.js';

const addresses = { src: '10.0.0.1', dst: '10.0.0.2' };
const roce: LayerInput[] = [
  eth(),
  ipv4(addresses),
  udp(),
  bth({ opcode: 'RC_RDMA_WRITE_ONLY' }),
  reth(),
  'hello',
  fcs(),
];
const wrong = (layers: readonly LayerInput[], sealing: Sealing = {}) =>
  check(build(layers, { sealing }))
    .findings.map((f) => `${f.layer}.${f.field}`)
    .join(' ');
/** Values of one field in all layers of that key. */
const values = (layers: readonly LayerInput[], key: string, field: string, sealing: Sealing = {}) =>
  build(layers, { sealing })
    .layers.filter((l) => l.key === key)
    .map((l) => l.get(field));

spec('seal', (it) => {
  it('makes frames in which nothing is wrong', () => {
    assert.is(wrong(roce), '');
    assert.is(wrong([lrh({ dlid: 1, slid: 2 }), ...roce.slice(3, 6)]), '');
    assert.is(wrong([eth(), ipv4(addresses), udp(), eth(), ipv4(addresses), tcp(), 'x']), '');
  });

  it('computes checksums from the inside out', () => {
    // A tunnel: the outer UDP checksum covers the inner one, FCS covers all.
    const tunnel = [
      eth(),
      ipv4(addresses),
      udp(),
      ipv4(addresses),
      udp({ srcPort: 1 }),
      'x',
      fcs(),
    ];
    assert.is(wrong(tunnel), '');
    const frame = build(tunnel);
    const keys = fromInside(frame).map((i) => `${frame.layers[i]!.key}${i}`);
    assert.is(keys.join(' '), 'payload5 udp4 ipv43 udp2 ipv41 eth0 fcs6');
    const keysOfRoce = fromInside(build(roce)).map((i) => build(roce).layers[i]!.key);
    assert.is(keysOfRoce.join(' '), 'payload reth bth ibpad icrc udp ipv4 eth fcs');
  });

  it('leaves or spoils by field, by layer and by kind, the most exact name first', () => {
    assert.is(wrong(roce, { 'ipv4.headerChecksum': 'spoil' }), 'ipv4.headerChecksum');
    assert.is(wrong(roce, { icrc: 'spoil' }), 'icrc.icrc', 'FCS covers the spoiled ICRC');
    assert.is(wrong(roce, { fcs: 'leave' }), 'fcs.fcs');
    assert.is(
      wrong(roce, { checksum: 'spoil' }),
      'ipv4.headerChecksum udp.checksum icrc.icrc fcs.fcs',
    );
    assert.is(
      wrong(roce, { checksum: 'spoil', udp: 'derive', icrc: 'derive' }),
      'ipv4.headerChecksum fcs.fcs',
    );
    assert.is(
      wrong(roce, {
        checksum: 'derive',
        ipv4: 'spoil',
        'ipv4.headerChecksum': 'derive',
        'ipv4.totalLength': 'derive',
        'ipv4.protocol': 'derive',
        'ipv4.version': 'derive',
        'ipv4.ihl': 'derive',
      }),
      '',
    );
  });

  it('spoils by the lowest bit', () => {
    const right = values(roce, 'icrc', 'icrc')[0] as number;
    const spoiled = values(roce, 'icrc', 'icrc', { icrc: 'spoil' })[0] as number;
    assert.is(Math.abs(right - spoiled), 1);
    assert.equal(values(roce, 'ipv4', 'totalLength', { length: 'spoil' }), [
      (values(roce, 'ipv4', 'totalLength')[0] as number) ^ 1,
    ]);
  });

  it('leaves zeros where nothing is derived', () => {
    assert.equal(values(roce, 'ipv4', 'totalLength', { length: 'leave' }), [0]);
    assert.equal(values(roce, 'eth', 'type', { type: 'leave' }), [0]);
    assert.equal(values(roce, 'bth', 'padCount', { count: 'leave' }), [0]);
    assert.equal(
      values(roce, 'ipv4', 'version', { ipv4: 'leave' }),
      [0],
      'and ICRC still knows what it covers',
    );
  });

  it('touches nothing that was given, whatever it is told', () => {
    const given = [eth(), ipv4({ ...addresses, headerChecksum: 1 }), udp(), 'x'];
    for (const how of ['derive', 'leave', 'spoil'] as const) {
      assert.equal(values(given, 'ipv4', 'headerChecksum', { ipv4: how }), [1]);
    }
  });
});

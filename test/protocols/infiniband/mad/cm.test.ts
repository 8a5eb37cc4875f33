// Connection management: real messages of Linux 6.1's rdma_cm (an NVMe/RDMA connection over rdma_rxe; their
// values as tshark 4.0 shows them), and the places of the fields that no capture has.

import { bindings } from '../../../../protocols/bindings.js';
import { buildWith } from '../../../../protocols/core/build.js';
import { dissectWith } from '../../../../protocols/core/dissect.js';
import {
  check,
  formatHex,
  formatIpv4,
  type Layer,
  mad,
  parseHex,
} from '../../../../protocols/index.js';
import { assert, spec } from '../../../support/spec.js';

/** A MAD by itself, instead of in a frame, whose private data nobody understands. */
const alone = { ...bindings, link: new Map([[1, mad.mad]]), 'cm-private': new Map() };
const whole = (hex: string) => parseHex(hex.padEnd(512, '0'));
const dissectMad = (b: Uint8Array) => dissectWith(alone, b);
const shape = (layers: readonly Layer[]) => layers.map((l) => `${l.key}:${l.end - l.at}`).join(' ');

const REQ = whole(
  '01070203000000000000000265b0a5f90010000000000000' +
    'f9a5b065000000000000000001061144505400fffe00000200000000000000000000118000000000' +
    '000000a122412fa7ffff37f0ffffffff00000000000000000000ffff0a0000020000000000000000' +
    '0000ffff0a0000013f97f00000400098' +
    `${'00'.repeat(44)}0040a465${'00'.repeat(12)}0a000002${'00'.repeat(12)}0a000001` +
    '0000000020001f',
);
const REP = whole(
  '01070203000000000000000265b0a5f90013000000000000' +
    'c0682cf3f9a5b06500000000000011000000000056ff3000008079e0505400fffe00000100002',
);

spec('connection management', (it) => {
  it('reads a request of the Linux kernel, its IP addresses and its private data', () => {
    const { layers, stop } = dissectMad(REQ);
    assert.is(stop, null);
    assert.is(shape(layers), 'mad:24 cm-req:140 rdma-ip-cm4:36 cm-private:56');
    const req = layers[1]!;
    assert.is(req.get('serviceId'), 0x0000000001061144n);
    assert.is(req.number('localQpn'), 0x11);
    assert.is(req.number('responderResources'), 0x80);
    assert.is(req.number('remoteCmResponseTimeout'), 0x14);
    assert.is(req.number('endToEndFlowControl'), 1);
    assert.is(req.number('startingPsn'), 0x22412f);
    assert.is(req.number('retryCount'), 7);
    assert.is(req.number('pathPacketPayloadMtu'), 3);
    assert.is(req.number('rnrRetryCount'), 7);
    assert.is(req.number('maxCmRetries'), 15);
    assert.is(req.number('primaryFlowLabel'), 0x3f97f);
    assert.is(req.number('primaryHopLimit'), 64);
    assert.is(req.number('primaryLocalAckTimeout'), 0x13);
    assert.is(layers[2]!.number('srcPort'), 0xa465);
    assert.is(formatIpv4(layers[2]!.number('dst')), '10.0.0.1');
  });

  it('reads a reply, whose private data nobody can tell the use of', () => {
    const { layers } = dissectMad(REP);
    assert.is(shape(layers), 'mad:24 cm-rep:36 cm-private:196');
    const rep = layers[1]!;
    assert.is(rep.get('localCaGuid'), 0x505400fffe000001n);
    assert.is(rep.number('startingPsn'), 0x56ff30);
    assert.is(rep.number('initiatorDepth'), 0x80);
    assert.is(rep.number('targetAckDelay'), 15);
    assert.is(rep.number('failoverAccepted'), 0);
    assert.is(rep.number('rnrRetryCount'), 7);
  });

  it('builds the same request from its fields, with class, method and attribute derived', () => {
    const [header, req, ip, own] = dissectMad(REQ).layers;
    const { transactionId } = header!.fields();
    const { ipVersion: _, ...addresses } = ip!.fields();
    const built = buildWith(alone, [
      mad.mad({ transactionId: transactionId as bigint }),
      mad.cmReq(req!.fields() as object),
      mad.rdmaIpCm4(addresses as object),
      mad.cmPrivate({ data: (own!.get('data') as Uint8Array).subarray(0, 8) }),
    ]);
    assert.is(formatHex(built.bytes), formatHex(REQ));
  });

  it('takes private data for its own where the service is none of the RDMA IP CM', () => {
    const other = REQ.slice();
    mad.CMReq.set.serviceId(other, 24, 0x1000000000000001n);
    assert.is(shape(dissectMad(other).layers), 'mad:24 cm-req:140 cm-private:92');
  });

  it('has the fields of rarer messages where Linux has them', () => {
    assert.is(mad.CMRej.at.reason, 10);
    assert.is(mad.CMRej.at.ari, 12);
    assert.is(mad.CMRej.size, 84);
    assert.is(mad.CMMra.at.serviceTimeout, 9);
    assert.is(mad.CMMra.size, 10);
    assert.is(mad.CMLap.at.remoteCmResponseTimeout, 15);
    assert.is(mad.CMLap.at.alternateTrafficClass, 59);
    assert.is(mad.CMLap.at.alternatePacketRate, 61);
    assert.is(mad.CMLap.size, 64);
    assert.is(mad.CMApr.at.additionalInfo, 12);
    assert.is(mad.CMApr.size, 84);
    assert.is(mad.CMSidrReq.at.serviceId, 8);
    assert.is(mad.CMSidrReq.size, 16);
    assert.is(mad.CMSidrRep.at.serviceId, 12);
    assert.is(mad.CMSidrRep.at.qKey, 20);
    assert.is(mad.CMSidrRep.size, 96);
  });

  it('says that a MAD which was cut is too short, whatever is left of it', () => {
    for (let n = 0; n < REQ.length; n++) assert.ok(dissectMad(REQ.subarray(0, n)).stop, `${n}`);
  });

  it('finds bytes behind the 256 of a MAD', () => {
    const long = new Uint8Array(260);
    long.set(REQ);
    const { findings } = check(dissectMad(long));
    assert.equal(
      findings.map((f) => f.message),
      ['4 bytes behind the 256 of a MAD'],
    );
  });
});

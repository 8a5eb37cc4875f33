// Ethernet frames of all kinds. The hex below is what our builder makes of the layers; tshark 4.0 (eth.check_fcs)
// reads each frame as the expectations say and calls every FCS correct.

import * as w from '../../../protocols/index.js';
import { capturedFrames, captures } from '../../support/capture.js';
import { assert, spec } from '../../support/spec.js';

const eth = (fields: Parameters<typeof w.eth>[0] = {}) =>
  w.eth({ src: '02:00:00:00:00:01', dst: '02:00:00:00:00:02', ...fields });
const linkPartner = () => w.eth({ src: '02:00:00:00:00:01' });
const datagram = () => [
  w.ipv4({ src: '10.0.0.1', dst: '10.0.0.2', headerChecksum: 0, ttl: 0 }),
  w.udp({ srcPort: 1000, dstPort: 2000 }),
  'hi',
];
const end = () => [w.padding(), w.fcs()];
const bpdu = '0000000000800000000000000100000000800000000000000180010000140002000f00';
const keys = (scene: w.Scene) => scene.layers.map((l) => l.key).join('/');

/** Builds, compares the bytes, and dissects them to the same layers without a complaint. */
function builds(layers: readonly w.LayerInput[], hex: string): w.Dissection {
  const frame = w.build(layers);
  assert.is(w.formatHex(frame.bytes), hex.replaceAll(' ', ''));
  const read = w.dissect(frame.bytes, { fcs: 'auto' });
  assert.is(read.stop, null);
  assert.is(keys(read), keys(frame));
  // The IPv4 headers here were left without a checksum and with no hops.
  const ours = w.check(read).findings.filter((f) => f.layer !== 'ipv4');
  assert.equal(ours, []);
  return read;
}

const to2 = '020000000002020000000001';
const ipHex = '4500001e00000000001100000a0000010a000002 03e807d0000a77b6 6869';
const zeros = (count: number) => '00'.repeat(count);

spec('ethernet', (it) => {
  it('is filled up to 64 bytes with padding and FCS where they are asked for', () => {
    builds(
      [
        eth(),
        w.arp({ senderMac: '02:00:00:00:00:01', senderIp: '10.0.0.1', targetIp: '10.0.0.2' }),
        ...end(),
      ],
      `${to2} 0806 0001080006040001 020000000001 0a000001 000000000000 0a000002 ${zeros(18)} 800f4eb4`,
    );
  });

  it('carries C-tags and S-tags', () => {
    builds(
      [eth(), w.vlan({ pcp: 3, dei: 1, vid: 100 }), ...datagram(), ...end()],
      `${to2} 8100 7064 0800 ${ipHex} ${zeros(12)} 3b198b0b`,
    );
    builds(
      [eth(), w.svlan({ pcp: 5, vid: 200 }), w.vlan({ pcp: 1, vid: 7 }), ...datagram(), ...end()],
      `${to2} 88a8 a0c8 8100 2007 0800 ${ipHex} ${zeros(8)} ff9f0ee5`,
    );
  });

  it('writes a length where LLC follows, behind a tag too', () => {
    const stp = [w.llc({ dsap: 'STP', ssap: 'STP' }), w.parseHex(bpdu)];
    const read = builds(
      [eth({ dst: '01:80:c2:00:00:00' }), ...stp, ...end()],
      `0180c2000000020000000001 0026 424203 ${bpdu} ${zeros(8)} 5d8f5644`,
    );
    assert.is(w.summarize(read).info, 'U, func=UI; DSAP 0x42, SSAP 0x42');
    builds(
      [eth(), w.vlan({ vid: 9 }), ...stp, ...end()],
      `${to2} 8100 0009 0026 424203 ${bpdu} ${zeros(4)} 36ea4bf6`,
    );
  });

  it('finds EtherTypes behind SNAP', () => {
    builds(
      [eth(), w.llc(), w.snap(), ...datagram(), ...end()],
      `${to2} 0026 aaaa03 000000 0800 ${ipHex} ${zeros(8)} 3084d67f`,
    );
  });

  it('tells the three kinds of LLC control fields apart', () => {
    const netbios = { dsap: 'NETBIOS', ssap: 'NETBIOS' } as const;
    const supervisory = builds(
      [
        eth(),
        w.llc({ ...netbios, ssap: 0xf1 }),
        w.llcSupervisory({ function: 'REJ', nr: 5, pf: 1 }),
        ...end(),
      ],
      `${to2} 0004 f0f1 090b ${zeros(42)} 47dc39ca`,
    );
    assert.is(w.summarize(supervisory).info, 'S, func=REJ, N(R)=5; DSAP 0xf0, SSAP 0xf1');
    const information = builds(
      [eth(), w.llc(netbios), w.llcInformation({ ns: 3, nr: 6 }), 'data', ...end()],
      `${to2} 0008 f0f0 060c 64617461 ${zeros(38)} 3fe1eb42`,
    );
    assert.is(w.summarize(information).info, 'I, N(R)=6, N(S)=3; DSAP 0xf0, SSAP 0xf0');
    const exchange = w.llcUnnumbered({ modifier2: 5, modifier1: 3, pf: 1 });
    const unnumbered = builds(
      [eth(), w.llc({ dsap: 'NULL', ssap: 1 }), exchange, w.parseHex('810100'), ...end()],
      `${to2} 0006 0001 bf 810100 ${zeros(40)} 7faa0e23`,
    );
    assert.is(w.summarize(unnumbered).info, 'U, func=XID; DSAP 0x00, SSAP 0x01');
  });

  it('pauses the link partner, all of it or by class', () => {
    const all = builds(
      [linkPartner(), w.macControl(), w.pause({ pauseTime: 0xffff }), w.fcs()],
      `0180c2000001020000000001 8808 0001 ffff ${zeros(42)} dd7cb2ff`,
    );
    assert.is(w.summarize(all).info, 'Pause: pause_time: 65535 quanta');
    const byClass = builds(
      [linkPartner(), w.macControl(), w.pfc({ e3: 1, time3: 0xffff, e0: 1 }), w.fcs()],
      `0180c2000001020000000001 8808 0101 0009 000000000000ffff0000000000000000 ${zeros(26)} 4b443a84`,
    );
    assert.is(w.summarize(byClass).info, 'PFC: 0: 0 quanta, 3: 65535 quanta');
    const elsewhere = w.build([eth(), w.macControl(), w.pfc({ reserved: 1 })]);
    assert.is(w.check(elsewhere).findings.length, 2);
  });

  it('lists the TLVs of LLDP', () => {
    builds(
      [
        linkPartner(),
        w.lldp({ type: 'CHASSIS_ID', value: '04020000000001' }),
        w.lldp({ type: 'PORT_ID', value: '0565746830' }),
        w.lldp({ type: 'TIME_TO_LIVE', value: '0078' }),
        w.lldp({ type: 'END' }),
        ...end(),
      ],
      `0180c200000e020000000001 88cc 020704020000000001 04050565746830 06020078 0000 ${zeros(24)} b94c2e7c`,
    );
  });

  it('resolves other addresses than IPv4 on Ethernet', () => {
    const fields = { hardwareType: 32, protocolType: 0x0800, hardwareSize: 20, protocolSize: 4 };
    builds(
      [eth(), w.arpOther({ ...fields, opcode: 1, addresses: '07'.repeat(48) }), w.fcs()],
      `${to2} 0806 0020080014040001 ${'07'.repeat(48)} ddee9a0c`,
    );
  });

  it('takes the last four bytes as FCS where the context says so or they match', () => {
    const frame = w.build([eth(), ...datagram(), ...end()]).bytes;
    const trailers = (options: w.DissectOptions, bytes = frame) =>
      w
        .dissect(bytes, options)
        .layers.filter((l) => l.protocol.trailer)
        .map((l) => `${l.key} ${l.end - l.at}`);
    assert.equal(trailers({}), ['padding 20']);
    assert.equal(trailers({ fcs: true }), ['padding 16', 'fcs 4']);
    assert.equal(trailers({ fcs: 'auto' }), ['padding 16', 'fcs 4']);
    const damaged = frame.slice();
    damaged[20]! ^= 1;
    assert.equal(trailers({ fcs: 'auto' }, damaged), ['padding 20']);
    const { findings } = w.check(w.dissect(damaged, { fcs: true }));
    assert.ok(findings.some((f) => f.layer === 'fcs' && f.at === 60));
    assert.is(w.dissect(frame.subarray(0, 16), { fcs: true }).stop?.layer, 'fcs');
  });

  it('says what is wrong with lengths, addresses and sizes', () => {
    const between = w.dissect(w.build([eth({ type: 1501 }), 'bytes']).bytes);
    assert.equal([between.stop?.code, between.stop?.field], ['bad-value', 'type']);
    const long = w.dissect(w.build([eth({ type: 100 }), w.llc(), 'bytes']).bytes);
    assert.equal([long.stop?.code, long.stop?.need, long.stop?.have], ['length-conflict', 114, 22]);
    assert.is(keys(long), 'eth/llc/llc-u/payload');
    const runt = w.build([eth({ src: '03:00:00:00:00:01' }), ...datagram(), w.fcs()]);
    const fields = w.check(runt).findings.filter((f) => f.layer === 'eth');
    assert.equal(
      fields.map((f) => f.field),
      ['src', ''],
    );
  });

  it('leaves frames without LLC as bytes (Novell)', () => {
    const read = w.dissect(w.build([eth({ type: 6 }), w.parseHex('ffff00060011')]).bytes);
    assert.is(keys(read), 'eth/payload');
    assert.is(read.stop, null);
  });

  it('sums ARP up as people say it', () => {
    const said = (fields: Parameters<typeof w.arp>[0]) =>
      w.summarize(w.dissect(w.build([eth(), w.arp(fields)]).bytes)).info;
    const ips = { senderIp: '10.0.0.1', targetIp: '10.0.0.2' };
    const own = { senderIp: '10.0.0.1', targetIp: '10.0.0.1' };
    const reply = { ...ips, opcode: 'REPLY', senderMac: '02:00:00:00:00:01' } as const;
    assert.is(said(ips), 'Who has 10.0.0.2? Tell 10.0.0.1');
    assert.is(said(reply), '10.0.0.1 is at 02:00:00:00:00:01');
    assert.is(said(own), 'ARP Announcement for 10.0.0.1');
    assert.is(said({ targetIp: '10.0.0.2' }), 'Who has 10.0.0.2? (ARP Probe)');
  });

  it('finds nothing wrong with the Ethernet of the captures, nor an FCS in them', () => {
    for (const name of captures) {
      for (const { bytes, linkType, number } of capturedFrames(name)) {
        const read = w.dissect(bytes, { linkType, fcs: 'auto' });
        assert.is(read.layers[0]!.key, 'eth');
        assert.not(read.layers.some((l) => l.key === 'fcs'));
        const { findings } = w.check(read);
        const ours = findings.filter((f) => ['eth', 'arp'].includes(f.layer));
        assert.equal(ours, [], `${name} ${number}`);
      }
    }
  });
});

// Attributes of the management classes, each with random bits and what tshark 4.0.17 shows of them.

import { bindings } from '../../../../protocols/bindings.js';
import { buildWith, type LayerInput } from '../../../../protocols/core/build.js';
import { dissectWith } from '../../../../protocols/core/dissect.js';
import { type AnyHeader, check, type Layer, mad, parseHex } from '../../../../protocols/index.js';
import { assert, spec } from '../../../support/spec.js';

/** A header, tshark's prefix, the bytes, and tshark's values by the rest of its names. */
const judged: readonly (readonly [unknown, string, string, string])[] = [
  [
    mad.PortInfo,
    'infiniband.portinfo.',
    'afb38f13476bbf839290804b1f6357d684362ec67ed64e019d090551add9953cbc3cbc3cbc3c573b' +
      '4fd3072b7f43b71bafb3670bdf2317960e265e36c9c51108',
    'm_key=0xafb38f13476bbf83 guid=0x9290804b1f6357d6 lid=0x8436 mastersmlid=0x2ec6 ' +
      'capabilitymask.issm=0x0 capabilitymask.noticesupported=0x0 ' +
      'capabilitymask.trapsupported=0x0 capabilitymask.optionalipdsupported=0x0 ' +
      'capabilitymask.automaticmigrationsupported=0x0 capabilitymask.slmappingsupported=0x0 ' +
      'capabilitymask.mkeynvram=0x0 capabilitymask.pkeynvram=0x0 ' +
      'capabilitymask.ledinfosupported=0x1 capabilitymask.smdisabled=0x1 ' +
      'capabilitymask.systemimageguidsupported=0x1 ' +
      'capabilitymask.pkeyswitchexternalporttrapsupported=0x0 ' +
      'capabilitymask.communicationmanagementsupported=0x0 ' +
      'capabilitymask.snmptunnelingsupported=0x1 capabilitymask.reinitsupported=0x1 ' +
      'capabilitymask.devicemanagementsupported=0x0 capabilitymask.vendorclasssupported=0x1 ' +
      'capabilitymask.drnoticesupported=0x0 capabilitymask.capabilitymasknoticesupported=0x1 ' +
      'capabilitymask.bootmanagementsupported=0x1 ' +
      'capabilitymask.linkroundtriplatencysupported=0x0 ' +
      'capabilitymask.clientregistrationsupported=0x1 ' +
      'capabilitymask.otherlocalchangesnoticesupported=0x1 ' +
      'capabilitymask.linkspeedwidthpairstablesupported=0x1 diagcode=0x9d09 ' +
      'm_keyleaseperiod=0x551 localportnum=0xad linkwidthenabled=0xd9 ' +
      'linkwidthsupported=0x95 linkwidthactive=0x3c linkspeedsupported=0xb portstate=0xc ' +
      'portphysicalstate=0x3 linkdowndefaultstate=0xc m_keyprotectbits=0x2 lmc=0x4 ' +
      'linkspeedactive=0x3 linkspeedenabled=0xc neighbormtu=0xb mastersmsl=0xc vlcap=0x3 ' +
      'inittype=0xc vlhighlimit=0x57 vlarbitrationhighcap=0x3b vlarbitrationlowcap=0x4f ' +
      'inittypereply=0xd mtucap=0x3 vlstallcount=0x0 hoqlife=0x7 operationalvls=0x2 ' +
      'partitionenforcementinbound=0x1 partitionenforcementoutbound=0x0 filterrawinbound=0x1 ' +
      'filterrawoutbound=0x1 m_keyviolations=0x7f43 p_keyviolations=0xb71b ' +
      'q_keyviolations=0xafb3 guidcap=0x67 clientreregister=0x0 subnettimeout=0xb ' +
      'resptimevalue=0x1f localphyerrors=0x2 overrunerrors=0x3 maxcredithint=0x1796 ' +
      'linkroundtriplatency=0x265e36',
  ],
  [
    mad.NodeInfo,
    'infiniband.nodeinfo.',
    'e26aed19d5e1fde965310db99080b048d828d33dfb0f93c7eb3f9e766e06591520d05beff414b4d4',
    'baseversion=0xe2 classversion=0x6a nodetype=0xed numports=0x19 ' +
      'systemimageguid=0xd5e1fde965310db9 nodeguid=0x9080b048d828d33d ' +
      'portguid=0xfb0f93c7eb3f9e76 partitioncap=0x6e06 deviceid=0x5915 revision=0x20d05bef ' +
      'localportnum=0xf4 vendorid=0x14b4d4',
  ],
  [
    mad.SwitchInfo,
    'infiniband.switchinfo.',
    'faa22a12da020a72ba62ead29a5dc9c53975019d',
    'linearfdbcap=0xfaa2 randomfdbcap=0x2a12 multicastfdbcap=0xda02 linearfdbtop=0xa72 ' +
      'defaultport=0xba defaultmulticastprimaryport=0x62 defaultmulticastnotprimaryport=0xea ' +
      'lifetimevalue=0x1a portstatechange=0x0 optimizedsltovlmappingprogramming=0x2 ' +
      'lidsperport=0x9a5d partitionenforcementcap=0xc9c5 inboundenforcementcap=0x0 ' +
      'outboundenforcementcap=0x0 filterrawinboundcap=0x1 filterrawoutboundcap=0x1 ' +
      'enhancedportzero=0x1',
  ],
  [
    mad.SMInfo,
    'infiniband.sminfo.',
    '26867327cb3ae20588186878e3d7bb6a521a6a521a',
    'guid=0x26867327cb3ae205 sm_key=0x88186878e3d7bb6a actcount=0x521a6a52 priority=0x1 ' +
      'smstate=0xa',
  ],
  [
    mad.PathRecord,
    'infiniband.pathrecord.',
    '06be168ea6deb6494591ed18687848d8c3373664c4a40480b020d0c0f0fb456357d68464c4a4047f' +
      '43b71bafb3670bdf2317fb0f2efc7cfc7cfc17fb0f9362ea',
    'dgid=0x4591ed18687848d8c3373664c4a40480 sgid=0xb020d0c0f0fb456357d68464c4a4047f ' +
      'dlid=0x43b7 slid=0x1baf rawtraffic=0x1 flowlabel=0x3670b hoplimit=0xdf tclass=0x23 ' +
      'reversible=0x0 numbpath=0x17 p_key=0xfb0f sl=0xc mtuselector=0x1 mtu=0x3c ' +
      'rateselector=0x3 rate=0x3c packetlifetimeselector=0x1 packetlifetime=0x3c ' +
      'preference=0xfc',
  ],
  [
    mad.MCMemberRecord,
    'infiniband.mcmemberrecord.',
    'fb0f9362ea6d9955fc7cfc7c248464c4a404e4442484ffc3379b2f33828a8d6faa925a1d8985d0c0' +
      '8b5fa397168ea6deb6aee1fd',
    'mgid=0xfb0f9362ea6d9955fc7cfc7c248464c4 portgid=0xa404e4442484ffc3379b2f33828a8d6f ' +
      'q_key=0xaa925a1d mlid=0x8985 mtuselector=0x3 mtu=0x10 tclass=0xc0 p_key=0x8b5f ' +
      'rateselector=0x2 rate=0x23 packetlifetimeselector=0x2 packetlifetime=0x17 sl=0x1 ' +
      'flowlabel=0x68ea6 hoplimit=0xde scope=0xb joinstate=0x6 proxyjoin=0x1',
  ],
  [
    mad.ClassPortInfo,
    'infiniband.classportinfo.',
    '828af23ae26a521a424ab2fa3d291bafb3020a0db9f581b888186813476bbf83925a828af23a7d69' +
      'e54c8ccc0c4c8ccc0ce78bfaa2521add49e09080b0206bbf1e2cec476bbf8392',
    'baseversion=0x82 classversion=0x8a capabilitymask=0xf23a capabilitymask2=0x7135290 ' +
      'resptimevalue=0x1a redirectgid=0x424ab2fa3d291bafb3020a0db9f581b8 redirecttc=0x88 ' +
      'redirectsl=0x1 redirectfl=0x86813 redirectlid=0x476b redirectpkey=0xbf83 ' +
      'redirectqp=0x5a828a redirectqkey=0xf23a7d69 ' +
      'trapgid=0xe54c8ccc0c4c8ccc0ce78bfaa2521add traptc=0x49 trapsl=0xe trapfl=0x9080 ' +
      'traplid=0xb020 trappkey=0x6bbf trapqp=0x2cec47 trapqkey=0x6bbf8392',
  ],
  [
    mad.PortCounters,
    'infiniband.portcounters.',
    '669e116d9955617d690db9f5811d89856c2cecac6c2cecac6c2cecac072b7fdeecac6c2cecac6c2c' + '87bda925',
    'portselect=0x9e counterselect=0x116d symbolerrorcounter=0x9955 ' +
      'linkerrorrecoverycounter=0x61 linkdownedcounter=0x7d portrcverrors=0x690d ' +
      'portrcvremotephysicalerrors=0xb9f5 portrcvswitchrelayerrors=0x811d ' +
      'portxmitdiscards=0x8985 portxmitconstrainterrors=0x6c portrcvconstrainterrors=0x2c ' +
      'locallinkintegrityerrors=0xa excessivebufferoverrunerrors=0xc vl15dropped=0xecac ' +
      'portxmitdata=0x6c2cecac portrcvdata=0x72b7fde portxmitpkts=0xecac6c2c ' +
      'portrcvpkts=0xecac6c2c',
  ],
];

/** A MAD by itself, instead of in a frame. */
const alone = { ...bindings, link: new Map([[1, mad.mad]]) };
const buildMad = (...layers: LayerInput[]) => buildWith(alone, layers);
const dissectMad = (b: Uint8Array) => dissectWith(alone, b);
const shape = (layers: readonly Layer[]) => layers.map((l) => `${l.key}:${l.end - l.at}`).join(' ');
const asNumber = (v: unknown): bigint =>
  v instanceof Uint8Array ? BigInt(`0x${Buffer.from(v).toString('hex')}`) : BigInt(v as number);

spec('management attributes', (it) => {
  for (const [declared, prefix, hex, values] of judged) {
    const header = declared as AnyHeader;
    it(`has the fields of ${header.name} where tshark has them`, () => {
      const bytes = parseHex(hex);
      assert.is(bytes.length, header.size);
      for (const pair of values.split(' ')) {
        const [name, value] = pair.split('=') as [string, string];
        const span = header.spans.find((s) => s.field.alias === prefix + name);
        assert.ok(span, name);
        assert.is(asNumber(header.read(span.name, bytes, 0)), BigInt(value), name);
      }
    });
  }

  it('fills a LID-routed SMP up to its 256 bytes and derives what the layers tell', () => {
    const { bytes, layers } = buildMad(mad.mad({ method: 'GET' }), mad.smpLid(), mad.nodeInfo());
    assert.is(bytes.length, 256);
    assert.is(layers[0]!.number('mgmtClass'), 1);
    assert.is(layers[0]!.number('classVersion'), 1);
    assert.is(layers[0]!.number('attributeId'), 0x11);
    const again = dissectMad(bytes);
    assert.is(again.stop, null);
    assert.is(shape(again.layers), 'mad:24 smp-lid:40 node-info:40 mad-rest:24 smp-lid-end:128');
  });

  it('keeps the paths of a directed route behind the attribute', () => {
    const initialPath = new Uint8Array(64);
    initialPath.set([0, 3, 7]);
    const { bytes } = buildMad(
      mad.directedRoute({ method: 'SET', hopPointer: 1, hopCount: 2 }),
      mad.smpDr({ drSLid: 0xffff, drDLid: 0xffff }),
      mad.portInfo({ lid: 5, portState: 'ARMED' }),
      mad.smpPath({ initialPath }),
    );
    const { layers } = dissectMad(bytes);
    assert.is(shape(layers), 'mad-dr:24 smp-dr:40 port-info:64 smp-path:128');
    assert.is(bytes[1], 0x81);
    assert.is(bytes[64 + 64 + 2], 7);
  });

  it('reads the records of a table in one segment', () => {
    const { bytes } = buildMad(
      mad.mad({ method: 'GET_TABLE_RESP' }),
      mad.rmpp({
        rmppVersion: 1,
        rmppType: 'DATA',
        last: 1,
        first: 1,
        active: 1,
        payloadLength: 148,
      }),
      mad.sa({ attributeOffset: 8 }),
      [[mad.pathRecord({ dLid: 1 })], [mad.pathRecord({ dLid: 2 })]],
    );
    const { layers } = dissectMad(bytes);
    const records = layers.filter((l) => l.key === 'path-record');
    assert.equal(
      records.map((l) => l.number('dLid')),
      [1, 2],
    );
    assert.is(layers.at(-1)!.key, 'mad-rest');
  });

  it('ends with a table whose records claim to have no size', () => {
    const { bytes } = buildMad(
      mad.mad({ method: 'GET_TABLE_RESP', attributeId: 0x35 }),
      mad.rmpp({ rmppType: 'DATA', first: 1, active: 1 }),
      mad.sa(),
    );
    assert.is(dissectMad(bytes).layers.at(-1)!.key, 'mad-data');
  });

  it('reads a node record as the two attributes that it holds', () => {
    const { bytes } = buildMad(
      mad.mad({ method: 'GET_RESP' }),
      mad.rmpp(),
      mad.sa(),
      mad.nodeRecord({ lid: 9 }),
      mad.nodeInfo({ nodeType: 'SWITCH' }),
      mad.nodeDescription({ nodeString: 'leaf 1' }),
    );
    const { layers } = dissectMad(bytes);
    assert.is(layers[0]!.number('attributeId'), 0x11);
    assert.is(
      shape(layers),
      'mad:24 rmpp:12 sa:20 node-record:4 node-info:40 node-description:64 mad-rest:92',
    );
  });

  it('keeps attributes that it does not know as data', () => {
    const { bytes } = buildMad(mad.mad({ mgmtClass: 0x30, attributeId: 0x7777 }));
    assert.is(shape(dissectMad(bytes).layers), 'mad:24 mad-data:232');
    const counters = buildMad(mad.mad({ method: 'GET' }), mad.pm(), mad.portCounters()).layers;
    assert.is(counters[0]!.number('attributeId'), 0x12);
  });

  it('finds a wrong class version and a path that is too long', () => {
    const { bytes } = buildMad(
      mad.directedRoute({ classVersion: 2, hopCount: 64 }),
      mad.smpDr(),
      mad.nodeInfo(),
    );
    assert.equal(
      check(dissectMad(bytes)).findings.map((f) => f.field),
      ['classVersion', 'hopCount'],
    );
  });
});

// Performance management (IBA 16.1). Layouts as in opensm's ib_types.h.

import { reserved, word } from '../../core/field.js';
import { header } from '../../core/header.js';
import { type Protocol, protocol } from '../../core/protocol.js';
import { attribute, fieldsOf } from './attribute.js';
import { attributeOf } from './mad.js';

export const PM = header('PM', [reserved(320)], {
  family: 'mad',
  title: 'Performance management',
  section: 'IBA 16.1.1',
});

export const pm = protocol(PM, {
  label: 'Perf',
  read: (walk): Protocol | null => (walk.take(pm) < 0 ? null : attributeOf(walk)),
});

const c = fieldsOf('portcounters');

export const PortCounters = header(
  'PortCounters',
  [
    reserved(8),
    c.number(8, 'portSelect', 'ffh: all ports', 'portselect'),
    c.hex(16, 'counterSelect', 'which counters a Set writes', 'counterselect'),
    c.number(16, 'symbolErrorCounter', 'minor link errors', 'symbolerrorcounter'),
    c.number(8, 'linkErrorRecoveryCounter', 'retrainings that worked', 'linkerrorrecoverycounter'),
    c.number(8, 'linkDownedCounter', 'retrainings that failed', 'linkdownedcounter'),
    c.number(16, 'portRcvErrors', 'packets received with an error', 'portrcverrors'),
    c.number(
      16,
      'portRcvRemotePhysicalErrors',
      'packets marked bad by the sender',
      'portrcvremotephysicalerrors',
    ),
    c.number(
      16,
      'portRcvSwitchRelayErrors',
      'packets that could not be forwarded',
      'portrcvswitchrelayerrors',
    ),
    c.number(16, 'portXmitDiscards', 'packets that could not be sent', 'portxmitdiscards'),
    c.number(8, 'portXmitConstraintErrors', 'not sent: raw or P_Key', 'portxmitconstrainterrors'),
    c.number(8, 'portRcvConstraintErrors', 'dropped: raw or P_Key', 'portrcvconstrainterrors'),
    c.hex(8, 'counterSelect2', 'reserved before IBA 1.2.1'),
    word(
      c.number(4, 'localLinkIntegrityErrors', 'bursts of link errors', 'locallinkintegrityerrors'),
      c.number(
        4,
        'excessiveBufferOverrunErrors',
        'bursts of overruns',
        'excessivebufferoverrunerrors',
      ),
    ),
    reserved(16),
    c.number(16, 'vl15Dropped', 'subnet management packets without room', 'vl15dropped'),
    c.number(32, 'portXmitData', 'sent', 'portxmitdata', { unit: '4 bytes' }),
    c.number(32, 'portRcvData', 'received', 'portrcvdata', { unit: '4 bytes' }),
    c.number(32, 'portXmitPkts', 'packets sent', 'portxmitpkts'),
    c.number(32, 'portRcvPkts', 'packets received', 'portrcvpkts'),
    c.number(32, 'portXmitWait', 'ticks that it had data and no credit; since IBA 1.2.1'),
  ],
  { key: 'port-counters', family: 'mad', title: 'Port counters', section: 'IBA 16.1.3.5' },
);

export const portCounters = attribute(PortCounters);

const e = fieldsOf('portcounters_ext');

export const PortCountersExtended = header(
  'PortCountersExtended',
  [
    reserved(8),
    e.number(8, 'portSelect', 'ffh: all ports', 'portselect'),
    e.hex(16, 'counterSelect', 'which counters a Set writes', 'counterselect'),
    e.hex(32, 'counterSelect2', 'reserved before IBA 1.3'),
    e.number(64, 'portXmitData', 'sent', 'portxmitdata', { unit: '4 bytes' }),
    e.number(64, 'portRcvData', 'received', 'portrcvdata', { unit: '4 bytes' }),
    e.number(64, 'portXmitPkts', 'packets sent', 'portxmitpkts'),
    e.number(64, 'portRcvPkts', 'packets received', 'portrcvpkts'),
    e.number(64, 'portUnicastXmitPkts', 'packets sent', 'portunicastxmitpkts'),
    e.number(64, 'portUnicastRcvPkts', 'packets received', 'portunicastrcvpkts'),
    e.number(64, 'portMulticastXmitPkts', 'packets sent', 'portmulticastxmitpkts'),
    e.number(64, 'portMulticastRcvPkts', 'packets received', 'portmulticastrcvpkts'),
  ],
  {
    key: 'port-counters-extended',
    family: 'mad',
    title: 'Port counters, 64 bits wide',
    section: 'IBA 16.1.4.11',
  },
);

export const portCountersExtended = attribute(PortCountersExtended);

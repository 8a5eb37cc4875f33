// TCP options (RFC 9293 3.2), each a layer of its own behind the header. Those with a variable number of equal
// parts (SACK blocks, AccECN counters) are a two-byte head and one layer a part.

import { bytes, flag, rest, uint, word } from '../core/field.js';
import { header } from '../core/header.js';
import {
  type Derivation,
  type Protocol,
  type ProtocolOptions,
  protocol,
  type Scene,
} from '../core/protocol.js';

/** IANA's list of TCP option kinds, as far as there are layers for them. */
export const optionKinds = {
  0: 'EOL',
  1: 'NOP',
  2: 'MSS',
  3: 'WSCALE',
  4: 'SACK_PERMITTED',
  5: 'SACK',
  8: 'TIMESTAMPS',
  19: 'MD5',
  28: 'USER_TIMEOUT',
  29: 'TCP_AO',
  30: 'MPTCP',
  34: 'FAST_OPEN',
  172: 'ACCECN0',
  174: 'ACCECN1',
  253: 'EXPERIMENT_1',
  254: 'EXPERIMENT_2',
} as const;

const kind = uint(8, 'kind', 'of the option', { names: optionKinds, alias: 'tcp.option_kind' });
const length = uint(8, 'length', 'of the option, kind and length included', {
  unit: 'bytes',
  alias: 'tcp.option_len',
});

/** What a builder writes where nobody says otherwise. */
const always = (value: number): Derivation => ({ kind: 'type', value: () => value });

const ownLength: Derivation = {
  kind: 'length',
  value: ({ layers }, index) => layers[index]!.end - layers[index]!.at,
};

/** Length of an option whose parts are layers of their own, directly behind it. */
const lengthWithParts = (...keys: string[]): Derivation => ({
  kind: 'length',
  value: ({ layers }, index) => endWithParts({ layers }, index, keys) - layers[index]!.at,
});

function endWithParts({ layers }: Pick<Scene, 'layers'>, index: number, keys: string[]): number {
  let last = index;
  while (last + 1 < layers.length && keys.includes(layers[last + 1]!.key)) last++;
  return layers[last]!.end;
}

const optionOf = (number: number, more: ProtocolOptions = {}): ProtocolOptions => ({
  partOf: 'tcp',
  ...more,
  derive: { kind: always(number), length: ownLength, ...more.derive },
});

/** Header options of the same place in filters and documentation. */
const named = (key: string, title: string, section: string) => ({
  key,
  family: 'tcp',
  title,
  section,
});

export const TCPEOL = header(
  'TCPEOL',
  [kind, rest('padding', 'zeros up to the end of the header')],
  named('tcp-eol', 'TCP option: end of option list', 'RFC 9293 3.2'),
);
export const tcpEol = protocol(TCPEOL, {
  partOf: 'tcp',
  verify({ layers }, index, report) {
    const padding = layers[index]!.get('padding') as Uint8Array;
    if (padding.some((byte) => byte !== 0)) {
      report('padding', 'bytes behind the end of the option list are not zero (RFC 9293 3.1)');
    }
  },
});

export const TCPNOP = header(
  'TCPNOP',
  [kind],
  named('tcp-nop', 'TCP option: no operation', 'RFC 9293 3.2'),
);
export const tcpNop = protocol(TCPNOP, { partOf: 'tcp', derive: { kind: always(1) } });

export const TCPMSS = header(
  'TCPMSS',
  [
    kind,
    length,
    uint(16, 'mss', 'largest segment that the sender takes', {
      unit: 'bytes',
      alias: 'tcp.options.mss_val',
    }),
  ],
  named('tcp-mss', 'TCP option: maximum segment size', 'RFC 9293 3.7.1'),
);
export const tcpMss = protocol(TCPMSS, optionOf(2));

/** RFC 7323 2.3: a larger shift count is an error, and 14 is used instead. */
const MAX_SHIFT = 14;

export const TCPWScale = header(
  'TCPWScale',
  [
    kind,
    length,
    uint(8, 'shiftCount', 'windows of this sender count 2^n bytes', {
      alias: 'tcp.options.wscale.shift',
    }),
  ],
  named('tcp-wscale', 'TCP option: window scale', 'RFC 7323 2.2'),
);
export const tcpWScale = protocol(
  TCPWScale,
  optionOf(3, {
    verify({ layers }, index, report) {
      const shift = layers[index]!.number('shiftCount');
      if (shift > MAX_SHIFT) {
        report('shiftCount', `shift count ${shift} is above ${MAX_SHIFT} (RFC 7323 2.3)`);
      }
    },
  }),
);

export const TCPSackPermitted = header(
  'TCPSackPermitted',
  [kind, length],
  named('tcp-sack-permitted', 'TCP option: SACK permitted', 'RFC 2018 2'),
);
export const tcpSackPermitted = protocol(TCPSackPermitted, optionOf(4));

export const TCPSack = header(
  'TCPSack',
  [kind, length],
  named('tcp-sack', 'TCP option: selective acknowledgment', 'RFC 2018 3'),
);
export const tcpSack = protocol(
  TCPSack,
  optionOf(5, { derive: { length: lengthWithParts('tcp-sack-block') } }),
);

export const TCPSackBlock = header(
  'TCPSackBlock',
  [
    uint(32, 'leftEdge', 'first sequence number of the block', { alias: 'tcp.options.sack_le' }),
    uint(32, 'rightEdge', 'sequence number behind the block', { alias: 'tcp.options.sack_re' }),
  ],
  named('tcp-sack-block', 'TCP option: one block of a selective acknowledgment', 'RFC 2018 3'),
);
export const tcpSackBlock = protocol(TCPSackBlock, { partOf: 'tcp' });

export const TCPTimestamps = header(
  'TCPTimestamps',
  [
    kind,
    length,
    uint(32, 'tsVal', 'timestamp value', { alias: 'tcp.options.timestamp.tsval' }),
    uint(32, 'tsEcr', 'timestamp echo reply', { alias: 'tcp.options.timestamp.tsecr' }),
  ],
  named('tcp-ts', 'TCP option: timestamps', 'RFC 7323 3.2'),
);
export const tcpTimestamps = protocol(TCPTimestamps, optionOf(8));

export const TCPMD5 = header(
  'TCPMD5',
  [
    kind,
    length,
    bytes(16, 'digest', 'MD5 of pseudo header, header, data and key', {
      alias: 'tcp.options.md5.digest',
    }),
  ],
  named('tcp-md5', 'TCP option: MD5 signature', 'RFC 2385 2'),
);
export const tcpMd5 = protocol(TCPMD5, optionOf(19));

export const TCPUserTimeout = header(
  'TCPUserTimeout',
  [
    kind,
    length,
    word(
      flag('granularity', 'the timeout is in minutes, not seconds', {
        alias: 'tcp.options.user_to_granularity',
      }),
      uint(15, 'userTimeout', 'how long data may stay unacknowledged', {
        alias: 'tcp.options.user_to_val',
      }),
    ),
  ],
  named('tcp-uto', 'TCP option: user timeout', 'RFC 5482 3'),
);
export const tcpUserTimeout = protocol(TCPUserTimeout, optionOf(28));

export const TCPAO = header(
  'TCPAO',
  [
    kind,
    length,
    uint(8, 'keyId', 'key that made the MAC', { alias: 'tcp.options.ao.keyid' }),
    uint(8, 'rNextKeyId', 'key that the sender is ready for', {
      alias: 'tcp.options.ao.rnextkeyid',
    }),
    rest('mac', 'message authentication code', { alias: 'tcp.options.ao.mac' }),
  ],
  named('tcp-ao', 'TCP option: authentication', 'RFC 5925 2.2'),
);
export const tcpAo = protocol(TCPAO, optionOf(29));

/** RFC 8684 8.2. */
const mptcpSubtypes = {
  0: 'MP_CAPABLE',
  1: 'MP_JOIN',
  2: 'DSS',
  3: 'ADD_ADDR',
  4: 'REMOVE_ADDR',
  5: 'MP_PRIO',
  6: 'MP_FAIL',
  7: 'MP_FASTCLOSE',
  8: 'MP_TCPRST',
  15: 'MP_EXPERIMENTAL',
} as const;

export const TCPMPTCP = header(
  'TCPMPTCP',
  [
    kind,
    length,
    word(
      uint(4, 'subtype', 'what the option says', {
        names: mptcpSubtypes,
        alias: 'tcp.options.mptcp.subtype',
      }),
      uint(4, 'specific', 'bits whose meaning the subtype gives', { format: 'hex' }),
    ),
    rest('data', 'specific to the subtype'),
  ],
  named('tcp-mptcp', 'TCP option: multipath TCP', 'RFC 8684 3'),
);
export const tcpMptcp = protocol(TCPMPTCP, optionOf(30));

export const TCPFastOpen = header(
  'TCPFastOpen',
  [
    kind,
    length,
    rest('cookie', 'that the server gave; empty to ask for one', {
      alias: 'tcp.options.tfo.cookie',
    }),
  ],
  named('tcp-fastopen', 'TCP option: fast open', 'RFC 7413 4.1.1'),
);
export const tcpFastOpen = protocol(TCPFastOpen, optionOf(34));

/** Experiment identifiers (IANA's list, RFC 6994) that have a layer of their own. */
export const experimentIds = { 63881: 'FAST_OPEN' } as const;
export const FAST_OPEN_EXPERIMENT = 0xf989;

const exId = uint(16, 'exId', 'which experiment', {
  names: experimentIds,
  format: 'hex',
  alias: 'tcp.options.experimental.exid',
});

export const TCPFastOpenExperiment = header(
  'TCPFastOpenExperiment',
  [
    kind,
    length,
    exId,
    rest('cookie', 'that the server gave; empty to ask for one', {
      alias: 'tcp.options.tfo.cookie',
    }),
  ],
  named('tcp-fastopen-exp', 'TCP option: fast open as an experiment', 'RFC 7413 appendix B'),
);
export const tcpFastOpenExperiment = protocol(
  TCPFastOpenExperiment,
  optionOf(254, { derive: { exId: always(FAST_OPEN_EXPERIMENT) } }),
);

export const TCPExperiment = header(
  'TCPExperiment',
  [
    kind,
    length,
    exId,
    rest('data', 'of the experiment', { alias: 'tcp.options.experimental.data' }),
  ],
  named('tcp-experiment', 'TCP option: an experiment with its identifier', 'RFC 6994 3'),
);
export const tcpExperiment = protocol(TCPExperiment, optionOf(253));

export const TCPAccECN = header(
  'TCPAccECN',
  [kind, length],
  named('tcp-accecn', 'TCP option: accurate ECN byte counters', 'RFC 9768 3.2.3'),
);
export const tcpAccEcn = protocol(
  TCPAccECN,
  optionOf(172, { derive: { length: lengthWithParts('tcp-ee0b', 'tcp-eceb', 'tcp-ee1b') } }),
);

const counter = 'received with this IP-ECN codepoint, low 24 bits';

export const TCPEE0B = header(
  'TCPEE0B',
  [uint(24, 'ee0b', `bytes ${counter}`, { alias: 'tcp.options.acc_ecn.ee0b' })],
  named('tcp-ee0b', 'AccECN counter of ECT(0) bytes', 'RFC 9768 3.2.3'),
);
export const tcpEe0b = protocol(TCPEE0B, { partOf: 'tcp' });

export const TCPECEB = header(
  'TCPECEB',
  [uint(24, 'eceb', `bytes ${counter}`, { alias: 'tcp.options.acc_ecn.eceb' })],
  named('tcp-eceb', 'AccECN counter of CE bytes', 'RFC 9768 3.2.3'),
);
export const tcpEceb = protocol(TCPECEB, { partOf: 'tcp' });

export const TCPEE1B = header(
  'TCPEE1B',
  [uint(24, 'ee1b', `bytes ${counter}`, { alias: 'tcp.options.acc_ecn.ee1b' })],
  named('tcp-ee1b', 'AccECN counter of ECT(1) bytes', 'RFC 9768 3.2.3'),
);
export const tcpEe1b = protocol(TCPEE1B, { partOf: 'tcp' });

export const TCPOption = header(
  'TCPOption',
  [kind, length, rest('data', 'of the option', { alias: 'tcp.options.unknown.payload' })],
  named('tcp-option', 'TCP option of another kind, or of a length that its kind does not have', ''),
);
/** Kept as it is. Its kind must be given. */
export const tcpOption = protocol(TCPOption, { partOf: 'tcp', derive: { length: ownLength } });

export const TCPOptionRest = header(
  'TCPOptionRest',
  [kind, rest('data', 'up to the end of the header')],
  named('tcp-option-rest', 'Bytes of TCP options behind a length that leads nowhere', ''),
);
export const tcpOptionRest = protocol(TCPOptionRest, { partOf: 'tcp' });

/** All option layers, in the order of the documentation. */
export const tcpOptions: readonly Protocol[] = [
  tcpEol,
  tcpNop,
  tcpMss,
  tcpWScale,
  tcpSackPermitted,
  tcpSack,
  tcpSackBlock,
  tcpTimestamps,
  tcpMd5,
  tcpUserTimeout,
  tcpAo,
  tcpMptcp,
  tcpFastOpen,
  tcpFastOpenExperiment,
  tcpAccEcn,
  tcpEe0b,
  tcpEceb,
  tcpEe1b,
  tcpExperiment,
  tcpOption,
  tcpOptionRest,
];

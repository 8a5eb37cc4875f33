// Logical link control (IEEE 802.2, ISO/IEC 8802-2): the header of frames whose Length/Type is a length, with
// its three kinds of control fields as parts, and SNAP (IEEE 802 clause 9), which gives it EtherTypes again.

import { following } from '../core/bind.js';
import { flag, reserved, uint, word } from '../core/field.js';
import { header } from '../core/header.js';
import type { Layer } from '../core/layer.js';
import { type Derivation, protocol, type Scene } from '../core/protocol.js';

/** Service access points (IEEE RA's register), as whole octets: the lowest bit says group or response. */
export const serviceAccessPoints = {
  0: 'NULL',
  6: 'IP',
  66: 'STP',
  170: 'SNAP',
  224: 'IPX',
  240: 'NETBIOS',
  254: 'OSI',
  255: 'GLOBAL',
} as const;

const named = (key: string, title: string, section: string) => ({
  key,
  family: 'llc',
  title,
  section,
});

export const LLC = header(
  'LLC',
  [
    uint(8, 'dsap', 'destination service access point; lowest bit: a group', {
      names: serviceAccessPoints,
      format: 'hex',
      alias: 'llc.dsap',
    }),
    uint(8, 'ssap', 'source service access point; lowest bit: a response', {
      names: serviceAccessPoints,
      format: 'hex',
      alias: 'llc.ssap',
    }),
  ],
  named('llc', 'Logical link control', 'IEEE 802.2 3.2'),
);

const U_FORMAT = 3;
const S_FORMAT = 1;
const always = (value: number): Derivation => ({ kind: 'type', value: () => value });

/** The two bits of a control field that tell the formats apart; bit 1 of I belongs to N(S). */
const format = (does: string) => uint(2, 'format', does, { alias: 'llc.control.ftype' });
const pollFinal = flag('pf', 'poll (command) or final (response)');
const receiveNumber = uint(7, 'nr', 'N(R), next expected', { alias: 'llc.control.n_r' });

export const LLCUnnumbered = header(
  'LLCUnnumbered',
  [
    word(
      uint(3, 'modifier2', 'high part of the function', { format: 'hex' }),
      pollFinal,
      uint(2, 'modifier1', 'low part of the function', { format: 'hex' }),
      format('3: unnumbered'),
    ),
  ],
  named('llc-u', 'LLC control field, unnumbered', 'IEEE 802.2 5.3.3'),
);
export const llcUnnumbered = protocol(LLCUnnumbered, {
  partOf: 'llc',
  derive: { format: always(U_FORMAT) },
});

const supervisoryNames = { 0: 'RR', 1: 'RNR', 2: 'REJ' } as const;

export const LLCSupervisory = header(
  'LLCSupervisory',
  [
    word(
      reserved(4),
      uint(2, 'function', 'what is said about receiving', {
        names: supervisoryNames,
        alias: 'llc.control.s_ftype',
      }),
      format('1: supervisory'),
    ),
    word(receiveNumber, pollFinal),
  ],
  named('llc-s', 'LLC control field, supervisory', 'IEEE 802.2 5.3.2'),
);
export const llcSupervisory = protocol(LLCSupervisory, {
  partOf: 'llc',
  derive: { format: always(S_FORMAT) },
});

export const LLCInformation = header(
  'LLCInformation',
  [
    word(
      uint(7, 'ns', 'N(S), number of this frame', { alias: 'llc.control.n_s' }),
      flag('format', '0: information', { alias: 'llc.control.ftype' }),
    ),
    word(receiveNumber, pollFinal),
  ],
  named('llc-i', 'LLC control field, information transfer', 'IEEE 802.2 5.3.1'),
);
export const llcInformation = protocol(LLCInformation, { partOf: 'llc' });

/** The first field of IPX, FFFFh where Novell's frames leave LLC out. */
export const RawIpx = header('RawIpx', [uint(16, 'checksum', 'FFFFh: none')]);

export const llc = protocol(LLC, {
  read(walk) {
    const at = walk.take(llc);
    if (at < 0) return null;
    const told = walk.left > 0 ? LLCUnnumbered.get.format(walk.bytes, walk.at) : U_FORMAT;
    const control =
      told === U_FORMAT ? llcUnnumbered : told === S_FORMAT ? llcSupervisory : llcInformation;
    walk.depth++;
    const controlAt = walk.take(control);
    walk.depth--;
    if (controlAt < 0) return null;
    walk.last.bodyEnd = walk.last.end;
    return walk.next('sap', LLC.get.dsap(walk.bytes, at));
  },
  // What nobody says anything about is unnumbered information: control 03h.
  heads: [{ protocol: llcUnnumbered, size: (_owner, parts) => (parts > 0 ? 0 : 1) }],
  derive: { dsap: following('sap'), ssap: following('sap') },
  info: describe,
});

/** Functions of unnumbered frames by their high and low bits (IEEE 802.2 5.4). */
const functions: Readonly<Record<string, string>> = {
  '0/0': 'UI',
  '5/3': 'XID',
  '7/0': 'TEST',
  '3/3': 'SABME',
  '2/0': 'DISC',
  '3/0': 'UA',
  '0/3': 'DM',
  '4/1': 'FRMR',
};

/** `U, func=UI; DSAP 0x42, SSAP 0x42`. */
function describe(layer: Layer, { layers }: Scene, index: number): string {
  const hex = (field: string) => `0x${layer.number(field).toString(16).padStart(2, '0')}`;
  const points = `DSAP ${hex('dsap')}, SSAP ${hex('ssap')}`;
  const control = layers[index + 1];
  if (control?.protocol === llcUnnumbered) {
    const name = functions[`${control.number('modifier2')}/${control.number('modifier1')}`];
    return `U, func=${name ?? 'Unknown'}; ${points}`;
  }
  if (control?.protocol === llcSupervisory) {
    const code = control.number('function') as keyof typeof supervisoryNames;
    return `S, func=${supervisoryNames[code] ?? 'Unknown'}, N(R)=${control.number('nr')}; ${points}`;
  }
  if (control?.protocol === llcInformation) {
    return `I, N(R)=${control.number('nr')}, N(S)=${control.number('ns')}; ${points}`;
  }
  return points;
}

/** EtherTypes stand behind the organization codes of encapsulated Ethernet (RFC 1042) and of IEEE 802.1H. */
const ETHERNET_OUI = 0x000000;
const BRIDGE_TUNNEL_OUI = 0x0000f8;

export const SNAP = header(
  'SNAP',
  [
    uint(24, 'oui', 'organization code; 0: the protocol is an EtherType', {
      format: 'hex',
      alias: 'llc.oui',
    }),
    uint(16, 'pid', "the organization's number of the protocol", {
      format: 'hex',
      alias: 'llc.type',
    }),
  ],
  named('snap', 'Subnetwork access protocol', 'IEEE 802 9.2'),
);

export const snap = protocol(SNAP, {
  read(walk) {
    const at = walk.take(snap);
    if (at < 0) return null;
    const oui = SNAP.get.oui(walk.bytes, at);
    if (oui !== ETHERNET_OUI && oui !== BRIDGE_TUNNEL_OUI) return undefined;
    return walk.next('ethertype', SNAP.get.pid(walk.bytes, at));
  },
  derive: { pid: following('ethertype') },
  info: (layer) =>
    `SNAP, OUI 0x${layer.number('oui').toString(16).padStart(6, '0')}, ` +
    `PID 0x${layer.number('pid').toString(16).padStart(4, '0')}`,
});

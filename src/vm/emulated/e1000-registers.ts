// Registers and descriptors of Intel's 8254x as far as a driver of Linux (e1000) uses them here. Section numbers are those of the
// PCI/PCI-X Family of Gigabit Ethernet Controllers Software Developer's Manual.

import { flag, header, reserved, uint, word } from '../../../protocols/core/index.js';

const options = { family: 'e1000', order: 'le' } as const;

/** Where registers lie (13.2). */
export const STATUS_AT = 0x0008;
export const ICR_AT = 0x00c0;
export const IMS_AT = 0x00d0;
export const IMC_AT = 0x00d8;
export const RCTL_AT = 0x0100;
export const TCTL_AT = 0x0400;
export const RDBAL_AT = 0x2800;
export const RDBAH_AT = 0x2804;
export const RDLEN_AT = 0x2808;
export const RDH_AT = 0x2810;
export const RDT_AT = 0x2818;
export const TDBAL_AT = 0x3800;
export const TDBAH_AT = 0x3804;
export const TDLEN_AT = 0x3808;
export const TDH_AT = 0x3810;
export const TDT_AT = 0x3818;
export const RAL_AT = 0x5400;
export const RAH_AT = 0x5404;
export const REGISTER_BYTES = 4;

/** ICR, IMS and IMC have the same bits (13.4.17). */
export const Causes = header(
  'Causes',
  [
    word(
      flag('txdw', 'descriptors were written back'),
      flag('txqe', 'the transmit queue is empty'),
      flag('lsc', 'the link changed'),
      flag('rxseq', 'sequence error'),
      flag('rxdmt0', 'few receive descriptors are left'),
      reserved(1),
      flag('rxo', 'no receive descriptor was left'),
      flag('rxt0', 'a frame came'),
      reserved(24),
    ),
  ],
  { ...options, title: 'Interrupt causes', section: '13.4.17' },
);

/** RCTL and TCTL: both have their enable bit here (13.4.22, 13.4.33). */
export const Control = header('Control', [word(reserved(1), flag('en', 'enabled'), reserved(30))], {
  ...options,
  title: 'Receive or transmit control',
  section: '13.4.22',
});

/** The link is up, full duplex (13.4.2). */
export const Status = header(
  'Status',
  [word(flag('fd', 'full duplex'), flag('lu', 'link up'), reserved(30))],
  { ...options, title: 'Device status', section: '13.4.2' },
);

/** 3.2.3: legacy receive descriptor. */
export const RxLegacy = header(
  'RxLegacy',
  [
    uint(64, 'address', 'of the buffer'),
    uint(16, 'length', 'of what lies in it'),
    uint(16, 'checksum', 'of the packet'),
    word(
      flag('dd', 'the device is through with it'),
      flag('eop', 'the frame ends here'),
      flag('ixsm', 'checksums are not said'),
      flag('vp', 'VLAN'),
      reserved(1),
      flag('tcpcs', 'TCP checksum was looked at'),
      flag('ipcs', 'IP checksum was looked at'),
      flag('pif', 'passed an inexact filter'),
    ),
    uint(8, 'errors', 'of the frame'),
    uint(16, 'special', 'VLAN tag'),
  ],
  { ...options, title: 'Legacy receive descriptor', section: '3.2.3' },
);

/** 3.3.3: legacy transmit descriptor. */
export const TxLegacy = header(
  'TxLegacy',
  [
    uint(64, 'address', 'of the bytes'),
    uint(16, 'length', 'bytes'),
    uint(8, 'cso', 'where the checksum goes'),
    word(
      flag('eop', 'the frame ends here'),
      flag('ifcs', 'append the FCS'),
      flag('ic', 'insert a checksum'),
      flag('rs', 'report status'),
      reserved(1),
      flag('dext', 'not a legacy descriptor'),
      flag('vle', 'VLAN'),
      flag('ide', 'delay the interrupt'),
    ),
    word(flag('dd', 'the device is through with it'), reserved(7)),
    uint(8, 'css', 'where the checksum begins to count'),
    uint(16, 'special', 'VLAN tag'),
  ],
  { ...options, title: 'Legacy transmit descriptor', section: '3.3.3' },
);
export const LEGACY_BYTES = TxLegacy.size;
/** Bytes of a buffer for frames (RCTL.BSIZE 0: 2048). */
export const BUFFER_BYTES = 2048;

// Registers of an NVMe controller on PCI Express that fabrics do not have (NVMe Base 2.0 3.1.3, PCIe Transport 1.0 3.1.2), and
// how far they go. The others are declared in protocols/nvme.

import { header, reserved, uint, word } from '../../protocols/core/index.js';

const options = { family: 'nvme', order: 'le' } as const;

export const AQA = header(
  'AQA',
  [
    word(
      uint(12, 'asqs', 'entries of the admin submission queue, less one'),
      reserved(4),
      uint(12, 'acqs', 'entries of the admin completion queue, less one'),
      reserved(4),
    ),
  ],
  { ...options, title: 'Admin queue attributes', section: 'NVMe Base 2.0 3.1.3.8' },
);

/** A page's address, as queues and PRP entries have it. */
export const PageAddress = header(
  'PageAddress',
  [uint(32, 'low', 'low half'), uint(32, 'high', 'high half')],
  { ...options, title: 'Address', section: 'NVMe Base 2.0 3.1.3.9, 4.1.1' },
);

/** Where registers lie. */
export const CAP_AT = 0x00;
export const VS_AT = 0x08;
export const CC_AT = 0x14;
export const CSTS_AT = 0x1c;
export const AQA_AT = 0x24;
export const ASQ_AT = 0x28;
export const ACQ_AT = 0x30;
/** Tail of queue 0, its head, tail of queue 1, ...: 4 bytes each with CAP.DSTRD 0. */
export const DOORBELLS_AT = 0x1000;
export const DOORBELL_BYTES = 4;
export const REGISTER_BYTES = 0x38;

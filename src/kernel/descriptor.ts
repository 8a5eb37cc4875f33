// How descriptors and completions of the Ethernet card lie in the host's memory: our own device's formats, sixteen bytes
// each as those of Intel's cards. The driver writes descriptors and reads completions; the card does the reverse by DMA.

import { flag, header, reserved, uint, word } from '../../protocols/core/index.js';

const family = 'ethernet-ring';
const options = { family, order: 'le' } as const;

/** One piece of memory of a frame that is to be sent. */
export const TxDescriptor = header(
  'TxDescriptor',
  [
    uint(32, 'addressLow', 'of the bytes, low half'),
    uint(32, 'addressHigh', 'high half'),
    uint(16, 'length', 'bytes'),
    uint(16, 'mss', 'of the first piece: text of each frame that the card cuts; 0: none'),
    word(
      flag('end', 'last piece of the frame'),
      flag('checksum', 'complete the transport checksum'),
      reserved(6),
    ),
    uint(8, 'headerLength', 'of the first piece: headers that every frame gets'),
    reserved(16),
  ],
  { ...options, title: 'Transmit descriptor' },
);

/** A buffer for one frame. */
export const RxDescriptor = header(
  'RxDescriptor',
  [
    uint(32, 'addressLow', 'of the buffer, low half'),
    uint(32, 'addressHigh', 'high half'),
    uint(16, 'length', 'of the buffer'),
    reserved(16),
    reserved(32),
  ],
  { ...options, title: 'Receive descriptor' },
);

/** The card is through with a descriptor. */
export const Completion = header(
  'Completion',
  [
    word(
      flag('lap', 'changes each time round: the entry is new when it equals the lap'),
      flag('checked', 'IP and transport checksums are right'),
      flag('more', 'the next completion brings more text of the same packet (LRO)'),
      reserved(5),
    ),
    reserved(8),
    uint(16, 'length', 'of what was received into the buffer'),
    uint(32, 'index', 'of the descriptor; of the last one of a frame that was sent'),
    uint(32, 'hash', 'of the flow (RSS)'),
    reserved(32),
  ],
  { ...options, title: 'Completion' },
);

export const ENTRY_BYTES = 16;

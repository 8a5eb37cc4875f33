// The split virtqueue (virtio 1.2, 2.7): a table of descriptors, a ring in which the driver makes chains available, and a
// ring in which the device gives them back. The rings are a head, `size` elements and the other side's event index.

import { flag, reserved, uint, word } from '../core/field.js';
import { protocol } from '../core/protocol.js';
import { virtioHeader } from './base.js';

/** The flags of descriptors as the driver writes them, in both kinds of ring. */
export const descriptorFlags = [
  flag('next', 'the chain goes on'),
  flag('write', 'the device writes here; otherwise it reads'),
  flag('indirect', 'the bytes are a table of descriptors'),
] as const;

export const VirtqDesc = virtioHeader(
  'VirtqDesc',
  [
    uint(64, 'addr', 'guest-physical address', { format: 'hex' }),
    uint(32, 'len', 'length', { unit: 'bytes' }),
    word(...descriptorFlags, reserved(13)),
    uint(
      16,
      'nextIndex',
      'index of the next descriptor of the chain, if flags say that there is one',
    ),
  ],
  { key: 'virtq-desc', title: 'Descriptor of a split virtqueue', section: '2.7.5' },
);

/** Head of the ring that the driver writes; indices of `size` chains follow, then `used_event`. */
export const VirtqAvail = virtioHeader(
  'VirtqAvail',
  [
    word(flag('noInterrupt', 'no interrupt is wanted; ignored with event indices'), reserved(15)),
    uint(16, 'idx', 'chains made available so far, modulo 2^16'),
  ],
  { key: 'virtq-avail', title: 'Available ring of a split virtqueue: head', section: '2.7.6' },
);

export const VirtqAvailElem = virtioHeader(
  'VirtqAvailElem',
  [uint(16, 'head', 'first descriptor of the chain')],
  {
    key: 'virtq-avail-elem',
    title: 'Available ring of a split virtqueue: element',
    section: '2.7.6',
  },
);

/** Head of the ring that the device writes; `size` elements follow, then `avail_event`. */
export const VirtqUsed = virtioHeader(
  'VirtqUsed',
  [
    word(flag('noNotify', 'no kick is wanted; ignored with event indices'), reserved(15)),
    uint(16, 'idx', 'chains given back so far, modulo 2^16'),
  ],
  { key: 'virtq-used', title: 'Used ring of a split virtqueue: head', section: '2.7.8' },
);

export const VirtqUsedElem = virtioHeader(
  'VirtqUsedElem',
  [
    uint(32, 'id', 'first descriptor of the chain'),
    uint(32, 'len', 'written by the device into the chain', { unit: 'bytes' }),
  ],
  { key: 'virtq-used-elem', title: 'Used ring of a split virtqueue: element', section: '2.7.8' },
);

/** Stands behind the elements of either ring: `used_event` behind the available, `avail_event` behind the used ones. */
export const VirtqEvent = virtioHeader(
  'VirtqEvent',
  [uint(16, 'event', 'tell me when this index is passed (VIRTIO_F_EVENT_IDX)')],
  { key: 'virtq-event', title: 'Event index of a split virtqueue', section: '2.7.7, 2.7.10' },
);

export const virtqDesc = protocol(VirtqDesc, { label: 'virtio' });
export const virtqAvail = protocol(VirtqAvail, { label: 'virtio' });
export const virtqAvailElem = protocol(VirtqAvailElem, { label: 'virtio' });
export const virtqUsed = protocol(VirtqUsed, { label: 'virtio' });
export const virtqUsedElem = protocol(VirtqUsedElem, { label: 'virtio' });
export const virtqEvent = protocol(VirtqEvent, { label: 'virtio' });

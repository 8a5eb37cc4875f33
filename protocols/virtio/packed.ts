// The packed virtqueue (virtio 1.2, 2.8): one ring of descriptors that both sides write, and a structure of each side that
// says when it wants to be told.

import { flag, reserved, uint, word } from '../core/field.js';
import { protocol } from '../core/protocol.js';
import { virtioHeader } from './base.js';
import { descriptorFlags } from './split.js';

export const PackedDesc = virtioHeader(
  'PackedDesc',
  [
    uint(64, 'addr', 'guest-physical address', { format: 'hex' }),
    uint(32, 'len', 'length; in a used descriptor what the device has written', { unit: 'bytes' }),
    uint(16, 'id', 'of the buffer: counts in the last descriptor of a chain, and in a used one'),
    word(
      ...descriptorFlags,
      reserved(4),
      flag('avail', 'wrap counter of the driver'),
      reserved(7),
      flag('used', 'its inverse; equal to avail when the device is through'),
    ),
  ],
  { key: 'pvirtq-desc', title: 'Descriptor of a packed virtqueue', section: '2.8.13' },
);

/** When a side wants to be told (2.8.10). */
export const eventFlags = { 0: 'ENABLE', 1: 'DISABLE', 2: 'DESC' } as const;

export const PackedEvent = virtioHeader(
  'PackedEvent',
  [
    word(
      uint(15, 'off', 'tell me when this descriptor is reached'),
      flag('wrap', 'at this value of the wrap counter'),
    ),
    word(uint(2, 'flags', 'when to tell', { names: eventFlags }), reserved(14)),
  ],
  { key: 'pvirtq-event', title: 'Event suppression of a packed virtqueue', section: '2.8.14' },
);

export const packedDesc = protocol(PackedDesc, { label: 'virtio' });
export const packedEvent = protocol(PackedEvent, { label: 'virtio' });

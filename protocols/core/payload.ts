// Bytes without structure: what a protocol carries, what fills a frame up, and what could not be dissected.

import { rest } from './field.js';
import { header } from './header.js';
import { protocol } from './protocol.js';

export const Payload = header('Payload', [rest('data', 'bytes carried')], { title: 'Payload' });

export const payload = protocol(Payload, {
  label: 'Data',
  read(walk) {
    if (walk.left > 0) walk.take(payload, walk.left);
    return null;
  },
});

export const Padding = header('Padding', [rest('data', 'bytes behind what the lengths cover')], {
  title: 'Padding',
});

/** Bytes between the end that an inner length gives and the end of the frame, such as Ethernet's filling. */
export const padding = protocol(Padding, { trailer: true });

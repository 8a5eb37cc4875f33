// Private data of connection management: bytes of the connection's users (IBA 12.7.35).

import { rest } from '../../core/field.js';
import { header } from '../../core/header.js';
import { protocol } from '../../core/protocol.js';

export const CMPrivate = header('CM-Private', [rest('data', 'of the user of the connection')], {
  family: 'mad',
  title: 'Private data',
  section: 'IBA 12.7.35',
});

/** All private data that is left; whoever understands its head returns this for what follows. */
export const cmPrivate = protocol(CMPrivate, {
  label: 'CM',
  read(walk) {
    if (walk.left > 0) walk.take(cmPrivate, walk.left);
    return null;
  },
});

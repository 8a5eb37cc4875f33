// Words of flags that several messages share.

import { flag, reserved, uint, word } from '../core/field.js';

/** What an export can do: in the handshake's end, wherever it comes from. */
export const transmissionFlags = word(
  reserved(3),
  flag('blockStatPayload', 'BLOCK_STATUS requests may name contexts'),
  flag('sendFastZero', 'the FAST_ZERO flag may be sent'),
  flag('sendCache', 'CACHE may be sent'),
  flag('sendResize', 'RESIZE may be sent (experimental)'),
  flag('canMultiConn', 'a flush on one connection covers all of them'),
  flag('sendDf', 'the DF flag may be sent'),
  flag('sendWriteZeroes', 'WRITE_ZEROES may be sent'),
  flag('sendTrim', 'TRIM may be sent'),
  flag('rotational', 'the medium rotates'),
  flag('sendFua', 'the FUA flag may be sent'),
  flag('sendFlush', 'FLUSH may be sent'),
  flag('readOnly', 'nothing may be written'),
  flag('hasFlags', 'always set'),
);

/** How a command is to be done. */
export const commandFlags = word(
  reserved(10),
  flag('payloadLen', 'the length is that of a payload, not of the effect'),
  flag('fastZero', 'fail rather than write zeroes slowly'),
  flag('reqOne', 'one extent is enough'),
  flag('df', 'do not fragment the reply'),
  flag('noHole', 'write zeroes without making a hole'),
  flag('fua', 'reply when the data is on stable storage'),
);

export const chunkFlags = word(reserved(15), flag('done', 'last chunk of its reply'));

/** Names a request in its replies. tshark 4.0 still calls it handle. */
export const cookie = uint(64, 'cookie', 'names the request in its replies', {
  format: 'hex',
  alias: 'nbd.handle',
});

/** In the transmission phase. */
export const magic32 = uint(32, 'magic', 'says which message it is', {
  format: 'hex',
  alias: 'nbd.magic',
});

// The handshake's frame: what the server greets with, what the client answers, and the oldest way into the
// transmission phase (NBD: Newstyle negotiation, Oldstyle negotiation, NBD_OPT_EXPORT_NAME).

import { bytes, flag, reserved, text, uint, word } from '../core/field.js';
import { header } from '../core/header.js';
import { protocol, type Report, type Scene } from '../core/protocol.js';
import { INIT_PASSWD, OLDSTYLE_MAGIC, OPTION_MAGIC } from './constant.js';
import { transmissionFlags } from './flag.js';
import { always, family, label, textBytes } from './text.js';

const initPasswd = text(8, 'initPasswd', 'NBDMAGIC');

export const NBDGreeting = header(
  'NBDGreeting',
  [
    initPasswd,
    text(8, 'magic', 'IHAVEOPT: options may follow'),
    word(
      reserved(14),
      flag('noZeroes', 'the 124 zeroes may be left out'),
      flag('fixedNewstyle', 'options are answered as the description says'),
    ),
  ],
  { key: 'nbd-greeting', family, title: 'NBD newstyle greeting', section: 'NBD: Newstyle' },
);

export const nbdGreeting = protocol(NBDGreeting, {
  label,
  derive: {
    initPasswd: always(textBytes(INIT_PASSWD)),
    magic: always(textBytes(OPTION_MAGIC)),
  },
  verify(scene, index, report) {
    verifyText(scene, index, 'initPasswd', INIT_PASSWD, report);
    verifyText(scene, index, 'magic', OPTION_MAGIC, report);
  },
  info: () => 'newstyle greeting',
});

const ZEROES = 124;

const zeroes = bytes(ZEROES, 'zeroes', 'reserved, zero');

export const NBDOldstyle = header(
  'NBDOldstyle',
  [
    initPasswd,
    uint(64, 'magic', '0000420281861253', { format: 'hex' }),
    uint(64, 'size', 'of the export', { unit: 'bytes' }),
    reserved(16),
    transmissionFlags,
    zeroes,
  ],
  { key: 'nbd-oldstyle', family, title: 'NBD oldstyle greeting', section: 'NBD: Oldstyle' },
);

export const nbdOldstyle = protocol(NBDOldstyle, {
  label,
  derive: {
    initPasswd: always(textBytes(INIT_PASSWD)),
    magic: always(OLDSTYLE_MAGIC),
    hasFlags: always(1),
  },
  verify(scene, index, report) {
    verifyText(scene, index, 'initPasswd', INIT_PASSWD, report);
    if (scene.layers[index]!.get('magic') !== OLDSTYLE_MAGIC) report('magic', 'is not oldstyle');
  },
  info: (layer) => `oldstyle greeting, ${layer.get('size')} bytes`,
});

export const NBDClientFlags = header(
  'NBDClientFlags',
  [
    word(
      reserved(30),
      flag('noZeroes', 'the 124 zeroes shall be left out'),
      flag('fixedNewstyle', 'options are sent as the description says'),
    ),
  ],
  { key: 'nbd-client-flags', family, title: 'NBD client flags', section: 'NBD: Client flags' },
);

export const nbdClientFlags = protocol(NBDClientFlags, { label, info: () => 'client flags' });

export const NBDExport = header(
  'NBDExport',
  [uint(64, 'size', 'of the export', { unit: 'bytes' }), transmissionFlags],
  { key: 'nbd-export', family, title: 'NBD export', section: 'NBD: NBD_OPT_EXPORT_NAME' },
);

export const NBDZeroes = header('NBDZeroes', [zeroes], {
  key: 'nbd-zeroes',
  family,
  title: 'NBD zeroes',
  section: 'NBD: NBD_OPT_EXPORT_NAME',
});

export const nbdZeroes = protocol(NBDZeroes, { label });

/** The answer to EXPORT_NAME. The zeroes behind it are a layer that is there or not, as was agreed. */
export const nbdExport = protocol(NBDExport, {
  label,
  read(walk) {
    if (walk.take(nbdExport) < 0) return null;
    return walk.left >= NBDZeroes.size ? nbdZeroes : undefined;
  },
  derive: { hasFlags: always(1) },
  info: (layer) => `export of ${layer.get('size')} bytes`,
});

function verifyText(
  scene: Scene,
  index: number,
  field: string,
  right: string,
  report: Report,
): void {
  const found = scene.layers[index]!.get(field) as Uint8Array;
  if (textBytes(right).some((byte, i) => byte !== found[i])) report(field, `is not ${right}`);
}

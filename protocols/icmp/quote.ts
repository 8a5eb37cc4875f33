// The packet that an error message quotes, as far as it is there: dissected as nested layers, whose lengths and
// checksums are not judged. Behind it may stand extensions (RFC 4884).

import { headerEnd } from '../core/bind.js';
import { reserved, rest, uint, word } from '../core/field.js';
import { header } from '../core/header.js';
import { type Derivation, type Protocol, protocol } from '../core/protocol.js';
import type { Walk } from '../core/walk.js';
import { always, internetChecksum, ownLength } from '../ip/derivation.js';
import { type OptionRules, readOptions } from '../ip/option-list.js';
import { rawIp } from '../ip/raw-ip.js';

/**
 * Dissects the quoted packet: `size` bytes, or all that is left where that is 0 (no extensions behind it).
 * Returns what stands behind the quote.
 */
export function readQuote(walk: Walk, size: number): Protocol | null {
  const { quoted, depth, boundBy } = walk;
  const told = size > 0 && size <= walk.left;
  const end = told ? walk.at + size : walk.boundary;
  walk.quoted = true;
  walk.depth++;
  walk.within(end, told ? `${walk.last.key}.length` : boundBy, rawIp);
  walk.quoted = quoted;
  walk.depth = depth;
  return walk.left >= ICMPExt.size ? icmpExt : null;
}

/** A quote's length in an error message, in units of so many bytes: told only where extensions follow. */
export const quotedLength = (unit: number): Derivation => ({
  kind: 'length',
  value({ layers }, index) {
    const { end, bodyEnd } = layers[index]!;
    const extension = layers.findLast(
      (layer, i) => i > index && layer.key === icmpExt.key && !layer.partial && layer.at < bodyEnd,
    );
    return extension ? Math.ceil((extension.at - end) / unit) : 0;
  },
  // Who sends no extensions may still say how long the quote is.
  accepts: (found, { layers }, index) =>
    found === Math.ceil((layers[index]!.bodyEnd - layers[index]!.end) / unit),
});

export const ICMPExt = header(
  'ICMPExt',
  [
    word(uint(4, 'version', 'always 2', { alias: 'icmp.ext.version' }), reserved(12)),
    uint(16, 'checksum', 'of the extensions', { format: 'hex', alias: 'icmp.ext.checksum' }),
  ],
  { key: 'icmp-ext', family: 'icmp', title: 'ICMP extension structure', section: 'RFC 4884 7' },
);

/** IANA's register of ICMP extension object classes. */
const objectClasses = {
  1: 'MPLS_LABEL_STACK',
  2: 'INTERFACE_INFORMATION',
  3: 'INTERFACE_IDENTIFICATION',
  4: 'EXTENDED_INFORMATION',
} as const;

export const ICMPExtObject = header(
  'ICMPExtObject',
  [
    uint(16, 'length', 'of the object, this header included', {
      unit: 'bytes',
      alias: 'icmp.ext.length',
    }),
    uint(8, 'classNum', 'class of the object', { names: objectClasses, alias: 'icmp.ext.class' }),
    uint(8, 'cType', 'type within the class', { alias: 'icmp.ext.ctype' }),
    rest('data', 'of the object'),
  ],
  {
    key: 'icmp-ext-object',
    family: 'icmp',
    title: 'ICMP extension object',
    section: 'RFC 4884 8',
  },
);

export const icmpExtObject = protocol(ICMPExtObject, {
  partOf: 'icmp-ext',
  derive: { length: ownLength() },
});

export const ICMPExtRest = header('ICMPExtRest', [rest('data', 'up to the end of the message')], {
  key: 'icmp-ext-rest',
  family: 'icmp',
  title: 'Bytes of ICMP extensions behind a length that leads nowhere',
  section: 'RFC 4884 8',
});
export const icmpExtRest = protocol(ICMPExtRest, { partOf: 'icmp-ext' });

const objects: OptionRules = {
  head: ICMPExtObject.size,
  size: ICMPExtObject.get.length,
  single: () => undefined,
  layer: () => icmpExtObject,
  rest: icmpExtRest,
};

const VERSION = 2;

export const icmpExt = protocol(ICMPExt, {
  read(walk) {
    const at = walk.take(icmpExt);
    if (at < 0) return null;
    const version = ICMPExt.get.version(walk.bytes, at);
    if (version !== VERSION) return walk.fail('bad-value', 'version', VERSION, version);
    readOptions(walk, walk.boundary, walk.boundBy, objects);
    return null;
  },
  derive: { version: always(VERSION), checksum: internetChecksum('checksum', headerEnd) },
});

/** In the order of the documentation. */
export const extensionProtocols: readonly Protocol[] = [icmpExt, icmpExtObject, icmpExtRest];

// Attributes: fixed structures in the data area that their class gives them. What they leave of it is `mad-rest`.

import type { Field, FieldOptions, Item } from '../../core/field.js';
import { flag, ipv6Address, uint } from '../../core/field.js';
import type { Header } from '../../core/header.js';
import { type Layer, outer } from '../../core/layer.js';
import { type Protocol, protocol, type TypedProtocol } from '../../core/protocol.js';
import type { Walk } from '../../core/walk.js';
import { leaveRest } from './rest.js';

/** Leaves what lies behind an attribute to the class's header, or the MAD's where it has none. */
export function endOfAttribute(walk: Walk): null {
  const keys = ['smp-lid', 'smp-dr', 'sa', 'pm', 'mad', 'mad-dr'];
  return leaveRest(walk, outer(walk.layers, walk.layers.length, ...keys));
}

/** An attribute that is one header. */
export function attribute<const I extends readonly Item[]>(
  declared: Header<I>,
  info?: (layer: Layer) => string,
): TypedProtocol<I> {
  const made: TypedProtocol<I> = protocol(declared, {
    label: 'MAD',
    info,
    read: (walk): Protocol | null => (walk.take(made) < 0 ? null : endOfAttribute(walk)),
  });
  return made;
}

/** An attribute of subnet administration: a header that says where, and attributes of subnet management. */
export function record<const I extends readonly Item[]>(
  declared: Header<I>,
  inside: readonly Protocol[],
): TypedProtocol<I> {
  const made: TypedProtocol<I> = protocol(declared, {
    label: 'MAD',
    read(walk): Protocol | null {
      if (walk.take(made) < 0) return null;
      for (const part of inside) {
        if (walk.left < part.header.size) return part;
        walk.within(walk.at + part.header.size, made.key, part);
      }
      return endOfAttribute(walk);
    },
  });
  return made;
}

/** Words for the fields of one attribute: aliases are tshark's names below `infiniband.ATTRIBUTE`. */
export function fieldsOf(attributeName: string) {
  const aliased = (name: string, options: FieldOptions): FieldOptions =>
    name === '' ? options : { ...options, alias: `infiniband.${attributeName}.${name}` };
  return {
    number: <B extends number, N extends string>(
      bits: B,
      name: N,
      doc: string,
      alias = '',
      options: FieldOptions = {},
    ) => uint(bits, name, doc, aliased(alias, options)),
    hex: <B extends number, N extends string>(bits: B, name: N, doc: string, alias = '') =>
      uint(bits, name, doc, aliased(alias, { format: 'hex' })),
    guid: <N extends string>(name: N, doc: string, alias = '') =>
      uint(64, name, doc, aliased(alias, { format: 'eui64' })),
    gid: <N extends string>(name: N, doc: string, alias = ''): Field<N, Uint8Array> =>
      ipv6Address(name, doc, aliased(alias, {})),
    bit: <N extends string>(name: N, doc: string, alias = '') =>
      flag(name, doc, aliased(alias, {})),
  };
}

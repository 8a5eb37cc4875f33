// Values for the fields of built golden frames: each field has another one that is not zero, so that a field
// that was swapped, shifted or read in the wrong byte order shows.

import {
  type Field,
  formatHex,
  formatValue,
  type Protocol,
  protocolByKey,
} from '../../../protocols/index.js';

/** FNV-1a, 32 bits: spreads names over values, the same in every run. */
function hash(text: string): number {
  let h = 0x811c9dc5;
  for (const c of text) h = Math.imul(h ^ c.charCodeAt(0), 0x01000193) >>> 0;
  return h;
}

/** A value of a field as text of an expression; undefined for one that is left as it comes. */
function patternOf({ key }: Protocol, name: string, field: Field): string | undefined {
  const h = hash(`${key}.${name}`);
  if (field.reserved || field.kind === 'rest') return undefined;
  if (field.kind === 'bytes') {
    const size = field.bits / 8;
    const bytes = Uint8Array.from({ length: size }, (_, i) => (h + i * 7) & 0x7f || 1);
    return field.format === 'text' ? JSON.stringify(name) : formatHex(bytes);
  }
  const named = Object.keys(field.names ?? {}).filter((value) => value !== '0');
  if (named.length > 0) return named[h % named.length]!;
  const wide = (BigInt(h) << 32n) | BigInt(hash(`${name}.${key}`));
  const value = BigInt.asUintN(field.bits, wide) || 1n;
  return field.bits > 48 ? `0x${value.toString(16)}` : formatValue(field, Number(value));
}

/** `key(field=value,...)` with every field that is neither derived nor reserved; `given` wins. */
export function filled(key: string, given: Readonly<Record<string, string | number>> = {}): string {
  const protocol = protocolByKey.get(key);
  if (!protocol) throw new Error(`there is no layer ${key}`);
  const values: [string, string][] = protocol.header.spans.flatMap(({ name, field }) => {
    if (name in given) return [[name, String(given[name])] as [string, string]];
    const value = name in protocol.derive ? undefined : patternOf(protocol, name, field);
    return value === undefined ? [] : [[name, value] as [string, string]];
  });
  return values.length === 0 ? key : `${key}(${values.map(([n, v]) => `${n}=${v}`).join(',')})`;
}

// Values of fields as people write and read them: one pair of functions for the dump, the tree, JSON,
// filters and expressions, so that whatever is printed can be typed again.

import {
  formatHex,
  formatIpv4,
  formatIpv6,
  formatMac,
  parseHex,
  parseIpv4,
  parseIpv6,
  parseMac,
} from './address.js';
import { type Field, type FieldValue, isBytes } from './field.js';

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();

/** The name of a value, if its field names it. */
export function nameOf(field: Field, value: FieldValue): string | undefined {
  return typeof value === 'number' ? field.names?.[value] : undefined;
}

/** The value alone, such that `parseValue` reads exactly it again: no name, long byte strings whole. */
export function formatValue(field: Field, value: FieldValue): string {
  if (isBytes(value)) return formatBytes(field, value);
  switch (field.format) {
    case 'ipv4':
      return formatIpv4(Number(value));
    case 'hex':
    case 'eui64':
      return `0x${value.toString(16).padStart(Math.ceil(field.bits / 4), '0')}`;
    default:
      return value.toString();
  }
}

function formatBytes(field: Field, b: Uint8Array): string {
  switch (field.format) {
    case 'mac':
      return formatMac(b);
    case 'ipv6':
      return b.length === 16 ? formatIpv6(b) : formatHex(b);
    case 'eui64':
      return formatHex(b, ':');
    case 'uuid':
      return formatHex(b).replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
    case 'text':
      return quoted(b, field.kind === 'rest' ? /$^/ : /\0+$/);
    default:
      return formatHex(b);
  }
}

/**
 * Bytes as "text" without what `filling` finds at their end; in hex where they are no UTF-8. What would steer
 * a terminal or hide in a line is escaped: C1 controls, and characters without a width or that turn its direction.
 */
function quoted(b: Uint8Array, filling: RegExp): string {
  let decoded: string;
  try {
    decoded = decoder.decode(b);
  } catch {
    return `0x${formatHex(b)}`;
  }
  const json = JSON.stringify(decoded.replace(filling, ''));
  return json.replaceAll(
    /[\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** The value for people: with its name, as in `RC_ACKNOWLEDGE (0x11)`, and text without the filling behind it. */
export function showValue(field: Field, value: FieldValue): string {
  if (field.format === 'text' && isBytes(value)) return quoted(value, /[\0 ]+$/);
  const name = nameOf(field, value);
  const plain = formatValue(field, value);
  return name === undefined ? plain : `${name} (${plain})`;
}

/**
 * Reads a value of `field`: a name, a number (decimal, 0x, 0b), an address, "text" with JSON's escapes, or hex bytes.
 * Where a field holds text, quotes may be left out and hex begins with 0x. Text shorter than the field is filled up
 * with zeros at the end; addresses and other bytes have the field's size. Numbers wider than the field are read all
 * the same.
 * @throws RangeError saying what was expected
 */
export function parseValue(field: Field, text: string): FieldValue {
  if (field.kind !== 'uint') return parseBytes(field, text);
  if (field.format === 'ipv4' && text.includes('.')) return parseIpv4(text);
  const named = Object.entries(field.names ?? {}).find(([, name]) => name === text);
  if (named) return Number(named[0]);
  if (field.bits === 1 && (text === 'true' || text === 'false')) return text === 'true' ? 1 : 0;
  if (!/^(\d+|0x[0-9a-f]+|0b[01]+)$/i.test(text)) throw new RangeError(expected(field, text));
  return field.bits > 48 ? BigInt(text) : Number(text);
}

function expected(field: Field, text: string): string {
  const names = Object.values(field.names ?? {});
  const shown = names.slice(0, 6).join(', ') + (names.length > 6 ? ', ...' : '');
  if (field.format === 'ipv4')
    return `'${text}' is no value of '${field.name}': expected an IPv4 address`;
  const what = names.length > 0 ? `a number or one of ${shown}` : `a number below 2^${field.bits}`;
  return `'${text}' is no value of '${field.name}': expected ${what}`;
}

function parseBytes(field: Field, text: string): Uint8Array {
  if (field.format === 'mac' && /[:-]/.test(text)) return parseMac(text);
  if (field.format === 'ipv6' && (text.includes(':') || text.includes('.'))) {
    return parseIpv6(text.includes(':') ? text : `::ffff:${text}`);
  }
  const size = field.bits / 8;
  if (text.startsWith('"')) return fit(field, encoder.encode(unquoted(field, text)), size);
  if (field.format === 'text' && !/^0x/i.test(text)) return fit(field, encoder.encode(text), size);
  const value = parseHex(text.replace(/^0x/i, '').replaceAll(/[\s:-]/g, ''));
  if (field.kind === 'bytes' && field.format !== 'text' && value.length < size) {
    throw new RangeError(`'${field.name}' takes ${size} bytes, not ${value.length}`);
  }
  return fit(field, value, size);
}

function unquoted(field: Field, text: string): string {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'string') return value;
  } catch {
    // said below
  }
  throw new RangeError(`'${field.name}' cannot be ${text}: the text in quotes is not JSON's`);
}

function fit(field: Field, value: Uint8Array, size: number): Uint8Array {
  if (field.kind === 'rest') return value;
  if (value.length > size) {
    throw new RangeError(`'${field.name}' has room for ${size} bytes, not ${value.length}`);
  }
  const filled = new Uint8Array(size);
  filled.set(value);
  return filled;
}

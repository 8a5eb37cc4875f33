// One golden frame as text: what it is, where its bytes come from, what is wrong with it, then each layer with
// its bytes and its fields. Made to be read beside the standard and to be compared line by line in a review.
//
//   # RoCE v2: RC RDMA WRITE Only of 5 bytes        the title, then remarks
//   link: 1                                         capture link type
//   inside: nvme-tcp queue=admin                    what a TCP connection or a queue pair carries, if it is known
//   verdict: good                                   or bad, with one line `wrong: checksum icrc.icrc` for each finding
//   source: snapshot ...                            kind, then words
//   judge: tshark 4.0.17 ...                        who outside says that the bytes are right
//   build: eth(...)/ipv4(...)/...                   a frame expression that gives these bytes
//
//   [bth] Base Transport Header
//   002a: 04 40 ff ff ...
//     opcode = RC_SEND_ONLY (0x04)
//
// The order of lines within each part is fixed, so that parse and format are each other's inverse.

import { same } from '../../protocols/core/check.js';
import {
  type Field,
  type FieldValue,
  formatHex,
  formatValue,
  isBytes,
  nameOf,
  parseHex,
  parseValue,
  protocolByKey,
} from '../../protocols/index.js';

/** Where the bytes of a golden frame come from. */
export type SourceKind =
  /** Cut from a capture of real peers. */
  | 'capture'
  /** Printed in a standard or published as a test vector by others. */
  | 'published'
  /** Built here, from the expression in `build`. */
  | 'snapshot'
  /** Another golden frame with something changed on purpose. */
  | 'changed';

export const sourceKinds: readonly SourceKind[] = ['capture', 'published', 'snapshot', 'changed'];

/** One thing that is wrong with a frame. */
export interface Wrong {
  /**
   * 'checksum', 'length' or 'count' for a field that does not follow from the frame, 'rule' for another rule
   * of the protocol, or 'stop' and a code of `Malformed` where dissecting stops.
   */
  readonly kind: string;
  /** 'layer.field', or the layer alone. */
  readonly where: string;
}

/** One layer of it: where it lies, its bytes, and every field. */
export interface GoldenLayer {
  readonly layer: string;
  /** Offset in the frame. */
  readonly at: number;
  readonly bytes: Uint8Array;
  readonly fields: Readonly<Record<string, FieldValue>>;
}

/** What is known beside the bytes: what runs on the connection, and, of NVMe, of the command. */
export interface Inside {
  /** Key of the protocol in a TCP segment's or a queue pair's payload. */
  readonly protocol?: string;
  readonly queue?: 'admin' | 'io';
  /** Key of the form of a completion's result. */
  readonly result?: string;
  /** Key of the form of a data PDU's data. */
  readonly data?: string;
}

/** One frame of the golden set. */
export interface GoldenFrame {
  /** The file's name. */
  readonly name: string;
  readonly title: string;
  readonly remarks: readonly string[];
  readonly linkType: number;
  /** True: the frame ends in its FCS. */
  readonly fcs: boolean;
  readonly inside: Inside;
  readonly verdict: 'good' | 'bad';
  readonly wrong: readonly Wrong[];
  readonly source: { readonly kind: SourceKind; readonly text: string };
  readonly judges: readonly string[];
  /** A frame expression that builds it; '' where there is none. */
  readonly build: string;
  readonly bytes: Uint8Array;
  readonly layers: readonly GoldenLayer[];
}

const PER_ROW = 16;

/** The file of a golden frame. */
export function formatGolden(frame: GoldenFrame): string {
  const { kind, text } = frame.source;
  const lines = [`# ${frame.title}`, ...frame.remarks.map((remark) => `# ${remark}`)];
  lines.push(`link: ${frame.linkType}${frame.fcs ? ' fcs' : ''}`);
  if (frame.inside.protocol !== undefined) lines.push(`inside: ${formatInside(frame.inside)}`);
  lines.push(`verdict: ${frame.verdict}`);
  for (const wrong of frame.wrong) lines.push(`wrong: ${wrong.kind} ${wrong.where}`);
  lines.push(`source: ${kind}${text && ` ${text}`}`);
  for (const judge of frame.judges) lines.push(`judge: ${judge}`);
  if (frame.build !== '') lines.push(`build: ${frame.build}`);
  for (const layer of frame.layers) lines.push('', ...formatLayer(layer));
  return `${lines.join('\n')}\n`;
}

function formatInside({ protocol, ...known }: Inside): string {
  return [protocol, ...Object.entries(known).map(([key, value]) => `${key}=${value}`)].join(' ');
}

function formatLayer({ layer, at, bytes, fields }: GoldenLayer): string[] {
  const { header } = protocolByKey.get(layer)!;
  const lines = [`[${layer}] ${header.title}`];
  for (let row = 0; row < bytes.length; row += PER_ROW) {
    const offset = (at + row).toString(16).padStart(4, '0');
    const end = Math.min(row + PER_ROW, bytes.length);
    lines.push(`${offset}: ${formatHex(bytes, ' ', row, end)}`);
  }
  for (const { name, field } of header.spans) {
    lines.push(`  ${name} = ${formatGoldenValue(field, fields[name]!)}`);
  }
  return lines;
}

/** A value with its name; byte strings that are no text or address as hex. */
export function formatGoldenValue(field: Field, value: FieldValue): string {
  const plain = formatValue(field, value);
  if (isBytes(value)) return restores(field, plain, value) ? plain : `hex ${formatHex(value)}`;
  const name = nameOf(field, value);
  return name === undefined ? plain : `${name} (${plain})`;
}

/** Text loses its padding when it is printed, and bytes that are no UTF-8. */
function restores(field: Field, plain: string, value: Uint8Array): boolean {
  try {
    return same(parseValue(field, plain), value);
  } catch {
    return false;
  }
}

export function parseGoldenValue(field: Field, text: string): FieldValue {
  if (text.startsWith('hex ') || text === 'hex') return parseHex(text.slice(4));
  const named = field.names && /^.* \((\S+)\)$/.exec(text);
  return parseValue(field, named?.[1] ?? text);
}

/**
 * Reads the file of a golden frame.
 * @throws RangeError naming the line
 */
export function parseGolden(name: string, text: string): GoldenFrame {
  const draft = new Draft();
  text.split('\n').forEach((line, i) => {
    try {
      draft.line(line);
    } catch (error) {
      const problem = error instanceof Error ? error.message : String(error);
      throw new RangeError(`${name}.hex, line ${i + 1}: ${problem}`);
    }
  });
  return draft.frame(name);
}

interface DraftLayer {
  readonly layer: string;
  readonly at: number;
  readonly bytes: number[];
  readonly fields: Record<string, FieldValue>;
}

/** A golden frame while its lines are read. */
class Draft {
  readonly #remarks: string[] = [];
  readonly #values = new Map<string, string[]>();
  readonly #layers: DraftLayer[] = [];
  #at = 0;

  line(line: string): void {
    if (line.trim() === '') return;
    const comment = /^# ?(.*)$/.exec(line);
    if (comment) return void this.#remarks.push(comment[1]!);
    const heading = /^\[([^\]]+)\]/.exec(line);
    if (heading) return this.#heading(heading[1]!);
    const layer = this.#layers.at(-1);
    if (!layer) return this.#value(line);
    const row = /^([0-9a-f]{4,}): ([0-9a-f ]+)$/.exec(line);
    if (row) return this.#row(layer, row[1]!, row[2]!);
    this.#field(layer, line);
  }

  #value(line: string): void {
    const match = /^(\w+): (.*)$/.exec(line);
    if (!match) throw new RangeError(`expected 'name: value' or a [layer], found '${line}'`);
    this.#values.set(match[1]!, [...(this.#values.get(match[1]!) ?? []), match[2]!]);
  }

  #heading(layer: string): void {
    if (!protocolByKey.has(layer)) throw new RangeError(`there is no layer '${layer}'`);
    this.#layers.push({ layer, at: this.#at, bytes: [], fields: {} });
  }

  #row(layer: DraftLayer, offset: string, hex: string): void {
    if (Number.parseInt(offset, 16) !== this.#at) {
      throw new RangeError(`offset ${offset}, but ${this.#at.toString(16)} bytes stand before it`);
    }
    const bytes = parseHex(hex.replaceAll(' ', ''));
    layer.bytes.push(...bytes);
    this.#at += bytes.length;
  }

  #field({ layer, fields }: DraftLayer, line: string): void {
    const match = /^ {2}(\w+) = (.*)$/.exec(line);
    const span = match && protocolByKey.get(layer)!.header.span(match[1]!);
    if (!match || !span) throw new RangeError(`expected hex or a field of ${layer}: '${line}'`);
    fields[span.name] = parseGoldenValue(span.field, match[2]!);
  }

  frame(name: string): GoldenFrame {
    const one = (key: string) => this.#values.get(key)?.[0] ?? '';
    const [link = '1', fcs] = one('link').split(' ');
    const [kind = '', ...words] = one('source').split(' ');
    const [title = '', ...remarks] = this.#remarks;
    const layers = this.#layers.map((l) => ({ ...l, bytes: Uint8Array.from(l.bytes) }));
    const bytes = new Uint8Array(this.#at);
    for (const layer of layers) bytes.set(layer.bytes, layer.at);
    if (!sourceKinds.includes(kind as SourceKind)) {
      throw new RangeError(
        `${name}.hex: the source is '${kind}', expected ${sourceKinds.join(', ')}`,
      );
    }
    return {
      name,
      title,
      remarks,
      linkType: Number(link),
      fcs: fcs === 'fcs',
      inside: parseInside(one('inside')),
      verdict: one('verdict') === 'good' ? 'good' : 'bad',
      wrong: (this.#values.get('wrong') ?? []).map(parseWrong),
      source: { kind: kind as SourceKind, text: words.join(' ') },
      judges: this.#values.get('judge') ?? [],
      build: one('build'),
      bytes,
      layers,
    };
  }
}

function parseInside(text: string): Inside {
  const [protocol = '', ...known] = text.split(' ');
  if (protocol === '') return {};
  return { protocol, ...Object.fromEntries(known.map((word) => word.split('='))) } as Inside;
}

function parseWrong(text: string): Wrong {
  const at = text.lastIndexOf(' ');
  return { kind: text.slice(0, at), where: text.slice(at + 1) };
}

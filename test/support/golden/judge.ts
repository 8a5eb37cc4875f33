// What tshark makes of the golden frames, each by itself: the layers of which it shows fields as we have them, and
// fields that it shows otherwise.

import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  formatHex,
  type Layer,
  PcapngWriter,
  protocols,
  type Span,
} from '../../../protocols/index.js';
import { dissectGolden, type GoldenFrame } from '../../../src/testing/index.js';
import { alone, elsewhere, reason, shownIn, variants } from '../../judge/tshark-holes.js';
import { inErf, LINKTYPE_ERF } from '../erf.js';
import { dissectByTshark, type PdmlField } from '../tshark.js';

export interface Judgement {
  /** Layers of which at least one field was compared, each once, in their order. */
  readonly layers: readonly string[];
  /** 'name: ours ..., tshark's ...' */
  readonly differences: readonly string[];
}

const aliases = new Set(
  protocols.flatMap(({ header }) => header.spans.flatMap((s) => s.field.alias ?? [])),
);

/** The frames share their ports, so nothing may be concluded from one for the next. */
const ALONE = [
  'tcp.analyze_sequence_numbers:FALSE',
  'tcp.desegment_tcp_streams:FALSE',
  'tcp.relative_sequence_numbers:FALSE',
  'ip.defragment:FALSE',
  'ipv6.defragment:FALSE',
].flatMap((preference) => ['-o', preference]);

const ETHERNET = 1;
const INFINIBAND = 247;

/** Frames that tshark can be asked about; RDETH it looks for 8 bytes too far behind. */
export const judgeable = (frame: GoldenFrame): boolean =>
  (frame.linkType === ETHERNET || frame.linkType === INFINIBAND) &&
  frame.verdict === 'good' &&
  frame.layers.every(({ layer }) => layer !== 'rdeth');

/** Asks tshark. @throws Error when it fails */
export async function judge(given: readonly GoldenFrame[]): Promise<Map<string, Judgement>> {
  // What tshark takes a TCP payload for can depend on what it saw before.
  const frames = [...given].sort((a, b) => (a.name < b.name ? -1 : 1));
  const folder = mkdtempSync(join(tmpdir(), 'wireverbs-'));
  const found = new Map<string, Judgement>();
  try {
    const file = join(folder, 'golden.pcapng');
    const writer = new PcapngWriter();
    writer.interface({ linkType: 1 });
    writer.interface({ linkType: 1, fcsLength: 4 });
    writer.interface({ linkType: LINKTYPE_ERF });
    for (const { bytes, fcs, linkType } of frames) {
      if (linkType === INFINIBAND) writer.packet({ bytes: inErf(bytes), interfaceId: 2 });
      else writer.packet({ bytes, interfaceId: fcs ? 1 : 0 });
    }
    writeFileSync(file, writer.take());
    const each = ({ number, fields }: { number: number; fields: readonly PdmlField[] }) => {
      const frame = frames[number - 1]!;
      found.set(frame.name, compare(frame, fields));
    };
    await dissectByTshark(file, (name) => aliases.has(variants[name] ?? name), each, ALONE);
  } finally {
    rmSync(folder, { recursive: true });
  }
  return found;
}

interface Ours {
  readonly layer: Layer;
  readonly span: Span;
}

function compare(frame: GoldenFrame, shown: readonly PdmlField[]): Judgement {
  const ours = new Map<string, Ours[]>();
  const { layers } = dissectGolden(frame);
  for (const layer of layers) {
    for (const span of layer.protocol.header.spans) {
      const { alias } = span.field;
      if (alias !== undefined) ours.set(alias, [...(ours.get(alias) ?? []), { layer, span }]);
    }
  }
  const judged = new Set<Layer>();
  const differences: string[] = [];
  for (const field of shown) {
    const name = variants[field.name] ?? field.name;
    const mine = ours.get(name) ?? [];
    const misplaced = reason(elsewhere, field.name) !== undefined;
    const same = mine.find((our) => (misplaced || covers(our, field)) && equal(our, field));
    if (same) {
      judged.add(same.layer);
      continue;
    }
    if (reason(alone, field.name) !== undefined) continue;
    const has = mine.map(({ layer, span }) => `${hexOf(layer, span)} at ${layer.range(span)[0]}`);
    const said = has.length > 0 ? has.join(', ') : 'nothing';
    differences.push(
      `${field.name}: ours ${said}, tshark's ${field.value || field.show} at ${field.pos}`,
    );
  }
  const keys = layers.filter((layer) => judged.has(layer)).map((layer) => layer.key);
  return { layers: [...new Set(keys)], differences };
}

/** Is it the same place? Fields of a few bits are shown with some or all of the bytes that they share. */
function covers({ layer, span }: Ours, { pos, size }: PdmlField): boolean {
  const [from, to] = layer.range(span);
  return from < pos + Math.max(size, 1) && pos < Math.max(to, from + 1);
}

const hexOf = (layer: Layer, span: Span) => {
  const [from, to] = layer.range(span);
  return formatHex(layer.bytes, '', from, to);
};

function equal({ layer, span }: Ours, field: PdmlField): boolean {
  const unit = shownIn[field.name];
  const number = () => BigInt(layer.get(span.name) as number | bigint);
  if (unit !== undefined) return String(number() * BigInt(unit)) === field.show;
  const bytes = hexOf(layer, span);
  if (field.name in variants) return bytes.endsWith(field.value);
  if (span.field.kind !== 'uint') return bytes === field.value;
  const partly = field.masked || field.value.length !== bytes.length || span.bits !== span.size * 8;
  if (!partly) return bytes === field.value;
  // Some fields of a few bits come with the value of their whole bytes; what is printed is the field's.
  return number() === BigInt(`0x${field.value || 0}`) || Number(number()) === Number(field.show);
}

/** Where the verdicts are kept, so that the golden files can name their judge without tshark. */
const file = fileURLToPath(new URL('../../../../test/support/golden/judged.txt', import.meta.url));

/** Layers that tshark shows as we do, by the name of the frame. */
export function judged(): Map<string, string> {
  const lines = existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [];
  return new Map(lines.map((line) => line.split(': ', 2) as [string, string]));
}

/** The verdicts as that file has them. */
export const verdicts = (found: ReadonlyMap<string, Judgement>): string =>
  [...found]
    .filter(([, { layers }]) => layers.length > 0)
    .map(([name, { layers }]) => `${name}: ${layers.join(' ')}\n`)
    .sort()
    .join('');

export const keepVerdicts = (found: ReadonlyMap<string, Judgement>): void =>
  writeFileSync(file, verdicts(found));

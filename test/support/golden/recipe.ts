// How a golden frame is made: cut from a capture, taken from a publication, built from an expression, or
// another one changed on purpose. What it says of itself is worked out here, so that a recipe is one line.

import { bindings } from '../../../protocols/bindings.js';
import {
  build,
  check,
  dissect,
  type Layer,
  parseFrame,
  protocolByKey,
} from '../../../protocols/index.js';
import {
  dissectGolden,
  type GoldenFrame,
  type Inside,
  wrongOf,
} from '../../../src/testing/index.js';
import { inspectedFrames } from '../capture.js';
import type { Change } from './change.js';
import { judged } from './judge.js';

/** What every recipe says. */
interface Named {
  readonly name: string;
  readonly title: string;
  readonly remarks?: readonly string[];
  readonly judges?: readonly string[];
}

/** A frame of a capture in test/captures. */
export interface Captured extends Named {
  readonly capture: string;
  readonly frame: number;
}

/** Bytes that others published. */
export interface Published extends Named {
  readonly bytes: Uint8Array;
  readonly source: string;
  readonly linkType?: number;
}

/** A frame of our own making. */
export interface Built extends Named {
  readonly build: string;
  readonly linkType?: number;
  readonly fcs?: boolean;
  readonly inside?: Inside;
}

/** A golden frame with something changed. `change` works on a copy and may return a shorter or longer one. */
export interface Changed extends Named {
  readonly of: string;
  /** What was changed, in words. */
  readonly what: string;
  readonly change: Change;
  /** True: made by rule; where the change leaves a right frame, there is none. */
  readonly byRule?: boolean;
}

export type Recipe = Captured | Published | Built | Changed;

/** Makes the frame of a recipe; `made` has those that stand before it. */
export function make(recipe: Recipe, made: ReadonlyMap<string, GoldenFrame>): GoldenFrame {
  if ('capture' in recipe) return cut(recipe);
  if ('build' in recipe) return built(recipe);
  if ('of' in recipe) return changed(recipe, made);
  const { bytes, source, linkType = 1 } = recipe;
  const of = { bytes, linkType, fcs: false, inside: {} };
  return whole(recipe, of, { kind: 'published', text: source });
}

function cut(recipe: Captured): GoldenFrame {
  const seen = inspectedFrames(recipe.capture)[recipe.frame - 1]!;
  // The capture's bytes are a Buffer, whose slice shares them.
  const bytes = Uint8Array.from(seen.bytes.subarray(seen.start, seen.end));
  const summed = sumOffloaded(bytes);
  const of = { bytes, linkType: 1, fcs: false, inside: insideOf(seen.layers, bytes, 1, false) };
  const how = summed ? ', its TCP checksum, left to a NIC that was not there, filled in' : '';
  const text = `${recipe.capture} frame ${recipe.frame}: ${peers(recipe.capture)}${how}`;
  return whole(recipe, of, { kind: 'capture', text });
}

/** The NBD conversations were captured in the sending machine, before the NIC sums TCP up. */
function sumOffloaded(bytes: Uint8Array): boolean {
  const { layers } = dissect(bytes);
  const tcp = layers.find((layer) => layer.key === 'tcp');
  const wrong = check(dissect(bytes)).verified.find((v) => v.layer === 'tcp' && !v.ok);
  if (!tcp || wrong?.field !== 'checksum') return false;
  tcp.protocol.header.write('checksum', bytes, tcp.at, wrong.expected);
  return true;
}

/** Who spoke in a capture; see test/captures/README.md. */
function peers(capture: string): string {
  const name = capture.startsWith('siw')
    ? 'siw'
    : capture.startsWith('nvme-tcp')
      ? 'nvme-tcp and nvmet'
      : capture.startsWith('nvme')
        ? 'nvme-rdma and nvmet over rdma_rxe'
        : capture.startsWith('nbd')
          ? 'NBD'
          : 'rdma_rxe';
  return name === 'NBD'
    ? 'NBD peers, see test/captures/README.md'
    : `Linux 6.1 (Debian 12), ${name}`;
}

function built(recipe: Built): GoldenFrame {
  const { build: expression, linkType = 1, fcs = false } = recipe;
  const frame = build(parseFrame(expression, protocolByKey));
  const inside = recipe.inside ?? insideOf(frame.layers, frame.bytes, linkType, fcs);
  const of = { bytes: frame.bytes, linkType, fcs, inside };
  const result = whole(recipe, of, { kind: 'snapshot', text: 'built here' }, expression);
  const wanted = frame.layers.map((l) => l.key).join('/');
  const found = result.layers.map((l) => l.layer).join('/');
  if (wanted !== found && result.verdict === 'good') {
    throw new Error(`${recipe.name}: built ${wanted}, dissected ${found}`);
  }
  return result;
}

function changed(recipe: Changed, made: ReadonlyMap<string, GoldenFrame>): GoldenFrame {
  const base = made.get(recipe.of);
  if (!base) throw new Error(`${recipe.name}: there is no ${recipe.of}`);
  const copy = { ...base, bytes: base.bytes.slice() };
  const bytes = recipe.change(dissectGolden(copy), copy);
  const text = `${recipe.of}: ${recipe.what}`;
  return whole(recipe, { ...copy, bytes }, { kind: 'changed', text });
}

function whole(
  recipe: Named,
  of: Pick<GoldenFrame, 'bytes' | 'linkType' | 'fcs' | 'inside'>,
  source: GoldenFrame['source'],
  expression = '',
): GoldenFrame {
  const frame = dissectGolden(of);
  const wrong = wrongOf(frame);
  const { bytes, linkType, fcs, inside } = of;
  return {
    name: recipe.name,
    title: recipe.title,
    remarks: recipe.remarks ?? [],
    bytes,
    linkType,
    fcs,
    inside,
    verdict: wrong.length === 0 ? 'good' : 'bad',
    wrong,
    source,
    judges: [...(recipe.judges ?? []), ...judgesOf(recipe.name)],
    build: expression,
    layers: frame.layers.map((l) => ({
      layer: l.key,
      at: l.at,
      bytes: bytes.slice(l.at, l.end),
      fields: l.fields(),
    })),
  };
}

const byTshark = judged();

/** tshark names the fields of those layers as we do. */
function judgesOf(name: string): string[] {
  const layers = byTshark.get(name);
  return layers === undefined ? [] : [`tshark 4.0: ${layers}`];
}

/**
 * What must be known beside the bytes so that `dissect` finds `layers` in them: the first layer that it does
 * not find by itself, and of NVMe the queue and the forms of results and data.
 */
function insideOf(
  layers: readonly Layer[],
  bytes: Uint8Array,
  linkType: number,
  fcs: boolean,
): Inside {
  const plain = dissect(bytes, { linkType, fcs }).layers;
  const at = layers.findIndex((layer, i) => layer.protocol !== plain[i]?.protocol);
  const first = layers[at];
  if (!first || first.protocol.trailer || plain[at]?.key !== 'payload') return {};
  const keys = layers.slice(at).map((layer) => layer.key);
  const result = keys[keys.indexOf('cqe') - (keys.includes('cqe-dword1') ? 2 : 1)];
  const queue = queueOf(keys);
  const protocol = first.key === result ? 'cqe-result' : first.key;
  const data = keys[keys.indexOf('nvme-tcp-c2h-data') + (keys.includes('nvme-tcp-hdgst') ? 2 : 1)];
  return {
    protocol,
    ...(queue === undefined ? {} : { queue }),
    ...(result === undefined || result === 'cqe-result' ? {} : { result }),
    ...(keys.includes('nvme-tcp-c2h-data') &&
    data?.startsWith('nvme-') &&
    !data.startsWith('nvme-tcp')
      ? { data }
      : {}),
  };
}

/** Of whose commands one is among the keys. */
function queueOf(keys: readonly string[]): 'admin' | 'io' | undefined {
  const has = (space: string) =>
    [...(bindings[space]?.values() ?? [])].some((p) => keys.includes(p.key));
  if (!keys.includes('sqe-ns')) return undefined;
  if (has('nvme-admin')) return 'admin';
  return has('nvme-io') ? 'io' : undefined;
}

// Reads a topology from YAML or JSON: a shape with its numbers, or hosts, switches and links one by one.

import {
  checkTopology,
  dumbbell,
  fatTree,
  leafSpine,
  type NodeSettings,
  pair,
  type ShapeOptions,
  star,
  type Topology,
  type VlArbitration,
} from '../fabric/index.js';
import type { TrafficClass } from '../nic/index.js';
import { type DocumentPath, readDocument, type SchemaDocument } from './document.js';
import { type Quantity, readRate, readSize, readTime } from './quantity.js';
import { topologySchema } from './topology-schema.js';

interface EcnText {
  readonly kmin: Quantity;
  readonly kmax: Quantity;
  readonly most?: number;
}
interface PfcText {
  readonly xoff: Quantity;
  readonly xon: Quantity;
  readonly headroom: Quantity;
}
interface SettingsText {
  readonly latency?: Quantity;
  readonly buffer?: Quantity;
  readonly ecn?: Readonly<Record<string, EcnText>>;
  readonly pfc?: Readonly<Record<string, PfcText>>;
  readonly ets?: readonly TrafficClass[];
  readonly lanes?: number;
  readonly 'cut-through'?: boolean;
  readonly 'lane-buffer'?: Quantity;
  readonly fecn?: Quantity;
  readonly 'hoq-life'?: number;
  readonly arbitration?: Partial<VlArbitration>;
}

/** A topology as its schema allows it. */
export interface TopologyText {
  readonly name?: string;
  readonly shape?: 'pair' | 'star' | 'dumbbell' | 'leaf-spine' | 'fat-tree';
  readonly count?: number;
  readonly leaves?: number;
  readonly spines?: number;
  readonly k?: number;
  readonly rate?: Quantity;
  readonly metres?: number;
  readonly hosts?: readonly string[];
  readonly switches?: readonly (string | ({ readonly name: string } & SettingsText))[];
  readonly links?: readonly {
    readonly a: string;
    readonly b: string;
    readonly rate?: Quantity;
    readonly metres?: number;
  }[];
  readonly 'all-switches'?: SettingsText;
  readonly 'all-hosts'?: SettingsText;
}

const DEFAULT_RATE = 100e9;
/** DCQCN's paper (Zhu et al. 2015, figure 14) marks up to 1 % below kmax. */
const DEFAULT_MOST = 0.01;

/** Reads a topology file. @throws DocumentError with the place of what is wrong */
export function readTopology(name: string, text: string): Topology {
  const document = readDocument<TopologyText>(name, text, topologySchema);
  return topologyOf(document, [], document.value);
}

/** Makes a topology of the part of a document at `path`. @throws DocumentError */
export function topologyOf(
  document: SchemaDocument<unknown>,
  path: DocumentPath,
  text: TopologyText,
): Topology {
  const bare =
    text.shape === undefined ? listed(document, path, text) : shaped(document, path, text);
  const settings: Record<string, NodeSettings> = {};
  const common = settingsOf(text['all-switches']);
  const ends = settingsOf(text['all-hosts']);
  for (const name of bare.switches) if (common) settings[name] = common;
  for (const name of bare.hosts) if (ends) settings[name] = ends;
  for (const one of text.switches ?? []) {
    if (typeof one === 'string') continue;
    const { name, ...own } = one;
    settings[name] = { ...settings[name], ...settingsOf(own) };
  }
  return { ...bare, name: text.name ?? bare.name, settings };
}

function shaped(
  document: SchemaDocument<unknown>,
  path: DocumentPath,
  text: TopologyText,
): Topology {
  const { shape } = text;
  for (const name of ['hosts', 'links', 'switches'] as const) {
    if (text[name] !== undefined)
      throw document.error([...path, name], `a ${shape} has its own; leave out 'shape' or this`);
  }
  const options: ShapeOptions = {
    rate: readRate('rate', text.rate ?? DEFAULT_RATE),
    ...(text.metres !== undefined && { metres: text.metres }),
  };
  const need = (name: 'count' | 'leaves' | 'spines' | 'k'): number => {
    const value = text[name];
    if (value === undefined) throw document.error(path, `a ${shape} needs '${name}'`);
    return value;
  };
  return document.at(path, () => {
    switch (shape) {
      case 'star':
        return star(need('count'), options);
      case 'dumbbell':
        return dumbbell(need('count'), options);
      case 'leaf-spine':
        return leafSpine(need('leaves'), need('spines'), need('count'), options);
      case 'fat-tree':
        return fatTree(need('k'), options);
      default:
        return pair(options);
    }
  });
}

function listed(
  document: SchemaDocument<unknown>,
  path: DocumentPath,
  text: TopologyText,
): Topology {
  const { hosts, links, switches = [] } = text;
  if (!hosts || !links) throw document.error(path, "expected 'shape', or 'hosts' and 'links'");
  const topology: Topology = {
    name: text.name ?? 'own',
    hosts,
    switches: switches.map((one) => (typeof one === 'string' ? one : one.name)),
    links: links.map(({ a, b, rate, metres = text.metres }) => ({
      a,
      b,
      rate: readRate('rate', rate ?? text.rate ?? DEFAULT_RATE),
      ...(metres !== undefined && { metres }),
    })),
  };
  try {
    return checkTopology(topology);
  } catch (error) {
    // What checkTopology names is a place in this document.
    const words = (error as Error).message.replace(`topology ${topology.name}: `, '');
    const link = /^links\[(\d+)\](?:\.\w+)?: (.*)$/.exec(words);
    if (link) throw document.error([...path, 'links', Number(link[1])], link[2]!);
    throw document.error(path, words);
  }
}

function settingsOf(text: SettingsText | undefined): NodeSettings | undefined {
  if (text === undefined) return undefined;
  const { latency, buffer, ecn, pfc, ets, lanes, fecn, arbitration } = text;
  const lane = text['lane-buffer'];
  const cutThrough = text['cut-through'];
  const hoqLife = text['hoq-life'];
  return {
    ...(latency !== undefined && { latencyNs: readTime('latency', latency) }),
    ...(cutThrough !== undefined && { cutThrough }),
    ...(buffer !== undefined && { bufferBytes: readSize('buffer', buffer) }),
    ...(lanes !== undefined && { lanes }),
    ...(lane !== undefined && { laneBytes: readSize('lane-buffer', lane) }),
    ...(fecn !== undefined && { fecnBytes: readSize('fecn', fecn) }),
    ...(hoqLife !== undefined && { hoqLife }),
    ...(arbitration && { arbitration: { high: [], low: [], limit: 0, ...arbitration } }),
    ...(ecn && {
      ecn: each(ecn, ({ kmin, kmax, most = DEFAULT_MOST }) => ({
        kmin: readSize('kmin', kmin),
        kmax: readSize('kmax', kmax),
        most,
      })),
    }),
    ...(ets && { ets }),
    ...(pfc && {
      pfc: each(pfc, ({ xoff, xon, headroom }) => ({
        xoff: readSize('xoff', xoff),
        xon: readSize('xon', xon),
        headroom: readSize('headroom', headroom),
      })),
    }),
  };
}

const each = <A, B>(from: Readonly<Record<string, A>>, make: (value: A) => B): Record<number, B> =>
  Object.fromEntries(Object.entries(from).map(([key, value]) => [Number(key), make(value)]));

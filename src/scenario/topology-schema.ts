// The JSON Schema of a topology, in a file of its own or as part of a scenario. Editors complete by it
// (docs/topology.schema.json is made of it); the reader checks by it.

import { patterns } from './quantity.js';

const priorities = Object.fromEntries(
  ['0', '1', '2', '3', '4', '5', '6', '7'].map((p) => [p, true]),
);

export const quantities = {
  rate: {
    description: "a rate such as '100G' or '25Gb/s'; bare numbers are bits a second",
    type: ['string', 'number'],
    pattern: patterns.rate,
    exclusiveMinimum: 0,
  },
  size: {
    description: "a size such as '64KiB' or '12MB'; bare numbers are bytes",
    type: ['string', 'number'],
    pattern: patterns.size,
    minimum: 0,
  },
  time: {
    description: "a time such as '5us' or '2ms'; bare numbers are nanoseconds",
    type: ['string', 'number'],
    pattern: patterns.time,
    minimum: 0,
  },
};

const size = { $ref: '#/$defs/size' };
const time = { $ref: '#/$defs/time' };

const byPriority = (description: string, each: string) => ({
  description,
  type: 'object',
  propertyNames: { enum: Object.keys(priorities) },
  additionalProperties: { $ref: `#/$defs/${each}` },
});

/** What may be set of a switch, a router or an InfiniBand port. */
const settings = {
  latency: { ...time, description: "from a frame's last bit to its queue" },
  buffer: { ...size, description: 'memory shared by all ports of an Ethernet switch or router' },
  ecn: byPriority('marking of congestion, by priority 0 to 7', 'ecn'),
  pfc: byPriority('lossless priorities, by priority 0 to 7', 'pfc'),
  ets: {
    description:
      'traffic classes that share bandwidth (IEEE 802.1Q 37); priorities in none are strict and go first',
    type: 'array',
    items: { $ref: '#/$defs/traffic-class' },
  },
  lanes: { description: 'data lanes of InfiniBand ports (IBA 7.6.4)', enum: [1, 2, 4, 8, 15] },
  'cut-through': {
    type: 'boolean',
    description:
      'frames leave while they still come in; InfiniBand switches do unless told otherwise',
  },
  'lane-buffer': { ...size, description: 'receive buffer of each lane of InfiniBand ports' },
  fecn: { ...size, description: 'bytes in an output queue from which on packets are marked FECN' },
  'hoq-life': {
    description:
      'how long a packet may be at the head of an output queue of an InfiniBand switch: 4.096us times 2 to this (PortInfo:HOQLife); 20 is without end',
    type: 'integer',
    minimum: 0,
    maximum: 31,
  },
  arbitration: { $ref: '#/$defs/arbitration' },
};

const count = { type: 'integer', minimum: 1, maximum: 65_536 };

/** Definitions that the topology's schema refers to. */
export const topologyDefinitions = {
  ...quantities,
  ecn: {
    type: 'object',
    additionalProperties: false,
    required: ['kmin', 'kmax'],
    properties: {
      kmin: { ...size, description: 'bytes in a queue below which nothing is marked' },
      kmax: { ...size, description: 'bytes from which everything is marked' },
      most: {
        description: 'probability just below kmax; 0.01 unless given',
        type: 'number',
        minimum: 0,
        maximum: 1,
      },
    },
  },
  pfc: {
    type: 'object',
    additionalProperties: false,
    required: ['xoff', 'xon', 'headroom'],
    properties: {
      xoff: { ...size, description: 'bytes from one port at which its sender is paused' },
      xon: { ...size, description: 'bytes at which it goes on' },
      headroom: { ...size, description: 'bytes kept free for what is still on its way' },
    },
  },
  'traffic-class': {
    type: 'object',
    additionalProperties: false,
    required: ['priorities', 'share'],
    properties: {
      priorities: {
        type: 'array',
        minItems: 1,
        items: { type: 'integer', minimum: 0, maximum: 7 },
      },
      share: {
        description: 'percent of what strict priorities leave; those of all classes make 100',
        type: 'number',
        exclusiveMinimum: 0,
        maximum: 100,
      },
    },
  },
  'vl-weights': {
    type: 'array',
    maxItems: 64,
    items: {
      type: 'object',
      additionalProperties: false,
      required: ['vl', 'weight'],
      properties: {
        vl: { type: 'integer', minimum: 0, maximum: 14 },
        weight: {
          description: 'what it may send in its turn, in units of 64 bytes',
          type: 'integer',
          minimum: 0,
          maximum: 255,
        },
      },
    },
  },
  arbitration: {
    description:
      'how lanes of InfiniBand ports share a link (IBA 7.6.9); they take turns otherwise',
    type: 'object',
    additionalProperties: false,
    properties: {
      high: { $ref: '#/$defs/vl-weights', description: 'lanes that go first' },
      low: { $ref: '#/$defs/vl-weights', description: 'all others' },
      limit: {
        description:
          'units of 4,096 bytes after which low priority has its chance; 0: each packet, 255: never',
        type: 'integer',
        minimum: 0,
        maximum: 255,
      },
    },
  },
  settings: { type: 'object', additionalProperties: false, properties: settings },
  switch: {
    description: 'a name, or a name with settings',
    type: ['string', 'object'],
    minLength: 1,
    additionalProperties: false,
    required: ['name'],
    properties: { name: { type: 'string', minLength: 1 }, ...settings },
  },
  link: {
    type: 'object',
    additionalProperties: false,
    required: ['a', 'b'],
    properties: {
      a: { description: 'a host or switch', type: 'string' },
      b: { description: 'a host or switch', type: 'string' },
      rate: { $ref: '#/$defs/rate' },
      metres: { description: 'of cable; 2 unless given', type: 'number', minimum: 0 },
    },
  },
  topology: {
    description:
      "a shape that people name ('pair', 'star' ...) with its numbers, or 'hosts', 'switches' and 'links' one by one",
    type: 'object',
    additionalProperties: false,
    properties: {
      name: { type: 'string' },
      shape: { enum: ['pair', 'star', 'dumbbell', 'leaf-spine', 'fat-tree'] },
      count: { ...count, description: 'hosts of a star, of each side of a dumbbell, of each leaf' },
      leaves: { ...count, description: 'of a leaf-spine' },
      spines: { ...count, description: 'of a leaf-spine' },
      k: { ...count, description: "ports of a fat tree's switches, an even number", multipleOf: 2 },
      rate: { $ref: '#/$defs/rate' },
      metres: { description: 'of every cable; 2 unless given', type: 'number', minimum: 0 },
      hosts: { type: 'array', minItems: 2, items: { type: 'string', minLength: 1 } },
      switches: { type: 'array', items: { $ref: '#/$defs/switch' } },
      links: { type: 'array', minItems: 1, items: { $ref: '#/$defs/link' } },
      'all-switches': { $ref: '#/$defs/settings', description: 'settings of every switch' },
      'all-hosts': {
        $ref: '#/$defs/settings',
        description: "settings of every host's InfiniBand port",
      },
    },
  },
};

/** The schema of a topology file. */
export const topologySchema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'wireverbs topology',
  $ref: '#/$defs/topology',
  $defs: topologyDefinitions,
};

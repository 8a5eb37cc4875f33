// The JSON Schema of a scenario's description. docs/scenario.schema.json is made of it, for editors.

import { atomicTypes, testNames, transports, wires } from '../apps/perftest/index.js';
import { cards, processors } from '../profiles/catalogue.js';
import { topologyDefinitions } from './topology-schema.js';

const count = (description: string, minimum = 1) => ({ description, type: 'integer', minimum });
const text = (description: string) => ({ description, type: 'string', minLength: 1 });
const flag = (description: string) => ({ description, type: 'boolean' });
const size = { $ref: '#/$defs/size' };
const time = { $ref: '#/$defs/time' };
const chance = (description: string) => ({ description, type: 'number', minimum: 0, maximum: 1 });

/** Options of a test of perftest's; names are those of `wireverbs perftest`'s. */
export const testOptions = {
  test: { description: 'what is measured', enum: testNames },
  from: text('the client: the host that sends'),
  to: text('the server'),
  'qp-type': { description: 'service; RC unless given', enum: transports },
  size: { ...size, description: 'bytes of a message' },
  iters: count('messages of each queue pair', 5),
  qps: count('queue pairs'),
  mtu: { description: 'path MTU', enum: [256, 512, 1024, 2048, 4096] },
  ipv6: flag('RoCE v2 over IPv6'),
  'tx-depth': count('work requests posted and not complete'),
  'rx-depth': count('receive requests posted'),
  'post-list': count('work requests a doorbell'),
  'inline-size': count('messages up to this go with their request', 0),
  bidirectional: flag('both sides send at once'),
  'cq-mod': count('a completion every so many messages'),
  'qp-timeout': count('4.096 us x 2^this', 0),
  'retry-count': count('of packets that nobody acknowledges', 0),
  sl: count('service level', 0),
  tos: count('traffic class, of RoCE v2', 0),
  outs: count('READs and atomics under way at once'),
  events: flag('sleep until an interrupt instead of polling'),
  'atomic-type': { description: 'which atomic operation', enum: atomicTypes },
};

/** A test between two hosts. */
const workload = {
  type: 'object',
  additionalProperties: false,
  required: ['test', 'from', 'to'],
  properties: {
    name: text("by which 'expect' knows it; 'w0', 'w1' ... unless given"),
    ...testOptions,
    start: {
      ...time,
      description: 'when it begins, from when the fabric is ready; at once unless given',
    },
  },
};

export const fault = {
  description: 'a rule in words, or odds, or a link that is down for a while',
  type: 'object',
  additionalProperties: false,
  properties: {
    rule: text("such as 'drop the 3rd frame with bth.opcode == RC_RDMA_WRITE_MIDDLE from h0'"),
    from: text('odds: of frames that leave this host or switch; all hosts unless given'),
    loss: chance('that a frame is lost'),
    duplicate: chance('that it comes twice'),
    reorder: chance('that others overtake it'),
    'bit-errors': chance('of each bit'),
    delay: { ...time, description: 'that every frame waits' },
    jitter: { ...time, description: 'by which that varies' },
    link: {
      description: 'two neighbours, as [h0, s0]',
      type: 'array',
      minItems: 2,
      maxItems: 2,
      items: { type: 'string' },
    },
    down: { ...time, description: 'when the link goes down' },
    up: { ...time, description: 'when it comes back' },
  },
};

const bound = { description: 'a number, or a rate, size or time', type: ['number', 'string'] };
const expectation = {
  type: 'object',
  additionalProperties: false,
  required: ['value'],
  properties: {
    value: text(
      "a value of the results, such as 'workloads.w0.bandwidth', 'switches.s0.drops', 'hosts.h1.out_of_sequence'",
    ),
    equals: { ...bound, type: ['number', 'string', 'boolean'] },
    above: bound,
    below: bound,
    'at-least': bound,
    'at-most': bound,
  },
};

/** The schema of a scenario's description. */
export const scenarioSchema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'wireverbs scenario',
  type: 'object',
  additionalProperties: false,
  required: ['workloads'],
  properties: {
    $schema: { type: 'string' },
    title: text('what it shows'),
    wire: { description: 'what carries the packets; rocev2 unless given', enum: wires },
    kind: {
      description: 'Ethernet switches or IP routers; follows from the topology unless given',
      enum: ['switched', 'routed', 'infiniband'],
    },
    ipv6: flag('hosts are first of all known by their IPv6 addresses'),
    nic: { description: 'the card of every host', enum: [...cards.keys()] },
    cpu: { description: 'the processor of every host', enum: [...processors.keys()] },
    seed: count('of what is left to chance; 1 unless given', 0),
    topology: {
      $ref: '#/$defs/topology',
      description: 'hosts, switches and links; two hosts and a cable unless given',
    },
    'topology-file': text('a topology in a file of its own, beside this one'),
    workloads: { type: 'array', minItems: 1, items: workload },
    faults: { type: 'array', items: fault },
    captures: {
      type: 'array',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['file'],
        properties: {
          file: text('pcapng'),
          at: {
            description: "hosts by name, ports of switches as 's0.2'; all hosts unless given",
            type: 'array',
            items: { type: 'string' },
          },
        },
      },
    },
    end: { ...time, description: 'when it ends at the latest' },
    expect: { description: 'what must hold in the end', type: 'array', items: expectation },
  },
  $defs: topologyDefinitions,
};

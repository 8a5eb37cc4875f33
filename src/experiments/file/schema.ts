// The JSON Schema of an experiment's file. docs/experiment.schema.json is made of it, for editors; the reader checks by it.

import { blockPatterns } from '../../apps/blockjob/index.js';
import { paths, pathTitles } from '../../apps/compare/index.js';
import { tcpTestNames } from '../../apps/tcptest/index.js';
import { cards, hypervisors, kernels, media, processors, slots } from '../../profiles/catalogue.js';
import { fault, testOptions } from '../../scenario/scenario-schema.js';
import { topologyDefinitions } from '../../scenario/topology-schema.js';
import { congestionNames } from '../../tcp/index.js';
import { profileSchema } from './profile-value.js';
import { deviceNames, placementNames } from './text.js';

const count = (description: string, minimum = 1) => ({ description, type: 'integer', minimum });
const text = (description: string) => ({ description, type: 'string', minLength: 1 });
const flag = (description: string) => ({ description, type: 'boolean' });
const size = { $ref: '#/$defs/size' };
const time = { $ref: '#/$defs/time' };
const object = (description: string, properties: object, required: readonly string[] = []) => ({
  description,
  type: 'object',
  additionalProperties: false,
  ...(required.length > 0 && { required }),
  properties,
});

const host = object('what a host is made of', {
  cpu: profileSchema('processor with its kernel', processors, 'xeonhaswell'),
  nic: profileSchema('card', cards, 'connectx5'),
  pcie: profileSchema(
    'slot of the card; the one that the card was measured in unless given',
    slots,
    'pciegen3x16',
  ),
  memory: { ...size, description: 'of each NUMA node; 1 GiB unless given, backed when touched' },
  nodes: count('NUMA nodes, which share the cores evenly; 1 unless given'),
  'slot-node': count(
    "the node that the card's slot belongs to: its DMA to other nodes takes longer",
    0,
  ),
  kernel: profileSchema("what parts of the kernel's network stack take", kernels, 'linux54'),
});

const options = object('how the transport is set up; as Linux and the cards have it unless given', {
  mtu: count('of Ethernet links; 4200 unless given, which carries RDMA packets of 4096 bytes', 512),
  tso: flag('the card cuts TCP segments'),
  gro: flag('received TCP segments are merged'),
  arfs: flag("frames of a TCP flow interrupt their program's core"),
  coalesce: {
    description: "time between interrupts of the Ethernet card, or 'adaptive'",
    anyOf: [time, { const: 'adaptive' }],
  },
  'busy-poll': { ...time, description: 'that a socket polls the card before it sleeps' },
  congestion: { description: "TCP's congestion control", enum: congestionNames },
});

const fabric = object('what connects the hosts; a cable between two unless given', {
  topology: { $ref: '#/$defs/topology', description: 'hosts, switches and links' },
  'topology-file': text('a topology in a file of its own, beside this one'),
  kind: {
    description: 'Ethernet switches or IP routers; follows from the topology unless given',
    enum: ['switched', 'routed', 'infiniband'],
  },
  ipv6: flag('hosts are first of all known by their IPv6 addresses'),
});

const ends = {
  from: text("the client: the host that sends; the topology's first unless given"),
  to: text("the server; the topology's second unless given"),
};

const block = object(
  "what fio does with a disk: here the pool's first volume, over the transport",
  {
    rw: { description: 'in order or anywhere; reading, writing or both', enum: blockPatterns },
    from: ends.from,
    'block-size': {
      description: 'bytes of a request; of several sizes each is as likely; 4 KiB unless given',
      anyOf: [size, { type: 'array', minItems: 1, items: size }],
    },
    depth: count('requests under way at once, of each job; 1 unless given'),
    jobs: count('threads, each with a part of the disk of its own'),
    'read-percent': {
      ...count('of a mix, how many of a hundred requests are reads; 50 unless given', 0),
      maximum: 100,
    },
    area: { ...size, description: 'of the disk, that each job uses; 4 MiB at least unless given' },
    think: { ...time, description: "from a request's end to the next one's beginning" },
    operations: count('requests of each job that count; 1000 unless given'),
    bytes: { ...size, description: 'of each job: fewer operations where they would move more' },
    duration: { ...time, description: 'instead of operations: for how long they are made' },
    'warm-up': count('requests of each job that go before and do not count', 0),
    'flush-every': count('a flush after so many writes; 0: none', 0),
    fua: flag('every write is durable when it is done'),
    verify: flag('every block that is read must hold what was written last; true unless given'),
  },
  ['rw'],
);

const vm = {
  device: {
    description:
      "how it has its disk or network: emulated or virtio from the host's driver or bridge, or its own driver on a virtual function (vf) or the whole card (passthrough), which verbs need; host: no VM, the program runs on the host",
    enum: deviceNames,
  },
  placement: {
    description:
      'pinned: each virtual CPU has a core that it shares with nobody; shared: the virtual CPUs of all VMs take turns on all cores',
    enum: placementNames,
  },
  vcpus: count('virtual CPUs of each VM; 2 unless given'),
  memory: { ...size, description: 'of the VM; what the job needs unless given' },
  pages: {
    ...size,
    description: 'chunks of machine memory: 4KiB, 2MiB or 1GiB; 2 MiB unless given',
  },
  node: count('NUMA node of its memory; 0 unless given', 0),
  cores: {
    description: 'where pinned virtual CPUs run; the first free ones from core 2 on unless given',
    type: 'array',
    minItems: 1,
    items: count('a core', 0),
  },
  profile: profileSchema('what virtualization costs', hypervisors, 'kvmpolling'),
};

const vms = object(
  'the VM in which the client or the program of a block job runs, and those beside it; of several workloads each has a VM',
  {
    ...vm,
    neighbours: count('other VMs, where cores are shared; none unless given', 0),
    load: {
      ...count('percent of the time that neighbours compute; 50 unless given', 0),
      maximum: 100,
    },
  },
);

const pool = object('what serves the disk, and on what it lies', {
  host: text('that has the volume; the first of the nodes unless given'),
  nodes: {
    ...count(
      "the topology's last hosts; as many as copies unless given. Without a topology several nodes and the host are around a switch",
    ),
    maximum: 3,
  },
  replicas: {
    ...count(
      'copies of the volume on as many nodes: a write is done when all have it; 1 unless given',
    ),
    maximum: 3,
  },
  backend: {
    description:
      'what keeps the data; file and nbd answer in real time, which no experiment has, and are refused',
    enum: ['memory', 'file', 'nbd'],
  },
  thin: flag('what was never written takes no room; true unless given'),
  clone: flag(
    'a clone of a volume that is full: what is written first is copied, 64 KiB at a time',
  ),
  'snapshot-every': {
    ...time,
    description: 'a snapshot of every copy so often while the job runs: first writes after it copy',
  },
  limits: object('what hosts may ask of the volume', {
    iops: count('requests a second'),
    bandwidth: { ...size, description: 'bytes a second' },
    burst: { ...time, description: 'after idling, so much of it at once; 100 ms unless given' },
  }),
  volume: { ...size, description: 'of the disk; as large as the job needs unless given' },
  media: profileSchema('what the volume lies on', media, 'memory'),
  queues: count('I/O queues; one a core unless given'),
  entries: count('of each queue; 128 unless given', 2),
  digests: flag('NVMe/TCP has header and data digests'),
});

const kinds = {
  block,
  perftest: object(
    "a test of linux-rdma's perftest, over any transport but tcp",
    { ...testOptions, ...ends },
    ['test'],
  ),
  tcp: object(
    'messages over sockets of two kernels: a stream, or requests and answers',
    {
      test: { description: 'stream, half a round trip, or transactions', enum: tcpTestNames },
      ...ends,
      size: { ...size, description: 'bytes of a message' },
      iters: count('messages of each connection', 5),
      connections: count('each with a thread on either side'),
      cores: count('that threads are spread over; as many as connections unless given'),
      'client-cores': count('the same of the client alone: one for outcast'),
      'server-cores': count('of the server alone: one for incast'),
      bidirectional: flag('both sides send at once'),
      'zero-copy': flag('send with MSG_ZEROCOPY'),
      'socket-bytes': {
        ...size,
        description: 'SO_SNDBUF and SO_RCVBUF; grown as needed unless given',
      },
      'warm-up': count('messages that go before and are not counted', 0),
    },
    ['test'],
  ),
};

const one = {
  ...object('one of these', kinds),
  minProperties: 1,
  maxProperties: 1,
};

const task = {
  ...object('one of several workloads', {
    ...kinds,
    name: text('of its results; its kind and number unless given'),
    count: count('as many of it, each in a VM of its own; 1 unless given', 0),
    background: flag('it goes on, whatever it was asked for, until all that are not have ended'),
    vm: object("the VM that it runs in, where it differs from 'vms'", vm),
  }),
  oneOf: Object.keys(kinds).map((name) => ({ required: [name] })),
};

const workload = {
  description: 'what is run: one thing, or a list of what is run at the same time',
  if: { type: 'array' },
  // biome-ignore lint/suspicious/noThenProperty: the word is JSON Schema's
  then: { type: 'array', minItems: 1, items: task },
  else: one,
};

const sweep = {
  description:
    "values by path, such as 'workload.perftest.size': every combination of them is run, the last path's values change first",
  type: 'object',
  minProperties: 1,
  additionalProperties: { type: 'array', minItems: 1 },
};

/** The members of one combination. */
const members = {
  $schema: { type: 'string' },
  experiment: text('its title: what is asked'),
  about: text('more of that'),
  seed: count('of what is left to chance; 1 unless given', 0),
  transport: {
    description: `what carries the messages: ${paths.map((path) => `${path} (${pathTitles[path]})`).join(', ')}; rocev2 unless given`,
    enum: paths,
  },
  options,
  fabric,
  hosts: {
    description: "hardware of hosts by name; 'all' is what those have that do not say otherwise",
    type: 'object',
    additionalProperties: host,
  },
  vms,
  pool,
  workload,
  faults: { type: 'array', items: fault },
  end: { ...time, description: 'when a run ends at the latest' },
};

const head = { $schema: 'https://json-schema.org/draft/2020-12/schema', type: 'object' };

/** The schema of one combination, after sweeps have set its values. */
export const pointSchema = {
  ...head,
  additionalProperties: false,
  required: ['experiment', 'workload'],
  properties: members,
  $defs: topologyDefinitions,
};

/** The schema of an experiment's file. */
export const experimentSchema = {
  ...pointSchema,
  title: 'wireverbs experiment',
  properties: {
    ...members,
    sweep: {
      description: 'one set of sweeps, or several, one after the other',
      anyOf: [sweep, { type: 'array', minItems: 1, items: sweep }],
    },
    except: {
      description:
        'combinations that are left out: those that have all of these values, or one of a list',
      type: 'array',
      items: { type: 'object', minProperties: 1 },
    },
  },
};

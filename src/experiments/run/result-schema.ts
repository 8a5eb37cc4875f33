// The JSON Schema of a line of results: docs/result.schema.json is made of it, so that who reads lines knows every name and
// unit. Lines are tested against it.

const number = (description: string) => ({ description, type: 'number' });
const text = (description: string) => ({ description, type: 'string' });
const list = (description: string, items: object) => ({ description, type: 'array', items });
const object = (description: string, properties: object, optional: readonly string[] = []) => ({
  description,
  type: 'object',
  additionalProperties: false,
  required: Object.keys(properties).filter((name) => !optional.includes(name)),
  properties,
});
const byHost = (items: object) => ({ type: 'object', additionalProperties: items });

const latency = object('of single operations, in nanoseconds; percentiles to three figures', {
  count: number('operations'),
  minNs: number('shortest'),
  meanNs: number('mean'),
  p50Ns: number('median'),
  p90Ns: number('90 % are not longer'),
  p99Ns: number('99 %'),
  p999Ns: number('99.9 %'),
  p9999Ns: number('99.99 %'),
  maxNs: number('longest'),
});

const operation = object(
  'one kind of operation',
  {
    operation: text("'read', 'write', 'send' ..."),
    count: number('operations that ended well'),
    bytes: number('bytes that they moved'),
    operationsPerSecond: number('of simulated time'),
    bitsPerSecond: number('of simulated time'),
    latency,
  },
  ['latency'],
);

const stage = object('one stage', {
  stage: text('a program, interrupts and softirqs, context switches; polling apart'),
  nsPerOperation: number('of all cores, for one operation'),
});

const core = object('one core, in percent of the time', {
  core: number('its number'),
  workPercent: number('programs and their system calls'),
  pollPercent: number('programs that look again and again'),
  interruptPercent: number('interrupts and softirqs'),
  switchPercent: number('from one thread to another'),
});

const counts = object('what happened on a host in all', {
  copies: number('copies by CPUs'),
  bytesCopied: number('bytes copied by CPUs'),
  systemCalls: number('system calls'),
  interrupts: number('interrupts'),
  contextSwitches: number('context switches'),
  doorbells: number('doorbells'),
  dmaReads: number('DMA transfers from memory'),
  dmaReadBytes: number('bytes'),
  dmaWrites: number('DMA transfers to memory'),
  dmaWriteBytes: number('bytes'),
  cpuNs: number('of cores at work'),
  pollNs: number('of cores that poll'),
  framesSent: number('frames'),
  frameBytesSent: number('bytes of them, without frame check sequences'),
  exits: number('times that guests left their cores'),
  injections: number('interrupts given to guests'),
});

const host = object('what an operation took of one host', {
  cpu: object(
    'its processor',
    {
      workPercent: number('of one core, all cores together: at work'),
      pollPercent: number('the same: polling'),
      workNsPerOperation: number('at work, for one operation; without what neighbours compute'),
      pollNsPerOperation: number('polling, for one operation'),
      cores: list('cores that did anything', core),
      stages: list('where the time went, longest first', stage),
      kernel: list("the kernel's network stack by category (Cai et al., SIGCOMM 2021)", stage),
    },
    ['kernel'],
  ),
  counts,
});

const vm = object('the VM in which the program ran', {
  exitsPerOperation: {
    description: "by reason, with Intel's names in short",
    type: 'object',
    additionalProperties: { type: 'number' },
  },
  stealPercent: number(
    'of the time: its virtual CPUs could have run and others had their cores; all together',
  ),
});

const resource = object('a resource', {
  resource: text('a core, a card, a slot, or one direction of a link'),
  busyPercent: number('of the time'),
});

const failure = text("why it came to nothing or ended early; '' when it ended well");

const outcome = {
  operations: list('what came out, a kind of operation each', operation),
  verified: object('what was read back and held against what was written', {
    blocks: number('blocks that were read back'),
    wrong: number('blocks that were not what was written last'),
  }),
  pool: object("what became of the pool's volume", {
    copies: list(
      'of each node, first the one that has the volume',
      object('a copy', {
        host: text('the node'),
        state: { description: 'whole, being filled, or failed', enum: ['in', 'back', 'out'] },
        allocatedBytes: number('that its node holds for it'),
      }),
    ),
    snapshots: number('taken while the job ran'),
    failures: number('copies that failed'),
    returns: number('copies that came back'),
    copiedBytes: number('that they were filled with'),
  }),
};

/** The schema of one line. */
export const resultSchema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'wireverbs result',
  ...object(
    'what one combination of an experiment came to: nothing in it depends on the machine that ran it',
    {
      schema: { const: 'wireverbs-result-1' },
      experiment: text("the experiment's title"),
      point: number('which combination, from 0 on'),
      points: number('of how many'),
      set: { description: 'what the sweeps set for it, by path', type: 'object' },
      seed: number('of what was left to chance'),
      failure,
      ...outcome,
      workloads: list(
        'of several workloads at once what came of each; operations, verified and pool are theirs',
        object('a workload', { name: text('its name'), failure, ...outcome, vm }, [
          'verified',
          'pool',
          'vm',
        ]),
      ),
      measured: object(
        'what it took, from when all was connected and warm to the last operation',
        {
          durationNs: number('simulated time'),
          hosts: byHost(host),
          vm,
          resources: list('the busiest, most used first', resource),
          bottleneck: { ...resource, description: 'the busiest of all' },
        },
        ['vm'],
      ),
    },
    ['verified', 'pool', 'workloads', 'measured'],
  ),
};

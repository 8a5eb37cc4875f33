// What a perftest run is asked for, and perftest's own defaults and limits (linux-rdma/perftest, perftest_parameters.h and
// force_dependecies of perftest_parameters.c). What the standard forbids is refused here by name.

/** What is done to the other side's memory or queues. */
export const verbs = ['write', 'read', 'send', 'atomic'] as const;
export type Verb = (typeof verbs)[number];
export type Metric = 'bw' | 'lat';
export type TestName = `${Verb}_${Metric}`;
export const testNames: readonly TestName[] = verbs.flatMap(
  (verb) => [`${verb}_bw`, `${verb}_lat`] as const,
);

export const wires = ['ib', 'rocev1', 'rocev2', 'iwarp'] as const;
/** What carries the packets: native InfiniBand, RoCE v1, RoCE v2 or iWARP. */
export type WireName = (typeof wires)[number];

export const transports = ['RC', 'UC', 'UD'] as const;
/** The service of a queue pair: reliable or unreliable connection, or unreliable datagrams. */
export type Transport = (typeof transports)[number];

export const atomicTypes = ['FETCH_AND_ADD', 'CMP_AND_SWAP'] as const;
/** Which of the two atomic operations. */
export type AtomicType = (typeof atomicTypes)[number];

/** What may be asked for; what is left out gets perftest's default. */
export interface PerftestOptions {
  readonly test: TestName;
  readonly wire?: WireName;
  readonly qpType?: Transport;
  /** Bytes of a message. */
  readonly size?: number;
  readonly iters?: number;
  readonly qps?: number;
  /** Path MTU in bytes. */
  readonly mtu?: number;
  readonly ipv6?: boolean;
  readonly txDepth?: number;
  readonly rxDepth?: number;
  /** Work requests a doorbell. */
  readonly postList?: number;
  /** Up to so many bytes go with the work request itself. */
  readonly inlineSize?: number;
  readonly bidirectional?: boolean;
  /** A completion every so many work requests. */
  readonly cqMod?: number;
  /** 4.096 us times 2 to this. */
  readonly qpTimeout?: number;
  readonly retryCount?: number;
  readonly serviceLevel?: number;
  /** Traffic class, DSCP and ECN (RoCE v2). */
  readonly tos?: number;
  /** READs and atomics under way at once. */
  readonly outstandingReads?: number;
  /** Sleep until an interrupt tells of completions, instead of polling. */
  readonly events?: boolean;
  readonly atomicType?: AtomicType;
  readonly noPeak?: boolean;
}

/** A run with everything decided. */
export interface PerftestParameters extends Required<PerftestOptions> {
  readonly verb: Verb;
  readonly metric: Metric;
  /** Latency is half of the round trip where the other side answers with the same operation. */
  readonly roundTrips: 1 | 2;
}

const DEFAULT_SIZE = { bw: 65_536, lat: 2 } as const;
const ATOMIC_SIZE = 8;
const DEFAULT_ITERS = { bw: 5000, lat: 1000 } as const;
const DEFAULT_TX_DEPTH = { bw: 128, lat: 1 } as const;
const DEFAULT_RX_DEPTH = 512;
/** Receive depth of one-sided tests, which receive nothing. */
const RX_DEPTH_RDMA = 1;
/** Datagrams and UC lose what finds no receive request: as many as there are messages, up to this. */
const MOST_RX_UNRELIABLE = 16_000;
const DEFAULT_CQ_MOD = 100;
/** Above this size every message has its completion, or the bandwidth would be measured too coarsely. */
const CQ_MOD_MOST_SIZE = 8192;
/** Sizes that go inline in latency tests; bandwidth tests have none. */
const INLINE_WRITE = 220;
const INLINE_SEND = 236;
const INLINE_SEND_UD = 188;
const DEFAULT_QP_TIMEOUT = 14;
const DEFAULT_RETRIES = 7;
const DEFAULT_MTU = 4096;
/** IBA 9.4.4: READs and atomics that ConnectX-class devices have under way. */
const DEFAULT_OUTSTANDING_READS = 16;
/** Longest message of perftest. */
export const MOST_SIZE = 8 << 20;
/** The peak is sought among all pairs of instants, up to so many messages. */
const MOST_WITH_PEAK = 20_000;

interface Bound {
  readonly option: keyof PerftestOptions & keyof PerftestParameters;
  readonly least: number;
  readonly most: number;
}

const bounds: readonly Bound[] = [
  { option: 'size', least: 1, most: MOST_SIZE },
  { option: 'iters', least: 5, most: 100_000_000 },
  { option: 'qps', least: 1, most: 16_384 },
  { option: 'txDepth', least: 1, most: 15_000 },
  { option: 'rxDepth', least: 1, most: 16_384 },
  { option: 'postList', least: 1, most: 15_000 },
  { option: 'inlineSize', least: 0, most: 912 },
  { option: 'cqMod', least: 1, most: 1024 },
  { option: 'qpTimeout', least: 0, most: 31 },
  { option: 'retryCount', least: 0, most: 7 },
  { option: 'serviceLevel', least: 0, most: 15 },
  { option: 'tos', least: 0, most: 255 },
  { option: 'outstandingReads', least: 1, most: 128 },
];

const mtus = [256, 512, 1024, 2048, 4096];

/** 'write_bw' in its two parts. */
export function partsOf(test: TestName): { readonly verb: Verb; readonly metric: Metric } {
  const [verb, metric] = test.split('_') as [Verb, Metric];
  return { verb, metric };
}

/** What people call the operation. */
const titles: Readonly<Record<Verb, string>> = {
  write: 'RDMA WRITE',
  read: 'RDMA READ',
  send: 'SEND',
  atomic: 'atomic operations',
};
const services: Readonly<Record<Transport, string>> = {
  RC: 'a reliable connection (RC)',
  UC: 'an unreliable connection (UC)',
  UD: 'unreliable datagrams (UD)',
};
/** Which service carries what (IBA 9.4, table 35: transport functions by service). */
const carried: Readonly<Record<Transport, readonly Verb[]>> = {
  RC: verbs,
  UC: ['write', 'send'],
  UD: ['send'],
};

function refuse(p: PerftestParameters, given: PerftestOptions): void {
  const fail = (words: string): never => {
    throw new RangeError(`${p.test} with --qp-type ${p.qpType}: ${words}`);
  };
  if (p.wire === 'iwarp' && p.qpType !== 'RC')
    fail('iWARP has reliable connections alone (RFC 5040)');
  if (!carried[p.qpType].includes(p.verb)) {
    const can = transports.filter((service) => carried[service].includes(p.verb)).join(' or ');
    const not = p.verb === 'atomic' ? 'do not' : 'does not';
    fail(`${titles[p.verb]} ${not} exist on ${services[p.qpType]} (IBA 9.4): use ${can}`);
  }
  for (const { option, least, most } of bounds) {
    const value = p[option] as number;
    if (!(Number.isInteger(value) && value >= least && value <= most))
      throw new RangeError(
        `${option}: expected a whole number from ${least} to ${most}, found ${value}`,
      );
  }
  if (!mtus.includes(p.mtu))
    throw new RangeError(`mtu: expected ${mtus.join(', ')}, found ${p.mtu}`);
  if (p.verb === 'atomic' && p.size !== ATOMIC_SIZE)
    fail(`atomic operations are of ${ATOMIC_SIZE} bytes (IBA 9.4.5), not ${p.size}`);
  if (p.qpType === 'UD' && p.size > p.mtu)
    fail(`a datagram is one packet of at most the MTU, ${p.mtu} bytes, not ${p.size} (IBA 9.8.2)`);
  if (p.metric === 'lat' && p.qps > 1) fail('latency is measured with one queue pair');
  if (p.metric === 'lat' && given.bidirectional) fail('latency tests go both ways in turn already');
  if (p.ipv6 && p.wire !== 'rocev2' && p.wire !== 'iwarp')
    fail(`--ipv6 is for RoCE v2 and iWARP; ${p.wire} has no IP header`);
}

/**
 * Decides what was left open, as perftest does.
 * @throws RangeError that names what cannot be: an operation that the service does not have, a size, a count
 */
export function perftestParameters(given: PerftestOptions): PerftestParameters {
  const { verb, metric } = partsOf(given.test);
  const qpType = given.qpType ?? 'RC';
  const mtu = given.mtu ?? DEFAULT_MTU;
  const usual = verb === 'atomic' ? ATOMIC_SIZE : DEFAULT_SIZE[metric];
  const size = given.size ?? (qpType === 'UD' ? Math.min(usual, mtu) : usual);
  const iters = given.iters ?? DEFAULT_ITERS[metric];
  const qps = given.qps ?? 1;
  const txDepth = Math.min(given.txDepth ?? DEFAULT_TX_DEPTH[metric], iters);
  const postList = given.postList ?? 1;
  const parameters: PerftestParameters = {
    test: given.test,
    verb,
    metric,
    wire: given.wire ?? 'rocev2',
    qpType,
    size,
    iters,
    qps,
    mtu,
    ipv6: given.ipv6 ?? false,
    txDepth,
    rxDepth: rxDepthOf(given, verb, qpType, iters),
    postList: Math.min(postList, txDepth),
    inlineSize: given.inlineSize ?? inlineOf(verb, metric, qpType),
    bidirectional: given.bidirectional ?? false,
    cqMod: cqModOf(given, metric, qpType, size, txDepth),
    qpTimeout: given.qpTimeout ?? DEFAULT_QP_TIMEOUT,
    retryCount: given.retryCount ?? DEFAULT_RETRIES,
    serviceLevel: given.serviceLevel ?? 0,
    tos: given.tos ?? 0,
    outstandingReads: given.outstandingReads ?? DEFAULT_OUTSTANDING_READS,
    events: given.events ?? false,
    atomicType: given.atomicType ?? 'FETCH_AND_ADD',
    noPeak: given.noPeak ?? iters * qps > MOST_WITH_PEAK,
    roundTrips: verb === 'read' || verb === 'atomic' ? 1 : 2,
  };
  refuse(parameters, given);
  return parameters;
}

function rxDepthOf(given: PerftestOptions, verb: Verb, qpType: Transport, iters: number): number {
  if (verb !== 'send') return given.rxDepth ?? RX_DEPTH_RDMA;
  if (given.rxDepth === undefined && qpType !== 'RC') return Math.min(iters, MOST_RX_UNRELIABLE);
  return Math.min(given.rxDepth ?? DEFAULT_RX_DEPTH, iters);
}

function inlineOf(verb: Verb, metric: Metric, qpType: Transport): number {
  if (metric === 'bw' || verb === 'read' || verb === 'atomic') return 0;
  if (verb === 'write') return INLINE_WRITE;
  return qpType === 'UD' ? INLINE_SEND_UD : INLINE_SEND;
}

function cqModOf(
  given: PerftestOptions,
  metric: Metric,
  qpType: Transport,
  size: number,
  txDepth: number,
): number {
  const large = size > CQ_MOD_MOST_SIZE && qpType !== 'UD';
  const usual = metric === 'lat' || large ? 1 : DEFAULT_CQ_MOD;
  return Math.min(given.cqMod ?? usual, txDepth);
}

/** The sizes of `--size all`: powers of two, as far as one message can be. */
export function allSizes(test: TestName, qpType: Transport, mtu = DEFAULT_MTU): number[] {
  if (partsOf(test).verb === 'atomic') return [ATOMIC_SIZE];
  const most = qpType === 'UD' ? mtu : MOST_SIZE;
  const sizes: number[] = [];
  for (let size = 2; size <= most; size *= 2) sizes.push(size);
  return sizes;
}

/** Messages of one size in `--size all` where no number is given: some 32 MiB, for the largest would take minutes. */
const SWEEP_BYTES = 32 << 20;
const LEAST_SWEEP = 16;

/** How many messages of `size` to send where nobody said. */
export function sweepIters(test: TestName, size: number): number {
  const { metric } = partsOf(test);
  return Math.max(LEAST_SWEEP, Math.min(DEFAULT_ITERS[metric], Math.floor(SWEEP_BYTES / size)));
}

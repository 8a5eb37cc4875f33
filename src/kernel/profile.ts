// What kernels and Ethernet cards differ in, as data. Numbers are in `profiles/kernel.ts`, with their sources.

/** Cycles of one core, unless a name says otherwise; the category of Cai et al. (SIGCOMM 2021, table 1) is in brackets. */
export interface KernelProfile {
  readonly name: string;
  /** A call of a socket behind the system call: descriptor lookup, checks (etc). */
  readonly socketCall: number;
  /** Locks of a call: descriptor and socket (lock). */
  readonly socketLock: number;
  /** Locks of an skb on its way up or down (lock). */
  readonly skbLock: number;
  /** Locks of a queue that a packet is put into: the queue discipline's and the driver's (lock). */
  readonly queueLock: number;
  /** Cycles a byte from the user's buffer to the kernel (data_copy). */
  readonly copyIn: number;
  /** The same back: of bytes that are in the cache where DMA put them, of others, of bytes in the other node's cache (data_copy). */
  readonly copyOutCached: number;
  readonly copyOutMissed: number;
  readonly copyOutRemote: number;
  /** A page of 4 KiB taken and given back (mm). */
  readonly pageAlloc: number;
  readonly pageFree: number;
  /** 4 KiB of a socket's page fragments, taken and given back (mm). */
  readonly fragmentPage: number;
  /** Mapping pages: the call, with its locks and the translations that other cores forget; each page (mm). */
  readonly mapCall: number;
  readonly mapPage: number;
  /** A user's page pinned and let go (mm). */
  readonly pagePin: number;
  /** The memory of an skb and its headers, taken and given back (mm). */
  readonly skbMemory: number;
  /** An skb made, and given back (skb). */
  readonly skbAlloc: number;
  readonly skbFree: number;
  /** TCP and IP for one skb out, one skb in with text, one acknowledgment in, one acknowledgment out (tcp/ip). */
  readonly tcpOut: number;
  readonly tcpIn: number;
  readonly ackIn: number;
  readonly ackOut: number;
  /** TCP's part of reading one packet (tcp/ip). */
  readonly tcpRead: number;
  /** How much dearer received text is to TCP and to locks when softirq and program run on different cores. */
  readonly crossCore: number;
  /** Reading the clock and setting timers for one skb out (etc). */
  readonly clockOut: number;
  /** Queue discipline and driver for one skb out, one more descriptor, one skb cleaned (netdev). */
  readonly deviceOut: number;
  readonly descriptorOut: number;
  readonly cleaned: number;
  /** One skb through the device `lo`, down and up (netdev). */
  readonly loopback: number;
  /** Ringing the doorbell: the uncached write (netdev). */
  readonly doorbell: number;
  /** One segment cut by the kernel (netdev), beside its skb. */
  readonly gsoSegment: number;
  /** The driver's part of one frame in; merging it; one round of polling (netdev). */
  readonly deviceIn: number;
  readonly groFrame: number;
  readonly poll: number;
  /** From a device's interrupt to its softirq (etc), beside the interrupt itself. */
  readonly softirq: number;
  /** A core that was idle leaves its idle loop for an interrupt, and goes back there (sched). */
  readonly leaveIdle: number;
  /** Waking a thread, on the core that wakes it (sched). */
  readonly wakeThread: number;
  /** A thread that finds nothing and gives its core up (sched). */
  readonly blockThread: number;
  /** Cycles a byte of a checksum in software (tcp/ip). */
  readonly checksum: number;
  /** A completion notice of MSG_ZEROCOPY (etc). */
  readonly notice: number;
  /** epoll_wait for one ready descriptor (etc). */
  readonly epollEvent: number;
  /** vhost_net sends guests' frames from where they lie. */
  readonly vhostLends: boolean;
}

/** When a card that may interrupt does so. */
export type Throttle =
  /** So long after the first packet (mlx5: the period begins with an event). */
  | 'delay'
  /** When nothing has come for so long, or so many packets have (mlx5: the period begins with each completion). */
  | 'quiet'
  /** At once, but not sooner than so long after the last time (Intel). */
  | 'interval';

/** Moderation by frames a second: below and above two rates so many microseconds, in between in proportion. */
export interface RateRule {
  readonly lowRate: number;
  readonly lowUs: number;
  readonly highRate: number;
  readonly highUs: number;
  /** Frames of no more bytes than this on average count as few. */
  readonly smallBytes: number;
  /** How often the rate is looked at. */
  readonly sampleNs: number;
}

/** The Ethernet side of a card. */
export interface EthernetProfile {
  readonly name: string;
  /** From a doorbell to its descriptors being asked for, and from bytes of a frame to the wire. */
  readonly txLatencyNs: number;
  /** It looks for doorbells in rounds of so long; at once unless given. */
  readonly bellRoundNs?: number;
  /** From a whole frame to its DMA. */
  readonly rxLatencyNs: number;
  /** What one frame takes at least in each direction. */
  readonly txPacketNs: number;
  readonly rxPacketNs: number;
  /** Bytes that wait for the wire inside. */
  readonly txBufferBytes: number;
  /** Descriptors that are read at once. */
  readonly descriptorBatch: number;
  readonly throttle: Throttle;
  /** Moderation follows the load unless set otherwise: by Linux's DIM, or by the driver's own rule. */
  readonly adaptive: false | 'dim' | RateRule;
  /** Unless set otherwise: microseconds, and frames that are worth an interrupt at once. */
  readonly coalesceUs: number;
  /** The same of frames that were sent, which nobody waits for (tx-usecs, tx-frames). */
  readonly sendCoalesceUs: number;
  readonly sendCoalesceFrames: number;
  readonly coalesceFrames: number;
}

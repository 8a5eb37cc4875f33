// Linux's rdma_rxe as judge: its requests, replayed into our responder, get Linux's own answers byte for byte; its work
// requests, posted here, become its request packets byte for byte. Addresses, queue pair numbers, PSNs, keys and memory
// are those of the capture; IPv4 identifications, which a kernel draws from a hash with a secret, are taken from it.

import { dissect, hexDump, opcodeByCode, psnDiff } from '../../protocols/index.js';
import { FramePool } from '../../src/frame/index.js';
import {
  AddressSpace,
  DmaEngine,
  KeyTable,
  Ledger,
  MachineMemory,
  PcieLink,
} from '../../src/memory/index.js';
import {
  allocPd,
  createAh,
  createCq,
  createQp,
  gidOf,
  MemoryPort,
  modifyQp,
  openDevice,
  postRecv,
  postSend,
  type QpType,
  type QueuePair,
  RdmaDevice,
  regMr,
  rxeProfile,
  type SendWr,
} from '../../src/rdma/index.js';
import { type Nanos, Random } from '../../src/time/index.js';
import { pcie } from '../support/back-to-back.js';
import { capturedFrames } from '../support/capture.js';
import { assert, spec } from '../support/spec.js';

/** One packet of the capture, as far as the replay needs it. */
interface Seen {
  readonly number: number;
  readonly bytes: Uint8Array;
  readonly src: string;
  readonly dst: string;
  readonly sport: number;
  readonly id: number;
  readonly code: number;
  readonly destQp: number;
  readonly psn: number;
  readonly kind: string;
  readonly field: (layer: string, name: string) => number | bigint | undefined;
  readonly payload: Uint8Array;
}

function see(number: number, bytes: Uint8Array): Seen | undefined {
  const { layers } = dissect(bytes, { linkType: 1 });
  const layer = (key: string) => layers.find((l) => l.key === key);
  const bth = layer('bth');
  const ip = layer('ipv4');
  if (!bth || !ip) return undefined;
  const text = (value: number) =>
    [...new Uint8Array(new Uint32Array([value]).buffer)].reverse().join('.');
  const payload = layers.find((l) => l.at >= bth.end && l.key === 'payload');
  return {
    number,
    bytes,
    src: text(ip.number('src')),
    dst: text(ip.number('dst')),
    sport: layer('udp')!.number('srcPort'),
    id: ip.number('identification'),
    code: bth.number('opcode'),
    destQp: bth.number('destQp'),
    psn: bth.number('psn'),
    kind: opcodeByCode[bth.number('opcode')]!.kind,
    field: (key, name) => layer(key)?.get(name) as number | bigint | undefined,
    payload: payload ? bytes.slice(payload.at, payload.end) : new Uint8Array(0),
  };
}

const GSI = 1;
const packets = capturedFrames('rxe-v4.pcap')
  .map(({ number, bytes }) => see(number, bytes))
  .filter((p): p is Seen => p !== undefined && p.destQp !== GSI);

/** In this capture both ends of a connection have the same number. */
const numbers = [...new Set(packets.map((p) => p.destQp))];
const ends = ['10.0.0.1', '10.0.0.2'] as const;
const ALL = 0xf;

/** Our device in the place of one end of a captured connection. */
class Stand {
  readonly pool = new FramePool();
  readonly memory = new MachineMemory({ nodes: [2 ** 26] });
  readonly space = new AddressSpace(this.memory);
  readonly device: RdmaDevice;
  readonly qp: QueuePair;
  readonly context;
  readonly pd;
  readonly own: readonly Seen[];
  readonly peers: readonly Seen[];
  readonly type: QpType;

  constructor(
    readonly qpn: number,
    readonly ip: string,
  ) {
    const all = packets.filter((p) => p.destQp === qpn);
    this.own = all.filter((p) => p.src === ip);
    this.peers = all.filter((p) => p.src !== ip);
    const service = opcodeByCode[all[0]!.code]!.service;
    this.type = `IBV_QPT_${service}` as QpType;
    const sample = all[0]!;
    const outgoing = sample.src === ip;
    const mac = (from: boolean) =>
      sample.bytes.slice(from === outgoing ? 6 : 0, from === outgoing ? 12 : 6);
    const ledger = new Ledger();
    const dma = new DmaEngine(new PcieLink(pcie), ledger, ledger.actor('nic'));
    this.device = new RdmaDevice({
      name: ip,
      pool: this.pool,
      memory: new MemoryPort(new KeyTable(this.memory), dma),
      profile: rxeProfile,
      address: {
        mac: mac(true),
        gids: [{ bytes: gidOf(ip), type: 'RoCE v2' }],
        lid: 0,
        native: false,
      },
      neighbours: () => mac(false),
      random: new Random(1),
    });
    this.context = openDevice(this.device, this.space, ledger.actor('core'));
    this.pd = allocPd(this.context);
    const cq = createCq(this.context, 1000);
    const { type: qpType } = this;
    const cap = { maxSendWr: 64, maxRecvWr: 64 };
    this.qp = createQp(this.pd, { qpType, sendCq: cq, recvCq: cq, qpn, cap, sqSigAll: true });
    this.#connect(ip === ends[0] ? ends[1] : ends[0], sample.sport);
    this.#layOutMemory();
    for (let i = 0; i < 64; i++) {
      const addr = this.space.allocate(8192);
      const { lkey } = regMr(this.pd, addr, 8192, 1);
      postRecv(this.context, this.qp, { sgList: [{ addr, length: 8192, lkey }] });
    }
  }

  #connect(peer: string, sport: number): void {
    const { context, qp, qpn, type } = this;
    const firstPsn = (list: readonly Seen[]) => list.find((p) => p.kind === 'request')?.psn ?? 0;
    const qkey = Number(this.own[0]?.field('deth', 'qkey') ?? 0);
    const initial = type === 'IBV_QPT_UD' ? { qkey } : { qpAccessFlags: ALL };
    modifyQp(context, qp, { qpState: 'INIT', pkeyIndex: 0, portNum: 1, ...initial });
    const sqPsn = firstPsn(this.own);
    if (type === 'IBV_QPT_UD') {
      modifyQp(context, qp, { qpState: 'RTR' });
      modifyQp(context, qp, { qpState: 'RTS', sqPsn });
      return;
    }
    // rdma_cm's connections take their port from a random flow label; the others from both numbers.
    const flowLabel = qpn > 0x1a ? sport - 0xc000 : 0;
    modifyQp(context, qp, {
      qpState: 'RTR',
      ahAttr: { grh: { dgid: gidOf(peer), flowLabel } },
      pathMtu: 'IBV_MTU_1024',
      destQpNum: qpn,
      rqPsn: firstPsn(this.peers),
      ...(type === 'IBV_QPT_RC' ? { maxDestRdAtomic: 128, minRnrTimer: 12 } : {}),
    });
    const reliable = { timeout: 14, retryCnt: 7, rnrRetry: 7, maxRdAtomic: 128 };
    modifyQp(context, qp, { qpState: 'RTS', sqPsn, ...(type === 'IBV_QPT_RC' ? reliable : {}) });
  }

  /** Regions with the keys that the peer uses, holding what Linux's memory held. */
  #layOutMemory(): void {
    const asked = this.peers.flatMap((p) => {
      const layer = p.field('reth', 'rkey') === undefined ? 'atomiceth' : 'reth';
      const rkey = p.field(layer, 'rkey');
      if (rkey === undefined) return [];
      const length = Number(p.field('reth', 'dmaLen') ?? 8);
      return [{ p, rkey: Number(rkey), va: p.field(layer, 'va') as bigint, length }];
    });
    for (const key of new Set(asked.map((a) => a.rkey))) {
      const uses = asked.filter((a) => a.rkey === key);
      const start = uses.reduce((low, a) => (a.va < low ? a.va : low), uses[0]!.va);
      const addr = this.space.allocate(16384, { contiguous: true });
      const iova = start - (start % 4096n);
      regMr(this.pd, addr, 16384, ALL, { iova, key });
      for (const { p, va } of [...uses].reverse()) {
        const offset = Number(va - iova);
        const answers = this.own.filter((o) => o.kind === 'response' && psnDiff(o.psn, p.psn) >= 0);
        const was = answers.find((o) => o.psn === p.psn)?.field('atomicacketh', 'origRemDt');
        const view = this.space.bytes(addr, 16384);
        if (was !== undefined) {
          new DataView(view.buffer, view.byteOffset).setBigUint64(offset, was as bigint, true);
        } else if (opcodeByCode[p.code]!.does === 'RDMA_READ_REQUEST') {
          answers.slice(0, 5).reduce((at, o) => {
            view.set(o.payload, at);
            return at + o.payload.length;
          }, offset);
        }
      }
    }
  }

  /** Frames that our device wants to send, given the identifications of the captured ones. */
  take(expected: Seen | undefined, path = this.qp.path): Uint8Array | undefined {
    if (path) path.template.identification = expected?.id ?? 1;
    const slot = this.device.transmit(0 as Nanos, 0);
    if (slot < 0) return undefined;
    const at = this.pool.at(slot);
    const bytes = this.pool.bytes(slot).slice(at, at + this.pool.length(slot));
    this.pool.release(slot);
    return bytes;
  }

  feed(frame: Uint8Array): void {
    const slot = this.pool.take();
    this.pool.bytes(slot).set(frame, this.pool.at(slot));
    this.pool.setLength(slot, frame.length);
    this.device.receive(0 as Nanos, 0, slot);
  }
}

/** Packets that were equal. */
let compared = 0;

function same(ours: Uint8Array | undefined, theirs: Seen | undefined): void {
  if (ours && theirs && Buffer.compare(ours, theirs.bytes) === 0) {
    compared++;
    return;
  }
  const dump = (b: Uint8Array | undefined) =>
    b ? hexDump(dissect(b, { linkType: 1 })) : 'nothing';
  const name = theirs ? `frame ${theirs.number}` : 'nothing more';
  throw new Error(`ours:\n${dump(ours)}\nLinux's, ${name}:\n${dump(theirs?.bytes)}`);
}

spec("Linux's requests in our responder", (it) => {
  for (const qpn of numbers) {
    for (const ip of ends) {
      const { type } = new Stand(qpn, ip);
      if (type !== 'IBV_QPT_RC') continue;
      it(`queue pair 0x${qpn.toString(16)} of ${ip} answers as Linux did, byte for byte`, () => {
        const stand = new Stand(qpn, ip);
        const answers = stand.own.filter((p) => p.kind === 'response');
        let next = 0;
        for (const request of stand.peers.filter((p) => p.kind === 'request')) {
          stand.feed(request.bytes);
          for (;;) {
            const ours = stand.take(answers[next]);
            if (!ours) break;
            same(ours, answers[next++]);
          }
        }
        assert.is(next, answers.length);
      });
    }
  }
});

/** The work requests whose packets the captured ones are. */
function workRequests(stand: Stand): { wr: SendWr; frames: Seen[] }[] {
  const works: { wr: SendWr; frames: Seen[] }[] = [];
  let open: Seen[] = [];
  for (const p of stand.own.filter((q) => q.kind === 'request')) {
    open.push(p);
    const { place } = opcodeByCode[p.code]!;
    if (place === 'first' || place === 'middle') continue;
    works.push({ wr: workRequest(stand, open), frames: open });
    open = [];
  }
  return works;
}

function workRequest(stand: Stand, frames: Seen[]): SendWr {
  const [first] = frames;
  const { does } = opcodeByCode[first!.code]!;
  const length = Number(
    first!.field('reth', 'dmaLen') ?? frames.reduce((n, f) => n + f.payload.length, 0),
  );
  const addr = stand.space.allocate(Math.max(length, 8), { contiguous: true });
  const { lkey } = regMr(stand.pd, addr, Math.max(length, 8), 1);
  frames.reduce((at, f) => {
    stand.space.write(addr + BigInt(at), f.payload);
    return at + f.payload.length;
  }, 0);
  const sgList = [{ addr, length: does.endsWith('D') && length === 0 ? 0 : length, lkey }];
  const key = (layer: string) => ({
    remoteAddr: first!.field(layer, 'va') as bigint,
    rkey: Number(first!.field(layer, 'rkey')),
  });
  const atomicList = [{ addr, length: 8, lkey }];
  switch (does) {
    case 'RDMA_WRITE':
      return { opcode: 'IBV_WR_RDMA_WRITE', sgList, rdma: key('reth') };
    case 'RDMA_READ_REQUEST':
      return { opcode: 'IBV_WR_RDMA_READ', sgList, rdma: key('reth') };
    case 'FETCH_ADD': {
      const compareAdd = first!.field('atomiceth', 'swapDt') as bigint;
      const atomic = { ...key('atomiceth'), compareAdd };
      return { opcode: 'IBV_WR_ATOMIC_FETCH_AND_ADD', sgList: atomicList, atomic };
    }
    case 'COMPARE_SWAP': {
      const swap = first!.field('atomiceth', 'swapDt') as bigint;
      const compareAdd = first!.field('atomiceth', 'cmpDt') as bigint;
      const atomic = { ...key('atomiceth'), compareAdd, swap };
      return { opcode: 'IBV_WR_ATOMIC_CMP_AND_SWP', sgList: atomicList, atomic };
    }
    default:
      return { opcode: 'IBV_WR_SEND', sgList };
  }
}

spec("Linux's work requests in our requester", (it) => {
  for (const qpn of numbers) {
    for (const ip of ends) {
      const { own } = new Stand(qpn, ip);
      if (!own.some((p) => p.kind === 'request')) continue;
      it(`queue pair 0x${qpn.toString(16)} of ${ip} asks as Linux did, byte for byte`, () => {
        const stand = new Stand(qpn, ip);
        const works = workRequests(stand);
        let wr = 0;
        const peer = ip === ends[0] ? ends[1] : ends[0];
        for (const { wr: request, frames } of works) {
          const qkey = Number(frames[0]!.field('deth', 'qkey') ?? 0);
          const ah =
            stand.type === 'IBV_QPT_UD'
              ? createAh(stand.pd, { grh: { dgid: gidOf(peer) } })
              : undefined;
          const ud = ah && { ah, remoteQpn: qpn, remoteQkey: qkey };
          postSend(stand.context, stand.qp, { ...request, wrId: wr++, ...(ud ? { ud } : {}) });
          const path = ah ? stand.device.pathOfAh(ah.handle)! : stand.qp.path;
          for (const frame of frames) {
            same(stand.take(frame, path), frame);
          }
          // What Linux answered to it.
          const last = frames.at(-1)!;
          const answers = stand.peers.filter(
            (p) => p.kind === 'response' && psnDiff(p.psn, frames[0]!.psn) >= 0,
          );
          const span = Number(last.field('reth', 'dmaLen') ?? 0);
          const reads = opcodeByCode[last.code]!.does === 'RDMA_READ_REQUEST';
          const until = reads ? Math.max(1, Math.ceil(span / 1024)) - 1 : 0;
          for (const answer of answers) {
            if (psnDiff(answer.psn, last.psn) <= until) stand.feed(answer.bytes);
          }
        }
        assert.is(stand.qp.state, 'RTS');
      });
    }
  }
  it('and no packet of the capture but those of the GSI was left out', () => {
    assert.is(compared, packets.length);
  });
});

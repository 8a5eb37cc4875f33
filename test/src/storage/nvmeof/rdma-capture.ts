// NVMe/RDMA of a RoCE v2 capture: what each queue pair sent, put together from packets, and sorted by the command that it
// belongs to. Reads Linux's captures and our own alike.

import { BTH, Ethernet, IPv4, nvme, RETH, UDP } from '../../../../protocols/index.js';
import type { CapturedFrame } from '../../../support/capture.js';

const { SQE, CQE, CQEResult, CQE_SIZE, SGLKeyed, SGLDataBlock } = nvme;
const SGL_AT = 24;
const KEYED = 4;
const ROCE_PORT = 4791;
const ICRC_SIZE = 4;
const IETH_SIZE = 4;

/** RC opcodes by what they do (IBA table 38). */
const SENDS = { first: 0x00, middle: 0x01, last: 0x02, only: 0x04, lastInv: 0x16, onlyInv: 0x17 };
const WRITES = { first: 0x06, middle: 0x07, last: 0x08, only: 0x0a };
const READ_REQUEST = 0x0c;
const READ_RESPONSES = [0x0d, 0x0e, 0x0f, 0x10];
const AETH_SIZE = 4;

/** A command with all that was done for it, in order: 'READ 1024', 'WRITE 4096', 'SEND', 'SEND+INV'. */
export interface RdmaExchange {
  readonly queue: number;
  readonly frame: number;
  readonly sqe: Uint8Array;
  /** What came in the capsule, or what READs fetched. */
  readonly out: Uint8Array;
  readonly isInline: boolean;
  readonly operations: string[];
  /** What WRITEs returned. */
  readonly data: Uint8Array;
  cqe: Uint8Array | undefined;
}

interface Open extends RdmaExchange {
  out: Uint8Array;
  readonly rkey: number;
  readonly base: bigint;
}

interface Flow {
  parts: Uint8Array[];
  readonly fetched: Uint8Array[];
  writing: { command: Open | undefined; offset: number } | undefined;
}

const join = (parts: readonly Uint8Array[]) => new Uint8Array(Buffer.concat(parts));

/** All commands of a capture; the host is who sends to `target`'s MAC. Packets that came twice are taken once. */
export function rdmaExchanges(frames: readonly CapturedFrame[], targetIp: number): RdmaExchange[] {
  const all: Open[] = [];
  /** Open commands by queue pair of the target; queues are numbered as they come. */
  const queues: { hostQp: number; targetQp: number; open: Map<number, Open> }[] = [];
  const flows = new Map<string, Flow>();
  const reads = new Map<number, Open[]>();
  for (const { bytes, number: frame } of frames) {
    const ipAt = Ethernet.size;
    if (Ethernet.get.type(bytes, 0) !== 0x0800 || IPv4.get.protocol(bytes, ipAt) !== 17) continue;
    const udpAt = ipAt + IPv4.size;
    if (UDP.get.dstPort(bytes, udpAt) !== ROCE_PORT) continue;
    const at = udpAt + UDP.size;
    const opcode = BTH.get.opcode(bytes, at);
    const qp = BTH.get.destQp(bytes, at);
    if (qp === 1 || opcode > 0x1f) continue;
    const end = ipAt + IPv4.get.totalLength(bytes, ipAt) - ICRC_SIZE - BTH.get.padCount(bytes, at);
    const fromHost = IPv4.get.dst(bytes, ipAt) === targetIp;
    const key = `${fromHost} ${qp}`;
    const flow = flows.get(key) ?? { parts: [], fetched: [], writing: undefined };
    flows.set(key, flow);
    const body = at + BTH.size;
    if (Object.values(SENDS).includes(opcode)) {
      const hasKey = opcode === SENDS.lastInv || opcode === SENDS.onlyInv;
      flow.parts.push(bytes.slice(body + (hasKey ? IETH_SIZE : 0), end));
      if (opcode === SENDS.first || opcode === SENDS.middle) continue;
      const message = join(flow.parts.splice(0));
      if (fromHost) {
        let index = queues.findIndex((queue) => queue.targetQp === qp);
        if (index < 0) index = queues.push({ hostQp: -1, targetQp: qp, open: new Map() }) - 1;
        const command = opened(index, frame, message);
        queues[index]!.open.set(SQE.get.cid(command.sqe, 0), command);
        all.push(command);
      } else {
        const cid = CQE.get.cid(message, CQEResult.size);
        // A queue pair of the host's is known by the first that answers one of its commands.
        const queue =
          queues.find((q) => q.hostQp === qp) ??
          queues.find((q) => q.hostQp === -1 && q.open.has(cid))!;
        queue.hostQp = qp;
        const command = queue.open.get(cid)!;
        command.operations.push(hasKey ? 'SEND+INV' : 'SEND');
        command.cqe = message.slice(0, CQE_SIZE);
        queue.open.delete(cid);
      }
    } else if (opcode === READ_REQUEST) {
      const command = byKey(queues, RETH.get.rkey(bytes, body));
      const length = RETH.get.dmaLen(bytes, body);
      if (!command) continue;
      command.operations.push(`READ ${length}`);
      const list = reads.get(command.queue) ?? [];
      reads.set(command.queue, list);
      list.push(command);
    } else if (READ_RESPONSES.includes(opcode)) {
      const hasAeth = opcode !== 0x0e;
      flow.fetched.push(bytes.slice(body + (hasAeth ? AETH_SIZE : 0), end));
      if (opcode !== 0x0f && opcode !== 0x10) continue;
      const command = reads.get(queues.findIndex((queue) => queue.targetQp === qp))!.shift()!;
      command.out = join([command.out, ...flow.fetched.splice(0)]);
    } else if (Object.values(WRITES).includes(opcode)) {
      const begins = opcode === WRITES.first || opcode === WRITES.only;
      if (begins) {
        const command = byKey(queues, RETH.get.rkey(bytes, body));
        const offset = command ? Number(RETH.get.va(bytes, body) - command.base) : 0;
        command?.operations.push(`WRITE ${RETH.get.dmaLen(bytes, body)}`);
        flow.writing = { command, offset };
      }
      const piece = bytes.subarray(body + (begins ? RETH.size : 0), end);
      const { writing } = flow;
      if (!writing?.command) continue;
      writing.command.data.set(piece, writing.offset);
      writing.offset += piece.length;
    }
  }
  return all;
}

function opened(queue: number, frame: number, message: Uint8Array): Open {
  const sqe = message.slice(0, nvme.SQE_SIZE);
  const keyed = SGLDataBlock.get.type(sqe, SGL_AT) === KEYED;
  const length = keyed ? SGLKeyed.get.length(sqe, SGL_AT) : 0;
  return {
    queue,
    frame,
    sqe,
    out: message.slice(nvme.SQE_SIZE),
    isInline: message.length > nvme.SQE_SIZE,
    operations: [],
    data: new Uint8Array(length),
    cqe: undefined,
    rkey: keyed ? SGLKeyed.get.key(sqe, SGL_AT) : -1,
    base: keyed ? SGLKeyed.get.addr(sqe, SGL_AT) : 0n,
  };
}

function byKey(queues: readonly { open: Map<number, Open> }[], rkey: number): Open | undefined {
  for (const { open } of queues)
    for (const command of open.values()) if (command.rkey === rkey) return command;
  return undefined;
}

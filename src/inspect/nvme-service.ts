// One NVMe queue, on a stream or on a queue pair: which commands are open, so that completions, data PDUs and
// what RDMA moves can be read in the form of their command. Command identifiers are the host's, 16 bits of
// which all count (Linux keeps a generation in the high four).

import { type Layer, type NvmeContext, nvme, type Protocol } from '../../protocols/index.js';
import { dataOf, queueOf, resultOf } from '../../protocols/nvme/data.js';
import type { Link, Service, Side, Target } from './service.js';

/** Commands that are open at once; a queue has at most 65,536 entries, and real ones far fewer. */
const MAX_OPEN = 4096;

interface Command {
  readonly name: string;
  readonly frame: number;
  readonly data: Protocol | undefined;
  readonly result: Protocol | undefined;
  /** Where the host wants its data, or has it. */
  readonly memory: Target | undefined;
}

export class NvmeService implements Service, NvmeContext {
  readonly name = 'nvme';
  queue: 'admin' | 'io' | undefined;
  readonly #open = new Map<number, Command>();

  /** `qid` where connection management told it: 0 is the admin queue. */
  constructor(qid?: number) {
    this.#number(qid);
  }

  get nvme(): NvmeContext {
    return this;
  }

  #number(qid: number | undefined): void {
    if (qid !== undefined) this.queue = qid === 0 ? 'admin' : 'io';
  }

  resultOf(cid: number): Protocol | undefined {
    return this.#open.get(cid)?.result;
  }

  dataOf(cid: number): Protocol | undefined {
    return this.#open.get(cid)?.data;
  }

  answer(message: string): Protocol | undefined {
    if (message === 'cm-rep') return nvme.rdmaRep;
    return message === 'cm-rej' ? nvme.rdmaRej : undefined;
  }

  /** The host asks for the connection and sends commands; the controller sends completions. */
  message(from: Side): Protocol {
    return from === 'active' ? nvme.sqe : nvme.cqeResult;
  }

  learn(layers: readonly Layer[], _from: Side, frame: number, notes: string[]): void {
    for (let i = 0; i < layers.length; i++) {
      const layer = layers[i]!;
      if (layer.protocol === nvme.sqe) this.#command(layers, i, frame);
      if (layer.protocol === nvme.cqe) this.#completion(layer, notes);
      if (layer.protocol === nvme.c2hData || layer.protocol === nvme.h2cData) {
        const command = this.#open.get(layer.number('cid'));
        if (command) notes.push(`data of ${command.name} of frame ${command.frame}`);
        const pdu = layers[i - 1];
        const ends = pdu?.protocol === nvme.tcp && pdu.number('success') === 1;
        if (ends) this.#open.delete(layer.number('cid')); // no completion follows
      }
    }
  }

  #command(layers: readonly Layer[], index: number, frame: number): void {
    const { bytes, at, bodyEnd } = layers[index]!;
    if (bodyEnd - at < nvme.SQE_SIZE) return;
    this.queue = queueOf(bytes, at) ?? this.queue;
    if (this.#open.size >= MAX_OPEN) this.#open.delete(this.#open.keys().next().value!);
    const own = layers[index + 3];
    this.#open.set(nvme.SQE.get.cid(bytes, at), {
      name: own ? own.protocol.header.title : 'a command',
      frame,
      data: dataOf(bytes, at, this.queue),
      result: resultOf(bytes, at, this.queue),
      memory: memoryOf(layers[index + 2]),
    });
  }

  #completion(cqe: Layer, notes: string[]): void {
    const cid = cqe.number('cid');
    const command = this.#open.get(cid);
    if (!command) return;
    this.#open.delete(cid);
    notes.push(`completes ${command.name} of frame ${command.frame}`);
  }

  link(target: Target, operation: 'read' | 'write'): Link | undefined {
    for (const [cid, { memory, data, name, frame }] of this.#open) {
      if (memory?.rkey !== target.rkey) continue;
      const offset = target.va - memory.va;
      if (offset < 0n || offset + BigInt(target.length) > BigInt(memory.length)) continue;
      const verb = operation === 'read' ? 'READ fetches' : 'WRITE returns';
      const part =
        target.length === memory.length
          ? 'data'
          : `${target.length} bytes at ${offset} of the data`;
      // Structures are read from their start; a piece from the middle has none that shows.
      const protocol = offset === 0n ? data : undefined;
      const id = `0x${cid.toString(16).padStart(4, '0')}`;
      return { protocol, note: `${verb} ${part} of ${name}, cid ${id}, frame ${frame}` };
    }
    return undefined;
  }
}

function memoryOf(sgl: Layer | undefined): Target | undefined {
  if (sgl?.protocol !== nvme.sglKeyed) return undefined;
  const { bytes, at } = sgl;
  const { addr, key, length } = nvme.SGLKeyed.get;
  return { va: addr(bytes, at), rkey: key(bytes, at), length: length(bytes, at) };
}

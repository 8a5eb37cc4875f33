// A host for tests of the target over NVMe/TCP: one queue, built from typed parts by the wire formats' own builder, so that
// no code of the target has a hand in what it is sent.

import { build, nvme } from '../../../../protocols/index.js';
import {
  type NvmeTarget,
  type Port,
  TcpSession,
  TRANSPORTS,
} from '../../../../src/storage/nvmeof/index.js';
import { type Nanos, START } from '../../../../src/time/index.js';
import { assert } from '../../../support/spec.js';
import { Cutter } from './tcp-capture.js';

const { TCP, CQE, CQEResult, CQE_SIZE } = nvme;

export interface Answer {
  readonly status: string;
  readonly dnr: boolean;
  readonly result: Uint8Array;
  readonly data: Uint8Array;
  /** Types of the PDUs that answered. */
  readonly pdus: readonly number[];
}

export const HOST_NQN = 'nqn.2026-11.org.example:host';
export const PORT: Port = {
  portid: 1,
  transport: TRANSPORTS.tcp,
  address: '10.0.0.1',
  service: '4420',
};

const text = (value: string, size: number): Uint8Array => {
  const bytes = new Uint8Array(size);
  bytes.set(new TextEncoder().encode(value));
  return bytes;
};

type Body = Parameters<typeof build>[0];
type Input = Body[number];

export interface Options {
  readonly digests?: boolean;
  readonly hpda?: number;
  /** R2Ts of one command that it takes at once. */
  readonly r2ts?: number;
}

export class TestHost {
  readonly session: TcpSession;
  readonly digests: boolean;
  now: Nanos = START;
  /** PDUs of the target that are no answer to a command: terminations. */
  readonly others: Uint8Array[] = [];
  readonly #cut = new Cutter();
  readonly #answers = new Map<number, Answer>();
  readonly #data = new Map<number, Uint8Array[]>();
  readonly #pdus = new Map<number, number[]>();
  /** Data that R2Ts ask for, by command; whether it is sent as one PDU or in such pieces. */
  readonly #out = new Map<number, Uint8Array>();
  piece = Number.POSITIVE_INFINITY;
  /** It answers the last of several R2Ts first. */
  backwards = false;
  /** R2Ts that were open at once. */
  mostR2ts = 0;
  readonly #asked: Uint8Array[] = [];
  #cid = 0;

  constructor(
    target: NvmeTarget | TcpSession,
    { digests = false, hpda = 0, r2ts = 1 }: Options = {},
  ) {
    this.session = target instanceof TcpSession ? target : new TcpSession({ target, port: PORT });
    const bit = digests ? 1 : 0;
    this.push([nvme.tcp(), nvme.icReq({ hpda, maxr2t: r2ts - 1, hdgst: bit, ddgst: bit })]);
    this.digests = digests;
  }

  /** Sends a PDU made of layers. */
  push(layers: Body): void {
    this.raw(build(layers).bytes);
  }

  raw(bytes: Uint8Array): void {
    this.session.receive(this.now, bytes);
    this.hear();
  }

  #flags(hasData = false) {
    if (!this.digests) return {};
    return { hdgst: 1, ddgst: hasData ? 1 : 0 };
  }

  #digest(): Input[] {
    return this.digests ? [nvme.hdgst()] : [];
  }

  hear(): void {
    for (let bytes = this.session.take(); bytes; bytes = this.session.take())
      for (const pdu of this.#cut.push(bytes)) this.#take(pdu);
    this.mostR2ts = Math.max(this.mostR2ts, this.#asked.length);
    for (let pdu = this.#nextAsked(); pdu; pdu = this.#nextAsked()) this.#ready(pdu);
  }

  #nextAsked(): Uint8Array | undefined {
    return this.backwards ? this.#asked.pop() : this.#asked.shift();
  }

  #take(pdu: Uint8Array): void {
    const at = TCP.size;
    switch (TCP.get.type(pdu, 0)) {
      case 5: {
        const cqeAt = at + CQE_SIZE - CQE.size;
        const cid = CQE.get.cid(pdu, cqeAt);
        const { sct, sc, dnr } = CQE.get;
        this.#note(cid, 5);
        this.#done(cid, {
          status: nvme.statusName(sct(pdu, cqeAt), sc(pdu, cqeAt)),
          dnr: dnr(pdu, cqeAt) === 1,
          result: pdu.slice(at, at + CQEResult.size),
        });
        return;
      }
      case 7: {
        const cid = nvme.C2HData.get.cid(pdu, at);
        const from = TCP.get.pdo(pdu, 0);
        const piece = pdu.slice(from, from + nvme.C2HData.get.length(pdu, at));
        this.#data.set(cid, [...(this.#data.get(cid) ?? []), piece]);
        this.#note(cid, 7);
        if (TCP.get.success(pdu, 0) === 1)
          this.#done(cid, { status: 'Success', dnr: false, result: new Uint8Array(8) });
        return;
      }
      case 9:
        this.#asked.push(pdu);
        return;
      default:
        this.others.push(pdu);
    }
  }

  #note(cid: number, type: number): void {
    this.#pdus.set(cid, [...(this.#pdus.get(cid) ?? []), type]);
  }

  #done(cid: number, answer: Omit<Answer, 'data' | 'pdus'>): void {
    const data = new Uint8Array(Buffer.concat(this.#data.get(cid) ?? []));
    this.#answers.set(cid, { ...answer, data, pdus: this.#pdus.get(cid)! });
    for (const map of [this.#data, this.#pdus, this.#out]) map.delete(cid);
  }

  #ready(pdu: Uint8Array): void {
    const { cid, ttag, r2to, r2tl } = nvme.R2T.decode(pdu, TCP.size);
    this.#note(cid, 9);
    const data = this.#out.get(cid);
    if (!data) return; // whose command was sent without any
    for (let offset = r2to; offset < r2to + r2tl; offset += this.piece) {
      const end = Math.min(offset + this.piece, r2to + r2tl);
      const last = end === r2to + r2tl ? 1 : 0;
      this.push([
        nvme.tcp({ last, ...this.#flags(true) }),
        nvme.h2cData({ cid, ttag, offset }),
        ...this.#digest(),
        data.subarray(offset, end),
      ]);
    }
  }

  nextCid(): number {
    this.#cid = (this.#cid + 1) % 4096;
    return this.#cid;
  }

  /** Sends a command; the answer is there, or comes later. `data` goes to the target, in the capsule if `inline`. */
  send(
    body: Body,
    options: {
      readonly data?: Uint8Array;
      readonly inline?: boolean;
      readonly length?: number;
      readonly nsid?: number;
      readonly cid?: number;
      readonly fields?: Record<string, number>;
    } = {},
  ): number {
    const { data, inline, nsid = 0, cid = this.nextCid() } = options;
    const length = options.length ?? data?.length ?? 0;
    if (data && !inline) this.#out.set(cid, data);
    const isFabrics = [nvme.connect, nvme.propertyGet, nvme.propertySet].some(
      (p) => p === (body[0] as { protocol?: unknown }).protocol,
    );
    const head = isFabrics ? nvme.sqeFabrics() : nvme.sqeNamespace({ nsid });
    this.push([
      nvme.tcp(this.#flags(inline)),
      nvme.sqe({ cid, psdt: 1, ...options.fields }),
      head,
      inline ? nvme.sgl({ length }) : nvme.sglTransport({ length }),
      ...body,
      ...this.#digest(),
      ...(inline ? [data!] : []),
    ]);
    return cid;
  }

  answer(cid: number): Answer | undefined {
    const answer = this.#answers.get(cid);
    this.#answers.delete(cid);
    return answer;
  }

  /** Sends a command whose answer must be there at once. */
  ask(...given: Parameters<TestHost['send']>): Answer {
    const cid = this.send(...given);
    const answer = this.answer(cid);
    assert.ok(answer, `an answer (${this.session.why})`);
    return answer!;
  }

  /** Connect of a queue. */
  connect(
    subnqn: string,
    { qid = 0, cntlid = 0xffff, sqsize = 31, kato = 0, ...more }: Record<string, number> = {},
    hostnqn = HOST_NQN,
  ): Answer {
    const data = nvme.ConnectData.encode({
      hostid: text('host', 16),
      cntlid,
      subnqn: text(subnqn, 256),
      hostnqn: text(hostnqn, 256),
    });
    return this.ask([nvme.connect({ qid, sqsize, kato, ...more })], { data, inline: true });
  }

  set(offset: number, value: number): Answer {
    const bytes = [nvme.propertySet({ offset }), nvme.propertyValue({ value: BigInt(value) })];
    return this.ask([...bytes, nvme.propertySetTail()]);
  }

  /** As hosts enable controllers. */
  enable(): void {
    assert.is(this.set(0x14, 0x460061).status, 'Success');
  }
}

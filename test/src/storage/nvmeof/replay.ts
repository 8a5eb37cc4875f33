// Plays the host's part of an NVMe/TCP capture to our target and puts what it answers beside what Linux's answered,
// command by command.

import { nvme } from '../../../../protocols/index.js';
import { MemoryVolume } from '../../../../src/storage/index.js';
import {
  NvmeTarget,
  type Port,
  type Subsystem,
  TcpSession,
  TRANSPORTS,
} from '../../../../src/storage/nvmeof/index.js';
import { PDU, sealPdu } from '../../../../src/storage/nvmeof/tcp/pdu.js';
import { type Nanos, ns, START } from '../../../../src/time/index.js';
import { assert } from '../../../support/spec.js';
import { type Carried, Cutter } from './tcp-capture.js';

const { TCP, SQE, CQE, CQE_SIZE, H2CData, C2HData, R2T } = nvme;

/** A command with everything that answered it: PDUs of the target in their order. */
export interface Exchange {
  readonly connection: number;
  readonly frame: number;
  readonly sqe: Uint8Array;
  readonly theirs: Uint8Array[];
  readonly ours: Uint8Array[];
}

export interface Served {
  readonly target: NvmeTarget;
  readonly subsystem: Subsystem;
  readonly volume: MemoryVolume;
}

export interface Life {
  readonly nqn: string;
  readonly serial: string;
  readonly uuid: Uint8Array;
  readonly blocks: number;
  readonly address: string;
  readonly portid: number;
  /** GENCTR of the discovery log. */
  readonly generation?: number;
}

export const BLOCK = 512;

export function serve({ nqn, serial, uuid, blocks, generation }: Life): Served {
  const target = new NvmeTarget();
  const subsystem = target.addSubsystem(START, { nqn, serial });
  if (generation !== undefined) target.generation = generation;
  const volume = new MemoryVolume(blocks * BLOCK);
  subsystem.addNamespace(START, { nsid: 1, volume, uuid });
  return { target, subsystem, volume };
}

export const portOf = ({ address, portid }: Life): Port => ({
  portid,
  transport: TRANSPORTS.tcp,
  address,
  service: '4420',
});

const cidOf = (pdu: Uint8Array): number => {
  switch (TCP.get.type(pdu, 0)) {
    case PDU.capsuleCmd:
      return SQE.get.cid(pdu, TCP.size);
    case PDU.capsuleResp:
      return CQE.get.cid(pdu, TCP.size + CQE_SIZE - CQE.size);
    case PDU.c2hData:
      return C2HData.get.cid(pdu, TCP.size);
    default:
      return R2T.get.cid(pdu, TCP.size);
  }
};

/** One connection: two ends of theirs, and our session in place of the target. */
class Play {
  readonly session: TcpSession;
  readonly theirs = { true: new Cutter(), false: new Cutter() };
  readonly #our = new Cutter();
  readonly open = new Map<number, Exchange>();
  /** Answers of either side that belong to no command: ICResp. */
  readonly loose = { theirs: [] as Uint8Array[], ours: [] as Uint8Array[] };
  /** Our transfer tags by command. */
  readonly #tags = new Map<number, number>();
  now: Nanos = START;

  constructor(
    target: NvmeTarget,
    port: Port,
    readonly exchanges: Exchange[],
  ) {
    this.session = new TcpSession({ target, port });
  }

  host(pdu: Uint8Array, frame: number, connection: number): void {
    const type = TCP.get.type(pdu, 0);
    if (type === PDU.capsuleCmd) {
      const sqe = pdu.slice(TCP.size, TCP.size + nvme.SQE_SIZE);
      const exchange = { connection, frame, sqe, theirs: [], ours: [] };
      this.open.set(cidOf(pdu), exchange);
      this.exchanges.push(exchange);
    }
    if (type === PDU.h2cData) {
      // Which tag it answers was the target's choice.
      H2CData.set.ttag(pdu, TCP.size, this.#tags.get(H2CData.get.cid(pdu, TCP.size))!);
      sealPdu(pdu);
    }
    this.session.receive(this.now, pdu);
    this.heard();
  }

  /** The command that a PDU answers; one from before the capture is put down now. */
  #exchange(pdu: Uint8Array): Exchange {
    const cid = cidOf(pdu);
    const known = this.open.get(cid);
    if (known) return known;
    const exchange = { connection: 0, frame: 0, sqe: new Uint8Array(64), theirs: [], ours: [] };
    this.open.set(cid, exchange);
    this.exchanges.push(exchange);
    return exchange;
  }

  heard(): void {
    for (let bytes = this.session.take(); bytes; bytes = this.session.take())
      for (const pdu of this.#our.push(bytes)) {
        const isLoose = TCP.get.type(pdu, 0) <= PDU.c2hTermReq;
        (isLoose ? this.loose.ours : this.#exchange(pdu).ours).push(pdu);
        if (TCP.get.type(pdu, 0) === PDU.r2t)
          this.#tags.set(cidOf(pdu), R2T.get.ttag(pdu, TCP.size));
      }
  }

  target(pdu: Uint8Array): void {
    const isLoose = TCP.get.type(pdu, 0) <= PDU.c2hTermReq;
    (isLoose ? this.loose.theirs : this.#exchange(pdu).theirs).push(pdu);
  }
}

/** What is done as frames pass by, before one is played. */
export type Interlude = (frame: number, now: Nanos) => void;

export interface Replayed {
  readonly exchanges: Exchange[];
  readonly plays: ReadonlyMap<number, Play>;
}

export function replay(
  frames: readonly Carried[],
  { target }: Served,
  port: Port,
  options: {
    readonly before?: Interlude;
    readonly joined?: (session: TcpSession, connection: number) => void;
  } = {},
): Replayed {
  const exchanges: Exchange[] = [];
  const plays = new Map<number, Play>();
  const start = frames[0]!.time;
  for (const { frame, connection, fromHost, bytes, time } of frames) {
    const now = ns(Number(time - start));
    options.before?.(frame, now);
    let play = plays.get(connection);
    if (!play) {
      play = new Play(target, port, exchanges);
      plays.set(connection, play);
      options.joined?.(play.session, connection);
    }
    play.now = now;
    for (const pdu of play.theirs[`${fromHost}`].push(bytes))
      if (fromHost) play.host(pdu, frame, connection);
      else play.target(pdu);
    for (const other of plays.values()) other.heard();
    assert.is(play.session.why, '', `frame ${frame}`);
  }
  return { exchanges, plays };
}

// The RNIC: iWARP as the transport of an RDMA device. Streams of a TCP that runs in the NIC carry queue pairs; the verbs,
// keys, queues and completions are the device's.

import { type Facility, type QueuePair, type Transport, UsageError } from '../rdma/engine-parts.js';
import type { QpAttr, QpType, RdmaDevice, SendWr } from '../rdma/index.js';
import type { IcmpError } from '../stack/index.js';
import type { TcpConnection } from '../tcp/index.js';
import type { Alarm, Nanos } from '../time/index.js';
import { Connector } from './connector.js';
import { UNIT } from './fpdu-source.js';
import { type Network, NicPort } from './nic-port.js';
import { refusesOpcode } from './opcodes.js';
import { type IwarpOptions, usualOptions } from './options.js';
import { refusesModification } from './qp-states.js';
import { feed, reportSent } from './requester.js';
import type { Stream } from './stream.js';
import { end, terminate } from './terminate.js';

const typeNames: Partial<Record<QpType, string>> = {
  IBV_QPT_UC: 'unreliable connections',
  IBV_QPT_UD: 'datagrams',
  IBV_QPT_XRC_SEND: 'extended reliable connections',
  IBV_QPT_XRC_RECV: 'extended reliable connections',
  IBV_QPT_GSI: 'general services: connections are made by MPA',
};

export class Rnic implements Transport {
  readonly name = 'iWARP';
  readonly options: IwarpOptions;
  readonly port: NicPort;
  readonly connector: Connector;
  /** The stream of each queue pair that has one. */
  readonly #streams = new Map<number, Stream>();

  constructor(
    readonly device: RdmaDevice,
    network: Network,
    options: Partial<IwarpOptions> = {},
  ) {
    this.options = { ...usualOptions, ...options, tcp: { ...usualOptions.tcp, ...options.tcp } };
    this.port = new NicPort(device, network, this.options);
    this.connector = new Connector(this);
  }

  streamOf(qp: QueuePair): Stream | undefined {
    return this.#streams.get(qp.qpn);
  }

  // Transport: what there is not

  refusesType(type: QpType): string {
    const what = typeNames[type];
    return what === undefined ? '' : `iWARP has no ${what} (${type})`;
  }

  refusesFacility(facility: Facility): string {
    return `iWARP has no ${facility}`;
  }

  refusesRequest(wr: SendWr): string {
    if (wr.opcode === 'IBV_WR_RDMA_READ' && (wr.sgList?.length ?? 0) > 1)
      return 'an RDMA Read of iWARP has one sink (RFC 5040 4.4)';
    return refusesOpcode(wr.opcode, this.device.profile.atomics !== false);
  }

  modify(qp: QueuePair, attr: QpAttr): void {
    const { device } = this;
    const to = attr.qpState ?? qp.state;
    const refused = refusesModification(qp, attr, device.profile);
    if (refused !== '') throw new UsageError('EINVAL', refused);
    qp.accessFlags = attr.qpAccessFlags ?? qp.accessFlags;
    qp.maxRdAtomic = attr.maxRdAtomic ?? qp.maxRdAtomic;
    qp.maxDestRdAtomic = attr.maxDestRdAtomic ?? qp.maxDestRdAtomic;
    if (to === qp.state) return;
    if (to === 'ERR') {
      const stream = this.#streams.get(qp.qpn);
      if (stream !== undefined) stream.wished = true;
      device.toError(device.now, qp);
      return;
    }
    if (to === 'RTS') {
      this.#attach(qp, attr.llpStream!);
      return;
    }
    if (to === 'RESET') {
      this.#detach(qp);
      qp.reset();
      device.forget(qp.qpn);
      qp.sendCq.clean(qp.qpn);
      qp.recvCq.clean(qp.qpn);
    }
    qp.state = to;
  }

  #attach(qp: QueuePair, id: number): void {
    const stream = this.connector.streamOf(id);
    if (stream?.phase !== 'ready') throw new UsageError('EINVAL', `stream ${id} is not there`);
    this.#streams.set(qp.qpn, stream);
    qp.state = 'RTS';
    stream.attach(qp);
    this.connector.attached(stream);
    this.device.activate(qp);
  }

  #detach(qp: QueuePair): void {
    const stream = this.#streams.get(qp.qpn);
    if (stream === undefined) return;
    this.#streams.delete(qp.qpn);
    stream.qp = null;
    if (stream.phase === 'rts') end(stream, '');
  }

  failed(now: Nanos, qp: QueuePair): void {
    const stream = this.#streams.get(qp.qpn);
    if (stream === undefined || stream.phase !== 'rts') return;
    // An error that the peer did not make and does not know of.
    if (stream.wished) end(stream, '');
    else terminate(stream, now, 'local-catastrophe');
    this.connector.settle(now);
  }

  destroyed(qp: QueuePair): void {
    this.#detach(qp);
    this.connector.settle(this.device.now);
  }

  // Transport: frames

  // hot
  receive(now: Nanos, slot: number): boolean {
    const connection = this.port.receive(now, slot);
    if (connection === undefined) return false;
    if (this.connector.hasNewborn) this.connector.accepted(now);
    if (connection !== null) this.#noticed(now, connection);
    return true;
  }

  // hot
  #noticed(now: Nanos, connection: TcpConnection): void {
    if (connection.tcb.events !== 0) connection.takeEvents();
    if (this.connector.hasNews) this.connector.settle(now);
  }

  icmpError(now: Nanos, error: IcmpError): boolean {
    const isOurs = this.port.icmpError(now, error);
    this.connector.settle(now);
    return isOurs;
  }

  // hot
  feed(now: Nanos, qp: QueuePair): void {
    const stream = this.#streams.get(qp.qpn);
    if (stream?.phase === 'rts') feed(stream, qp, now);
  }

  get hasWork(): boolean {
    return this.port.hasWork;
  }

  // hot
  transmit(now: Nanos): number {
    const { prepared } = this.device;
    prepared.qp = null;
    prepared.what = 'answer';
    prepared.readyAt = 0;
    const slot = this.port.transmit(now);
    const stream = this.connector.sending;
    if (stream !== null) this.#sent(now, stream);
    if (this.connector.hasNews) this.connector.settle(now);
    return slot;
  }

  /** Bytes of a stream are in the frame that was made last. */
  // hot
  #sent(now: Nanos, stream: Stream): void {
    const { prepared, memory } = this.device;
    const { source, qp } = stream;
    const { what } = source;
    this.connector.sending = null;
    prepared.qp = qp;
    prepared.readyAt = source.readyAt;
    if ((what & UNIT.entry) !== 0) prepared.what = 'entry';
    else prepared.what = (what & UNIT.data) !== 0 ? 'data' : 'packet';
    source.what = 0;
    source.readyAt = 0;
    if (qp === null) return;
    // What completes now has been read from memory when its bytes are there.
    if (prepared.readyAt - now > memory.delay) memory.delay = prepared.readyAt - now;
    reportSent(stream, qp, now);
    memory.delay = 0;
  }

  // hot
  soonest(alarm: Alarm): void {
    this.port.soonest(alarm);
    this.connector.soonest(alarm);
  }

  expire(now: Nanos): void {
    this.port.expire(now);
    this.connector.expire(now);
  }
}

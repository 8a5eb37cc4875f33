// The end of a stream by error: Terminate is framed behind what was framed already, the queue pair is in error, and FIN
// follows (RFC 5040 4.8 and 5.4). And Terminate from the peer.

import { fail, WC } from '../rdma/engine-parts.js';
import type { Nanos } from '../time/index.js';
import { QUEUE, RDMAP } from './opcodes.js';
import type { Segment, Stream } from './stream.js';
import { type StreamError, terminateErrors } from './terminate-error.js';
import {
  DDPTagged,
  DDPUntagged,
  RDMAPReadRequest,
  RDMAPTerminate,
  RDMAPTerminateLength,
} from './wire.js';

/** Bytes of the longest Terminate, with everything around it. */
const MOST_BYTES = 128;

/** Ends the stream: the peer is told why and by which segment, and the queue pair is in error. */
export function terminate(s: Stream, now: Nanos, error: StreamError, blamed?: Segment): void {
  if (s.phase !== 'rts') return;
  if (s.source.hasRoom(MOST_BYTES)) frameTerminate(s, error, blamed);
  const { event } = terminateErrors[error];
  s.device.counters.add('iw_terminate_sent');
  s.device.tracer?.verdict(now, s.qp?.qpn ?? 0, 0, error);
  end(s, error);
  const { qp } = s;
  if (qp === null) return;
  if (qp.state !== 'ERR') s.device.event(event, qp);
  s.device.toError(now, qp);
}

/** What a reply says cannot be lived with: the peer, which is in FPDU mode, is told, before there is a queue pair. */
export function refuseReply(s: Stream, error: StreamError): void {
  frameTerminate(s, error, undefined);
  s.device.counters.add('iw_terminate_sent');
  end(s, error);
}

/** Nothing more is taken; FIN goes behind what is framed. */
export function end(s: Stream, error: StreamError | ''): void {
  s.phase = 'ended';
  s.closing = true;
  s.error ||= error;
  s.owner.changed(s);
}

function frameTerminate(s: Stream, error: StreamError, blamed: Segment | undefined): void {
  const { layer, etype, code, quotes } = terminateErrors[error];
  const b = s.source.bytes;
  const at = s.untagged(RDMAP.TERMINATE, true, 0, QUEUE.terminate, 1, 0);
  const { set } = RDMAPTerminate;
  b.fill(0, at, at + RDMAPTerminate.size);
  set.layer(b, at, layer);
  set.etype(b, at, etype);
  set.errorCode(b, at, code);
  let to = at + RDMAPTerminate.size;
  if (quotes && blamed) {
    const head = headOf(blamed);
    if (head > 0) {
      set.m(b, at, 1);
      set.d(b, at, 1);
      RDMAPTerminateLength.set.ddpSegmentLength(b, to, blamed.length);
      to += RDMAPTerminateLength.size;
      b.set(blamed.bytes.subarray(blamed.at, blamed.at + head), to);
      to += head;
    }
    if (hasReadRequest(blamed)) {
      set.r(b, at, 1);
      const from = blamed.at + DDPUntagged.size;
      b.set(blamed.bytes.subarray(from, from + RDMAPReadRequest.size), to);
      to += RDMAPReadRequest.size;
    }
  }
  s.commit(to, -1, 0);
}

/** Bytes of the DDP header; 0 where it is not whole. */
function headOf({ bytes, at, length }: Segment): number {
  if (length === 0) return 0;
  const size = DDPTagged.get.tagged(bytes, at) === 1 ? DDPTagged.size : DDPUntagged.size;
  return length >= size ? size : 0;
}

const hasReadRequest = ({ bytes, at, length }: Segment): boolean =>
  length >= DDPUntagged.size + RDMAPReadRequest.size &&
  DDPUntagged.get.tagged(bytes, at) === 0 &&
  DDPUntagged.get.opcode(bytes, at) === RDMAP.READ_REQUEST;

/** The peer ended the stream. A READ that it names ends with what it says; everything else is flushed. */
export function terminated(s: Stream, now: Nanos, b: Uint8Array, at: number, to: number): void {
  const { qp } = s;
  s.device.counters.add('iw_terminate_received');
  end(s, '');
  if (qp === null) return;
  const job = namedRequest(s, b, at, to);
  if (job >= 0) fail(s.device, qp, qp.job(job), statusOf(b, at), now);
  s.device.event('IBV_EVENT_QP_FATAL', qp);
  s.device.toError(now, qp);
}

const PROTECTION = 1;

const statusOf = (b: Uint8Array, at: number): number =>
  RDMAPTerminate.get.etype(b, at) === PROTECTION ? WC.REM_ACCESS_ERR : WC.REM_OP_ERR;

/** Which READ or atomic it quotes, by its message sequence number; -1: none that is under way. */
function namedRequest(s: Stream, b: Uint8Array, at: number, to: number): number {
  const quoted = at + RDMAPTerminate.size + RDMAPTerminateLength.size;
  if (RDMAPTerminate.get.d(b, at) === 0 || quoted + DDPUntagged.size > to) return -1;
  const { get } = DDPUntagged;
  if (get.tagged(b, quoted) !== 0 || get.qn(b, quoted) !== QUEUE.request) return -1;
  return s.askedBy(get.msn(b, quoted));
}

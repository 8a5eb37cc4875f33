// Table of the states of a connection (IBA 12.9.5 to 12.9.7, 12.11.3), with the names of Linux's enum ib_cm_state: what
// happens in a state, which state follows, what is sent, what the application is told and which timer then runs.
// What a state has no row for is ignored there and counted.

export type State =
  | 'IDLE'
  | 'LISTEN'
  | 'REQ_SENT'
  | 'REQ_RCVD'
  | 'MRA_REQ_SENT'
  | 'MRA_REQ_RCVD'
  | 'REP_SENT'
  | 'REP_RCVD'
  | 'MRA_REP_SENT'
  | 'MRA_REP_RCVD'
  | 'ESTABLISHED'
  | 'DREQ_SENT'
  | 'DREQ_RCVD'
  | 'TIMEWAIT'
  | 'SIDR_REQ_SENT'
  | 'SIDR_REQ_RCVD';

/** What the application asks for; `traffic`: the queue pair saw a packet of the peer before the RTU came (IBA 12.9.7.2). */
export type Call =
  | 'listen'
  | 'connect'
  | 'resolve'
  | 'accept'
  | 'establish'
  | 'reject'
  | 'send MRA'
  | 'traffic'
  | 'disconnect'
  | 'answer'
  | 'destroy';

/** What arrives. `REJ stale`: with reason 10. */
export type Arrival =
  | 'REQ'
  | 'duplicate REQ'
  | 'REP'
  | 'duplicate REP'
  | 'RTU'
  | 'REJ'
  | 'REJ stale'
  | 'MRA'
  | 'DREQ'
  | 'DREP'
  | 'LAP'
  | 'SIDR_REQ'
  | 'duplicate SIDR_REQ'
  | 'SIDR_REP'
  | 'SIDR_REP refused';

/** `retry`: no answer came; `exhausted`: nor did one to the last retry; `stale`: a new REQ reuses the peer's queue pair. */
export type Event = Call | Arrival | 'retry' | 'exhausted' | 'timewait over' | 'stale';

/** `again`: the message that waits for an answer, byte for byte. */
export type Send =
  | 'REQ'
  | 'REP'
  | 'RTU'
  | 'REJ'
  | 'REJ timeout'
  | 'REJ stale'
  | 'MRA'
  | 'DREQ'
  | 'DREP'
  | 'APR'
  | 'SIDR_REQ'
  | 'SIDR_REP'
  | 'again';

/** Names of enum rdma_cm_event_type. */
export type Told =
  | 'RDMA_CM_EVENT_CONNECT_REQUEST'
  | 'RDMA_CM_EVENT_CONNECT_RESPONSE'
  | 'RDMA_CM_EVENT_UNREACHABLE'
  | 'RDMA_CM_EVENT_REJECTED'
  | 'RDMA_CM_EVENT_ESTABLISHED'
  | 'RDMA_CM_EVENT_DISCONNECTED'
  | 'RDMA_CM_EVENT_TIMEWAIT_EXIT';

/** `response`: until the peer should have answered; `service`: as long as its MRA says; `next`: the next retry. */
export type Timer = 'response' | 'service' | 'next' | 'timewait' | 'none';

export interface Row {
  readonly from: State;
  readonly event: Event;
  readonly to: State;
  readonly send?: Send;
  readonly tell?: Told;
  readonly timer?: Timer;
}

type Does = Omit<Row, 'from' | 'event' | 'to'>;

const CONNECT_REQUEST = 'RDMA_CM_EVENT_CONNECT_REQUEST';
const CONNECT_RESPONSE = 'RDMA_CM_EVENT_CONNECT_RESPONSE';
const UNREACHABLE = 'RDMA_CM_EVENT_UNREACHABLE';
const REJECTED = 'RDMA_CM_EVENT_REJECTED';
const ESTABLISHED = 'RDMA_CM_EVENT_ESTABLISHED';
const DISCONNECTED = 'RDMA_CM_EVENT_DISCONNECTED';
const TIMEWAIT_EXIT = 'RDMA_CM_EVENT_TIMEWAIT_EXIT';

const on = (from: State, event: Event, to: State, does: Does = {}): Row => ({
  from,
  event,
  to,
  ...does,
});

/** The active side waits for a REP, with or without an MRA of its REQ (IBA 12.9.6). */
const requesting = (from: State): Row[] => [
  on(from, 'retry', from, { send: 'again', timer: 'next' }),
  on(from, 'exhausted', 'IDLE', { send: 'REJ timeout', tell: UNREACHABLE }),
  on(from, 'REP', 'REP_RCVD', { tell: CONNECT_RESPONSE, timer: 'none' }),
  on(from, 'REJ', 'IDLE', { tell: REJECTED }),
  on(from, 'REJ stale', 'TIMEWAIT', { tell: REJECTED, timer: 'timewait' }),
  on(from, 'reject', 'IDLE', { send: 'REJ' }),
  on(from, 'destroy', 'IDLE', { send: 'REJ timeout' }),
];

/** The passive side has a REQ that its application did not answer yet (IBA 12.9.7). */
const requested = (from: State): Row[] => [
  on(from, 'duplicate REQ', 'MRA_REQ_SENT', { send: 'MRA' }),
  on(from, 'send MRA', 'MRA_REQ_SENT', { send: 'MRA' }),
  on(from, 'accept', 'REP_SENT', { send: 'REP', timer: 'response' }),
  on(from, 'reject', 'IDLE', { send: 'REJ' }),
  on(from, 'REJ', 'IDLE', { tell: REJECTED }),
  on(from, 'REJ stale', 'TIMEWAIT', { tell: REJECTED, timer: 'timewait' }),
  on(from, 'destroy', 'IDLE', { send: 'REJ' }),
];

/** The passive side waits for an RTU, with or without an MRA of its REP. */
const replying = (from: State): Row[] => [
  on(from, 'duplicate REQ', from, { send: 'again' }),
  on(from, 'retry', from, { send: 'again', timer: 'next' }),
  on(from, 'exhausted', 'TIMEWAIT', { send: 'REJ timeout', tell: UNREACHABLE, timer: 'timewait' }),
  on(from, 'RTU', 'ESTABLISHED', { tell: ESTABLISHED, timer: 'none' }),
  on(from, 'traffic', 'ESTABLISHED', { tell: ESTABLISHED, timer: 'none' }),
  on(from, 'REJ', 'TIMEWAIT', { tell: REJECTED, timer: 'timewait' }),
  on(from, 'REJ stale', 'TIMEWAIT', { tell: REJECTED, timer: 'timewait' }),
  on(from, 'DREQ', 'DREQ_RCVD', { tell: DISCONNECTED, timer: 'none' }),
  on(from, 'reject', 'TIMEWAIT', { send: 'REJ', timer: 'timewait' }),
  on(from, 'destroy', 'TIMEWAIT', { send: 'REJ', timer: 'timewait' }),
];

/** The active side has a REP that its application did not answer yet. */
const replied = (from: State): Row[] => [
  on(from, 'duplicate REP', 'MRA_REP_SENT', { send: 'MRA' }),
  on(from, 'send MRA', 'MRA_REP_SENT', { send: 'MRA' }),
  on(from, 'establish', 'ESTABLISHED', { send: 'RTU', tell: ESTABLISHED }),
  on(from, 'reject', 'IDLE', { send: 'REJ' }),
  on(from, 'REJ', 'TIMEWAIT', { tell: REJECTED, timer: 'timewait' }),
  on(from, 'REJ stale', 'TIMEWAIT', { tell: REJECTED, timer: 'timewait' }),
  on(from, 'destroy', 'IDLE', { send: 'REJ' }),
];

export const rows: readonly Row[] = [
  on('IDLE', 'listen', 'LISTEN'),
  on('LISTEN', 'REQ', 'LISTEN'),
  on('LISTEN', 'SIDR_REQ', 'LISTEN'),
  on('LISTEN', 'destroy', 'IDLE'),

  on('IDLE', 'connect', 'REQ_SENT', { send: 'REQ', timer: 'response' }),
  on('REQ_SENT', 'MRA', 'MRA_REQ_RCVD', { timer: 'service' }),
  ...requesting('REQ_SENT'),
  ...requesting('MRA_REQ_RCVD'),
  ...replied('REP_RCVD'),
  ...replied('MRA_REP_SENT'),

  on('IDLE', 'REQ', 'REQ_RCVD', { tell: CONNECT_REQUEST }),
  ...requested('REQ_RCVD'),
  ...requested('MRA_REQ_SENT'),
  on('REP_SENT', 'MRA', 'MRA_REP_RCVD', { timer: 'service' }),
  ...replying('REP_SENT'),
  ...replying('MRA_REP_RCVD'),

  on('ESTABLISHED', 'duplicate REP', 'ESTABLISHED', { send: 'RTU' }),
  on('ESTABLISHED', 'duplicate REQ', 'ESTABLISHED'),
  on('ESTABLISHED', 'RTU', 'ESTABLISHED'),
  on('ESTABLISHED', 'traffic', 'ESTABLISHED'),
  on('ESTABLISHED', 'LAP', 'ESTABLISHED', { send: 'APR' }),
  on('ESTABLISHED', 'REJ', 'TIMEWAIT', { tell: REJECTED, timer: 'timewait' }),
  on('ESTABLISHED', 'REJ stale', 'TIMEWAIT', { tell: REJECTED, timer: 'timewait' }),
  on('ESTABLISHED', 'disconnect', 'DREQ_SENT', { send: 'DREQ', timer: 'response' }),
  on('ESTABLISHED', 'stale', 'DREQ_SENT', { send: 'DREQ', timer: 'response' }),
  on('ESTABLISHED', 'destroy', 'DREQ_SENT', { send: 'DREQ', timer: 'response' }),
  on('ESTABLISHED', 'DREQ', 'DREQ_RCVD', { tell: DISCONNECTED }),

  on('DREQ_SENT', 'retry', 'DREQ_SENT', { send: 'again', timer: 'next' }),
  on('DREQ_SENT', 'exhausted', 'TIMEWAIT', { tell: DISCONNECTED, timer: 'timewait' }),
  on('DREQ_SENT', 'DREP', 'TIMEWAIT', { tell: DISCONNECTED, timer: 'timewait' }),
  on('DREQ_SENT', 'DREQ', 'TIMEWAIT', { send: 'DREP', tell: DISCONNECTED, timer: 'timewait' }),
  on('DREQ_SENT', 'REJ', 'TIMEWAIT', { tell: DISCONNECTED, timer: 'timewait' }),
  on('DREQ_SENT', 'REJ stale', 'TIMEWAIT', { tell: DISCONNECTED, timer: 'timewait' }),
  on('DREQ_SENT', 'destroy', 'DREQ_SENT'),
  on('DREQ_RCVD', 'DREQ', 'DREQ_RCVD'),
  on('DREQ_RCVD', 'disconnect', 'TIMEWAIT', { send: 'DREP', timer: 'timewait' }),
  on('DREQ_RCVD', 'destroy', 'TIMEWAIT', { send: 'DREP', timer: 'timewait' }),

  on('TIMEWAIT', 'DREQ', 'TIMEWAIT', { send: 'DREP' }),
  on('TIMEWAIT', 'duplicate REQ', 'TIMEWAIT', { send: 'REJ stale' }),
  on('TIMEWAIT', 'timewait over', 'IDLE', { tell: TIMEWAIT_EXIT }),
  on('TIMEWAIT', 'destroy', 'TIMEWAIT'),

  on('IDLE', 'resolve', 'SIDR_REQ_SENT', { send: 'SIDR_REQ', timer: 'response' }),
  on('SIDR_REQ_SENT', 'retry', 'SIDR_REQ_SENT', { send: 'again', timer: 'next' }),
  on('SIDR_REQ_SENT', 'exhausted', 'IDLE', { tell: UNREACHABLE }),
  on('SIDR_REQ_SENT', 'SIDR_REP', 'IDLE', { tell: ESTABLISHED }),
  on('SIDR_REQ_SENT', 'SIDR_REP refused', 'IDLE', { tell: UNREACHABLE }),
  on('SIDR_REQ_SENT', 'destroy', 'IDLE'),
  on('IDLE', 'SIDR_REQ', 'SIDR_REQ_RCVD', { tell: CONNECT_REQUEST }),
  on('SIDR_REQ_RCVD', 'duplicate SIDR_REQ', 'SIDR_REQ_RCVD'),
  on('SIDR_REQ_RCVD', 'answer', 'IDLE', { send: 'SIDR_REP' }),
  on('SIDR_REQ_RCVD', 'destroy', 'IDLE', { send: 'SIDR_REP' }),
];

const key = (from: State, event: Event) => `${from}/${event}`;
const byKey: ReadonlyMap<string, Row> = new Map(rows.map((row) => [key(row.from, row.event), row]));

/** What `event` does in a state; undefined where it does nothing. */
export const rowFor = (from: State, event: Event): Row | undefined => byKey.get(key(from, event));

/** The request waits for the listener's application. */
export const pendingStates: ReadonlySet<State> = new Set([
  'REQ_RCVD',
  'MRA_REQ_SENT',
  'SIDR_REQ_RCVD',
]);

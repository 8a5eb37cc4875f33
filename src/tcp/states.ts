// The states of a connection and what moves it between them, as tables (RFC 9293 3.3.2, figure 5). What else happens on
// a transition is said where the event comes from; nothing outside this file asks "which states are those that ...".

export const tcpStates = [
  'CLOSED',
  'LISTEN',
  'SYN-SENT',
  'SYN-RECEIVED',
  'ESTABLISHED',
  'FIN-WAIT-1',
  'FIN-WAIT-2',
  'CLOSE-WAIT',
  'CLOSING',
  'LAST-ACK',
  'TIME-WAIT',
] as const;
export type TcpState = (typeof tcpStates)[number];

export type TcpEvent =
  | 'passive OPEN'
  | 'active OPEN'
  | 'CLOSE'
  | 'receive SYN'
  | 'receive SYN,ACK'
  | 'receive ACK of SYN'
  | 'receive ACK of FIN'
  | 'receive FIN'
  /** The time of TIME-WAIT, or of a FIN-WAIT-2 that nobody waits for any more, is over. */
  | 'timeout'
  /** ABORT, RST received, retries exhausted: the connection is no more. */
  | 'delete';

type Row = Readonly<Partial<Record<TcpEvent, TcpState>>>;

/** Events that are not listed for a state do not happen in it. */
export const transitions: Readonly<Record<TcpState, Row>> = {
  CLOSED: {
    'passive OPEN': 'LISTEN',
    'active OPEN': 'SYN-SENT',
    // A listener's child begins its life here.
    'receive SYN': 'SYN-RECEIVED',
  },
  LISTEN: { 'receive SYN': 'SYN-RECEIVED', CLOSE: 'CLOSED', delete: 'CLOSED' },
  'SYN-SENT': {
    'receive SYN': 'SYN-RECEIVED', // simultaneous open
    'receive SYN,ACK': 'ESTABLISHED',
    CLOSE: 'CLOSED',
    delete: 'CLOSED',
  },
  'SYN-RECEIVED': { 'receive ACK of SYN': 'ESTABLISHED', delete: 'CLOSED' },
  ESTABLISHED: { CLOSE: 'FIN-WAIT-1', 'receive FIN': 'CLOSE-WAIT', delete: 'CLOSED' },
  'FIN-WAIT-1': {
    'receive ACK of FIN': 'FIN-WAIT-2',
    'receive FIN': 'CLOSING',
    delete: 'CLOSED',
  },
  'FIN-WAIT-2': { 'receive FIN': 'TIME-WAIT', timeout: 'CLOSED', delete: 'CLOSED' },
  'CLOSE-WAIT': { CLOSE: 'LAST-ACK', delete: 'CLOSED' },
  CLOSING: { 'receive ACK of FIN': 'TIME-WAIT', delete: 'CLOSED' },
  'LAST-ACK': { 'receive ACK of FIN': 'CLOSED', delete: 'CLOSED' },
  'TIME-WAIT': { timeout: 'CLOSED', delete: 'CLOSED' },
};

/** What a state allows. */
export interface StateFacts {
  /** Both sides' initial sequence numbers are known and acknowledged. */
  readonly synchronized: boolean;
  /** The user may hand over data (RFC 9293 3.10.2). */
  readonly takesData: boolean;
  /** Data and FIN go out, for the first time or again. */
  readonly sends: boolean;
  /** Segment text is taken in (RFC 9293 3.10.7.4, seventh). */
  readonly receives: boolean;
  /** Our FIN stands in the stream. */
  readonly closed: boolean;
}

const facts = (...set: (keyof StateFacts)[]): StateFacts => ({
  synchronized: set.includes('synchronized'),
  takesData: set.includes('takesData'),
  sends: set.includes('sends'),
  receives: set.includes('receives'),
  closed: set.includes('closed'),
});

export const stateFacts: Readonly<Record<TcpState, StateFacts>> = {
  CLOSED: facts(),
  LISTEN: facts(),
  'SYN-SENT': facts('takesData'),
  'SYN-RECEIVED': facts('takesData'),
  ESTABLISHED: facts('synchronized', 'takesData', 'sends', 'receives'),
  'FIN-WAIT-1': facts('synchronized', 'sends', 'receives', 'closed'),
  'FIN-WAIT-2': facts('synchronized', 'receives', 'closed'),
  'CLOSE-WAIT': facts('synchronized', 'takesData', 'sends'),
  CLOSING: facts('synchronized', 'sends', 'closed'),
  'LAST-ACK': facts('synchronized', 'sends', 'closed'),
  'TIME-WAIT': facts('synchronized', 'closed'),
};

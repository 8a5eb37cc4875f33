// The states of a neighbour and what moves it between them, as a table (RFC 4861 7.3 and appendix C). ARP has no
// states of its own (RFC 826); it is kept by the same ones, as Linux does.

export type NeighbourState = 'INCOMPLETE' | 'REACHABLE' | 'STALE' | 'DELAY' | 'PROBE' | 'FAILED';

export type NeighbourEvent =
  /** A packet is to be sent to it. */
  | 'used'
  /** The state's time is over, and solicitations are left. */
  | 'time'
  /** The state's time is over, and none is left. */
  | 'exhausted'
  /** It answered: solicited, and with the address that is known, or overriding it. */
  | 'answered'
  /** A solicited answer names another address and does not override. */
  | 'doubted'
  /** It said of itself, unasked, what was not known: another address. */
  | 'told'
  /** A layer above made progress with it. */
  | 'confirmed';

export interface Transition {
  readonly to: NeighbourState;
  /** Take over the link address that the message brought. */
  readonly learn?: true;
  /** Ask for it: all of the link while its address is not known, else itself. */
  readonly solicit?: true;
}

type Row = Readonly<Partial<Record<NeighbourEvent, Transition>>>;

const told: Transition = { to: 'STALE', learn: true };
const answered: Transition = { to: 'REACHABLE', learn: true };
const confirmed: Transition = { to: 'REACHABLE' };

/** Events that are not listed change nothing. */
export const transitions: Readonly<Record<NeighbourState, Row>> = {
  INCOMPLETE: {
    time: { to: 'INCOMPLETE', solicit: true },
    exhausted: { to: 'FAILED' },
    answered,
    doubted: answered,
    told,
  },
  REACHABLE: {
    time: { to: 'STALE' },
    exhausted: { to: 'STALE' },
    answered,
    doubted: { to: 'STALE' },
    told,
    confirmed,
  },
  STALE: { used: { to: 'DELAY' }, answered, told, confirmed },
  DELAY: {
    time: { to: 'PROBE', solicit: true },
    exhausted: { to: 'PROBE', solicit: true },
    answered,
    told,
    confirmed,
  },
  PROBE: {
    time: { to: 'PROBE', solicit: true },
    exhausted: { to: 'FAILED' },
    answered,
    told,
    confirmed,
  },
  // RFC 4861 forgets it here; keeping it says why nothing is sent. The next use asks anew.
  FAILED: { used: { to: 'INCOMPLETE', solicit: true }, answered, told },
};

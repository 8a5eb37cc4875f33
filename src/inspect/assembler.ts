// One sender's messages on a queue pair, requests or responses: packets in the order of their PSNs become
// messages. Duplicates and gaps are noticed by the distance on the circle (IBA 9.7.2), never by comparison.

import { psnAdd, psnDiff } from '../../protocols/index.js';
import type { Opcode } from '../../protocols/infiniband/index.js';
import { Gathering } from './message.js';
import type { Link } from './service.js';

/** What a packet's PSN says. */
export type Arrival = 'next' | 'duplicate' | 'gap';

export class Assembler {
  readonly gathering = new Gathering();
  /** PSN that comes next; undefined before anything was seen, or where it cannot be told. */
  next: number | undefined;
  /** The first packet of the message under way; undefined between messages. */
  current: { readonly opcode: Opcode; readonly link: Link | undefined } | undefined;

  /** Judges a packet by its PSN and moves on. `span` PSNs belong to it (a READ has one per response packet). */
  arrive(psn: number, span: number | undefined): Arrival {
    const ahead = this.next === undefined ? 0 : psnDiff(psn, this.next);
    if (ahead < 0) return 'duplicate';
    this.next = span === undefined ? undefined : psnAdd(psn, span);
    if (ahead === 0) return 'next';
    this.abandon();
    return 'gap';
  }

  begin(opcode: Opcode, link: Link | undefined): void {
    this.abandon();
    this.current = { opcode, link };
  }

  /** Forgets the message under way. */
  abandon(): void {
    this.gathering.drop();
    this.current = undefined;
  }
}

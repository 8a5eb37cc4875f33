// Faults as files have them: a rule in words, odds, or a link that is down for a while.

import type { Lab } from './lab.js';
import { type Quantity, readTime } from './quantity.js';

export interface FaultText {
  readonly rule?: string;
  readonly from?: string;
  readonly loss?: number;
  readonly duplicate?: number;
  readonly reorder?: number;
  readonly 'bit-errors'?: number;
  readonly delay?: Quantity;
  readonly jitter?: Quantity;
  readonly link?: readonly [string, string];
  readonly down?: Quantity;
  readonly up?: Quantity;
}

/** Brings a fault into a lab. @throws RangeError when it says nothing, or names nobody */
export function spoil(lab: Lab, fault: FaultText): void {
  if (fault.rule !== undefined) lab.fault(fault.rule);
  else if (fault.link !== undefined) cut(lab, fault.link, fault);
  else {
    const { loss, duplicate, reorder, delay, jitter } = fault;
    const bitErrorRate = fault['bit-errors'];
    const odds = {
      ...(loss !== undefined && { loss }),
      ...(duplicate !== undefined && { duplicate }),
      ...(reorder !== undefined && { reorder }),
      ...(bitErrorRate !== undefined && { bitErrorRate }),
      ...(delay !== undefined && { delayNs: readTime('delay', delay) }),
      ...(jitter !== undefined && { jitterNs: readTime('jitter', jitter) }),
    };
    if (Object.keys(odds).length === 0)
      throw new RangeError("expected 'rule', 'link', or odds such as 'loss'");
    lab.chances(odds, fault.from);
  }
}

function cut(lab: Lab, [a, b]: readonly [string, string], { down, up }: FaultText): void {
  const index = lab.topology.links.findIndex(
    (link) => (link.a === a && link.b === b) || (link.a === b && link.b === a),
  );
  const link = lab.fabric.links[index];
  if (!link) throw new RangeError(`there is no link between '${a}' and '${b}'`);
  if (down === undefined) throw new RangeError("a link needs 'down': when it goes down");
  lab.at(lab.begin + readTime('down', down), () => {
    lab.sim.setLink(link, false);
  });
  if (up === undefined) return;
  lab.at(lab.begin + readTime('up', up), () => {
    lab.sim.setLink(link, true);
  });
}

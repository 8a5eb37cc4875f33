// F21: what two cards do about a packet that is lost, when the responder says so, and when the requester goes back; and what software
// does that has to find out by a timeout.

import { AETH, BTH, Ethernet, IPv4, UDP } from '../../../protocols/index.js';
import { Transfer } from '../../apps/gobackn/index.js';
import type { Impairment } from '../../fabric/index.js';
import { xeonBroadwell } from '../../profiles/cpu.js';
import { connectX5 } from '../../profiles/nic.js';
import { Lab } from '../../scenario/lab.js';
import type { Random } from '../../time/index.js';
import { type Experiments, once } from './row.js';

const US = 1000;
const BYTES = 65_536;
const ACKNOWLEDGE = 0x11;
/** AETH.syndrome of a NAK: PSN sequence error (IBA 9.7.5.2.8). */
const SEQUENCE_ERROR = 0x60;

interface Reaction {
  readonly generation: number;
  readonly reaction: number;
}

/** Microseconds from a packet behind a gap to the NAK, and from the NAK to the first packet again, at each card's port. */
function react(): Reaction {
  const lab = new Lab({ card: connectX5 });
  const [client, server] = lab.hosts;
  const test = lab.perftest(
    { test: 'write_bw', size: BYTES, iters: 5, mtu: 1024 },
    client!,
    server!,
  );
  lab.fault('drop the 20th frame with bth.opcode == RC_RDMA_WRITE_MIDDLE from h0');
  const bth = Ethernet.size + IPv4.size + UDP.size;
  let highest = -1;
  let gapAt = 0;
  const nak = { out: 0, in: 0 };
  let againAt = 0;
  const watch = (
    name: string,
    see: (now: number, direction: string, psn: number, isNak: boolean) => void,
  ) =>
    lab.tap(name, {
      frame: (now, direction, pool, slot) => {
        if (pool.length(slot) < bth + BTH.size + AETH.size) return;
        const bytes = pool.bytes(slot);
        const at = pool.at(slot) + bth;
        const isAnswer = BTH.get.opcode(bytes, at) === ACKNOWLEDGE;
        const isNak = isAnswer && AETH.get.syndrome(bytes, at + BTH.size) === SEQUENCE_ERROR;
        if (isNak || !isAnswer) see(now, direction, BTH.get.psn(bytes, at), isNak);
      },
    });
  watch(server!.name, (now, direction, psn, isNak) => {
    if (isNak && nak.out === 0) nak.out = now;
    if (isNak || direction !== 'in' || gapAt > 0) return;
    if (highest >= 0 && psn > highest + 1) gapAt = now;
    highest = psn;
  });
  let sent = -1;
  watch(client!.name, (now, direction, psn, isNak) => {
    if (isNak && nak.in === 0) nak.in = now;
    if (isNak || direction !== 'out') return;
    if (nak.in > 0 && againAt === 0 && psn <= sent) againAt = now;
    sent = psn;
  });
  lab.run();
  const { failure } = test.result(lab.now);
  if (failure) throw new Error(failure);
  return { generation: (nak.out - gapAt) / US, reaction: (againAt - nak.in) / US };
}

/** eRPC's cluster: Intel's data sheet of the E5-2640 v4. */
const cpu = { ...xeonBroadwell, name: 'Xeon E5-2640 v4', cores: 10 };
const MESSAGE = 8 * 2 ** 20;
/** Longer than InfiniBand's flow-control packets, which nobody loses. */
const SHORTEST = 32;

/**
 * One packet of each 1/`rate` is lost, at a random place among them: the mean of random loss in a run that is short. Both ways, as
 * eRPC drops what it sends.
 */
function evenly(rate: number, random: Random): Impairment {
  const each = Math.round(1 / rate);
  let count = 0;
  let lost = random.below(each);
  return {
    name: 'even loss',
    apply(_now, _from, pool, slot, fate) {
      if (pool.length(slot) < SHORTEST) return;
      if (count === lost) fate.lost = 'loss';
      if (++count < each) return;
      count = 0;
      lost = random.below(each);
    },
  };
}

/** Gigabits a second of so many messages, one after the other. */
export function goodput(rate: number, messages: number): number {
  const lab = new Lab({ wire: 'ib', card: connectX5, cpu });
  const [from, to] = lab.hosts;
  const loss = evenly(rate, lab.sim.random.fork('loss'));
  for (const [station, port] of lab.ports()) lab.sim.impair(station, port, loss);
  const transfer = new Transfer(from!, to!, { messageBytes: MESSAGE, messages });
  const began = lab.now;
  lab.at(began, () => transfer.start());
  lab.sim.run(undefined, () => transfer.done < messages);
  return (messages * MESSAGE * 8) / (lab.now - began);
}

const run = once(react);

export const loss: Experiments = {
  'loss 1e-7': () => goodput(1e-7, 3),
  'loss 1e-4': () => goodput(1e-4, 46),
  'NAK generation': () => run().generation,
  'NAK reaction': () => run().reaction,
};

// The same message by sockets over RDMA, and what of its way the library, the wire, and the rest have.

import { RSocket } from '../../apps/rsocket/index.js';
import { star } from '../../fabric/index.js';
import { rsocketCosts } from '../../profiles/rsocket.js';
import { Lab } from '../../scenario/lab.js';
import { ms } from '../../time/index.js';
import { MESSAGE, type MessageSetting } from './message.js';

const WARM = 16;
const ROUNDS = 64;
const PORT = 7471;
/** Longer than an acknowledgement: what has the message in it. */
const LEAST = 78;

export interface RdmaMessageTimes {
  /** Nanoseconds of one message, there and back being two. */
  readonly message: number;
  /** Of a message's two operations: all that the library does to find its socket, and the locks of it. */
  readonly operation: number;
  readonly lock: number;
  readonly buffers: number;
  readonly wire: number;
  /** What is left: posting, slots, cards, polling. The receiving call is entered while the message is on its way. */
  readonly doorbellAndDma: number;
}

export function messageOverRdma({ cpu, card, switchNs }: MessageSetting): RdmaMessageTimes {
  const settings = { s0: { latencyNs: switchNs, cutThrough: true } };
  const lab = new Lab({ topology: { ...star(2), settings }, card, cpu });
  const [a, b] = lab.hosts;
  const sockets: RSocket[] = [];
  const marks = { out: 0, wire: 0, count: 0 };
  const taken = { began: 0, ended: 0, call: 0, lock: 0, buffers: 0 };
  lab.tap(a!.name, {
    frame: (now, way, pool, slot) => {
      if (taken.began > 0 && way === 'out' && pool.length(slot) > LEAST) marks.out = now;
    },
  });
  lab.tap(b!.name, {
    frame: (now, way, pool, slot) => {
      if (marks.out === 0 || way !== 'in' || pool.length(slot) <= LEAST) return;
      marks.wire += now - marks.out;
      marks.count++;
      marks.out = 0;
    },
  });
  const note = (sign: number) => {
    for (const { spent } of sockets) {
      taken.call += sign * spent.call;
      taken.lock += sign * spent.lock;
      taken.buffers += sign * spent.buffers;
    }
  };
  b!.spawn(
    'server',
    function* (thread) {
      const socket = new RSocket(b!, thread, rsocketCosts);
      sockets.push(socket);
      const address = b!.space.allocate(MESSAGE);
      if (!(yield* socket.accept(PORT))) throw new Error('nobody connected');
      while ((yield* socket.recv(address, MESSAGE)) > 0) yield* socket.send(address, MESSAGE);
    },
    { core: 0 },
  );
  a!.spawn(
    'client',
    function* (thread) {
      const socket = new RSocket(a!, thread, rsocketCosts);
      sockets.push(socket);
      const address = a!.space.allocate(MESSAGE);
      if (!(yield* socket.connect(b!.stack!.addresses[0]!.ip, PORT)))
        throw new Error('nobody answers');
      for (let i = 0; i < WARM + ROUNDS; i++) {
        if (i === WARM) {
          taken.began = thread.now;
          note(-1);
        }
        yield* socket.send(address, MESSAGE);
        yield* socket.recv(address, MESSAGE);
      }
      note(1);
      taken.ended = thread.now;
      socket.close();
    },
    { core: 0 },
  );
  lab.runFor(ms(5));
  const messages = 2 * ROUNDS;
  const message = (taken.ended - taken.began) / messages;
  const lock = taken.lock / messages;
  const operation = taken.call / messages + lock;
  const buffers = taken.buffers / messages;
  const wire = marks.wire / marks.count;
  const doorbellAndDma = message - operation / 2 - buffers - wire;
  return { message, operation, lock, buffers, wire, doorbellAndDma };
}

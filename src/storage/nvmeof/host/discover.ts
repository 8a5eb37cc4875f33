// Asking a discovery controller what there is: `nvme discover`.

import { Signal, type Thread, type Wait } from '../../../cpu/index.js';
import type { Computer } from '../../../host/index.js';
import { DISCOVERY_NQN } from '../subsystem.js';
import { ADMIN_BYTES, Admin } from './admin.js';
import { connectQueue, type Discovered, enable, isFailed, readDiscovery } from './bring-up.js';
import * as commands from './commands.js';
import type { ControllerOptions } from './controller-options.js';
import type { HostQueue, QueueOptions } from './host-queue.js';
import { newHostQueue } from './transport.js';

const ENTRIES = 32;
const PORT = 4420;

/** What can be connected to at that address; a sentence where nobody tells. */
export function* discover(
  computer: Computer,
  thread: Thread,
  options: Omit<ControllerOptions, 'subnqn'>,
): Generator<Wait, Discovered[] | string, void> {
  const { target, port = PORT, hostnqn = 'nqn.2026-11.io.wireverbs:host', transport } = options;
  const news = new Signal();
  const owner = { news, failed: (now: Parameters<typeof news.raise>[0]) => news.raise(now) };
  const queueOptions: QueueOptions = {
    ...{ computer, owner, qid: 0, entries: ENTRIES, core: thread.core, target, port },
    ...{ dataBytes: ADMIN_BYTES, inlineBytes: 0 },
  };
  const admin = new Admin(computer, news);
  const queue = newHostQueue(transport, thread, queueOptions, options.digests);
  const names = {
    subnqn: DISCOVERY_NQN,
    hostnqn,
    hostid: options.hostid ?? new Uint8Array(16),
  };
  try {
    return yield* read(admin, thread, queue, names);
  } finally {
    yield* queue.close(thread);
    admin.release();
  }
}

function* read(
  admin: Admin,
  thread: Thread,
  queue: HostQueue,
  names: commands.Names,
): Generator<Wait, Discovered[] | string, void> {
  const why = yield* queue.connect(thread);
  if (why !== '') return why;
  const cntlid = yield* connectQueue(admin, thread, queue, names, { entries: ENTRIES });
  if (typeof cntlid !== 'number') return cntlid.failure;
  const facts = yield* enable(admin, thread, queue, cntlid);
  if (isFailed(facts)) return facts.failure;
  const found = yield* readDiscovery(admin, thread, queue, ADMIN_BYTES);
  yield* admin.ask(thread, queue, 'Property Set CC', commands.shutDown);
  return isFailed(found) ? found.failure : found;
}

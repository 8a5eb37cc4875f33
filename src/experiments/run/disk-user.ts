// The computer whose program uses the disk, host or guest, and how it comes by it.

import type { BlockDevice } from '../../block/index.js';
import type { Thread, Wait } from '../../cpu/index.js';
import type { Computer } from '../../host/index.js';
import type { Lab } from '../../scenario/lab.js';
import { after, us } from '../../time/index.js';
import type { Vm } from '../../vm/index.js';
import { attach, type BlockWorkload } from './disk.js';
import { hasOwnDriver, makeVm, openGuestDisk } from './guest.js';
import type { Pool } from './pool.js';

export interface DiskUser {
  readonly computer: Computer;
  readonly vm: Vm | undefined;
  /** In a thread of the computer: the disk, or what went wrong. */
  open(thread: Thread): Generator<Wait, BlockDevice | string, void>;
}

/** A guest looks so often whether the host has the disk that it will be given. */
const LOOK = us(100);

export function diskUser(lab: Lab, pool: Pool, workload: BlockWorkload): DiskUser {
  const host = lab.host(workload.from);
  const of = workload.vm;
  const connect = (computer: Computer, thread: Thread) => attach(computer, thread, pool, workload);
  if (of === undefined)
    return { computer: host, vm: undefined, open: (thread) => connect(host, thread) };
  const vm = makeVm(lab, host, of);
  const { guest } = vm;
  if (hasOwnDriver(of)) return { computer: guest, vm, open: (thread) => connect(guest, thread) };
  return {
    computer: guest,
    vm,
    *open(thread) {
      let found: BlockDevice | string | undefined;
      host.spawn('qbd', function* (own) {
        found = yield* connect(host, own);
      });
      while (found === undefined) yield thread.sleep(after(thread.now, LOOK));
      return typeof found === 'string' ? found : yield* openGuestDisk(vm, thread, of, found);
    },
  };
}

// A host with drives in its slots, and a program that has one of them.

import type { Thread, Wait } from '../../../../src/cpu/index.js';
import { Host } from '../../../../src/host/index.js';
import { xeonPlatinum8280l } from '../../../../src/profiles/cpu.js';
import { p4800x } from '../../../../src/profiles/drive.js';
import { spdk } from '../../../../src/profiles/user-driver.js';
import {
  NvmeDrive,
  type PolledQueue,
  type PolledRequest,
} from '../../../../src/storage/drive/index.js';
import { MemoryVolume } from '../../../../src/storage/index.js';
import { seconds } from '../../../../src/time/index.js';
import { Simulation } from '../../../../src/world/sim.js';

export const SIZE = 2 ** 24;

export function machine(readOnly = false) {
  const sim = new Simulation({ seed: 1 });
  const { pool, random } = sim;
  const host = sim.add(
    new Host({
      name: 'host',
      pool,
      random,
      cpu: xeonPlatinum8280l,
      mac: '02:00:00:00:00:01',
      addresses: ['10.0.0.1/24'],
    }),
  );
  const volume = new MemoryVolume(SIZE, 'disk', readOnly);
  const drive = new NvmeDrive({ name: 'nvme0', host, profile: p4800x, volume });
  /** Runs a program on core 0 to its end. */
  const run = (program: (thread: Thread) => Generator<Wait, void, void>): void => {
    const thread = host.spawn('program', program, { core: 0 });
    sim.settle(host);
    sim.run(seconds(1), () => !thread.ended);
    if (!thread.ended) throw new Error('the program does not end');
  };
  return { sim, host, volume, drive, driver: spdk, run };
}

type Asked = Partial<Omit<PolledRequest, 'done'>>;

/** Submits a request and polls until it is over. */
export function* ask(
  thread: Thread,
  queue: PolledQueue,
  asked: Asked,
): Generator<Wait, string, void> {
  let answer = '';
  const none = { op: 'read', offset: 0, length: 0, fua: false, segments: [] } as const;
  const request: PolledRequest = {
    ...none,
    ...asked,
    done(_thread, status) {
      answer = status;
      return undefined;
    },
  };
  yield* queue.submit(thread, request);
  while (answer === '')
    if ((yield* queue.poll(thread)) === 0) yield thread.spin(queue.port.drive.landed);
  return answer;
}

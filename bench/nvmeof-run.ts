// A host's block device on a pool over NVMe over Fabrics, simulated with every frame: random reads and writes of 4 KiB, what is
// read held against what was written. `node dist/bench/nvmeof-run.js [rdma|tcp] [REQUESTS]`.

import { BlockRequest, segmentsOf } from '../src/block/index.js';
import { Signal, type Thread, type Wait } from '../src/cpu/index.js';
import { Host } from '../src/host/index.js';
import { parseIp } from '../src/stack/index.js';
import { MemoryVolume } from '../src/storage/index.js';
import {
  NvmeTarget,
  newServed,
  newTcpServed,
  rdmaServer,
  tcpServer,
} from '../src/storage/nvmeof/index.js';
import { Qbd } from '../src/storage/qbd/index.js';
import { Random, START, seconds } from '../src/time/index.js';
import { Simulation } from '../src/world/sim.js';

export const BLOCK = 4096;
const BLOCKS = 4096;
const DEPTH = 32;
const NQN = 'nqn.2026-11.org.example:bench';
/** A path MTU of 4096 and headers. */
const MTU = 4200;

export interface Outcome {
  readonly requests: number;
  readonly cpuSeconds: number;
  /** Of simulated time. */
  readonly seconds: number;
}

export function runRequests(transport: 'rdma' | 'tcp', requests: number): Outcome {
  const sim = new Simulation({ seed: 1 });
  const { pool, random } = sim;
  const hostOf = (i: number) =>
    new Host({
      name: `h${i}`,
      pool,
      random,
      mtu: MTU,
      mac: `52:54:00:00:00:0${i}`,
      addresses: [`10.0.0.${i}/24`],
      ...(transport === 'tcp' && { kernel: {} }),
    });
  const [left, right] = [hostOf(1), hostOf(2)];
  sim.add(left);
  sim.add(right);
  sim.connect(left, 0, right, 0, { rate: 100e9 });
  const target = new NvmeTarget();
  const subsystem = target.addSubsystem(START, { nqn: NQN });
  const volume = new MemoryVolume(BLOCKS * BLOCK);
  const uuid = new Uint8Array(16).fill(1);
  subsystem.addNamespace(START, { nsid: 1, volume, uuid, blockSize: BLOCK });
  const served = { target, address: '10.0.0.2' };
  right.spawn(
    'target',
    transport === 'tcp'
      ? tcpServer(right, served, newTcpServed())
      : rdmaServer(right, served, newServed()),
  );
  const done = { requests: 0, cpuSeconds: 0, began: 0 };
  const thread = left.spawn('load', (load) => work(load, left, transport, requests, done));
  for (const host of [left, right]) sim.settle(host);
  sim.run(seconds(3600), () => !thread.ended);
  if (done.requests < requests) throw new Error(`${done.requests} requests were done`);
  return {
    requests,
    cpuSeconds: done.cpuSeconds,
    seconds: (sim.now - done.began) / 1e9,
  };
}

function* work(
  thread: Thread,
  host: Host,
  transport: 'rdma' | 'tcp',
  requests: number,
  done: { requests: number; cpuSeconds: number; began: number },
): Generator<Wait, void, void> {
  const paths = [{ transport, target: parseIp('10.0.0.2') }];
  const qbd = new Qbd(host, { subnqn: NQN, paths, queues: 1 });
  const failure = yield* qbd.ready(thread);
  if (failure !== '') throw new Error(failure);
  const { device } = qbd.devices[0]!;
  const random = new Random(1, 'load');
  /** What each block was last written with; blocks of which a write is under way are not touched. */
  const model = new Uint8Array(BLOCKS);
  const busy = new Uint8Array(BLOCKS);
  const free: BlockRequest[] = [];
  const news = new Signal();
  let left = requests;
  for (let i = 0; i < DEPTH; i++) {
    const address = host.space.allocate(BLOCK);
    const bytes = host.space.bytes(address, BLOCK);
    const request = new BlockRequest();
    request.segments = segmentsOf(host.space, address, BLOCK);
    request.length = BLOCK;
    request.done = (now) => {
      const block = request.offset / BLOCK;
      if (request.status !== 'BLK_STS_OK') throw new Error(request.status);
      if (request.op === 'read') verify(bytes, model[block]!);
      busy[block] = 0;
      done.requests++;
      free.push(request);
      news.raise(now);
    };
    free.push(request);
  }
  const started = process.cpuUsage();
  done.began = thread.now;
  while (left > 0) {
    const request = free.pop();
    if (!request) {
      yield thread.block(news);
      continue;
    }
    let block = random.below(BLOCKS);
    while (busy[block] === 1) block = random.below(BLOCKS);
    busy[block] = 1;
    request.offset = block * BLOCK;
    request.op = random.below(10) < 7 ? 'read' : 'write';
    if (request.op === 'write') {
      model[block] = (model[block]! + 1) % 256;
      const { address } = request.segments[0]!;
      host.memory.view(address, BLOCK).fill(model[block]!);
    }
    left--;
    yield* device.submit(thread, request);
  }
  while (free.length < DEPTH) yield thread.block(news);
  const { user, system } = process.cpuUsage(started);
  done.cpuSeconds = (user + system) / 1e6;
}

function verify(bytes: Uint8Array, value: number): void {
  for (let i = 0; i < BLOCK; i += 64)
    if (bytes[i] !== value) throw new Error(`a block holds ${bytes[i]}, not ${value}`);
}

const [, program, transport = 'rdma', count = '20000'] = process.argv;
if (program?.endsWith('nvmeof-run.js')) {
  if (transport !== 'rdma' && transport !== 'tcp') throw new RangeError(`no ${transport}`);
  runRequests(transport, 3000);
  const { requests, cpuSeconds, seconds: took } = runRequests(transport, Number(count));
  console.log(
    `${transport}: ${Math.round(requests / cpuSeconds)} requests a second of CPU; simulated ${Math.round(requests / took)} IOPS`,
  );
}

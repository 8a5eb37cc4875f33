// Mirrors src/storage/nvmeof/tcp/listener.ts: our host and our target on sockets of this machine.

import { nvme } from '../../../../protocols/index.js';
import { MemoryVolume } from '../../../../src/storage/index.js';
import { NvmeTarget, NvmeTcpListener } from '../../../../src/storage/nvmeof/index.js';
import { START } from '../../../../src/time/index.js';
import { commands, Line } from '../../../support/plain-nvme/index.js';
import { assert, spec } from '../../../support/spec.js';

const NQN = 'nqn.2026-11.org.example:pool';
const HOST = { subnqn: NQN, hostnqn: 'nqn.2026-11.org.example:host', hostid: new Uint8Array(16) };
const BLOCK = 512;

async function served() {
  const target = new NvmeTarget();
  const subsystem = target.addSubsystem(START, { nqn: NQN });
  const volume = new MemoryVolume(8 << 20);
  subsystem.addNamespace(START, { nsid: 1, volume, uuid: new Uint8Array(16).fill(1) });
  const listener = new NvmeTcpListener(target);
  const port = await listener.listen(0, '127.0.0.1');
  return { listener, port, subsystem };
}

async function admin(port: number, katoMs = 0) {
  const line = new Line(port, 0, 32);
  const made = await line.do(commands.connect(0, { ...HOST, qid: 0, entries: 32, katoMs }));
  await line.do(commands.enable(1));
  return { line, cntlid: nvme.CQEConnect.get.cntlid(made.result, 0) };
}

spec('NVMe/TCP on sockets', (it) => {
  it('large data goes both ways, and hosts that leave are gone', async () => {
    const { listener, port, subsystem } = await served();
    const { line, cntlid } = await admin(port);
    const io = new Line(port, 1, 64);
    await io.do(commands.connect(0, { ...HOST, qid: 1, entries: 64, cntlid }));
    const count = 4096;
    const data = Uint8Array.from({ length: count * BLOCK }, (_, i) => i % 253);
    assert.ok((await io.do(commands.write(1, 1, 100, count, data))).succeeded);
    const back = new Uint8Array(data.length);
    assert.ok((await io.do(commands.read(9, 1, 100, count, back))).succeeded);
    assert.equal(Buffer.compare(back, data), 0);
    const idle = new Promise<void>((resolve) => {
      listener.onIdle = resolve;
    });
    for (const { socket } of [io, line]) socket.destroy();
    await idle;
    assert.is(subsystem.controllers.size, 0);
    await listener.close();
  });

  it('a host that falls silent is hung up on', async () => {
    const { listener, port, subsystem } = await served();
    const { line } = await admin(port, 1);
    while (line.queue.why === '') await line.news();
    assert.is(subsystem.controllers.size, 0);
    await listener.close();
  });
});

// Mirrors src/world/live.ts and wire.ts: the same stations over real sockets, both ends in this process.

import { spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { readdirSync, renameSync } from 'node:fs';
import { createConnection, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { CaptureReader, check, dissect, parseMac } from '../../../protocols/index.js';
import { CaptureTap, chances, type Impairment } from '../../../src/fabric/index.js';
import { HostStack, parseIp } from '../../../src/stack/index.js';
import { Random } from '../../../src/time/index.js';
import { LiveWorld } from '../../../src/world/live.js';
import { inFolder } from '../../support/cli.js';
import { assert, spec } from '../../support/spec.js';

interface End {
  readonly world: LiveWorld;
  readonly stack: HostStack;
}

async function end(number: number, wire: string, impairments: readonly Impairment[] = []) {
  const world = new LiveWorld();
  const stack = new HostStack(`host ${number}`, world.pool, {
    mac: parseMac(`52:54:00:00:00:0${number}`),
    addresses: [`10.0.0.${number}/24`],
  });
  for (const impairment of impairments) world.impair(impairment, 'out');
  await world.connect(stack, wire);
  return { world, stack };
}

/** Pings until `wanted` replies are there; says how many requests that took. */
async function ping({ world, stack }: End, target: string, wanted: number, size: number) {
  let replies = 0;
  for (let sequence = 1; sequence < 500; sequence++) {
    stack.ping(world.now, parseIp(target), 1, sequence, size);
    world.settle();
    await new Promise((resolve) => setTimeout(resolve, 2));
    while (stack.takeEchoReply()) replies++;
    if (replies >= wanted) return sequence;
  }
  throw new Error(`${replies} of ${wanted} replies`);
}

/** UDP addresses that nobody has, as far as one can know. */
async function freePlaces(count: number): Promise<string[]> {
  const sockets = Array.from({ length: count }, () => createSocket('udp4'));
  const places: string[] = [];
  for (const socket of sockets) {
    await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
    places.push(`127.0.0.1:${socket.address().port}`);
  }
  for (const socket of sockets) socket.close();
  return places;
}

spec('live world', (it) => {
  it('two hosts ping each other over a unix socket, as fragments too, and what was seen is right', () =>
    inFolder(async (folder) => {
      const wire = `qemu:${join(folder, 'wire.sock')}`;
      const a = await end(1, wire);
      const pieces: Uint8Array[] = [];
      const tap = new CaptureTap((bytes) => pieces.push(bytes));
      a.world.tap(tap.port('eth0', 1, ['in', 'out'], a.world.epochSeconds));
      const b = await end(2, wire);
      await ping(b, '10.0.0.1', 20, 56);
      await ping(a, '10.0.0.2', 5, 5000);
      await Promise.all([b.world.close(), a.world.close()]);
      tap.flush();
      const reader = new CaptureReader();
      for (const piece of pieces) reader.push(piece);
      let frames = 0;
      let last = 0;
      while (reader.next()) {
        const { bytes, at, end: to, timestamp } = reader.record;
        frames++;
        last = Number(timestamp / 1_000_000_000n);
        assert.equal(check(dissect(bytes, { start: at, end: to })).findings, []);
      }
      assert.ok(frames >= 2 + 40 + 40, `${frames} frames`);
      assert.ok(Math.abs(last - Date.now() / 1000) < 60, 'the capture has the time of day');
      assert.is(a.world.pool.inUse + b.world.pool.inUse, 0);
    }));

  it('loss, copies and reordering on our side cost replies, not more', () =>
    inFolder(async (folder) => {
      const wire = `qemu:${join(folder, 'wire.sock')}`;
      const spoiled = chances(
        { loss: 0.3, duplicate: 0.2, reorder: 0.2, reorderNs: 3_000_000 },
        new Random(5),
      );
      const a = await end(1, wire);
      const b = await end(2, wire, [spoiled]);
      // The first request for an address may be lost as well, and is repeated after a second: both know each other.
      a.stack.neighbours.tell(a.world.now, parseIp('10.0.0.2'), b.stack.mac, 'unasked', true);
      b.stack.neighbours.tell(b.world.now, parseIp('10.0.0.1'), a.stack.mac, 'unasked', true);
      assert.ok((await ping(b, '10.0.0.1', 50, 56)) > 50);
      assert.ok(b.world.lost.get('loss')! > 0);
      await Promise.all([b.world.close(), a.world.close()]);
    }));

  it('frames travel as UDP datagrams as well', async () => {
    const [here, there] = await freePlaces(2);
    const a = await end(1, `udp:${here},${there}`);
    const b = await end(2, `udp:${there},${here}`);
    await ping(b, '10.0.0.1', 5, 56);
    await Promise.all([b.world.close(), a.world.close()]);
  });

  it('a peer that sends no frames is told off, and the next one is heard', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'wire.sock');
      const a = await end(1, `qemu:${path}`);
      let complaint = '';
      a.world.onFailure = (why) => {
        complaint = why;
      };
      await new Promise<void>((resolve) => {
        const socket = createConnection(path, () => socket.write('GET / HTTP/1.1\r\n'));
        socket.on('close', () => resolve());
        socket.resume();
      });
      assert.match(complaint, /no frame's length/);
      const b = await end(2, `qemu:${path}`);
      await ping(b, '10.0.0.1', 2, 56);
      await Promise.all([b.world.close(), a.world.close()]);
    }));

  it('a socket that is left over is replaced, one whose owner is only slow is not', () =>
    inFolder(async (folder) => {
      const wire = join(folder, 'wire.sock');
      const dies = 'net.createServer().listen(process.argv[1], () => process.kill(process.pid, 9))';
      const leaveBehind = () => spawnSync(process.execPath, ['-e', dies, wire]);
      assert.is(leaveBehind().signal, 'SIGKILL');
      const a = await end(1, `qemu:${wire}`);
      const b = await end(2, `qemu:${wire}`);
      await ping(b, '10.0.0.1', 1, 56);
      await Promise.all([b.world.close(), a.world.close()]);
      assert.equal(readdirSync(folder), [], 'nothing stays');
      assert.is(leaveBehind().signal, 'SIGKILL');
      const opening = end(1, `qemu:${wire}`);
      const server = createServer().listen(join(folder, 'own'));
      await new Promise((resolve) => server.once('listening', resolve));
      const peer = new Promise((resolve) => server.once('connection', resolve));
      renameSync(join(folder, 'own'), wire); // as if it listened only now
      const c = await opening;
      ((await peer) as Socket).destroy();
      await c.world.close();
      server.close();
    }));

  it('says what a wire looks like where the text names none', async () => {
    let message = '';
    await end(1, 'tap:eth0').catch((error: Error) => {
      message = error.message;
    });
    assert.match(message, /'tap:eth0' is no wire: expected qemu:PATH/);
  });
});

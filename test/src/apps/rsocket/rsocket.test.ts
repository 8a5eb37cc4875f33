// Streams over RDMA: what was sent arrives in order, through rings that wrap and peers that do not read.

import { RSocket } from '../../../../src/apps/rsocket/index.js';
import { connectX4 } from '../../../../src/profiles/nic.js';
import { rsocketCosts } from '../../../../src/profiles/rsocket.js';
import { Lab } from '../../../../src/scenario/lab.js';
import { us } from '../../../../src/time/index.js';
import { assert, spec } from '../../../support/spec.js';

const pattern = (length: number): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => (i * 31 + Math.floor(i / 256) * 7) % 256);

/** A stream in pieces of `size`, read in pieces of `read`, with a pause before each read. */
function stream(length: number, size: number, read: number, pauseNs = 0) {
  const lab = new Lab({ card: connectX4 });
  const [a, b] = lab.hosts;
  const bytes = pattern(length);
  const got = new Uint8Array(length);
  let received = 0;
  b!.spawn('server', function* (thread) {
    const socket = new RSocket(b!, thread, rsocketCosts);
    assert.ok(yield* socket.accept(7471));
    const address = b!.space.allocate(read, { contiguous: true });
    while (received < length) {
      if (pauseNs > 0) yield thread.sleep((thread.now + pauseNs) as typeof thread.now);
      const count = yield* socket.recv(address, read);
      if (count <= 0) return;
      got.set(b!.space.bytes(address, count), received);
      received += count;
    }
  });
  a!.spawn('client', function* (thread) {
    const socket = new RSocket(a!, thread, rsocketCosts);
    assert.ok(yield* socket.connect(b!.stack!.addresses[0]!.ip, 7471));
    const address = a!.space.allocate(size, { contiguous: true });
    for (let at = 0; at < length; at += size) {
      const count = Math.min(size, length - at);
      a!.space.bytes(address, count).set(bytes.subarray(at, at + count));
      assert.is(yield* socket.send(address, count), count);
    }
  });
  lab.runFor(us(200_000));
  return { same: Buffer.compare(got, bytes) === 0, received, lab };
}

spec('a socket over RDMA', (it) => {
  for (const [size, read] of [
    [50_000, 70_000],
    [131_072, 1000],
    [7, 65_536],
    [4096, 4096],
  ] as const) {
    it(`carries a stream written by ${size} and read by ${read} bytes`, () => {
      const length = size < 100 ? 9000 : 700_001;
      const { same, received } = stream(length, size, read);
      assert.is(received, length);
      assert.ok(same);
    });
  }

  it('waits for a reader that is slow, and loses nothing', () => {
    const { same } = stream(600_000, 40_000, 20_000, 30_000);
    assert.ok(same);
  });

  it('copies each byte once on each side, and enters no kernel while there is something to read', () => {
    const { lab } = stream(300_000, 50_000, 50_000);
    for (const { ledger } of lab.hosts) assert.is(ledger.total('copy').bytes, 300_000);
  });

  it('says so when nobody listens', () => {
    const lab = new Lab({ card: connectX4 });
    const [a, b] = lab.hosts;
    let connected = true;
    a!.spawn('client', function* (thread) {
      const socket = new RSocket(a!, thread, rsocketCosts);
      connected = yield* socket.connect(b!.stack!.addresses[0]!.ip, 7471);
    });
    lab.runFor(us(30_000_000));
    assert.not(connected);
  });
});

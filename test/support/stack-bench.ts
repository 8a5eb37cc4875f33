// A host's stack on a test bench: frames in, frames out, time as one likes; all that leaves is right by every check.

import { build, check, dissect, type LayerInput, parseMac } from '../../protocols/index.js';
import { FramePool } from '../../src/frame/index.js';
import { HostStack, parseIp } from '../../src/stack/index.js';
import type { Nanos } from '../../src/time/index.js';
import { assert } from './spec.js';

export const US = '52:54:00:00:00:01';
export const PEER = '52:54:00:00:00:02';
export const ALL = 'ff:ff:ff:ff:ff:ff';
export const [IP, PEER_IP] = ['10.0.0.1', '10.0.0.2'];
export const [IP6, PEER_IP6] = ['fd00::1', 'fd00::2'];
export const OUR_LINK = 'fe80::5054:ff:fe00:1';

export class Bench {
  now = 0 as Nanos;
  readonly pool = new FramePool();
  readonly stack: HostStack;
  constructor(addresses: readonly string[] = [`${IP}/24`, `${IP6}/64`]) {
    this.stack = new HostStack('a', this.pool, { mac: parseMac(US), addresses });
  }
  give(bytes: Uint8Array): Uint8Array[] {
    const slot = this.pool.take();
    this.pool.bytes(slot).set(bytes, this.pool.at(slot));
    this.pool.setLength(slot, bytes.length);
    this.stack.receive(this.now, 0, slot);
    return this.sent();
  }
  /** Frames that left; every one of them is right by every check. */
  sent(): Uint8Array[] {
    const frames: Uint8Array[] = [];
    while (this.stack.takeReady() >= 0);
    for (let slot = this.stack.transmit(this.now, 0); slot >= 0; ) {
      const at = this.pool.at(slot);
      frames.push(this.pool.bytes(slot).slice(at, at + this.pool.length(slot)));
      this.pool.release(slot);
      slot = this.stack.transmit(this.now, 0);
    }
    for (const frame of frames) {
      const seen = dissect(frame);
      assert.is(seen.stop, null);
      assert.equal(check(seen).findings, []);
    }
    return frames;
  }
  built(...layers: LayerInput[]): Uint8Array[] {
    return this.give(build(layers).bytes);
  }
  wait(time: Nanos): Uint8Array[] {
    const until = this.now + time;
    const frames: Uint8Array[] = [];
    while (this.stack.wakeAt() <= until) {
      this.now = this.stack.wakeAt();
      this.stack.expire(this.now);
      frames.push(...this.sent());
    }
    this.now = until as Nanos;
    return frames;
  }
  state(ip: string) {
    return this.stack.neighbours.get(parseIp(ip))?.state;
  }
  drops() {
    return this.stack.drops.all;
  }
}

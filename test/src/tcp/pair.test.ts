// Two TCPs of ours over a link: connections open, carry bytes both ways and close, whatever the link does.

import { seconds } from '../../../src/time/index.js';
import { assert, spec } from '../../support/spec.js';
import { End, type PairOptions, TcpPair } from '../../support/tcp-pair.js';

const stream = (length: number, salt: number): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => (i * 31 + (i >> 8) * 7 + salt) % 256);

function exchange(options: PairOptions, up: number, down: number) {
  const pair = new TcpPair(options);
  const { sim, hosts } = pair;
  const { client, accept } = pair.open();
  const a = new End(hosts[0], client, stream(up, 1));
  let b: End | undefined;
  for (let i = 0; i < 200_000 && sim.step(); i++) {
    a.turn(sim.now);
    const accepted = b ? undefined : accept();
    if (accepted) b = new End(hosts[1], accepted, stream(down, 2));
    b?.turn(sim.now);
  }
  return { pair, a, b: b! };
}

spec('TCP between two of ours', (it) => {
  for (const v6 of [false, true]) {
    it(`opens, carries bytes both ways and closes over ${v6 ? 'IPv6' : 'IPv4'}`, () => {
      const { pair, a, b } = exchange({ v6 }, 300_000, 200_000);
      assert.ok(b, 'accepted');
      assert.is(b.receivedBytes, 300_000);
      assert.is(a.receivedBytes, 200_000);
      assert.equal(b.bytes, a.stream);
      assert.equal(a.bytes, b.stream);
      assert.is(a.connection.error, undefined);
      assert.is(b.connection.error, undefined);
      assert.is(a.connection.state, 'CLOSED');
      assert.is(b.connection.state, 'CLOSED');
      assert.is(pair.sim.pool.inUse, 0);
      assert.ok(pair.sim.now > seconds(60), 'TIME-WAIT took its time');
      const { counters } = pair.hosts[0].tcp;
      assert.is(counters.RetransSegs, 0);
      assert.is(counters.InErrs, 0);
    });
  }
});

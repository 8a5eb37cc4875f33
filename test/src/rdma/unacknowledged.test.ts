// Mirrors src/rdma/transmit-clock.ts: when requests of services without acknowledgement are done.

import { connectX4 } from '../../../src/profiles/nic.js';
import { createAh, hcaProfile, postSend, type RdmaDevice } from '../../../src/rdma/index.js';
import { type Nanos, NEVER } from '../../../src/time/index.js';
import { BackToBack, sge } from '../../support/back-to-back.js';
import { assert, spec } from '../../support/spec.js';

const SIGNALED = 2;

/** One end of a service without acknowledgements, whose port takes nothing by itself. */
function unacknowledged(type: 'IBV_QPT_UC' | 'IBV_QPT_UD') {
  const net = new BackToBack({ profile: hcaProfile, nic: connectX4 });
  const [a, b] = net.connect({ type });
  const [{ context, device }] = net.hosts;
  const from = net.hosts[0].buffer(64);
  const ah = createAh(net.hosts[0].pd, net.path(0));
  const datagram = type === 'IBV_QPT_UD' && { ah, remoteQpn: b.qp.qpn, remoteQkey: 0x11111111 };
  const send = (): void =>
    postSend(context, a.qp, {
      opcode: 'IBV_WR_SEND',
      sendFlags: SIGNALED,
      sgList: [sge(from, 0, 64)],
      ...(datagram && { ud: datagram }),
    });
  return { net, device, a, send };
}

/** Lets a device do whatever it can without its port; by when all that it made is ready. */
function exhaust(device: RdmaDevice): Nanos {
  for (let i = 0; i < 1000; i++) {
    device.takeReady();
    if (device.wakeAt() === NEVER) return (device.now + 1e5) as Nanos;
    device.expire(device.wakeAt());
  }
  throw new Error('it does not come to rest');
}

spec('a service without acknowledgement, on a device that takes time', (it) => {
  it('completes what nobody acknowledges when the port takes its last packet, not when it is made', () => {
    for (const type of ['IBV_QPT_UC', 'IBV_QPT_UD'] as const) {
      const { device, a, send } = unacknowledged(type);
      send();
      send();
      let now = exhaust(device);
      assert.is(a.sendCq.produced, 0, `${type}: both packets are made, and none has left`);
      for (const left of [1, 2]) {
        device.pool.release(device.transmit(now, 0));
        now = exhaust(device);
        assert.is(a.sendCq.produced, left, type);
      }
      assert.is(device.transmit(now, 0), -1);
    }
  });

  it('takes no packet of an earlier life for one that left', () => {
    const { net, device, a, send } = unacknowledged('IBV_QPT_UD');
    send();
    exhaust(device);
    net.ready(0, net.reset(0, a.qp), a.qp);
    send();
    const now = exhaust(device);
    device.pool.release(device.transmit(now, 0));
    exhaust(device);
    assert.is(a.sendCq.produced, 0, 'the same PSN, and it is still to leave');
    device.pool.release(device.transmit(now, 0));
    exhaust(device);
    assert.is(a.sendCq.produced, 1);
  });
});

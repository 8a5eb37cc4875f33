// RC between two devices: the operations themselves, over every carrier.

import { check, dissect } from '../../../protocols/index.js';
import { postRecv, postSend } from '../../../src/rdma/index.js';
import { BackToBack, sge } from '../../support/back-to-back.js';
import { assert, spec } from '../../support/spec.js';

const SIGNALED = 2;

const fill = (bytes: Uint8Array, seed: number): void => {
  for (let i = 0; i < bytes.length; i++) bytes[i] = (i * 31 + seed) % 251;
};

const carriers = [
  { wire: 'RoCE v2' },
  { wire: 'RoCE v2', v6: true },
  { wire: 'RoCE v1' },
  { wire: 'IB' },
] as const;

spec('RC', (it) => {
  for (const options of carriers) {
    const over = `${options.wire}${'v6' in options ? ' over IPv6' : ''}`;
    it(`SEND, RDMA WRITE and RDMA READ move the bytes: ${over}`, () => {
      const net = new BackToBack(options);
      const [a, b] = net.connect();
      const [left, right] = net.hosts;
      const from = left.buffer(5001);
      const to = right.buffer(5001);
      fill(from.bytes, 1);
      postRecv(right.context, b.qp, { wrId: 9, sgList: [sge(to)] });
      const send = { opcode: 'IBV_WR_SEND', sgList: [sge(from)], sendFlags: SIGNALED } as const;
      postSend(left.context, a.qp, { wrId: 1, ...send });
      net.run();
      assert.equal(
        left.poll(a.sendCq).map((w) => [w.wrId, w.status]),
        [[1, 'IBV_WC_SUCCESS']],
      );
      const [received] = right.poll(b.recvCq);
      assert.is(received?.byteLen, 5001);
      assert.is(received?.wrId, 9);
      assert.equal(to.bytes, from.bytes);
      fill(from.bytes, 2);
      const rdma = { remoteAddr: to.addr, rkey: to.mr.rkey };
      const flags = { sendFlags: SIGNALED, rdma, sgList: [sge(from)] };
      postSend(left.context, a.qp, { opcode: 'IBV_WR_RDMA_WRITE', ...flags });
      net.run();
      assert.equal(to.bytes, from.bytes);
      fill(to.bytes, 3);
      postSend(left.context, a.qp, { opcode: 'IBV_WR_RDMA_READ', ...flags });
      net.run();
      assert.equal(to.bytes, from.bytes);
      const done = left.poll(a.sendCq).map((w) => w.status);
      assert.equal(done, ['IBV_WC_SUCCESS', 'IBV_WC_SUCCESS']);
      assert.is(net.pool.inUse, 0);
      const linkType = options.wire === 'IB' ? 247 : 1;
      for (const { bytes } of net.sent) {
        const { findings } = check(dissect(bytes, { linkType }));
        assert.equal(findings, []);
      }
    });
  }

  it('works over InfiniBand when only one side goes with a GRH, and a GRH of others is refused', () => {
    const net = new BackToBack({ wire: 'IB' });
    const [left, right] = net.hosts;
    const route = (dgid: Uint8Array) => ({ ...net.path(0), grh: { dgid } });
    const gid = right.device.address.gids[0]!.bytes;
    const [a] = net.connect({ attr: { ahAttr: route(gid) } }, {});
    const from = left.buffer(5001);
    const to = right.buffer(5001);
    fill(from.bytes, 1);
    const rdma = { remoteAddr: to.addr, rkey: to.mr.rkey };
    const write = { opcode: 'IBV_WR_RDMA_WRITE', sendFlags: SIGNALED } as const;
    postSend(left.context, a.qp, { ...write, rdma, sgList: [sge(from)] });
    net.run();
    assert.equal(
      left.poll(a.sendCq).map((w) => w.status),
      ['IBV_WC_SUCCESS'],
    );
    assert.equal(to.bytes, from.bytes);
    const [b] = net.connect({ attr: { ahAttr: route(gid.map((byte) => byte ^ 1)) } }, {});
    postSend(left.context, b.qp, { ...write, rdma, sgList: [sge(from, 0, 8)] });
    net.run();
    assert.equal(
      left.poll(b.sendCq).map((w) => w.status),
      ['IBV_WC_RETRY_EXC_ERR'],
    );
  });

  /** The layers of one SEND of three bytes, by key. */
  const layersOf = (options: (typeof carriers)[number]) => {
    const net = new BackToBack(options);
    const [a] = net.connect();
    const from = net.hosts[0].buffer(3);
    postSend(net.hosts[0].context, a.qp, { opcode: 'IBV_WR_SEND', sgList: [sge(from)] });
    net.run(net.now);
    const { bytes } = net.sent[0]!;
    const { layers } = dissect(bytes, { linkType: options.wire === 'IB' ? 247 : 1 });
    return { bytes, layer: (key: string) => layers.find((l) => l.key === key) };
  };

  it('rule 5.4.2, trap 3: pad bytes count in the lengths of IP and UDP, and BTH says how many they are', () => {
    const { bytes, layer } = layersOf({ wire: 'RoCE v2' });
    assert.is(bytes.length, 14 + 20 + 8 + 12 + 4 + 4);
    assert.is(layer('bth')?.get('padCount'), 1);
    assert.is(layer('ipv4')?.get('totalLength'), bytes.length - 14);
    assert.is(layer('udp')?.get('length'), bytes.length - 34);
  });

  it('rule 5.2.3, trap 5: RoCE v1 has no UDP; GRH says 1Bh and counts from BTH to the ICRC', () => {
    const { bytes, layer } = layersOf({ wire: 'RoCE v1' });
    assert.is(layer('udp'), undefined);
    assert.is(layer('grh')?.get('nxtHdr'), 0x1b);
    assert.is(layer('grh')?.get('payLen'), bytes.length - 14 - 40);
  });

  it('rule 5.1.10, trap 6: the UDP checksum is zero over IPv6 too', () => {
    assert.is(layersOf({ wire: 'RoCE v2', v6: true }).layer('udp')?.get('checksum'), 0);
  });

  it('rule 5.2.4, trap 8: VCRC closes packets of InfiniBand links and no others', () => {
    assert.ok(layersOf({ wire: 'IB' }).layer('vcrc'));
    for (const options of carriers.slice(0, 3))
      assert.is(layersOf(options).layer('vcrc'), undefined);
  });
});

// Queue pair 1: MADs there and back over every carrier, and the bytes of Linux's own.

import { ManagementPort } from '../../../src/rdma/index.js';
import { BackToBack } from '../../support/back-to-back.js';
import { said } from '../../support/rdma-packet.js';
import { assert, spec } from '../../support/spec.js';

const carriers = [{}, { v6: true }, { wire: 'RoCE v1' }, { wire: 'IB' }] as const;

spec('the management port', (it) => {
  it('brings a MAD to queue pair 1 of the peer, and the answer back the way it came', () => {
    for (const options of carriers) {
      const net = new BackToBack(options);
      const [a, b] = net.hosts.map((host) => new ManagementPort(host.context));
      const mad = new Uint8Array(256).map((_, i) => i);
      assert.ok(a!.send(net.path(0), mad));
      net.run();
      const heard = b!.receive();
      assert.equal(heard?.bytes, mad);
      assert.is(heard?.srcQp, 1);
      b!.send(heard!.from, mad.reverse());
      net.run();
      assert.equal(a!.receive()?.bytes, mad);
      assert.is(a!.receive(), undefined);
    }
  });

  it('rule 5.7.2, trap 21, trap 25: a MAD is 322 bytes from port 55410, with the Q_Key of the GSI and AckReq as rxe has it', () => {
    const net = new BackToBack();
    const [a] = net.hosts.map((host) => new ManagementPort(host.context));
    a!.send(net.path(0), new Uint8Array(256));
    net.run();
    const [sent] = said(net, 0);
    const value = (key: string, field: string) =>
      sent?.frame.layers.find((l) => l.key === key)?.get(field);
    assert.is(sent?.size, 322);
    assert.is(value('udp', 'srcPort'), 55410);
    assert.is(value('deth', 'qkey'), 0x80010000);
    assert.is(value('bth', 'ackReq'), 1);
    assert.is(value('bth', 'destQp'), 1);
  });
});

// Mirrors src/iwarp/nic-port.ts: frames whose next hop has to be asked for, on both sides of a router.

import { star } from '../../../src/fabric/index.js';
import type { Host } from '../../../src/host/index.js';
import { Lab } from '../../../src/scenario/lab.js';
import { seconds } from '../../../src/time/index.js';
import { assert, spec } from '../../support/spec.js';

const routed = () => new Lab({ wire: 'iwarp', kind: 'routed', topology: star(2) });

spec("an RNIC's neighbours", (it) => {
  for (const ipv6 of [false, true]) {
    const version = ipv6 ? 'IPv6' : 'IPv4';
    it(`the passive side asks for its gateway, and answers as soon as that has (${version})`, () => {
      const lab = routed();
      const [client, server] = lab.hosts as [Host, Host];
      const lines: string[] = [];
      lab.watch('h1', (line) => lines.push(line));
      const test = lab.perftest({ test: 'write_lat', size: 64, iters: 5, ipv6 }, client, server);
      lab.run();
      assert.is(test.result(lab.now).failure, '');
      const at = (words: RegExp) => parseFloat(lines.find((line) => words.test(line))!);
      const [asked, answered] = ipv6
        ? [at(/Neighbor Solicitation/), at(/Neighbor Advertisement/)]
        : [at(/Who has/), at(/ is at /)];
      assert.ok(at(/\[SYN\]/) < asked && asked < answered, lines.slice(0, 5).join('\n'));
      const waited = at(/\[SYN, ACK\]/) - answered;
      assert.ok(waited > 0 && waited < 1, `${waited} us`);
    });
  }

  it('frames to a gateway that does not answer are given up, and none is kept', () => {
    const lab = routed();
    const [client, server] = lab.hosts as [Host, Host];
    lab.fault('drop every frame with arp from h1');
    const test = lab.perftest({ test: 'write_lat', size: 64, iters: 5 }, client, server);
    lab.run(seconds(60));
    assert.match(test.result(lab.now).failure, /UNREACHABLE/);
    assert.ok(server.device.counters.get('iw_no_neighbour') > 1);
    assert.is(lab.sim.pool.inUse, 0);
  });
});

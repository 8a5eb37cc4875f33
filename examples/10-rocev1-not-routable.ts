// RoCE v1 has an EtherType of its own and no IP header: a router has nothing to go by, and drops it. RoCE v2 puts the same
// packet into UDP, which routers know. The same test over both, with a router between the hosts.

import { ms, type Router, type Stage, star } from 'wireverbs/sim';

export function scenario(stage: Stage): void {
  for (const wire of ['rocev1', 'rocev2'] as const) {
    const lab = stage.lab({ topology: star(2), wire, kind: 'routed' });
    const router = lab.fabric.switches.get('s0') as Router;
    const [client, server] = lab.hosts;
    const options = {
      test: 'write_bw',
      size: 4096,
      iters: 10,
      qpTimeout: 8,
      retryCount: 2,
    } as const;
    const test = lab.perftest(options, client!, server!);
    lab.run(ms(5000));
    const { failure, completed } = test.result(lab.now);
    const drops = [...router.drops].map(([why, n]) => `${n} x ${why}`).join(', ') || 'none';
    stage.say(`${wire}: ${completed} of 10 messages; the router dropped ${drops}`);
    if (failure !== '') stage.say(`  ${failure}`);
    const refused = router.drops.get('not routable: RoCE v1') ?? 0;
    if (wire === 'rocev1') {
      stage.expect('RoCE v1 does not get through', completed === 0 && failure !== '');
      stage.expect('the router says why', refused > 0);
    } else {
      stage.expect('RoCE v2 gets through', completed === 10 && failure === '');
    }
  }
}

// Routers that have several equal ways (ECMP) choose by a hash of addresses and ports. RoCE v2 gives every queue pair a UDP
// source port of its own, so that one host's flows spread over the spines, while packets of one queue pair stay in order.

import { leafSpine, type Stage } from 'wireverbs/sim';

export function scenario(stage: Stage): void {
  for (const qps of [1, 16]) {
    const lab = stage.lab({ topology: leafSpine(2, 4, 1, { rate: 25e9 }) });
    const frames = new Map<string, number>();
    for (const spine of ['spine0', 'spine1', 'spine2', 'spine3']) {
      lab.tap(spine, {
        frame: (_now, direction) => {
          if (direction === 'in') frames.set(spine, (frames.get(spine) ?? 0) + 1);
        },
      });
    }
    const [client, server] = lab.hosts;
    const test = lab.perftest(
      { test: 'write_bw', size: 4096, iters: 50, qps, mtu: 1024 },
      client!,
      server!,
    );
    lab.run();
    const used = [...frames].filter(([, count]) => count > 50);
    stage.say(
      `${qps} queue pairs: ${[...frames].map(([name, count]) => `${name} ${count}`).join(', ')}`,
    );
    stage.expect('all of it arrives', test.result(lab.now).failure === '');
    if (qps === 1) stage.expect('one flow takes one way', used.length === 1);
    else stage.expect('many flows take several', used.length > 2);
  }
}

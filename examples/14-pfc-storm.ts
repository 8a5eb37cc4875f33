// A PFC storm. A pause stops a whole port and priority, not the flow that is too much: h0's card hangs and pauses its switch,
// whose buffer fills until it pauses its neighbours, and in the end h3, which only wants to talk to h4, stands still as well.

import { type Host, ms, type Stage, type Topology, us } from 'wireverbs/sim';

const RATE = 25e9;
const pfc = { 3: { xoff: 16_384, xon: 8192, headroom: 65_536 } };
/** h0 and h4 on the first switch, h2 and h3 on the second; one cable between the switches. */
const topology: Topology = {
  name: 'two switches',
  hosts: ['h0', 'h2', 'h3', 'h4'],
  switches: ['left', 'right'],
  links: [
    { a: 'h0', b: 'left', rate: RATE },
    { a: 'h4', b: 'left', rate: RATE },
    { a: 'h2', b: 'right', rate: RATE },
    { a: 'h3', b: 'right', rate: RATE },
    { a: 'left', b: 'right', rate: RATE },
  ],
  settings: { left: { pfc }, right: { pfc } },
};
/** Traffic class 96: DSCP 24, priority 3. */
const options = { test: 'write_bw', size: 16_384, iters: 40, tos: 96, retryCount: 7 } as const;

export function scenario(stage: Stage): void {
  const finished: Record<string, number> = {};
  for (const hangs of [false, true]) {
    // The receive buffer of h0's card, and how fast its host takes frames out of it.
    const port = { receive: { bytes: 2 ** 20, drain: 100e9, pfc } };
    const lab = stage.lab({ topology, hosts: { h0: { port } } });
    const [h0, h2, h3, h4] = lab.hosts as [Host, Host, Host, Host];
    const start = us(100);
    const guilty = lab.perftest(options, h2, h0, start);
    const innocent = lab.perftest(options, h3, h4, start);
    if (hangs) {
      // For three milliseconds h0 takes nothing.
      lab.at(start + us(150), (now) => h0.port!.buffer!.setDrain(now, 0));
      lab.at(start + ms(3), (now) => h0.port!.buffer!.setDrain(now, 100e9));
    }
    lab.run(ms(500));
    const title = hangs ? 'with a card that hangs' : 'all well';
    const took = innocent.result(lab.now).endNs - start;
    finished[title] = took;
    const { sent } = h0.port!.pausesOf(3);
    const { received } = h3.port!.pausesOf(3);
    stage.say(`${title}: h0 paused ${sent} times, h3 was paused ${received} times`);
    stage.measure(`h3 to h4, ${title}`, took / 1000, 'us');
    stage.expect(`h2 to h0 ends, ${title}`, guilty.result(lab.now).failure === '');
    stage.expect(`h3 to h4 ends, ${title}`, innocent.result(lab.now).failure === '');
    if (hangs) stage.expect('a host that does nothing wrong was paused', received > 0);
  }
  const [well, storm] = Object.values(finished) as [number, number];
  stage.expect('and took much longer for it', storm > 2 * well);
}

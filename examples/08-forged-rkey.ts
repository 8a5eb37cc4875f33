// An attacker guesses. A WRITE needs the key of a region (rkey), an address inside it, and a right that was given. Whoever has
// one of them wrong gets a NAK (remote access error), loses the queue pair, and has changed nothing.

import { connectQueuePairs, End, type Stage, us, verbs } from 'wireverbs/sim';

export function scenario(stage: Stage): void {
  const lab = stage.lab();
  const readOnly = verbs.IBV_ACCESS_LOCAL_WRITE | verbs.IBV_ACCESS_REMOTE_READ;
  const attempts = [
    { title: 'a forged key', access: 15, key: 1, offset: 0 },
    { title: 'an address behind the end', access: 15, key: 0, offset: 65_536 },
    { title: 'a right that was not given', access: readOnly, key: 0, offset: 0 },
    { title: 'everything right', access: 15, key: 0, offset: 0 },
  ];
  for (const { title, access, key, offset } of attempts) {
    const attacker = new End(lab, lab.host('h0'));
    const victim = new End(lab, lab.host('h1'), { access });
    connectQueuePairs(lab, attacker, victim);
    victim.write(0, 'secret');
    const { remoteAddr, rkey } = victim.remote(offset);
    const length = attacker.write(0, 'gotcha');
    attacker.send({
      opcode: 'IBV_WR_RDMA_WRITE',
      sgList: [attacker.part(0, length)],
      rdma: { remoteAddr, rkey: rkey + key },
    });
    lab.runFor(us(50));
    const status = attacker.poll()[0]?.status;
    stage.say(`${title}: ${status}; the victim's memory says '${victim.read(0, length)}'`);
    const allowed = title === 'everything right';
    stage.expect(
      `${title} ${allowed ? 'works' : 'is refused'}`,
      status === (allowed ? 'IBV_WC_SUCCESS' : 'IBV_WC_REM_ACCESS_ERR'),
    );
    stage.expect(
      `the memory has ${allowed ? '' : 'not '}changed`,
      victim.read(0, length) === (allowed ? 'gotcha' : 'secret'),
    );
    if (!allowed) stage.expect('the queue pair is lost', attacker.qp.state === 'ERR');
  }
}

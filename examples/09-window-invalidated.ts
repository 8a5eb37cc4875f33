// A memory window gives a peer access to a part of a region, for as long as its owner likes. Storage does this for every
// request: bind a window, let the other side read or write, and have the right taken back by the answer itself (SEND with
// invalidate). What comes too late is refused.

import { connectQueuePairs, End, type Stage, us, verbs } from 'wireverbs/sim';

export function scenario(stage: Stage): void {
  const lab = stage.lab();
  const owner = new End(lab, lab.host('h0'));
  const peer = new End(lab, lab.host('h1'));
  connectQueuePairs(lab, owner, peer);
  lab.watch('h1', (line) => stage.say(line));

  // Bound by a work request, not by a system call: the new key has an index of the device's and a byte of ours.
  const window = verbs.allocMw(owner.pd, 2);
  const rkey = window.rkey + 1;
  const access = verbs.IBV_ACCESS_REMOTE_WRITE;
  const { address: addr, mr } = owner;
  owner.send({
    opcode: 'IBV_WR_BIND_MW',
    bindMw: { mw: window, rkey, mr, addr, length: 1024, access },
  });
  lab.runFor(us(20));
  stage.expect('the window is bound', owner.poll()[0]?.status === 'IBV_WC_SUCCESS');

  const target = { remoteAddr: owner.address, rkey };
  const length = peer.write(0, 'through the window');
  const write = {
    opcode: 'IBV_WR_RDMA_WRITE',
    sgList: [peer.part(0, length)],
    rdma: target,
  } as const;
  peer.send(write);
  lab.runFor(us(20));
  stage.expect('the peer may write', peer.poll()[0]?.status === 'IBV_WC_SUCCESS');
  stage.expect('and has written', owner.read(0, length) === 'through the window');

  // The peer is done, and its last word takes its own key away.
  owner.receive(2048, 64);
  const bye = peer.write(100, 'done');
  peer.send({
    opcode: 'IBV_WR_SEND_WITH_INV',
    sgList: [peer.part(100, bye)],
    invalidateRkey: rkey,
  });
  lab.runFor(us(20));
  const [told] = owner.poll();
  stage.expect(
    'the owner is told which key is gone',
    told?.immData === rkey && told.wcFlags === verbs.IBV_WC_WITH_INV,
  );
  peer.poll();

  peer.send(write);
  lab.runFor(us(50));
  const status = peer.poll()[0]?.status;
  stage.say(`a WRITE after that: ${status}`);
  stage.expect('what comes too late is refused', status === 'IBV_WC_REM_ACCESS_ERR');
}

// UD multicast: one datagram, and every member of the group gets it. The switch copies it, the sender sends it once. In front of
// each datagram the receiver's buffer has 40 bytes for the header that says whom it was from.

import { End, readyDatagrams, type Stage, star, us, verbs } from 'wireverbs/sim';

const GROUP = 'ff0e::77';
const QKEY = 0x1234;
const MULTICAST_QPN = 0xffffff;

export function scenario(stage: Stage): void {
  const lab = stage.lab({ topology: star(5), ipv6: true });
  const ends = lab.hosts.map((host) => {
    const end = new End(lab, host, { qpType: 'IBV_QPT_UD' });
    readyDatagrams(end, QKEY);
    return end;
  });
  const [sender, ...others] = ends;

  // Three of four listeners join; the last one does not.
  const members = others.slice(0, 3);
  for (const member of members) verbs.attachMcast(member.context, member.qp, GROUP);
  for (const other of others) other.receive(0, 40 + 256);

  const length = sender!.write(0, 'to whom it may concern');
  const ah = verbs.createAh(sender!.pd, { grh: { dgid: GROUP, sgidIndex: 0, hopLimit: 1 } });
  lab.watch('h0', (line) => stage.say(line));
  sender!.send({
    opcode: 'IBV_WR_SEND',
    sgList: [sender!.part(0, length)],
    ud: { ah, remoteQpn: MULTICAST_QPN, remoteQkey: QKEY },
  });
  lab.runFor(us(50));

  for (const [i, other] of others.entries()) {
    const [wc] = other.poll();
    const text = wc ? other.read(40, wc.byteLen - 40) : '';
    stage.say(`${other.host.name}: ${wc ? `'${text}'` : 'nothing'}`);
    const title = i < 3 ? 'gets it' : 'is no member and gets nothing';
    stage.expect(`${other.host.name} ${title}`, i < 3 ? text === 'to whom it may concern' : !wc);
  }
}

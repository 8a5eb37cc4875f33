// A packet in the middle of a WRITE is lost. The receiver sees a gap in the sequence numbers, says so once (NAK, sequence
// error), and drops what comes behind; the sender goes back to the gap and sends everything from there again: go-back-N.

import { connectQueuePairs, End, type Stage, us } from 'wireverbs/sim';

const PACKETS = 8;
const MTU = 1024;

export function scenario(stage: Stage): void {
  const lab = stage.lab();
  const client = new End(lab, lab.host('h0'));
  const server = new End(lab, lab.host('h1'));
  connectQueuePairs(lab, client, server, { mtu: 'IBV_MTU_1024' });

  // The rule is in the words that `wireverbs perftest --fault` takes as well.
  const rule = lab.fault('drop the 3rd frame with bth.opcode == RC_RDMA_WRITE_MIDDLE from h0');
  let sent = 0;
  lab.watch('h0', (line, direction) => {
    stage.say(line);
    if (direction === 'out') sent++;
  });

  client.bytes.fill(0x5a, 0, PACKETS * MTU);
  client.send({
    opcode: 'IBV_WR_RDMA_WRITE',
    sgList: [client.part(0, PACKETS * MTU)],
    rdma: server.remote(0),
  });
  lab.runFor(us(200));

  stage.measure('packets of the message', PACKETS);
  stage.measure('packets sent', sent);
  stage.expect('the rule has struck once', 'hits' in rule && rule.hits === 1);
  stage.expect('more packets were sent than the message has', sent > PACKETS);
  stage.expect('the program knows nothing of it', client.poll()[0]?.status === 'IBV_WC_SUCCESS');
  stage.expect(
    'every byte is there',
    server.bytes.subarray(0, PACKETS * MTU).every((b) => b === 0x5a),
  );
}

// RDMA WRITE with immediate data: the bytes go straight to an address that the sender names, and four bytes more end up in a
// completion at the receiver. A plain WRITE tells the receiver nothing at all.

import { connectQueuePairs, End, type Stage, us, verbs } from 'wireverbs/sim';

export function scenario(stage: Stage): void {
  const lab = stage.lab();
  const client = new End(lab, lab.host('h0'));
  const server = new End(lab, lab.host('h1'));
  connectQueuePairs(lab, client, server);
  lab.watch('h0', (line) => stage.say(line));

  // A plain WRITE: the server's program hears nothing of it, its memory just changes.
  const length = client.write(0, 'silent ');
  client.send({
    opcode: 'IBV_WR_RDMA_WRITE',
    sgList: [client.part(0, length)],
    rdma: server.remote(100),
  });
  lab.runFor(us(20));
  stage.expect('the bytes have arrived', server.read(100, length) === 'silent ');
  stage.expect('nobody was told', server.poll().length === 0);

  // With immediate data the WRITE uses up a receive request, of which only the completion matters: it has no buffer.
  server.receive(0, 0, 7);
  const more = client.write(0, 'and told');
  client.send({
    opcode: 'IBV_WR_RDMA_WRITE_WITH_IMM',
    sgList: [client.part(0, more)],
    rdma: server.remote(100 + length),
    immData: 0xcafe,
  });
  lab.runFor(us(20));
  const [wc] = server.poll();
  stage.say(
    `${wc?.opcode}: wr_id ${wc?.wrId}, ${wc?.byteLen} bytes, immediate 0x${wc?.immData.toString(16)}`,
  );
  stage.expect('the receiver is told', wc?.opcode === 'IBV_WC_RECV_RDMA_WITH_IMM');
  stage.expect('the immediate data is what was sent', wc?.immData === 0xcafe);
  stage.expect('flags say that it is there', ((wc?.wcFlags ?? 0) & verbs.IBV_WC_WITH_IMM) !== 0);
  stage.expect('the bytes are in place', server.read(100, length + more) === 'silent and told');
}

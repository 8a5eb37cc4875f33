// A shared receive queue: one pool of buffers for all clients, instead of a full queue for each. When it runs low, the limit
// event says so, and the server's program, which sleeps on events, fills it up.

import { connectQueuePairs, End, ms, type Stage, star, type Thread, verbs } from 'wireverbs/sim';

const CLIENTS = 3;
const MESSAGES = 20;
const BUFFERS = 16;
const POOL = 128;
const LIMIT = 6;
const SIZE = 64;

export function scenario(stage: Stage): void {
  const lab = stage.lab({ topology: star(CLIENTS + 1) });
  const [host, ...others] = lab.hosts;

  const context = lab.open(host!);
  const pd = verbs.allocPd(context);
  const srq = verbs.createSrq(pd, { maxWr: POOL, maxSge: 1, srqLimit: LIMIT });
  const pool = context.space.allocate(POOL * SIZE);
  const mr = verbs.regMr(pd, pool, POOL * SIZE, verbs.IBV_ACCESS_LOCAL_WRITE);
  const fill = (count: number) =>
    verbs.postSrqRecv(
      srq,
      Array.from({ length: count }, (_, i) => ({
        wrId: i,
        sgList: [{ addr: pool + BigInt(i * SIZE), length: SIZE, lkey: mr.lkey }],
      })),
    );
  fill(BUFFERS);

  // Every client has a queue pair at the server, all of them with the one receive queue.
  const cq = verbs.createCq(context, 256);
  const clients = others.map((other) => {
    const client = new End(lab, other);
    connectQueuePairs(lab, client, new End(lab, host!, { pd, cq, srq }));
    return client;
  });

  // The server's program. It wakes for the limit event, takes what has come, and puts buffers back.
  const wc = Array.from({ length: 256 }, verbs.emptyWc);
  const senders = new Set<number>();
  let refills = 0;
  let got = 0;
  const take = (): void => {
    const count = verbs.pollCq(context, cq, wc.length, wc);
    for (const { qpNum } of wc.slice(0, count)) senders.add(qpNum);
    got += count;
  };
  lab.spawn(host!, 'srq server', function* (thread: Thread) {
    for (;;) {
      yield thread.block(host!.device.signal);
      for (let e = verbs.getAsyncEvent(context); e; e = verbs.getAsyncEvent(context)) {
        if (e.type !== 'IBV_EVENT_SRQ_LIMIT_REACHED') continue;
        refills++;
        take();
        fill(BUFFERS - LIMIT);
        // The event comes once and is armed again; not before the doorbell has told the NIC of the new buffers.
        yield thread.spend(1000);
        verbs.modifySrq(srq, LIMIT);
      }
    }
  });

  for (const client of clients) {
    const length = client.write(0, `from ${client.host.name}`);
    const one = { opcode: 'IBV_WR_SEND', sgList: [client.part(0, length)] } as const;
    client.send(Array.from({ length: MESSAGES }, () => one));
  }
  lab.runFor(ms(50));

  take();
  stage.measure('messages', got);
  stage.measure('limit events', refills);
  stage.expect('every message came', got === CLIENTS * MESSAGES);
  stage.expect('from every client', senders.size === CLIENTS);
  stage.expect('the queue was filled up on the way', refills > 0);
}

// Three clients count together in one word of a server's memory by FETCH_ADD. Each is told the value from before its own
// addition, so that no two get the same number: a ticket machine without any code at the server.

import { connectQueuePairs, End, type Stage, star, us } from 'wireverbs/sim';

const TICKETS = 20;

export function scenario(stage: Stage): void {
  const lab = stage.lab({ topology: star(4) });
  const [serverHost, ...clientHosts] = lab.hosts;

  // One queue pair at the server for each client; all of them see the same counter.
  const counter = new End(lab, serverHost!);
  const clients = clientHosts.map((host, i) => {
    const client = new End(lab, host);
    const side = i === 0 ? counter : new End(lab, serverHost!, { pd: counter.pd, cq: counter.cq });
    connectQueuePairs(lab, client, side);
    return client;
  });

  // Everybody takes tickets at once. The answer of each goes to a place of its own in the client's buffer.
  for (const client of clients) {
    for (let i = 0; i < TICKETS; i++) {
      client.send({
        opcode: 'IBV_WR_ATOMIC_FETCH_AND_ADD',
        sgList: [client.part(8 * i, 8)],
        atomic: { ...counter.remote(0), compareAdd: 1n },
      });
    }
  }
  lab.runFor(us(200));

  const tickets = clients.flatMap((client) =>
    Array.from({ length: TICKETS }, (_, i) => word(client.bytes, 8 * i)),
  );
  for (const [i, client] of clients.entries()) {
    const own = tickets.slice(i * TICKETS, (i + 1) * TICKETS);
    stage.say(`${client.host.name} drew ${own.join(' ')}`);
    stage.expect(`${client.host.name} was told of all`, client.poll().length === TICKETS);
  }
  const all = TICKETS * clients.length;
  stage.measure('the counter', word(counter.bytes, 0));
  stage.expect('nothing was lost', word(counter.bytes, 0) === all);
  stage.expect('no ticket was drawn twice', new Set(tickets).size === all);
  // Counts are of the NIC: the server's CPU has done nothing but set things up.
  stage.expect("the server's NIC did it", serverHost!.ledger.total('dma-write').count >= all);
}

/** Eight bytes of a little-endian machine. */
const word = (bytes: Uint8Array, at: number): number =>
  Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(at, true));

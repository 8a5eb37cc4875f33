// Hello, verbs: everything that one message needs, step by step. Two hosts, one cable, a reliable connection.
//
//   wireverbs run examples/01-hello-verbs.ts --pcap hello.pcapng && wireverbs dissect hello.pcapng

import { connectQueuePairs, type Stage, us, verbs } from 'wireverbs/sim';

export function scenario(stage: Stage): void {
  const lab = stage.lab({ wire: 'rocev2' });
  const [a, b] = lab.hosts;

  // Open the device, and make a protection domain: only what is in the same domain may be used together.
  const [client, server] = [lab.open(a!), lab.open(b!)];
  const [clientPd, serverPd] = [verbs.allocPd(client), verbs.allocPd(server)];

  // Memory must be registered before a NIC may touch it: it is pinned, and its pages are told to the NIC. The keys that come
  // back are what work requests name it by.
  const [from, to] = [client.space.allocate(4096), server.space.allocate(4096)];
  const source = verbs.regMr(clientPd, from, 4096, 0);
  const target = verbs.regMr(serverPd, to, 4096, verbs.IBV_ACCESS_LOCAL_WRITE);

  // Completion queues say what is finished; queue pairs take work.
  const [sent, received] = [verbs.createCq(client, 16), verbs.createCq(server, 16)];
  const left = verbs.createQp(clientPd, { qpType: 'IBV_QPT_RC', sendCq: sent, recvCq: sent });
  const right = verbs.createQp(serverPd, {
    qpType: 'IBV_QPT_RC',
    sendCq: received,
    recvCq: received,
  });
  connectQueuePairs(lab, { context: client, qp: left }, { context: server, qp: right });

  // The receiver says beforehand where a message may go. Without this the sender is told to come again (RNR).
  verbs.postRecv(server, right, {
    wrId: 1,
    sgList: [{ addr: to, length: 4096, lkey: target.lkey }],
  });

  // Programs use their memory as they like; nothing of it is told to anybody.
  const text = Uint8Array.from('Hello, verbs!', (letter) => letter.charCodeAt(0));
  client.space.write(from, text);
  verbs.postSend(client, left, {
    wrId: 2,
    opcode: 'IBV_WR_SEND',
    sgList: [{ addr: from, length: text.length, lkey: source.lkey }],
    sendFlags: verbs.IBV_SEND_SIGNALED,
  });

  // From here on the two NICs are on their own: no CPU touches the message.
  lab.runFor(us(50));

  const wc = [verbs.emptyWc()];
  stage.expect('the receiver has one completion', verbs.pollCq(server, received, 1, wc) === 1);
  const { status, byteLen, wrId } = wc[0]!;
  stage.say(`receive request ${wrId}: ${status}, ${byteLen} bytes`);
  const arrived = String.fromCharCode(...server.space.read(to, byteLen));
  stage.say(`in the server's memory: '${arrived}'`);
  stage.expect('the text is there', arrived === 'Hello, verbs!');
  stage.expect('the sender has one as well', verbs.pollCq(client, sent, 1, wc) === 1);
  stage.expect(
    'no CPU has copied anything',
    a!.ledger.total('copy').bytes + b!.ledger.total('copy').bytes === 0,
  );
}

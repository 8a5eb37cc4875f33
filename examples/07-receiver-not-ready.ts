// A SEND that finds no receive request: the receiver answers that it is not ready and for how long (RNR NAK), and the sender
// comes again then. With rnr_retry 7 it does so for ever; with less, the queue pair fails.

import { connectQueuePairs, End, ms, type Stage, us } from 'wireverbs/sim';

export function scenario(stage: Stage): void {
  for (const patient of [true, false]) {
    const lab = stage.lab();
    const client = new End(lab, lab.host('h0'));
    const server = new End(lab, lab.host('h1'));
    // Timer 12 stands for 0.64 ms (IBA 9.7.5.2.8).
    connectQueuePairs(lab, client, server, { rnrRetry: patient ? 7 : 1, minRnrTimer: 12 });
    stage.say(patient ? 'rnr_retry 7, which is for ever:' : 'rnr_retry 1:');
    lab.watch('h0', (line) => stage.say(line));

    const length = client.write(0, 'is anybody there?');
    client.send({ opcode: 'IBV_WR_SEND', sgList: [client.part(0, length)] });
    // The receiver's program is late by two milliseconds.
    lab.at(lab.now + ms(2), () => server.receive(0, 100));
    lab.runFor(ms(5));

    const status = client.poll()[0]?.status;
    stage.say(`the sender's completion: ${status}`);
    if (patient) {
      stage.expect('the message arrives in the end', server.poll()[0]?.byteLen === length);
      stage.expect('the sender was patient', status === 'IBV_WC_SUCCESS');
    } else {
      stage.expect('the sender gives up', status === 'IBV_WC_RNR_RETRY_EXC_ERR');
      stage.expect('its queue pair is in error', client.qp.state === 'ERR');
    }
  }
  stage.expect('time is counted in whole nanoseconds', Number.isInteger(us(1.5)));
}

// The table of states against figure 5 of RFC 9293.

import { stateFacts, tcpStates, transitions } from '../../../src/tcp/index.js';
import { assert, spec } from '../../support/spec.js';

spec('TCP states', (it) => {
  it('reaches every state but CLOSED from CLOSED, and CLOSED from every state', () => {
    const reached = new Set<string>(['CLOSED']);
    for (let size = 0; size < reached.size; ) {
      size = reached.size;
      for (const from of tcpStates) {
        if (reached.has(from)) for (const to of Object.values(transitions[from])) reached.add(to);
      }
    }
    assert.equal([...reached].sort(), [...tcpStates].sort());
    for (const state of tcpStates) {
      if (state !== 'CLOSED') assert.is(transitions[state].delete, 'CLOSED', state);
    }
  });

  it('has the closing paths of figure 5', () => {
    assert.is(transitions.ESTABLISHED.CLOSE, 'FIN-WAIT-1');
    assert.is(transitions.ESTABLISHED['receive FIN'], 'CLOSE-WAIT');
    assert.is(transitions['FIN-WAIT-1']['receive FIN'], 'CLOSING');
    assert.is(transitions['FIN-WAIT-1']['receive ACK of FIN'], 'FIN-WAIT-2');
    assert.is(transitions['FIN-WAIT-2']['receive FIN'], 'TIME-WAIT');
    assert.is(transitions.CLOSING['receive ACK of FIN'], 'TIME-WAIT');
    assert.is(transitions['CLOSE-WAIT'].CLOSE, 'LAST-ACK');
    assert.is(transitions['LAST-ACK']['receive ACK of FIN'], 'CLOSED');
  });

  it('takes no data from the user once it is closed, and sends only where both sides know each other', () => {
    for (const state of tcpStates) {
      const { closed, takesData, sends, synchronized } = stateFacts[state];
      assert.not.ok(closed && takesData, state);
      assert.ok(!sends || synchronized, state);
    }
  });
});

// Messages over unreliable datagrams arrive whole, whatever is lost.

import { piecesOf, Transfer } from '../../../../src/apps/gobackn/index.js';
import { connectX5 } from '../../../../src/profiles/nic.js';
import { Lab, type LabOptions } from '../../../../src/scenario/lab.js';
import { us } from '../../../../src/time/index.js';
import { assert, spec } from '../../../support/spec.js';

const BYTES = 200_001;

function transfer(options: LabOptions, spoil: (lab: Lab) => void = () => {}) {
  const lab = new Lab({ card: connectX5, ...options });
  spoil(lab);
  const [from, to] = lab.hosts;
  const transfer = new Transfer(from!, to!, {
    messageBytes: BYTES,
    messages: 3,
    timeout: us(200),
    scan: us(20),
  });
  lab.at(lab.now, () => transfer.start());
  const began = lab.now;
  lab.sim.run(undefined, () => transfer.done < 3);
  return { transfer, took: lab.now - began, copied: to!.ledger.total('copy').bytes };
}

spec('messages over unreliable datagrams', (it) => {
  it('arrive whole, each byte copied to its place once', () => {
    const { transfer: done, copied } = transfer({ wire: 'ib' });
    assert.is(done.done, 3);
    assert.is(done.wentBack, 0);
    assert.ok(copied >= 3 * BYTES);
  });

  it('wait for the timeout when a piece is lost, and then go on from there', () => {
    const whole = transfer({ wire: 'ib' });
    const lossy = transfer({ wire: 'ib' }, (lab) => lab.fault('drop the 20th frame from h0'));
    assert.is(lossy.transfer.wentBack, 1);
    const longer = lossy.took - whole.took;
    assert.ok(longer > us(190) && longer < us(260), `${longer}`);
  });

  it('do so as well when a credit is lost', () => {
    const lossy = transfer({ wire: 'ib' }, (lab) => lab.fault('drop the 20th frame from h1'));
    assert.is(lossy.transfer.done, 3);
    assert.is(lossy.transfer.wentBack, 1);
  });

  it('arrive through much loss', () => {
    const { transfer: done } = transfer({ wire: 'ib' }, (lab) => lab.chances({ loss: 0.02 }));
    assert.is(done.done, 3);
    assert.ok(done.wentBack > 0);
  });

  it('have as many pieces as they need', () => {
    assert.is(piecesOf(3824), 1);
    assert.is(piecesOf(3825), 2);
  });
});

// Mirrors src/subnet/election.ts.

import { SM_STATE } from '../../../src/subnet/constant.js';
import { type OtherManager, outranks, verdictOf } from '../../../src/subnet/election.js';
import { assert, spec } from '../../support/spec.js';

const { notActive, discovering, standby, master } = SM_STATE;
const one = (guid: bigint, priority: number, state: number): OtherManager => ({
  guid,
  priority,
  state,
  path: [],
});

spec('which subnet manager rules (IBA 14.4.1)', (it) => {
  it('the one with the highest priority, of equal ones that with the lowest GUID', () => {
    assert.ok(outranks(one(9n, 2, standby), one(1n, 1, standby)));
    assert.ok(outranks(one(1n, 1, standby), one(9n, 1, standby)));
    assert.not.ok(outranks(one(9n, 1, standby), one(1n, 1, standby)));
  });
  it('who looks around stands by for any master, then for whoever is better, and else rules', () => {
    const own = one(5n, 5, discovering);
    const weak = one(6n, 1, master);
    const strong = one(7n, 9, discovering);
    assert.equal(verdictOf(own, [strong, weak]), { act: 'stand by', other: weak });
    assert.equal(verdictOf(own, [strong]), { act: 'stand by', other: strong });
    assert.equal(verdictOf(own, [one(6n, 1, standby)]), { act: 'rule' });
    assert.equal(verdictOf(own, [one(7n, 9, notActive)]), { act: 'rule' });
    assert.equal(verdictOf(own, []), { act: 'rule' });
  });
  it('who rules hands over to the best that is ready, and looks again for one that is not', () => {
    const own = one(5n, 5, master);
    const [better, best] = [one(7n, 8, standby), one(8n, 9, standby)];
    assert.equal(verdictOf(own, [better, best]), { act: 'hand over', other: best });
    assert.equal(verdictOf(own, [one(7n, 9, master)]).act, 'hand over', 'two subnets were joined');
    assert.equal(verdictOf(own, [one(7n, 9, discovering)]), { act: 'rule for now' });
    assert.equal(verdictOf(own, [one(7n, 1, master), one(4n, 1, standby)]), { act: 'rule' });
  });
});

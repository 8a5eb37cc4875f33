// Mirrors src/stack/neighbour-state.ts: laws of the table.

import { type NeighbourState, transitions } from '../../../src/stack/index.js';
import { assert, spec } from '../../support/spec.js';

const rows = Object.entries(transitions);

spec('neighbour states', (it) => {
  it('every state can be reached from the first use, and left again', () => {
    const reached = new Set<NeighbourState>(['FAILED']);
    for (const state of reached) {
      for (const { to } of Object.values(transitions[state])) reached.add(to);
    }
    assert.equal([...reached].sort(), rows.map(([state]) => state).sort());
    for (const [state, row] of rows) {
      assert.ok(
        Object.values(row).some(({ to }) => to !== state),
        state,
      );
    }
  });
  it('an answer makes each reachable, and what a neighbour says unasked is used but not trusted', () => {
    for (const [state, row] of rows) {
      assert.equal(row.answered, { to: 'REACHABLE', learn: true }, state);
      assert.equal(row.told, { to: 'STALE', learn: true }, state);
    }
  });
  it('states that wait for time go on when it is over, asking or not', () => {
    for (const state of ['INCOMPLETE', 'REACHABLE', 'DELAY', 'PROBE'] as const) {
      assert.ok(transitions[state].time && transitions[state].exhausted, state);
    }
    for (const state of ['STALE', 'FAILED'] as const) {
      assert.is(transitions[state].time, undefined, state);
      assert.ok(transitions[state].used, state);
    }
  });
});

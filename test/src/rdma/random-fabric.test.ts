// Random verbs programs on random fabrics under random faults, by seed (test/support/random): several hosts and queue
// pairs, all operations, errors and new lives.

import { digests, stored } from '../../support/random/digests.js';
import { type Outcome, Program } from '../../support/random/program.js';
import { assert, spec } from '../../support/spec.js';

const SUITE_SEEDS = 200;
const seeds = Number(process.env.WIREVERBS_SEEDS ?? SUITE_SEEDS);
const first = Number(process.env.WIREVERBS_SEED ?? 1);
const FILE = 'rdma/random-fabric';

function run(seed: number): Outcome {
  try {
    return new Program(seed).run();
  } catch (error) {
    const again = `WIREVERBS_SEED=${seed} WIREVERBS_SEEDS=1 node dist/test/support/run.js ${FILE}`;
    throw new Error(`seed ${seed}; '${again}' repeats it\n${(error as Error).stack}`);
  }
}

/** What the suite's seeds together must have met, or they show nothing. */
const met = [
  'duplicate_request',
  'out_of_seq_request',
  'packet_seq_err',
  'implied_nak_seq_err',
  'local_ack_timeout_err',
  'send_rnr_err',
  'rcvd_rnr_err',
  'rx_icrc_encapsulated',
  'resp_remote_access_errors',
  'resp_remote_invalid_request',
  'resp_local_length_error',
  'drop_awaits_retry',
  'drop_short_packet',
  'drop_stale_response',
  'drop_wrong_address',
];
const ended = [
  'IBV_WC_REM_ACCESS_ERR',
  'IBV_WC_REM_INV_REQ_ERR',
  'IBV_WC_LOC_PROT_ERR',
  'IBV_WC_LOC_LEN_ERR',
  'IBV_WC_WR_FLUSH_ERR',
] as const;

spec('random verbs programs on random fabrics', (it) => {
  it(`deliver everything once and in order, and memory is what the model says (${seeds} seeds)`, () => {
    const all: Outcome[] = [];
    for (let seed = first; seed < first + seeds; seed++) all.push(run(seed));
    if (seeds < SUITE_SEEDS) return;
    const sum = (count: (o: Outcome) => number) => all.reduce((total, o) => total + count(o), 0);
    for (const name of met) assert.ok(sum((o) => o.counters.get(name) ?? 0) > 0, name);
    for (const status of ended) assert.ok(sum((o) => o.statuses.get(status) ?? 0) > 0, status);
    assert.ok(sum((o) => o.lost) > 0);
    assert.ok(sum((o) => o.lives) > 0);
  });

  it('are the same a second time, byte for byte and to the nanosecond', () => {
    const twice = [digests(), digests()];
    assert.equal(twice[0], twice[1]);
    const renew = 'node dist/test/support/random/digests.js (if frames were meant to change)';
    assert.equal(stored(), twice[0], `run ${renew}`);
  });
});

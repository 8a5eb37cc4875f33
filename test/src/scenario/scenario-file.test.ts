// Mirrors src/scenario/scenario-file.ts, expectation.ts and results.ts.

import { presentSchema, schemas } from '../../../src/docs/schemas.js';
import { judge } from '../../../src/scenario/expectation.js';
import { readScenario, runScenario } from '../../../src/scenario/scenario-file.js';
import { Stage } from '../../../src/scenario/stage.js';
import { assert, spec } from '../../support/spec.js';

const none = (name: string): string => {
  throw new Error(`${name} is not there`);
};

function run(text: string, beside = none): Stage {
  const stage = new Stage();
  runScenario(readScenario('s.yaml', text, beside), stage);
  return stage;
}

function complaint(text: string): string {
  try {
    run(text);
  } catch (error) {
    return (error as Error).message;
  }
  return 'nothing is wrong';
}

const small = '{ test: write_bw, from: h0, to: h1, size: 1KiB, iters: 5 }';

spec('scenario files', (it) => {
  it('run workloads, and say what came out by name', () => {
    const stage = run(`
      title: two of them
      workloads:
        - { name: first, test: write_bw, from: h0, to: h1, size: 4KiB, iters: 10 }
        - { test: send_lat, from: h1, to: h0, size: 16, iters: 8, start: 2ms, qp-type: UD }
      expect:
        - { value: workloads.first.completed, equals: 10 }
        - { value: workloads.first.bandwidth, above: 1M }
        - { value: workloads.w1.start, at-least: 2ms }
        - { value: workloads.w1.server.bytesCopied, equals: 128 }
        - { value: hosts.h0.out_of_sequence, equals: 0 }`);
    assert.equal(
      stage.expectations.filter((one) => !one.holds),
      [],
    );
    assert.is(stage.expectations.length, 5);
    assert.is(stage.lines[0], 'two of them');
    assert.is(stage.values['workloads.w1.messages'], 8);
  });

  it('take topologies from files beside them', () => {
    const text = `topology-file: rack.yaml\nworkloads: [${small}]`;
    const stage = run(text, (name) => {
      assert.is(name, 'rack.yaml');
      return 'shape: star\ncount: 2\n';
    });
    assert.is(stage.values['switches.s0.drops'], 0);
  });

  it('bring faults: rules, odds, links that are down for a while', () => {
    const stage = run(`
      topology: { shape: star, count: 2 }
      workloads: [{ test: write_bw, from: h0, to: h1, size: 8KiB, iters: 40, qp-timeout: 8 }]
      faults:
        - rule: drop the 5th frame with bth.opcode == RC_RDMA_WRITE_FIRST from h0
        - { from: s0, loss: 0.01 }
        - { link: [h1, s0], down: 15us, up: 25us }
      expect:
        - { value: lost, above: 1 }
        - { value: lost.link down, above: 0 }`);
    assert.ok(stage.holds, stage.lines.join('\n'));
    assert.is(stage.values['workloads.w0.failure'], '');
  });

  it('fail when an expectation does not hold, or a workload nobody speaks of does not end well', () => {
    const stage = run(
      `workloads: [${small}]\nexpect: [{ value: workloads.w0.completed, below: 3 }]`,
    );
    assert.not.ok(stage.holds);
    assert.is(stage.expectations[0]!.title, 'workloads.w0.completed below 3 (is 5)');
    const lost = run(`
      workloads: [{ test: send_bw, qp-type: UC, from: h0, to: h1, size: 64, iters: 5 }]
      faults: [{ rule: drop the 2nd frame with bth.opcode == UC_SEND_ONLY }]`);
    assert.match(lost.expectations[0]!.title, /w0 ends well: the server waits for ever/);
  });

  it('say where what is wrong, and what was expected', () => {
    assert.is(
      complaint('workloads:\n  - { test: write_bw, from: h0, to: h7 }'),
      "s.yaml:2:37: workloads[0].to: there is no host 'h7'; there are h0, h1",
    );
    assert.is(
      complaint('workloads:\n  - { test: read_bw, qp-type: UC, from: h0, to: h1 }')
        .split(': ')
        .slice(0, 2)
        .join(': '),
      's.yaml:2:5: workloads[0]',
    );
    assert.match(
      complaint('workloads:\n  - { test: write_bw, from: h0, to: h1, itres: 5 }'),
      /^s\.yaml:2:\d+: workloads\[0\]\.itres: there is no such member; expected name, test, from/,
    );
    assert.is(complaint('title: x'), "s.yaml:1:1: 'workloads' is missing");
    assert.match(
      complaint(`workloads: [${small}]\nfaults: [{ rule: explode }]`),
      /^s\.yaml:2:10: faults\[0\]: .*expected a rule/s,
    );
    assert.match(
      complaint(`workloads: [${small}]\nexpect: [{ value: workloads.w0.bandwith, above: 1 }]`),
      /^s\.yaml:2:10: expect\[0\]: there is no value 'workloads\.w0\.bandwith'; there are workloads\.w0\.completed/,
    );
    assert.match(
      complaint(
        `wire: rocev1\ntopology: { shape: leaf-spine, leaves: 2, spines: 2, count: 1 }\nworkloads: [${small}]`,
      ),
      /^s\.yaml:2:11: topology: .*RoCE v1 cannot be routed/,
    );
  });

  it('have published schemas, which editors complete by', () => {
    for (const [name, schema] of Object.entries(schemas))
      assert.equal(
        presentSchema(name),
        JSON.parse(JSON.stringify(schema)),
        `${name}: npm run docs writes it`,
      );
  });
});

spec('expectations', (it) => {
  it('hold values to bounds in units', () => {
    const values = { rate: 2e9, time: 1500, name: 'x', 'hosts.a.name': 'a', lost: 0 };
    assert.ok(judge({ value: 'rate', above: '1G', below: '2.5Gb/s' }, values).holds);
    assert.ok(judge({ value: 'time', 'at-most': '1.5us' }, values).holds);
    assert.not.ok(judge({ value: 'time', 'at-least': '1KiB', 'at-most': 10 }, values).holds);
    assert.ok(judge({ value: 'name', equals: 'x' }, values).holds);
    assert.ok(judge({ value: 'lost.loss', equals: 0 }, values).holds);
    assert.ok(judge({ value: 'hosts.a.drop_bad_icrc', equals: 0 }, values).holds);
    assert.throws(() => judge({ value: 'hosts.b.drop_bad_icrc', equals: 0 }, values), /no value/);
    assert.throws(() => judge({ value: 'rate' }, values), /expected 'equals'/);
  });
});

// Mirrors protocols/text/filter.ts.

import {
  build,
  compileFilter,
  dissect,
  ExpressionError,
  parseFrame,
  protocolByKey,
  protocols,
} from '../../../protocols/index.js';
import { assert, spec } from '../../support/spec.js';

const text =
  'eth(src=02:00:00:00:00:02)/ipv4(src=10.0.0.1,dst=10.0.1.2,ttl=64)/udp(srcPort=5,dstPort=777)/"hello"';
const frame = {
  layers: dissect(build(parseFrame(text, protocolByKey)).bytes).layers,
  frame: { number: 3, len: 47, time: 1.5 },
};
const holds = (filter: string) => compileFilter(filter, protocols)(frame);

function problem(filter: string): string {
  try {
    compileFilter(filter, protocols);
  } catch (error) {
    assert.instance(error, ExpressionError);
    return (error as Error).message;
  }
  throw new Error(`no error: ${filter}`);
}

spec('filter', (it) => {
  it('asks whether a layer, a family or a field is there', () => {
    assert.ok(holds('udp') && holds('ip') && holds('ipv4.ttl') && holds(''));
    assert.not.ok(holds('padding') || holds('!udp'));
  });
  it('compares numbers, names, addresses and prefixes', () => {
    assert.ok(holds('udp.dstPort == 777 && udp.dstPort >= 777 && udp.dstPort < 778'));
    assert.ok(holds('eth.type == IPV4') && holds('eth.src == 02:00:00:00:00:02'));
    assert.ok(holds('ipv4.src == 10.0.0.0/24') && !holds('ipv4.dst == 10.0.0.0/24'));
    assert.ok(holds('ipv4.dst != 10.0.0.0/24'));
  });
  it('understands words, lists and what bytes contain', () => {
    assert.ok(holds('udp.dstPort in {1, 777, 9} and not ipv4.ttl lt 64'));
    assert.ok(holds('payload.data contains "ell"') && holds('payload.data contains 656c'));
    assert.not.ok(holds('payload.data contains "elf"'));
  });
  it("understands tshark's names of the same fields", () => {
    assert.ok(holds('ip.src == 10.0.0.1 && udp.dstport == 777'));
  });
  it('looks at what the capture says of the frame', () => {
    assert.ok(holds('frame.number == 3 && frame.len > 40'));
  });
  it('binds && closer than ||, and ! closest', () => {
    assert.ok(holds('udp || padding && padding'));
    assert.not.ok(holds('(udp || padding) && padding'));
  });
  it('shows the place of each mistake and what was expected', () => {
    assert.match(
      problem('ipv4.srd == 1'),
      /no layer or field 'ipv4.srd'; did you mean 'ipv4.src'\?/,
    );
    assert.match(problem('ipv4.src == x'), /expected an IPv4 address\n {2}ipv4.src == x\n {14}\^$/);
    assert.match(problem('udp == 7'), /'udp' is a layer: compare one of its fields/);
    assert.match(problem('(udp'), /expected '\)', found the end/);
    assert.match(problem('udp udp'), /expected && or \|\| or the end, found 'udp'/);
    assert.match(problem('eth.src > 02:00:00:00:00:00'), /compare with == or !=/);
    assert.match(problem('ipv4.src == 10.0.0.0/40'), /has 32 bits/);
    assert.match(problem(`${'! '.repeat(200)}udp`), /nest at most/);
  });
});

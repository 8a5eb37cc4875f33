// Mirrors protocols/show: hexdump.ts, tree.ts, summary.ts, json.ts and header-doc.ts.

import {
  bitDiagram,
  build,
  check,
  dissect,
  fieldRows,
  hexDump,
  jsonFrame,
  markFindings,
  parseFrame,
  protocolByKey,
  summarize,
  tree,
} from '../../../protocols/index.js';
import { assert, spec } from '../../support/spec.js';

const built = (text: string) => dissect(build(parseFrame(text, protocolByKey)).bytes);
const small = built(
  'eth(dst=02:00:00:00:00:01,src=02:00:00:00:00:02,type=0x1234)/"hello, world: more than one row"',
);

spec('hex dump', (it) => {
  it('parts the bytes of fields and names them in the same order', () => {
    const lines = hexDump(small).split('\n');
    const bytes = '0000  02 00 00 00 00 01|02 00 00 00 00 02|12 34        ';
    assert.is(lines[1], `${bytes}dst=02:00:00:00:00:01 src=02:00:00:00:00:02 type=0x1234`);
    assert.is(
      lines[3],
      '000e  68 65 6c 6c 6f 2c 20 77 6f 72 6c 64 3a 20 6d 6f  data hello, world: mo',
    );
    assert.is(lines[4], '001e  72 65 20 74 68 61 6e 20 6f 6e 65 20 72 6f 77     re than one row');
  });
  it('gives each field a line of its own on request, with its bits', () => {
    const dump = hexDump(built('eth/ipv4(ttl=1)'), { form: 'fields' });
    assert.match(dump, /^000e {2}45 +version +0100 \.\.\.\. = 4 {2}/m);
    assert.match(dump, /^000e {2}45 +ihl +\.\.\.\. 0101 = 5/m);
  });
  it('marks bytes and says why', () => {
    const lines = hexDump(small, { marks: [{ at: 6, size: 2, text: 'here' }] }).split('\n');
    assert.is(lines[2], `${' '.repeat(6 + 18)}^^^^^${' '.repeat(24)}  here`);
  });
  it('marks what check finds under its field, and hands back what no byte stands for', () => {
    const frame = built('eth/ipv4(ttl=1,headerChecksum=1)/udp/"x"');
    const { marks, unplaced } = markFindings(frame, check(frame).findings);
    assert.is(unplaced.length, 0);
    assert.is(marks.length, 1);
    assert.is(marks[0]!.at, 24);
    assert.is(marks[0]!.size, 2);
    assert.match(marks[0]!.text, /^headerChecksum: checksum is 0x0001, expected 0x[0-9a-f]{4}$/);
    const lines = hexDump(frame, { form: 'fields', marks }).split('\n');
    assert.is(lines.filter((line) => line.includes('^')).length, 1);
    const cut = dissect(frame.bytes.subarray(0, 8));
    assert.is(markFindings(cut, check(cut).findings).marks[0]!.size, 1);
    const none = dissect(new Uint8Array(0));
    assert.is(markFindings(none, check(none).findings).unplaced.length, 1);
  });
  it('wraps what a mark says', () => {
    const marks = [{ at: 0, size: 1, text: 'one two three four five six' }];
    const dump = hexDump(small, { marks, width: 70 }).split('\n');
    assert.equal(dump.slice(2, 4), [
      `      ^^${' '.repeat(47)}one two three`,
      `${' '.repeat(55)}four five six`,
    ]);
  });
  it('cuts long payloads and says how much is left out', () => {
    const long = built('eth(type=0x1234)/zeros(1000)');
    assert.match(hexDump(long, { payloadRows: 2 }), /\.\.\. 968 more bytes/);
    assert.is(hexDump(long, { payloadRows: Infinity }).split('\n').length, 3 + 63);
  });
  it('keeps to the width, going on in new lines', () => {
    const dump = hexDump(built('eth/ipv4(src=10.0.0.1,dst=10.0.0.2)/udp/"x"'), { width: 120 });
    for (const line of dump.split('\n')) assert.ok(line.length <= 120, line);
  });
});

spec('other views', (it) => {
  it('the tree shows every field, with bits where they share bytes', () => {
    const lines = tree(built('eth/ipv4(src=10.0.0.1)/udp/"x"')).split('\n');
    assert.ok(lines.includes('    .... 0101 = ihl: 5 [4 bytes]'));
    assert.ok(lines.includes('    src: 10.0.0.1'));
  });
  it('the summary takes the innermost layer that has something to say', () => {
    const summary = summarize(
      built('eth/ipv4(src=10.0.0.1,dst=10.0.0.2)/udp(srcPort=5,dstPort=7)/"x"'),
    );
    assert.is(summary.source, '10.0.0.1');
    assert.is(summary.destination, '10.0.0.2');
    assert.is(summary.protocol, 'UDP');
    assert.is(summary.length, 43);
  });
  it('JSON has numbers as numbers and addresses as text', () => {
    const [eth, ip] = jsonFrame(built('eth/ipv4(src=10.0.0.1,ttl=3)')).layers;
    assert.is(eth!.fields.type, 0x0800);
    assert.is(eth!.names!.type, 'IPV4');
    assert.is(ip!.fields.src, '10.0.0.1');
    assert.is(ip!.fields.ttl, 3);
  });
  it('the bit diagram draws 32 bits a line', () => {
    const lines = bitDiagram(protocolByKey.get('udp')!.header).split('\n');
    assert.is(lines[3], '|            srcPort            |            dstPort            |');
    assert.is(lines[2], `+${'-+'.repeat(32)}`);
  });
  it('the field table says where each field lies', () => {
    const rows = fieldRows(protocolByKey.get('ipv4')!.header);
    assert.equal(rows.find((r) => r.name === 'fragmentOffset')!.place, '6 bits 12-0');
    assert.equal(rows.find((r) => r.name === 'dst')!.place, '16');
  });
});

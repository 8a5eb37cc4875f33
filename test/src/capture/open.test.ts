// Inputs as people have them. The texts in test/captures/text were written by the tools that name them, of frames
// 30 and 31 of rxe-v4.pcap.

import { readFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import {
  type Capture,
  HEX_TEXT_LIMIT,
  openCapture,
  parseHexText,
} from '../../../src/capture/index.js';
import { captureBytes, capturedFrames, capturePath } from '../../support/capture.js';
import { assert, spec } from '../../support/spec.js';

const [sent, answered] = capturedFrames('rxe-v4.pcap')
  .slice(29, 31)
  .map((f) => [...f.bytes]);
const ETHERNET_SIZE = 14;

async function packets(capture: Capture): Promise<number[][]> {
  const found: number[][] = [];
  while (await capture.fill()) {
    while (capture.next()) {
      const { bytes, at, end } = capture.record;
      found.push([...bytes.subarray(at, end)]);
    }
  }
  return found;
}

const text = (name: string) => openCapture(capturePath(`text/${name}`));
const stdin = (bytes: Uint8Array, piece = 1000) => {
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += piece) pieces.push(bytes.subarray(at, at + piece));
  return openCapture('-', { stdin: Readable.from(pieces) });
};

spec('openCapture', (it) => {
  it('reads packets from the text of every dumping tool', async () => {
    const single = ['xxd', 'xxd-p', 'xxd-i', 'hexdump-C', 'hexdump', 'od-tx1', 'od-Ax-tx1', 'od-x'];
    for (const name of single) {
      const capture = await text(`${name}.txt`);
      assert.equal(await packets(capture), [sent], name);
      assert.is(capture.damage, null, name);
    }
    for (const name of ['tcpdump-xx.txt', 'tcpdump-XX.txt', 'tshark-x.txt', 'plain.hex']) {
      const capture = await text(name);
      assert.equal(await packets(capture), [sent, answered], name);
      assert.is(capture.damage, null, name);
    }
  });

  it('sees that tcpdump -x leaves the link header out', async () => {
    for (const name of ['tcpdump-x.txt', 'tcpdump-X.txt']) {
      const capture = await text(name);
      const bare = [sent, answered].map((b) => b?.slice(ETHERNET_SIZE));
      assert.equal(await packets(capture), bare, name);
      assert.is(capture.record.linkType, 101, name);
    }
  });

  it('believes a link type that it is told', async () => {
    const capture = await openCapture('0102', { linkType: 247 });
    await packets(capture);
    assert.is(capture.record.linkType, 247);
  });

  it('says why it cannot read octal words', async () => {
    const capture = await text('od.txt');
    assert.equal(await packets(capture), []);
    assert.match(JSON.stringify(capture.damage), /pcap or pcapng file.*hex text/);
  });

  it('takes a packet in hex as it is', async () => {
    const hex = Buffer.from(answered ?? []).toString('hex');
    for (const form of [hex, `0x${hex}`, hex.replace(/../g, '$& '), hex.replace(/../g, '$&:')]) {
      assert.equal(await packets(await openCapture(form)), [answered]);
    }
  });

  it('refuses what is neither a file nor hex', async () => {
    try {
      await openCapture('no-such-file.pcap');
      assert.unreachable();
    } catch (error) {
      assert.instance(error, RangeError);
      assert.match((error as Error).message, /no such file/);
    }
  });

  it('unpacks gzip by content, from a file and from standard input', async () => {
    const whole = await packets(await openCapture(capturePath('nvme-tcp.pcap.gz')));
    assert.is(whole.length, 2584);
    const packed = readFileSync(capturePath('nvme-tcp.pcap.gz'));
    assert.is((await packets(await stdin(packed, 4096))).length, 2584);
  });

  it('gives what a broken gzip stream holds, then says that it is broken', async () => {
    const packed = readFileSync(capturePath('nvme-tcp.pcap.gz'));
    const capture = await stdin(packed.subarray(0, 300_000));
    const found = await packets(capture);
    assert.ok(found.length > 500 && found.length < 2584);
    assert.is(capture.damage?.what, 'gzip stream');
    assert.is(capture.damage?.code, 'truncated');
  });

  it('reads standard input in pieces of any size', async () => {
    const bytes = captureBytes('formats/commented.pcapng');
    for (const size of [1, 3, 100]) {
      assert.is((await packets(await stdin(bytes, size))).length, 6);
      assert.is((await packets(await stdin(gzipSync(bytes), size))).length, 6);
    }
  });

  it('says how far it has read', async () => {
    const capture = await openCapture(capturePath('rxe-v4.pcap'));
    await packets(capture);
    assert.is(capture.size, 230_494);
    assert.is(capture.position, 230_494);
  });

  it('iterates asynchronously as well, and may be left', async () => {
    const capture = await openCapture(capturePath('siw.pcap'), { memory: new Uint8Array(5000) });
    let count = 0;
    for await (const record of capture) if (++count === record.number && count === 100) break;
    assert.is(count, 100);
    assert.is(await capture.fill(), false);
  });

  it('finds nothing in an empty input and says so', async () => {
    const capture = await stdin(new Uint8Array(0));
    assert.equal(await packets(capture), []);
    assert.is(capture.damage?.code, 'truncated');
    const binary = await stdin(Uint8Array.of(1, 0, 2, 0, 3));
    assert.equal(await packets(binary), []);
    assert.is(binary.damage?.code, 'unsupported');
  });
});

spec('parseHexText', (it) => {
  it('gives the packets before a bad line, and the line', () => {
    const { packets: found, bad } = parseHexText('0102\n0304 05\n\nxyz\n06');
    assert.equal(
      found.map((p) => [...p]),
      [
        [1, 2],
        [3, 4, 5],
      ],
    );
    assert.is(bad?.line, 4);
  });

  it('says so when a line of a dump is missing', () => {
    const { bad } = parseHexText('0000  01 02\n0010  03\n');
    assert.is(bad?.why, 'expected offset 2h');
  });

  it('cannot be made to repeat lines without bound', () => {
    const { packets: found, bad } = parseHexText('00000000 01 02\n*\nfffffff0 03\n');
    assert.is(found.length, 0);
    assert.ok(bad);
    assert.ok(HEX_TEXT_LIMIT > 0);
  });
});

// The golden set: the files say what our own code finds in the bytes, and nothing in the registry is missing.

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { same } from '../protocols/core/check.js';
import {
  check,
  describeMalformed,
  formatHex,
  opcodes,
  protocolByKey,
  protocols,
  summarize,
} from '../protocols/index.js';
import {
  assertSameFrame,
  dissectGolden,
  formatGolden,
  type GoldenFrame,
  golden,
  goldenFolder,
  goldenFrames,
  goldenNames,
  parseGolden,
  wrongOf,
} from '../src/testing/index.js';
import { allGolden } from './support/golden/all.js';
import { assert, spec } from './support/spec.js';

const frames = goldenFrames();

/** Layers that are in no golden frame, and why. */
const exceptions: Readonly<Record<string, string>> = {
  'ipv6-jumbo': 'is allowed in packets beyond 65,535 bytes only',
  'mpa-marker': 'where markers stand is known from the connection, not from a frame',
  'nvme-rdma-rep': 'the reply of connection management does not say for which service it is',
  'nvme-rdma-rej': 'the rejection of connection management does not say for which service it is',
};
/** Families that lie in memory and travel in no frame. */
const memoryFamilies: readonly string[] = ['virtio'];

/** Frames that may end early and be whole: what fills Ethernet up is under no length. */
const mayEndEarly = ({ layers }: GoldenFrame): boolean =>
  layers[0]?.layer === 'eth' && ['padding', 'fcs'].includes(layers.at(-1)!.layer);

/** Prefixes of long frames are tried in such steps, which is no divisor of any header. */
const STEP_OF_LONG = 37;
const LONG = 1500;
const MUTATIONS = 12;

/** Every frame for which `body` complains, with what it says. */
function complaints(body: (frame: GoldenFrame) => string | undefined): string[] {
  return frames.flatMap((frame) => {
    const said = body(frame);
    return said === undefined ? [] : [`${frame.name}: ${said}`];
  });
}

/** Small and repeatable: xorshift32. */
function* random(seed: number): Generator<number, never> {
  for (let x = seed || 1; ; ) {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    yield x >>> 0;
  }
}

spec('golden set', (it) => {
  it('has in its files what the recipes make, and nothing else', () => {
    const made = allGolden();
    assert.equal(made.map((frame) => frame.name).sort(), [...goldenNames()].sort());
    for (const frame of made) {
      const text = readFileSync(`${goldenFolder}${frame.name}.hex`, 'utf8');
      assert.is(text, formatGolden(frame), `${frame.name}: run dist/test/support/golden/build.js`);
    }
  });
  it('is read and written without loss', () => {
    for (const frame of frames) {
      assert.equal(parseGolden(frame.name, formatGolden(frame)), frame, frame.name);
    }
  });
  it('names the line of a file that it cannot read', () => {
    const text = formatGolden(golden('udp'));
    const broken = (from: string, to: string) => () => parseGolden('udp', text.replace(from, to));
    assert.throws(broken('ttl = 64', 'ttl = x'), /^udp\.hex, line \d+: 'x' is no value of 'ttl'/);
    assert.throws(broken('[udp]', '[upd]'), /there is no layer 'upd'/);
    assert.throws(broken('0022: ', '0023: '), /offset 0023, but 22 bytes stand before it/);
    assert.throws(broken('source: snapshot', 'source: heaven'), /the source is 'heaven'/);
    assert.throws(
      () => golden('roce-v2-rc-sned-only'),
      /no golden frame 'roce-v2-rc-sned-only'; did you mean 'roce-v2-rc-send-only'\?/,
    );
  });
  it('says what we dissect: the layers, and each field of each', () => {
    const wrong = complaints((frame) => {
      const { layers } = dissectGolden(frame);
      const [ours, theirs] = [layers.map((l) => l.key), frame.layers.map((l) => l.layer)];
      if (ours.join() !== theirs.join()) return ours.join('/');
      for (const [i, layer] of layers.entries()) {
        for (const [name, value] of Object.entries(frame.layers[i]!.fields)) {
          if (!same(value, layer.get(name))) return `${layer.key}.${name}`;
        }
      }
      return undefined;
    });
    assert.equal(wrong, []);
  });
  it('says what we check: nothing is wrong, or exactly what is listed', () => {
    const wrong = complaints((frame) => {
      const found = wrongOf(dissectGolden(frame));
      const listed = JSON.stringify(frame.wrong) === JSON.stringify(found);
      const verdict = found.length === 0 ? 'good' : 'bad';
      return listed && frame.verdict === verdict ? undefined : JSON.stringify(found);
    });
    assert.equal(wrong, []);
  });
  it('comes with the package, where the package looks for it', () => {
    const root = fileURLToPath(new URL('../../', import.meta.url));
    const { files } = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as {
      files: string[];
    };
    assert.is(goldenFolder, `${root}test/golden/`);
    assert.ok(files.includes('test/golden'));
  });
  it('names every deliberately bad frame bad-..., and no other', () => {
    const bad = complaints(({ name, verdict }) =>
      name.startsWith('bad-') === (verdict === 'bad') ? undefined : verdict,
    );
    assert.equal(bad, []);
  });
  it('comes back from its fields alone, to the byte', () => {
    for (const { bytes, layers } of frames) {
      const again = new Uint8Array(bytes.length);
      for (const { layer, at, fields } of layers) {
        again.set(protocolByKey.get(layer)!.header.encode(fields), at);
      }
      assertSameFrame(again, bytes);
    }
  });
  it('has every layer of the registry, but for those that no frame can have', () => {
    const seen = new Set(frames.flatMap((frame) => frame.layers.map((l) => l.layer)));
    const missing = protocols
      .filter(({ header }) => !memoryFamilies.includes(header.family))
      .map((p) => p.key)
      .filter((key) => !seen.has(key));
    assert.equal(missing.sort(), Object.keys(exceptions).sort());
  });
  it('has every opcode, in a good frame', () => {
    const seen = new Set(
      frames
        .filter((frame) => frame.verdict === 'good')
        .flatMap((frame) =>
          frame.layers.flatMap((l) => (l.layer === 'bth' ? l.fields.opcode : [])),
        ),
    );
    const missing = opcodes.filter(({ code }) => !seen.has(code)).map(({ name }) => name);
    assert.equal(missing, []);
  });
  it('has every checksum of the registry right in one frame and wrong in another', () => {
    const sums = protocols.flatMap(({ key, derive }) =>
      Object.entries(derive).flatMap(([field, { kind }]) =>
        kind === 'checksum' ? [`${key}.${field}`] : [],
      ),
    );
    const right = new Set<string>();
    const wrong = new Set<string>();
    for (const frame of frames) {
      for (const v of check(dissectGolden(frame)).verified) {
        if (v.kind === 'checksum') (v.ok ? right : wrong).add(`${v.layer}.${v.field}`);
      }
    }
    assert.ok(sums.length > 10);
    assert.equal(
      sums.filter((name) => !right.has(name)),
      [],
    );
    assert.equal(
      sums.filter((name) => !wrong.has(name)),
      [],
    );
  });
  it('ends every prefix with what is missing, where, and which length said so', () => {
    const wrong = complaints((frame) => {
      const step = frame.bytes.length > LONG ? STEP_OF_LONG : 1;
      for (let n = 0; n < frame.bytes.length; n += step) {
        const { stop } = dissectGolden(frame, frame.bytes.subarray(0, n));
        if (stop === null) {
          if (mayEndEarly(frame)) continue;
          return `${n} bytes pass for a whole frame`;
        }
        const whole = stop.layer !== '' && stop.boundBy !== '' && stop.at >= 0 && stop.at <= n;
        if (!whole) return `${n} bytes: ${describeMalformed(stop)}`;
      }
      return undefined;
    });
    assert.equal(wrong, []);
  });
  it('survives any change of its bytes', () => {
    const numbers = random(20261);
    const next = (below: number) => numbers.next().value % below;
    const wrong = complaints((frame) => {
      for (let i = 0; i < MUTATIONS && frame.bytes.length > 0; i++) {
        const bytes = frame.bytes.slice(0, next(4) === 0 ? next(frame.bytes.length) : undefined);
        for (let k = 0; k < 1 + next(3) && bytes.length > 0; k++) {
          bytes[next(bytes.length)] = next(256);
        }
        try {
          const seen = dissectGolden(frame, bytes);
          check(seen);
          summarize(seen);
        } catch (error) {
          return `${(error as Error).message} for ${formatHex(bytes)}`;
        }
      }
      return undefined;
    });
    assert.equal(wrong, []);
  });
});

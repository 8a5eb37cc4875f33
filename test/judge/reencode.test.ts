// Every frame of every capture, and every message that frames carried: dissected to its end, every length and
// checksum right, and the identical bytes again from the decoded fields, once from all of them and once from
// those alone that do not follow from the others.

import { buildWith } from '../../protocols/core/build.js';
import { check, describeMalformed, formatHex, type Scene } from '../../protocols/index.js';
import type { Inspected } from '../../src/inspect/index.js';
import { captures, inspectedFrames } from '../support/capture.js';
import { expressionOf } from '../support/rebuild.js';
import { assert, spec } from '../support/spec.js';
import { tilesAndReencodes } from '../support/tiling.js';
import { findings, keptReasons, unverified, verifiedAtLeast } from './reencode-holes.js';

/** All layers are written down, so the builder adds none. */
const whole = { complete: false };

/** Frames and messages with what they are called in a failure. */
function* scenes(
  frames: readonly Inspected[],
): Generator<[string, Scene & Pick<Inspected, 'stop'>]> {
  for (const frame of frames) {
    yield [`frame ${frame.number}`, frame];
    for (const message of frame.messages) {
      yield [`${message.title} that ends with frame ${frame.number}`, message];
    }
  }
}

/** The first few of what went wrong, so that one wrong rule is no flood. */
function none(list: readonly string[], what: string): void {
  assert.is(list.length, 0, `${list.length} ${what}:\n${list.slice(0, 8).join('\n')}`);
}

for (const name of captures) {
  spec(`every frame of ${name}`, (it) => {
    const frames = () => inspectedFrames(name);

    it('is dissected to its end', () => {
      const stops: string[] = [];
      for (const [which, { stop }] of scenes(frames())) {
        if (stop) stops.push(`${which}: ${describeMalformed(stop)}`);
      }
      none(stops, 'stopped');
    });

    it('has no wrong length, checksum or rule', () => {
      const wrong: string[] = [];
      for (const [which, scene] of scenes(frames())) {
        for (const { layer, field, message } of check(scene).findings) {
          if (`${layer}.${field}` in (findings[name] ?? {})) continue;
          wrong.push(`${which}: ${layer}.${field} ${message}`);
        }
      }
      none(wrong, 'findings');
    });

    it('has every checksum verified', () => {
      const left = new Set<string>();
      for (const [, scene] of scenes(frames())) {
        scene.layers.forEach(({ key, protocol }, index) => {
          for (const [field, rule] of Object.entries(protocol.derive)) {
            if (rule.kind !== 'checksum' || `${key}.${field}` in (unverified[name] ?? {})) continue;
            if (rule.value(scene, index) === undefined) left.add(`${key}.${field}`);
          }
        });
      }
      assert.equal([...left], []);
    });

    it('has as many checksums verified as it has headers of the kind', () => {
      const counts = new Map<string, number>();
      for (const [, scene] of scenes(frames())) {
        for (const { layer, field, ok } of check(scene).verified) {
          if (ok) counts.set(`${layer}.${field}`, (counts.get(`${layer}.${field}`) ?? 0) + 1);
        }
      }
      for (const [field, least] of Object.entries(verifiedAtLeast[name] ?? {})) {
        const count = counts.get(field) ?? 0;
        assert.ok(count >= least, `${field}: ${count} of ${least}`);
      }
    });

    it('is the same again from its decoded fields', () => {
      for (const [which, scene] of scenes(frames())) {
        try {
          tilesAndReencodes(scene);
        } catch (error) {
          throw new Error(`${which}: ${(error as Error).message}`);
        }
      }
    });

    it('is built again from the fields that do not follow from others', () => {
      const wrong: string[] = [];
      const kept = new Set<string>();
      for (const [which, scene] of scenes(frames())) {
        const expression = expressionOf(scene);
        for (const field of expression.kept) kept.add(field);
        const built = formatHex(buildWith(scene.bindings, expression.inputs, whole).bytes);
        const found = formatHex(scene.bytes, '', scene.start, scene.end);
        if (built === found) continue;
        const at = [...built].findIndex((digit, i) => digit !== found[i]) >> 1;
        const layer = scene.layers.find((l) => l.end - scene.start > at)?.key;
        const sizes = `${built.length / 2} bytes instead of ${found.length / 2}`;
        wrong.push(`${which}: differs at byte ${at} (${layer}), ${sizes}`);
      }
      none(wrong, 'built otherwise');
      assert.equal(
        [...kept].filter((field) => !(field in keptReasons)),
        [],
      );
    });
  });
}

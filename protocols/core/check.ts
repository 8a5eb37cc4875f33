// Is the frame right? Every derivable field is derived again and compared, by the same rules that build
// frames; then each protocol's own rules are asked. Frames with wrong fields are dissected all the same.

import { type FieldValue, isBytes } from './field.js';
import { describeMalformed, type Malformed } from './malformed.js';
import type { DerivedKind, Scene } from './protocol.js';
import { showValue } from './value.js';

/** One field that could be verified, right or wrong. */
export interface Verification {
  readonly layer: string;
  /** Index in the scene's layers. */
  readonly index: number;
  readonly field: string;
  readonly kind: DerivedKind;
  /** Byte offset in the frame. */
  readonly at: number;
  readonly ok: boolean;
  readonly found: FieldValue;
  readonly expected: FieldValue;
}

/** One thing that is wrong. */
export interface Finding {
  readonly layer: string;
  readonly field: string;
  /** Byte offset in the frame. */
  readonly at: number;
  readonly message: string;
}

export interface CheckResult {
  readonly verified: readonly Verification[];
  readonly findings: readonly Finding[];
}

/** Checks everything that the frame itself can tell. */
export function check(scene: Scene & { readonly stop?: Malformed | null }): CheckResult {
  const verified: Verification[] = [];
  const findings: Finding[] = [];
  scene.layers.forEach((layer, index) => {
    const { header, derive } = layer.protocol;
    const at = (field: string) => layer.at - scene.start + (header.span(field)?.at ?? 0);
    for (const [field, rule] of Object.entries(derive)) {
      if (rule.kind === 'type' || layer.partial) continue;
      const expected = rule.value(scene, index);
      if (expected === undefined) continue;
      const found = layer.get(field);
      const ok = same(found, expected) || (rule.accepts?.(found, scene, index) ?? false);
      const { key } = layer;
      verified.push({
        layer: key,
        index,
        field,
        kind: rule.kind,
        at: at(field),
        ok,
        found,
        expected,
      });
      if (ok) continue;
      const span = header.span(field)!;
      const message = `${rule.kind} is ${showValue(span.field, found)}, expected ${showValue(span.field, expected)}`;
      findings.push({ layer: key, field, at: at(field), message });
    }
    if (layer.partial) return;
    layer.protocol.verify?.(scene, index, (field, message) => {
      findings.push({ layer: layer.key, field, at: at(field), message });
    });
  });
  const { stop } = scene;
  if (stop) {
    const { layer, field, at } = stop;
    findings.push({ layer, field, at, message: describeMalformed(stop) });
  }
  return { verified, findings };
}

/** Equal numbers, or equal bytes. */
export function same(a: FieldValue, b: FieldValue): boolean {
  if (!isBytes(a) || !isBytes(b)) return a === b;
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

// Is the frame right? Every derivable field is derived again and compared, by the same rules that build
// frames; then each protocol's own rules are asked. Frames with wrong fields are dissected all the same.

import { type FieldValue, isBytes } from './field.js';
import { describeMalformed, type Malformed } from './malformed.js';
import type { DerivedField, DerivedKind, Report, Scene } from './protocol.js';
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

/** What `check` found out of one frame. */
export interface CheckResult {
  readonly verified: readonly Verification[];
  readonly findings: readonly Finding[];
}

type Judged = Scene & { readonly stop?: Malformed | null };

/** Is told of every field that could be verified. */
export type Verified = (
  field: DerivedField,
  index: number,
  ok: boolean,
  found: FieldValue,
  expected: FieldValue,
) => void;

/** Checks everything that the frame itself can tell. */
export function check(scene: Judged): CheckResult {
  const verified: Verification[] = [];
  const findings = audit(scene, ({ name, span, rule }, index, ok, found, expected) => {
    const { key: layer, at: start } = scene.layers[index]!;
    const at = start - scene.start + span.at;
    verified.push({ layer, index, field: name, kind: rule.kind, at, ok, found, expected });
  });
  return { verified, findings };
}

/**
 * The same for whole captures, where nobody wants a record of each field that is right.
 * @returns what is wrong
 */
// hot
export function audit(scene: Judged, verified: Verified): Finding[] {
  const { layers, stop } = scene;
  const findings: Finding[] = [];
  let layer = layers[0]!;
  const report: Report = (field, message) => {
    const at = layer.at - scene.start + (layer.protocol.header.span(field)?.at ?? 0);
    findings.push({ layer: layer.key, field, at, message });
  };
  for (let index = 0; index < layers.length; index++) {
    layer = layers[index]!;
    if (layer.partial) continue;
    const { derived, verify } = layer.protocol;
    for (let i = 0; i < derived.length; i++) {
      const { name, span, rule } = derived[i]!;
      if (rule.kind === 'type') continue;
      const expected = rule.value(scene, index);
      if (expected === undefined) continue;
      const found = layer.get(name);
      const ok = same(found, expected) || (rule.accepts?.(found, scene, index) ?? false);
      verified(derived[i]!, index, ok, found, expected);
      if (ok) continue;
      const values = `${showValue(span.field, found)}, expected ${showValue(span.field, expected)}`;
      report(name, `${rule.kind} is ${values}`);
    }
    verify?.(scene, index, report);
  }
  if (stop) {
    const { layer, field, at } = stop;
    findings.push({ layer, field, at, message: describeMalformed(stop) });
  }
  return findings;
}

/** Equal numbers, or equal bytes. */
export function same(a: FieldValue, b: FieldValue): boolean {
  if (typeof a === 'number' || !isBytes(a) || !isBytes(b)) return a === b;
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

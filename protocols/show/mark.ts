// What is wrong with a frame, as marks in its dump: from findings of `check` to the bytes of the field that each names.

import type { Finding } from '../core/check.js';
import type { Scene } from '../core/protocol.js';
import type { Mark } from './hexdump.js';

/** Findings that bytes of the frame stand for, and those that none do (a frame that is too short). */
export interface Marked {
  readonly marks: readonly Mark[];
  readonly unplaced: readonly Finding[];
}

/** A mark for each finding: under its field's bytes, or under the one byte where only a place is known. */
export function markFindings(scene: Scene, findings: readonly Finding[]): Marked {
  const marks: Mark[] = [];
  const unplaced: Finding[] = [];
  for (const finding of findings) {
    if (finding.at >= scene.end - scene.start) unplaced.push(finding);
    else marks.push(markOf(scene, finding));
  }
  return { marks, unplaced };
}

/** What is wrong, without the field and the place where dissecting stopped: whoever shows them has them at hand. */
export function findingText({ layer, field, at, message }: Finding): string {
  const opening = `${field === '' ? layer : `${layer}.${field}`} at byte ${at}: `;
  return message.startsWith(opening) ? message.slice(opening.length) : message;
}

function markOf(scene: Scene, finding: Finding): Mark {
  const { layer: key, field, at } = finding;
  const text = findingText(finding);
  const place = at + scene.start;
  const layer = scene.layers.find((l) => l.key === key && l.at <= place && place < l.end);
  const span = layer?.protocol.header.span(field);
  if (!layer || !span) return { at, size: 1, text };
  const [from, to] = layer.range(span);
  return {
    at: from - scene.start,
    size: Math.max(1, to - from),
    text: `${field}: ${text}`,
    field,
  };
}

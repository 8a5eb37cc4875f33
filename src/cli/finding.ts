// What is wrong with a frame and with the messages that it completed, and how commands say it.

import { audit, type Verified } from '../../protocols/core/check.js';
import { type Finding, findingText } from '../../protocols/index.js';
import type { Inspected } from '../inspect/index.js';
import { style } from './terminal.js';

/** A finding; `within` names the reassembled message that it is about, and then `at` counts in its bytes. */
export interface FrameFinding extends Finding {
  readonly within?: string;
}

/** Is told of every field that could be verified, with the key of its layer. */
export type Count = (field: Parameters<Verified>[0], layer: string, ok: boolean) => void;

/** Everything that is wrong with a frame and with the messages that it completed. */
export function findingsOf(frame: Inspected, count?: Count): FrameFinding[] {
  const findings: FrameFinding[] = audit(frame, (field, index, ok) =>
    count?.(field, frame.layers[index]!.key, ok),
  );
  for (const message of frame.messages) {
    const inside = audit(message, (field, index, ok) =>
      count?.(field, message.layers[index]!.key, ok),
    );
    for (const finding of inside) findings.push({ ...finding, within: message.title });
  }
  return findings;
}

/** The field and what is wrong with it. */
export function describeFinding(finding: Finding): string {
  const { layer, field } = finding;
  return `${style.bad(`${field === '' ? layer : `${layer}.${field}`}:`)} ${findingText(finding)}`;
}

/** A byte's place in decimal, and as the dump counts it. */
export const place = (at: number): string => `byte ${at} (0x${at.toString(16)})`;

/** A finding behind the frame that it is about. */
export const findingLine = (finding: Finding): string =>
  `${style.bad('!')} ${describeFinding(finding)}, ${place(finding.at)}`;

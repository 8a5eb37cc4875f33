// Where our target's structures differ from those of Linux's on purpose: fields by header, with their reasons in
// src/storage/nvmeof/README.md. All else must be the same.

import type { AnyHeader } from '../../../../protocols/index.js';
import { nvme } from '../../../../protocols/index.js';
import { assert } from '../../../support/spec.js';

/** Fields that are ours, by structure. */
export const ownFields = {
  'nvme-id-ctrl': [
    ...['sn', 'mn', 'fr', 'mdts', 'oncsCompare', 'oncsVerify', 'nwpcWrite', 'oaesAna'],
    ...['anaNonOptimized', 'anaInaccessible', 'anaLoss', 'anaChange', 'anagrpmax', 'nanagrpid'],
  ],
  'nvme-id-ns': ['nsabp', 'optperf', 'npwg', 'npwa', 'npdg', 'npda', 'nawun', 'nawupf', 'nacwu'],
} as const;

/** I/O commands that we have and Linux's target does not: Compare and Verify. */
const OWN_OPCODES = [0x05, 0x0c];
const OPCODES = 256;

/** The fields of a header at the start of two structures that differ. */
function differing(header: AnyHeader, a: Uint8Array, b: Uint8Array): string[] {
  return header.spans
    .map(({ name }) => name)
    .filter((name) => String(header.read(name, a, 0)) !== String(header.read(name, b, 0)));
}

/** A structure of ours beside theirs: all that differs is documented. Gives the fields that do. */
export function judge(
  header: AnyHeader & { readonly key: keyof typeof ownFields },
  theirs: Uint8Array,
  ours: Uint8Array,
): string[] {
  const fields = differing(header, theirs, ours);
  const own: readonly string[] = ownFields[header.key];
  assert.equal(
    fields.filter((field) => !own.includes(field)),
    [],
    `fields of ${header.key} that differ`,
  );
  assert.equal(ours.subarray(header.size), theirs.subarray(header.size), `behind ${header.key}`);
  return fields;
}

/** The effects log: ours has two opcodes more. */
export function judgeEffects(theirs: Uint8Array, ours: Uint8Array): void {
  const expected = theirs.slice();
  for (const opcode of OWN_OPCODES)
    nvme.Effects.encode({ csupp: 1 }, expected, (OPCODES + opcode) * nvme.Effects.size);
  assert.equal(ours, expected);
}

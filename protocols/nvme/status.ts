// Status codes of completions, by status code type. Source: NVMe Base 2.0 4.2.3 as carried by Linux's
// include/linux/nvme.h (SCT in bits 10:8 there) and SPDK's include/spdk/nvme_spec.h.

import type { Names } from '../core/field.js';

/** Names of status code types (NVMe base, completion queue entry). */
export const statusTypes = {
  0: 'GENERIC',
  1: 'COMMAND_SPECIFIC',
  2: 'MEDIA',
  3: 'PATH',
  7: 'VENDOR',
} as const;

const generic: Names = {
  0: 'Success',
  1: 'Invalid Opcode',
  2: 'Invalid Field',
  3: 'Command ID Conflict',
  4: 'Data Transfer Error',
  5: 'Aborted: Power Loss',
  6: 'Internal Error',
  7: 'Abort Requested',
  8: 'Aborted: SQ Deletion',
  9: 'Aborted: Failed Fused',
  10: 'Aborted: Missing Fused',
  11: 'Invalid Namespace or Format',
  12: 'Command Sequence Error',
  13: 'Invalid SGL Segment Descriptor',
  14: 'Invalid Number of SGL Descriptors',
  15: 'Data SGL Length Invalid',
  16: 'Metadata SGL Length Invalid',
  17: 'SGL Descriptor Type Invalid',
  18: 'Invalid Use of CMB',
  19: 'PRP Offset Invalid',
  20: 'Atomic Write Unit Exceeded',
  21: 'Operation Denied',
  22: 'SGL Offset Invalid',
  24: 'Host Identifier Inconsistent Format',
  25: 'Keep Alive Timer Expired',
  26: 'Keep Alive Timeout Invalid',
  27: 'Aborted: Preempt and Abort',
  28: 'Sanitize Failed',
  29: 'Sanitize In Progress',
  30: 'SGL Data Block Granularity Invalid',
  31: 'Command Not Supported for Queue in CMB',
  32: 'Namespace Is Write Protected',
  33: 'Command Interrupted',
  34: 'Transient Transport Error',
  35: 'Prohibited by Lockdown',
  36: 'Admin Command Media Not Ready',
  128: 'LBA Out of Range',
  129: 'Capacity Exceeded',
  130: 'Namespace Not Ready',
  131: 'Reservation Conflict',
  132: 'Format In Progress',
};

const specific: Names = {
  0: 'Completion Queue Invalid',
  1: 'Invalid Queue Identifier',
  2: 'Invalid Queue Size',
  3: 'Abort Command Limit Exceeded',
  5: 'Async Event Request Limit Exceeded',
  6: 'Invalid Firmware Slot',
  7: 'Invalid Firmware Image',
  8: 'Invalid Interrupt Vector',
  9: 'Invalid Log Page',
  10: 'Invalid Format',
  11: 'Firmware Needs Conventional Reset',
  12: 'Invalid Queue Deletion',
  13: 'Feature Not Saveable',
  14: 'Feature Not Changeable',
  15: 'Feature Not Namespace Specific',
  16: 'Firmware Needs Subsystem Reset',
  17: 'Firmware Needs Controller Reset',
  18: 'Firmware Needs Maximum Time Violation',
  19: 'Firmware Activation Prohibited',
  20: 'Overlapping Range',
  21: 'Namespace Insufficient Capacity',
  22: 'Namespace Identifier Unavailable',
  24: 'Namespace Already Attached',
  25: 'Namespace Is Private',
  26: 'Namespace Not Attached',
  27: 'Thin Provisioning Not Supported',
  28: 'Controller List Invalid',
  29: 'Device Self-test In Progress',
  30: 'Boot Partition Write Prohibited',
  31: 'Invalid Controller Identifier',
  32: 'Invalid Secondary Controller State',
  33: 'Invalid Number of Controller Resources',
  34: 'Invalid Resource Identifier',
  35: 'Sanitize Prohibited',
  36: 'ANA Group Identifier Invalid',
  37: 'ANA Attach Failed',
  38: 'Insufficient Capacity',
  39: 'Namespace Attachment Limit Exceeded',
  40: 'Prohibition Not Supported',
  41: 'I/O Command Set Not Supported',
  42: 'I/O Command Set Not Enabled',
  43: 'I/O Command Set Combination Rejected',
  44: 'Invalid I/O Command Set',
  45: 'Identifier Unavailable',
  // 80h to BFh mean one thing on an I/O command and another on a fabrics command: `fabrics` below.
  128: 'Conflicting Attributes',
  129: 'Invalid Protection Information',
  130: 'Write to Read-only Range',
  131: 'Command Size Limit Exceeded',
};

const fabrics: Names = {
  128: 'Connect Incompatible Format',
  129: 'Connect Controller Busy',
  130: 'Connect Invalid Parameters',
  131: 'Connect Restart Discovery',
  132: 'Connect Invalid Host',
  144: 'Discovery Restart',
  145: 'Authentication Required',
};

const media: Names = {
  128: 'Write Fault',
  129: 'Unrecovered Read Error',
  130: 'Guard Check Error',
  131: 'Application Tag Check Error',
  132: 'Reference Tag Check Error',
  133: 'Compare Failure',
  134: 'Access Denied',
  135: 'Deallocated or Unwritten Logical Block',
  136: 'Storage Tag Check Error',
};

const path: Names = {
  0: 'Internal Path Error',
  1: 'ANA Persistent Loss',
  2: 'ANA Inaccessible',
  3: 'ANA Transition',
  96: 'Controller Pathing Error',
  112: 'Host Pathing Error',
  113: 'Aborted by Host',
};

const byType: Readonly<Record<number, Names>> = { 0: generic, 1: specific, 2: media, 3: path };

/** The name of a status; `fabricsCommand` where it completes one, whose specific codes differ. */
export function statusName(sct: number, sc: number, fabricsCommand = false): string {
  const names = sct === 1 && fabricsCommand && fabrics[sc] !== undefined ? fabrics : byType[sct];
  return names?.[sc] ?? `status ${sct}/${sc.toString(16).padStart(2, '0')}h`;
}

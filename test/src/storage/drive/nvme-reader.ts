// NVMe's entries as the specification draws them, read without any of our declarations: byte offsets are written down from NVMe Base
// 2.0, figures 88 (common command), 92 and 93 (completion), and NVM Command Set 1.0, figures 27 and following (read, write).

/** A submission queue entry of 64 bytes. */
export function readSqe(bytes: Uint8Array, index: number) {
  const view = new DataView(bytes.buffer, bytes.byteOffset + index * 64, 64);
  return {
    opcode: view.getUint8(0),
    flags: view.getUint8(1),
    commandId: view.getUint16(2, true),
    namespace: view.getUint32(4, true),
    metadata: view.getBigUint64(16, true),
    prp1: Number(view.getBigUint64(24, true)),
    prp2: Number(view.getBigUint64(32, true)),
    startingLba: Number(view.getBigUint64(40, true)),
    blocksLessOne: view.getUint16(48, true),
    control: view.getUint16(50, true),
  };
}

/** A completion queue entry of 16 bytes. */
export function readCqe(bytes: Uint8Array, index: number) {
  const view = new DataView(bytes.buffer, bytes.byteOffset + index * 16, 16);
  const status = view.getUint16(14, true);
  return {
    result: view.getUint32(0, true),
    submissionHead: view.getUint16(8, true),
    submissionQueue: view.getUint16(10, true),
    commandId: view.getUint16(12, true),
    phase: status & 1,
    statusCode: (status >> 1) & 0xff,
    statusType: (status >> 9) & 7,
  };
}

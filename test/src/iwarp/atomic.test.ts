// Mirrors src/iwarp/atomic.ts: Atomic Requests with masks, as a peer may write them (RFC 7306 5.1, 5.2).

import {
  DDPUntagged,
  ddpUntagged,
  MPA,
  RDMAPAtomicResponse,
  rdmapAtomicReq,
} from '../../../protocols/iwarp/index.js';
import { assert, spec } from '../../support/spec.js';
import { fpdu, Wronged } from '../../support/wronged-iwarp.js';

const FETCH_ADD = 0;
const CMP_SWAP = 2;
const REQUESTS = 1;
const AT = 64;

/** What the word of `before` is after the request; and the answer, which says what it was. */
function after(before: bigint, request: Parameters<typeof rdmapAtomicReq>[0]): bigint {
  const w = new Wronged();
  const word = () => new DataView(w.host.space.read(w.addr + BigInt(AT), 8).buffer);
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, before, true);
  w.host.space.write(w.addr + BigInt(AT), bytes);
  const where = { remoteStag: w.key, remoteTo: w.addr + BigInt(AT), requestIdentifier: 77 };
  w.write(fpdu(ddpUntagged({ qn: REQUESTS }), rdmapAtomicReq({ ...where, ...request })));
  w.run();
  const answer = RDMAPAtomicResponse.decode(w.read(), MPA.size + DDPUntagged.size);
  assert.is(answer.originalRequestIdentifier, 77);
  assert.is(answer.originalRemoteDataValue, before);
  return word().getBigUint64(0, true);
}

spec('atomic operations with masks over iWARP', (it) => {
  it('FetchAdd adds in fields: a carry does not leave the one that it came about in', () => {
    const request = { opcode: FETCH_ADD, addOrSwapData: 0x0001_0001_0000_0001n };
    const mask = 0x8000_8000_8000_8000n; // four fields of 16 bits
    const before = 0xffff_0001_ffff_ffffn;
    assert.is(after(before, { ...request, addOrSwapMask: mask }), 0x0000_0002_ffff_0000n);
    assert.is(after(before, { ...request, addOrSwapMask: 0n }), 0x0000_0003_0000_0000n);
  });

  it('CmpSwap changes the bits of one mask where those of the other are equal', () => {
    const masks = { addOrSwapMask: 0xff00n, compareMask: 0x00ffn };
    const request = { opcode: CMP_SWAP, ...masks, addOrSwapData: 0xabcdn, compareData: 0x9934n };
    assert.is(after(0x1234n, request), 0xab34n);
    assert.is(after(0x1235n, request), 0x1235n);
  });

  it('CmpSwap that compares nothing always swaps', () => {
    const masks = { addOrSwapMask: 2n ** 64n - 1n, compareMask: 0n };
    const request = { opcode: CMP_SWAP, ...masks, addOrSwapData: 5n, compareData: 1n };
    assert.is(after(2n ** 64n - 2n, request), 5n);
  });
});

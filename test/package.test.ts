// What strangers get: a bundle that runs in a browser, and types that are complete without ours installed.

import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createContext, runInContext } from 'node:vm';
import { build } from 'esbuild';
import type { proof } from './support/browser.js';
import { assert, spec } from './support/spec.js';
import { typeErrors } from './support/stranger.js';

const root = fileURLToPath(new URL('../../', import.meta.url));

async function bundle(): Promise<string> {
  const built = await build({
    entryPoints: [join(root, 'dist/test/support/browser.js')],
    bundle: true,
    format: 'iife',
    globalName: 'wireverbs',
    platform: 'browser',
    target: 'es2022',
    minify: true,
    write: false,
  });
  return built.outputFiles[0]!.text;
}

/** What a page has that the language has not; nothing of node, so no Buffer, process or require. */
const page = () =>
  createContext({
    TextEncoder,
    TextDecoder,
    atob,
    btoa,
    WebAssembly: Reflect.get(globalThis, 'WebAssembly'),
  });

const stranger = `
import { build, bth, dissect, eth, header, ipv4, reth, uint, udp, type Dissection } from 'wireverbs/protocols';
import { assertChecksums, assertFrame, assertMalformed, assertSameFrame, dissectGolden, golden, type GoldenFrame } from 'wireverbs/testing';
const frame: Uint8Array = build([eth(), ipv4({ src: '10.0.0.1', ttl: 64 }), udp(), bth({ opcode: 'RC_RDMA_WRITE_ONLY', psn: 7 }), reth({ va: 0x1000n }), 'x']).bytes;
const seen: Dissection = dissect(frame);
const own = header('Own', [uint(8, 'kind', 'a kind'), uint(64, 'big', 'a big one')]);
const kind: number = own.get.kind(frame, 0);
const big: bigint = own.decode(frame).big;
assertFrame(frame, [{ layer: 'eth' }, 'ipv4(ttl=64)', { layer: 'bth', fields: { psn: 7, opcode: 'RC_RDMA_WRITE_ONLY' } }, '...']);
const model: GoldenFrame = golden('udp');
assertSameFrame(frame, model.bytes, { ignore: ['ipv4.identification', 'checksum'] });
const sums: string[] = assertChecksums(frame);
const needed: number = assertMalformed(frame, { code: 'truncated' }).need;
const again: Dissection = dissectGolden(model);
// @ts-expect-error there is no such field
own.get.nothing(frame, 0);
// @ts-expect-error a port is no boolean
udp({ srcPort: true });
export { again, big, kind, needed, seen, sums };
`;

spec('package', (it) => {
  it('bundles for a browser and runs there without anything of node', async () => {
    const context = page();
    runInContext(await bundle(), context);
    const result = runInContext('wireverbs.proof()', context) as ReturnType<typeof proof>;
    assert.equal([...result.keys], ['eth', 'ipv4', 'udp', 'payload']);
    assert.is(result.wrong, 0);
    assert.ok(result.dump.includes('src=10.0.0.1'));
    // header checksum and UDP checksum as scapy 2.5 computes them for the same frame
    assert.ok(result.hex.startsWith('020000000001'), result.hex);
  });

  it("type-checks in a stranger's strict project without our development packages", () => {
    assert.is(typeErrors({ 'own.ts': stranger }), '');
  });
});

// What strangers get: a bundle that runs in a browser, and types that are complete without ours installed.

import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createContext, runInContext } from 'node:vm';
import { build } from 'esbuild';
import type { proof } from './support/browser.js';
import { assert, spec } from './support/spec.js';
import { typeErrors } from './support/stranger.js';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** Minified, an entry with everything in it stays below this: what a page pays at most. */
const BUNDLE_LIMIT = 500_000;
/** The package as it is downloaded. */
const PACKAGE_LIMIT = 2_000_000;

async function bundle(entry: string): Promise<string> {
  const built = await build({
    entryPoints: [join(root, 'dist', entry)],
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

/** An empty project in which the package is unpacked, with what it depends on. */
function installed() {
  const folder = mkdtempSync(join(tmpdir(), 'wireverbs-installed-'));
  const modules = join(folder, 'node_modules');
  mkdirSync(modules);
  // Without one, node looks for the project in the folders above.
  writeFileSync(join(folder, 'package.json'), '{}');
  const pack = ['pack', '--ignore-scripts', '--json', '--pack-destination', folder];
  const [packed] = JSON.parse(
    execFileSync('npm', pack, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }),
  ) as [{ filename: string; size: number; files: { path: string }[] }];
  execFileSync('tar', ['-xzf', packed.filename], { cwd: folder });
  execFileSync('mv', ['package', join(modules, 'wireverbs')], { cwd: folder });
  for (const name of readdirSync(join(root, 'node_modules'))) {
    if (name === 'wireverbs' || name.startsWith('.')) continue;
    symlinkSync(join(root, 'node_modules', name), join(modules, name));
  }
  return { folder, files: packed.files.map((file) => file.path), size: packed.size };
}

const consumer = `
import { build, dissect, eth, ipv4, udp } from 'wireverbs/protocols';
import { Inspector } from 'wireverbs/inspect';
import { assertFrame, golden } from 'wireverbs/testing';
const { bytes } = build([eth(), ipv4(), udp(), 'x']);
assertFrame(bytes, 'eth/ipv4/udp/"x"');
const { number } = new Inspector().inspect(bytes);
console.log(golden('udp').title + ', ' + number + ' frame, ' + dissect(bytes).layers.length + ' layers');
`;

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
    runInContext(await bundle('test/support/browser.js'), context);
    const result = runInContext('wireverbs.proof()', context) as ReturnType<typeof proof>;
    assert.equal([...result.keys], ['eth', 'ipv4', 'udp', 'payload']);
    assert.is(result.wrong, 0);
    assert.ok(result.dump.includes('src=10.0.0.1'));
    // header checksum and UDP checksum as scapy 2.5 computes them for the same frame
    assert.ok(result.hex.startsWith('020000000001'), result.hex);
  });

  it('bundles whole entries for a page within their limit', async () => {
    for (const entry of ['protocols/index.js', 'src/inspect/index.js']) {
      const { length } = await bundle(entry);
      console.log(`${entry}: ${Math.round(length / 1000)} kB minified`);
      assert.ok(length < BUNDLE_LIMIT, `${entry} has ${length} bytes`);
    }
  });

  it('works in an empty project as it is packed, with its command, entries and examples', () => {
    const { folder, files, size } = installed();
    try {
      assert.ok(size < PACKAGE_LIMIT, `${size} bytes`);
      const strange = /\.map$|^dist\/(test|bench)\/|^test\/(?!golden\/)/;
      assert.equal(
        files.filter((name) => strange.test(name)),
        [],
      );
      const run = (...args: string[]) =>
        execFileSync(process.execPath, args, { cwd: folder, encoding: 'utf8' });
      const home = 'node_modules/wireverbs';
      const capture = `${home}/examples/rdma-write.pcapng`;
      const lines = run(`${home}/dist/src/cli/main.js`, 'dissect', capture).trim().split('\n');
      assert.is(lines.length, 19);
      assert.ok(run(`${home}/examples/own-protocol.mjs`).includes('mytunnel.crc: checksum is'));
      writeFileSync(join(folder, 'own.mjs'), consumer);
      assert.is(run('own.mjs').trim(), 'UDP over IPv4, 1 frame, 4 layers');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("type-checks in a stranger's strict project without our development packages", () => {
    assert.is(typeErrors({ 'own.ts': stranger }), '');
  });
});

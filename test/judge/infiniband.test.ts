// Built packets of every opcode, read by tshark: on InfiniBand's own link and over RoCE v2. Whatever both name
// must be equal. tshark 4.0 reads no pcap file of link type 247, so that the native ones travel in ERF records.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  bth,
  build,
  dissect,
  type Extension,
  eth,
  type Frame,
  formatHex,
  grh,
  ipv4,
  type Layer,
  type LayerInput,
  lrh,
  type Opcode,
  opcodes,
  PcapWriter,
  part,
  udp,
} from '../../protocols/index.js';
import { extensionProtocols } from '../../protocols/infiniband/chain.js';
import { inErf, LINKTYPE_ERF } from '../support/erf.js';
import { assert, spec } from '../support/spec.js';

const installed = spawnSync('tshark', ['--version'], { encoding: 'utf8' });
const available = installed.status === 0 && installed.stdout.includes(' 4.0.');

/** Opcodes of which tshark 4.0 dissects the BTH only, or what is behind it at wrong places. */
const holes: readonly ((opcode: Opcode) => boolean)[] = [
  ({ service }) => service === 'RD', // RDETH is looked for 8 bytes too far behind
  ({ service }) => service === 'XRC', // no header behind BTH
  ({ does }) => does === 'CNP' || does === 'FLUSH' || does === 'ATOMIC_WRITE', // unknown
];

/** Every field of every packet, by name, as hex. */
function byTshark(linkType: number, packets: readonly Uint8Array[]): Map<string, string[]>[] {
  const folder = mkdtempSync(join(tmpdir(), 'wireverbs-'));
  try {
    const file = join(folder, 'built.pcap');
    const writer = new PcapWriter({ linkType });
    for (const bytes of packets) writer.packet({ bytes });
    writeFileSync(file, writer.take());
    const guesses = ['rpcrdma_infiniband', 'smb_direct_infiniband', 'smcr_infiniband', 'lnet_ib'];
    const off = guesses.flatMap((guess) => ['--disable-heuristic', guess]);
    const { stdout } = spawnSync('tshark', ['-n', '-r', file, '-T', 'pdml', ...off], {
      encoding: 'utf8',
      maxBuffer: 64 * 1024 * 1024,
    });
    return stdout.split('</packet>').slice(0, -1).map(fieldsOf);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function fieldsOf(packet: string): Map<string, string[]> {
  const fields = new Map<string, string[]>();
  for (const [line, name] of packet.matchAll(/<field name="(infiniband[^"]*)".*?>/g)) {
    const value = / value="([^"]*)"/.exec(line)?.[1] ?? '';
    fields.set(name!, [...(fields.get(name!) ?? []), value]);
  }
  return fields;
}

/** Where tshark's fields and ours differ. */
function differences(layers: readonly Layer[], theirs: Map<string, string[]>): string[] {
  const wrong: string[] = [];
  for (const layer of layers) {
    for (const { name, field, bits } of layer.protocol.header.spans) {
      if (!field.alias?.startsWith('infiniband.')) continue;
      const value = layer.get(name);
      const ours = value instanceof Uint8Array ? formatHex(value) : value.toString(16);
      const found = theirs.get(field.alias)?.[0];
      const same =
        found !== undefined &&
        (value instanceof Uint8Array ? found === ours : BigInt(`0x${found}`) === BigInt(value));
      if (!same) wrong.push(`${layer.key}.${name} (${bits} bits): ours ${ours}, tshark ${found}`);
    }
  }
  return wrong;
}

/** Every field of a header set to something that is not zero. */
function filled(key: Extension): LayerInput {
  const { header: declared } = extensionProtocols[key];
  const values = declared.spans
    .filter(({ field }) => !field.reserved)
    .map((s, i) => [s.name, s.bits > 48 ? 0x123456789abcden + BigInt(i) : 2 ** s.bits - 5 - i]);
  const fields = Object.fromEntries(values) as Record<string, number | bigint>;
  if (key === 'reth') delete fields.dmaLen;
  return part(extensionProtocols[key], fields);
}

const judged = opcodes.filter((opcode) => !holes.some((hole) => hole(opcode)));

const packets = (outer: readonly LayerInput[]): Frame[] =>
  judged.map(({ code, chain, payload }) =>
    build([
      ...outer,
      bth({ opcode: code, solicited: 1, pkey: 0x8001, destQp: 0x654321, psn: 0xabcdef, ackReq: 1 }),
      ...chain.map(filled),
      ...(payload === 'none' ? [] : [new Uint8Array(9).fill(0x5a)]),
    ]),
  );

function compare(linkType: number, frames: readonly Frame[], wrap = (b: Uint8Array) => b): void {
  const found = byTshark(
    linkType === 247 ? LINKTYPE_ERF : linkType,
    frames.map(({ bytes }) => wrap(bytes)),
  );
  assert.is(found.length, frames.length);
  const wrong = frames.flatMap(({ bytes }, i) =>
    differences(dissect(bytes, { linkType }).layers, found[i]!).map(
      (text) => `${judged[i]!.name}: ${text}`,
    ),
  );
  assert.equal(wrong, []);
}

spec('tshark on built InfiniBand packets', (it) => {
  const why = 'tshark 4.0 is not installed';
  const link = lrh({ vl: 3, sl: 5, dlid: 0x1234, slid: 0x4321 });
  const network = grh({ sgid: 'fe80::1', dgid: 'fe80::2', tClass: 7, flowLabel: 5, hopLmt: 9 });

  it.where(available, why, 'agrees on local packets', () => compare(247, packets([link]), inErf));

  it.where(available, why, 'agrees on global packets', () =>
    compare(247, packets([link, network]), inErf),
  );

  it.where(available, why, 'agrees on RoCE v1', () => compare(1, packets([eth(), network])));

  it.where(available, why, 'agrees on RoCE v2', () =>
    compare(1, packets([eth(), ipv4({ src: '10.0.0.1', dst: '10.0.0.2', ttl: 9 }), udp()])),
  );
});

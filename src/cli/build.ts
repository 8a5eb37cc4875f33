// `wireverbs build EXPR...`: frames from expressions, shown as annotated dumps or written to a capture file.

import { writeFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { InvalidArgumentError } from 'commander';
import { bindings } from '../../protocols/bindings.js';
import { keyOf } from '../../protocols/core/bind.js';
import { checkSealing } from '../../protocols/core/seal.js';
import {
  build,
  check,
  FCS,
  type Frame,
  fcs,
  formatHex,
  hexDump,
  jsonFrame,
  LINKTYPE_INFINIBAND_FLOW,
  markFindings,
  parseFrame,
  protocolByKey,
  type Sealing,
} from '../../protocols/index.js';
import { PcapngWriter } from '../../protocols/pcap/index.js';
import { UsageError } from './failure.js';
import { findingLine } from './finding.js';
import { columns, print, style } from './terminal.js';

interface Options {
  readonly output?: string;
  readonly hex?: true;
  readonly json?: true;
  readonly seal: Sealing;
}

const examples = `
Examples:
  wireverbs build 'eth/ipv4(src=10.0.0.1,dst=10.0.0.2)/udp/bth(opcode=RC_RDMA_WRITE_ONLY,destQp=0x11,psn=7)/reth(va=0x1000,rkey=0x1ee)/"hello"'
  wireverbs build 'eth/ipv4(src=10.0.0.1)/udp(dstPort=7)/"x"' --seal ipv4.headerChecksum=spoil -o bad.pcapng
  wireverbs build 'eth/arp(senderIp=10.0.0.1,targetIp=10.0.0.2)' --hex
What is not written is derived: types, lengths, checksums, pad, ICRC. 'wireverbs header NAME' lists a layer's fields.
`;

export function buildCommand(program: Command): void {
  program
    .command('build')
    .argument(
      '<expr...>',
      'frames: layers from the outside in, parted by /; "text", hex(0a0b) and zeros(100) are payload',
    )
    .option('-o, --output <file>', "write a pcapng file; '-' for standard output")
    .option('--hex', 'plain hex, a line a frame')
    .option('--json', 'layers and fields as JSON, a line a frame')
    .option(
      '--seal <field=how>',
      "'derive', 'leave' or 'spoil' a field, a layer or a kind: icrc=spoil, checksum=leave",
      sealing,
      {},
    )
    .description('build frames from expressions')
    .addHelpText('after', examples)
    .action(buildFrames);
}

function sealing(text: string, before: Sealing): Sealing {
  const match = /^([\w.-]+)=(derive|leave|spoil)$/.exec(text);
  if (!match)
    throw new InvalidArgumentError(
      `expected NAME=derive, NAME=leave or NAME=spoil, found '${text}'.`,
    );
  const one: Sealing = { [match[1]!]: match[2] as 'derive' | 'leave' | 'spoil' };
  try {
    checkSealing(one, protocolByKey);
  } catch (error) {
    const problem = error instanceof Error ? error.message : '';
    throw new InvalidArgumentError(problem.endsWith('?') ? problem : `${problem}.`);
  }
  return { ...before, ...one };
}

async function buildFrames(expressions: string[], options: Options): Promise<void> {
  const frames = expressions.map((text) =>
    build(parseFrame(text, protocolByKey), { sealing: options.seal }),
  );
  if (options.output !== undefined) return writeCapture(options.output, frames, expressions);
  for (const [i, frame] of frames.entries()) {
    if (options.hex) print(formatHex(frame.bytes));
    else if (options.json) print(JSON.stringify(asData(frame)));
    else print(`${i > 0 ? '\n' : ''}${markedDump(frame)}`);
  }
}

const asData = (frame: Frame) => ({
  hex: formatHex(frame.bytes),
  ...jsonFrame({ ...frame, stop: null, notes: [] }),
  findings: check(frame).findings,
});

/** The dump with what was made wrong marked. */
function markedDump(frame: Frame): string {
  const { marks, unplaced } = markFindings(frame, check(frame).findings);
  const dump = hexDump(frame, { style, width: columns, marks });
  return [dump, ...unplaced.map(findingLine)].join('\n');
}

/**
 * One interface a link type, with or without FCS; the expression goes along as the packet's comment. InfiniBand is written as
 * taps do: so that tshark reads it.
 */
async function writeCapture(
  path: string,
  frames: readonly Frame[],
  expressions: readonly string[],
): Promise<void> {
  const writer = new PcapngWriter({ application: 'wireverbs' });
  const interfaces = new Map<string, number>();
  frames.forEach((frame, i) => {
    const linkType = linkTypeOf(frame);
    const fcsLength = frame.layers.some((layer) => layer.protocol === fcs) ? FCS.size : 0;
    const name = `${linkType} ${fcsLength}`;
    const erf = linkType === INFINIBAND || linkType === LINKTYPE_INFINIBAND_FLOW;
    const interfaceId =
      interfaces.get(name) ??
      writer.interface({ linkType, erf, ...(fcsLength > 0 && { fcsLength }) });
    interfaces.set(name, interfaceId);
    writer.packet({
      bytes: frame.bytes,
      nanoseconds: i * 1000,
      interfaceId,
      comments: [expressions[i]!],
    });
  });
  const bytes = writer.take();
  if (path === '-') process.stdout.write(bytes);
  else await writeFile(path, bytes);
}

const INFINIBAND = 247;

function linkTypeOf(frame: Frame): number {
  const first = frame.layers[0];
  if (!first) throw new UsageError('an empty frame cannot be written to a capture file');
  const linkType = keyOf(bindings, 'link', first.protocol);
  if (linkType !== undefined) return linkType;
  const starts = [...(bindings.link ?? [])].map(([, { key }]) => key);
  const keys = new Set(starts.filter((key) => protocolByKey.has(key)));
  throw new UsageError(
    `no capture file holds frames that begin with '${first.key}'; begin with one of ${[...keys].join(', ')}`,
  );
}

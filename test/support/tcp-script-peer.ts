// The peer of a script: makes the segments that a script injects with the builder, and reads what our side sends with the
// dissector, so that no code of the stack judges itself. Numbers in scripts are relative to each side's first.

import {
  build,
  check,
  dissect,
  eth,
  ipv4,
  ipv6,
  type LayerInput,
  seqAdd,
  tcp,
  tcpMss,
  tcpNop,
  tcpOption,
  tcpSack,
  tcpSackBlock,
  tcpSackPermitted,
  tcpTimestamps,
  tcpWScale,
} from '../../protocols/index.js';
import { assert } from './spec.js';
import type { SegmentLine } from './tcp-script-line.js';

export const PEER_PORT = 4000;
export const OUR_PORT = 80;

/** Byte `place` of both streams. */
export const patternAt = (place: number): number => (place * 7 + (place >>> 8) * 13) % 251;

export interface Sent {
  readonly at: number;
  readonly port: number;
  readonly text: string;
  readonly flags: string;
  readonly seq: number;
  readonly length: number;
  readonly ack: number;
  readonly window: number;
  readonly urgent: number;
  readonly ecn: number;
  readonly options: string;
}

const flagFields = [
  ['S', 'syn'],
  ['F', 'fin'],
  ['P', 'psh'],
  ['R', 'rst'],
  ['U', 'urg'],
  ['E', 'ece'],
  ['W', 'cwr'],
  ['.', 'ackFlag'],
] as const;

export class Peer {
  /** What the peer's numbers count from. */
  isn = 0;
  /** What ours count from, by the peer's port: the first SYN that we sent. */
  readonly ours = new Map<number, number>();
  v6 = false;
  ourPort = OUR_PORT;
  port = PEER_PORT;

  our(port: number): number {
    return this.ours.get(port) ?? 0;
  }

  get addresses(): { ours: string; peers: string } {
    return this.v6
      ? { ours: 'fd00::1', peers: 'fd00::2' }
      : { ours: '10.0.0.1', peers: '10.0.0.2' };
  }

  /** A frame with the segment that a line describes. */
  make(line: SegmentLine): Uint8Array {
    const { ours, peers } = this.addresses;
    const ecn = line.ecn ?? 0;
    const ip = this.v6
      ? ipv6({ src: peers, dst: ours, ecn })
      : ipv4({ src: peers, dst: ours, ecn });
    const port = line.port ?? this.port;
    const flags = Object.fromEntries(
      flagFields.map(([letter, field]) => [field, line.flags.includes(letter) ? 1 : 0]),
    );
    const body = Uint8Array.from({ length: line.length }, (_, i) => patternAt(line.seq - 1 + i));
    const layers: LayerInput[] = [
      eth(),
      ip,
      tcp({
        srcPort: port,
        dstPort: this.ourPort,
        seq: seqAdd(this.isn, line.seq),
        ack: line.ack === undefined ? 0 : seqAdd(this.our(port), line.ack),
        window: line.window ?? 65_535,
        urgentPointer: line.urgent ?? 0,
        ...flags,
      }),
      ...(line.options ?? []).flatMap((option) => this.#option(option, port)),
      body,
    ];
    return build(layers).bytes;
  }

  #option(text: string, port: number): LayerInput[] {
    const [name, ...values] = text.split(/\s+/) as [string, ...string[]];
    const number = (i: number) => Number(values[i]);
    switch (name) {
      case 'mss':
        return [tcpMss({ mss: number(0) })];
      case 'wscale':
        return [tcpWScale({ shiftCount: number(0) })];
      case 'sackOK':
        return [tcpSackPermitted()];
      case 'nop':
        return [tcpNop()];
      case 'ts':
        return [tcpTimestamps({ tsVal: number(0), tsEcr: number(1) })];
      case 'sack':
        return [
          tcpSack(),
          ...values.map((block) => {
            const [left, right] = block.split(':').map((n) => seqAdd(this.our(port), Number(n)));
            return tcpSackBlock({ leftEdge: left!, rightEdge: right! });
          }),
        ];
      case 'raw': // kind and bytes: what no honest sender writes
        return [tcpOption({ kind: number(0), length: number(1), data: new Uint8Array(number(2)) })];
      default:
        throw new RangeError(`no option ${text}`);
    }
  }

  /** Reads a frame of ours; everything about it must be right. */
  read(frame: Uint8Array, at: number): Sent {
    const seen = dissect(frame);
    assert.is(seen.stop, null, 'dissects');
    assert.equal(check(seen).findings, [], 'right by every check');
    const index = seen.layers.findIndex((l) => l.key === 'tcp');
    const segment = seen.layers[index]!;
    const ip = seen.layers.find((l) => l.key === (this.v6 ? 'ipv6' : 'ipv4'))!;
    const port = segment.number('dstPort');
    const letters = flagFields.filter(([, field]) => segment.number(field) !== 0);
    const flags = letters.map(([letter]) => letter).join('');
    if (flags.includes('S') && !this.ours.has(port)) this.ours.set(port, segment.number('seq'));
    const relative = (n: number, base: number) => (n - base) | 0;
    const options = seen.layers.slice(index + 1).filter((l) => l.key.startsWith('tcp-'));
    const end = options.at(-1)?.end ?? segment.end;
    const length = segment.bodyEnd - end;
    const seq = relative(segment.number('seq'), this.our(port));
    for (let i = 0; i < length; i++) {
      assert.is(frame[end + i], patternAt(seq - 1 + i), `byte ${seq + i} of our stream`);
    }
    const sent = {
      at,
      port,
      flags,
      seq,
      length,
      ack: relative(segment.number('ack'), this.isn),
      window: segment.number('window'),
      urgent: segment.number('urgentPointer'),
      ecn: ip.number('ecn'),
      options: options.flatMap((o) => this.#show(o)).join(','),
    };
    const ack = flags.includes('.') ? ` ack ${sent.ack}` : '';
    const head = `${flags || '-'} ${seq}:${seq + length}(${length})${ack} win ${sent.window}`;
    return { ...sent, text: `${head} <${sent.options}>` };
  }

  #show(option: { key: string; number(name: string): number }): string[] {
    const peer = (n: number) => (n - this.isn) | 0;
    switch (option.key) {
      case 'tcp-mss':
        return [`mss ${option.number('mss')}`];
      case 'tcp-wscale':
        return [`wscale ${option.number('shiftCount')}`];
      case 'tcp-sack-permitted':
        return ['sackOK'];
      case 'tcp-nop':
        return ['nop'];
      case 'tcp-ts':
        return [`ts ${option.number('tsVal')} ${option.number('tsEcr')}`];
      case 'tcp-sack':
        return ['sack'];
      case 'tcp-sack-block':
        return [`${peer(option.number('leftEdge'))}:${peer(option.number('rightEdge'))}`];
      default:
        return [option.key];
    }
  }
}

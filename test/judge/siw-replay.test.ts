// Linux's siw as judge: in each connection of siw.pcap our RNIC takes the place of either end. It hears what the other end
// said, is given the work requests that the end's own messages show, and must say what siw said, byte for byte: MPA's
// frames, all headers, answers to READs, CRC fields, and where segments of messages end. Keys, addresses and data are those of
// the capture. Left to the sender by the standards, and not compared: pad bytes, which siw leaves as they happen to be.

import { formatHex } from '../../protocols/index.js';
import { padOf } from '../../protocols/iwarp/geometry.js';
import { MPACrc, MPAEnhanced, mpaStream } from '../../protocols/iwarp/index.js';
import { postRecv, postSend, regMr, type SendWr } from '../../src/rdma/index.js';
import { us } from '../../src/time/index.js';
import { capturedFrames } from '../support/capture.js';
import { conversations, type FoundUnit, follow } from '../support/conversation.js';
import { RawIwarp } from '../support/raw-iwarp.js';
import { assert, spec } from '../support/spec.js';

const OPCODE = { write: 0, readRequest: 1, readResponse: 2, send: 3 } as const;
const RIGHTS = 0xf;
const ROOM = 16 * 1024;
const RECEIVES = 64;

/** A segment of RDMAP, or a start-up frame. */
interface Said {
  readonly by: number;
  readonly bytes: Uint8Array;
  readonly opcode: number;
  readonly last: boolean;
  readonly data: Uint8Array;
  readonly number: (field: string) => number;
  readonly address: (field: string) => bigint;
}

function said({ from, unit, walk }: FoundUnit): Said {
  const find = (name: string) => walk.layers.find((l) => l.key.startsWith(name));
  const ddp = find('ddp-');
  const body = find('payload');
  const owner = (field: string) =>
    walk.layers.find((l) => l.protocol.header.spans.some(({ name }) => name === field))!;
  return {
    by: from,
    bytes: walk.bytes.slice(0, unit.size),
    opcode: ddp?.number('opcode') ?? -1,
    last: ddp?.number('last') === 1,
    data: body ? walk.bytes.slice(body.at, body.end) : new Uint8Array(0),
    number: (field) => owner(field).number(field),
    address: (field) => owner(field).get(field) as bigint,
  };
}

const joined = (parts: readonly Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts));

/** The messages of one end, each with all its data. */
function messagesOf(all: readonly Said[], by: number): { first: Said; data: Uint8Array }[] {
  const messages: { first: Said; parts: Uint8Array[] }[] = [];
  let isOpen = false;
  for (const one of all.filter((s) => s.by === by && s.opcode >= 0)) {
    if (!isOpen) messages.push({ first: one, parts: [] });
    messages.at(-1)!.parts.push(one.data);
    isOpen = !one.last;
  }
  return messages.map(({ first, parts }) => ({ first, data: joined(parts) }));
}

/** Our RNIC in the place of one end. */
class Stand {
  readonly raw: RawIwarp;
  readonly buffer: bigint;
  readonly lkey: number;
  #at = 0;
  readonly #regions = new Map<number, { readonly iova: bigint; readonly addr: bigint }>();

  constructor(
    readonly all: readonly Said[],
    readonly role: number,
  ) {
    const reply = all.find((s) => s.opcode < 0 && s.by === 1)!;
    const depth = Math.max(reply.number('ird'), reply.number('ord'));
    this.raw = new RawIwarp({ iwarp: { crc: false }, depth });
    const { space } = this.raw.host;
    const size = RECEIVES * ROOM;
    this.buffer = space.allocate(size, { contiguous: true });
    this.lkey = regMr(this.raw.pd, this.buffer, size, RIGHTS).lkey;
    this.#register();
  }

  /** Regions under the keys by which the capture speaks of them. */
  #register(): void {
    const spans = new Map<number, [bigint, bigint]>();
    const add = (key: number, from: bigint, length: number) => {
      const to = from + BigInt(length);
      const [a, b] = spans.get(key) ?? [from, to];
      spans.set(key, [from < a ? from : a, to > b ? to : b]);
    };
    for (const one of this.all) {
      const isOurs = one.by === this.role;
      if (one.opcode === OPCODE.readRequest) {
        const side = isOurs ? 'sink' : 'source';
        add(one.number(`${side}Stag`), one.address(`${side}To`), one.number('size'));
      } else if (one.opcode === OPCODE.write && !isOurs)
        add(one.number('stag'), one.address('to'), one.data.length);
    }
    const { pd, host } = this.raw;
    for (const [key, [from, to]] of spans) {
      const length = Number(to - from);
      const addr = host.space.allocate(length, { contiguous: true });
      regMr(pd, addr, length, RIGHTS, { iova: from, key });
      this.#regions.set(key, { iova: from, addr });
    }
  }

  #bytesOf(key: number, to: bigint, length: number): Uint8Array {
    const { iova, addr } = this.#regions.get(key)!;
    return this.raw.host.space.bytes(addr + to - iova, length);
  }

  /** Plays the conversation; what we said. */
  play(): Uint8Array {
    const { raw, role } = this;
    this.#startUp();
    const sgList = [{ addr: this.buffer, length: ROOM, lkey: this.lkey }];
    for (let i = 0; i < RECEIVES; i++) postRecv(raw.context, raw.qp, { sgList });
    const own = messagesOf(this.all, role);
    const answers = own.filter(({ first }) => first.opcode === OPCODE.readResponse);
    for (const one of this.all) {
      if (one.opcode < 0) continue;
      if (one.by !== role) {
        if (one.opcode === OPCODE.readRequest) {
          const { data } = answers.shift()!;
          const [key, to] = [one.number('sourceStag'), one.address('sourceTo')];
          this.#bytesOf(key, to, data.length).set(data);
        }
        raw.write(one.bytes);
      } else {
        const message = own.find(({ first }) => first === one);
        const wr = message && this.#requestOf(message.first, message.data);
        if (wr) postSend(raw.context, raw.qp, wr);
      }
      raw.run(us(50));
    }
    raw.rest();
    return raw.read();
  }

  /** The other end's frame, and ours to it. */
  #startUp(): void {
    const { raw, role, all } = this;
    const [request, reply] = all as [Said, Said];
    if (role === 1) {
      raw.listen();
      raw.write(request.bytes);
    } else {
      raw.connect({ ird: request.number('ird'), ord: request.number('ord') });
      raw.write(reply.bytes);
    }
    raw.answer(raw.event());
  }

  #requestOf(first: Said, data: Uint8Array): SendWr | undefined {
    if (first.opcode === OPCODE.readResponse) return undefined;
    if (first.opcode === OPCODE.readRequest) {
      const lkey = first.number('sinkStag');
      return {
        opcode: 'IBV_WR_RDMA_READ',
        sgList: [{ addr: first.address('sinkTo'), length: first.number('size'), lkey }],
        rdma: { remoteAddr: first.address('sourceTo'), rkey: first.number('sourceStag') },
      };
    }
    const addr = this.buffer + BigInt(this.#at);
    this.#at = (this.#at + data.length) % ((RECEIVES - 1) * ROOM);
    this.raw.host.space.bytes(addr, data.length).set(data);
    const sgList = [{ addr, length: data.length, lkey: this.lkey }];
    if (first.opcode === OPCODE.send) return { opcode: 'IBV_WR_SEND', sgList };
    const rdma = { remoteAddr: first.address('to'), rkey: first.number('stag') };
    return { opcode: 'IBV_WR_RDMA_WRITE', sgList, rdma };
  }
}

/** What an end of the capture said, with its pads zero. */
const wordsOf = (all: readonly Said[], by: number): Uint8Array =>
  joined(
    all
      .filter((s) => s.by === by)
      .map(({ bytes, opcode }) => {
        const whole = bytes.slice();
        if (opcode < 0) return whole;
        const pad = padOf(bytes[0]! * 256 + bytes[1]!);
        const crcAt = whole.length - MPACrc.size;
        whole.fill(0, crcAt - pad, crcAt);
        return whole;
      }),
  );

const found = conversations(capturedFrames('siw.pcap'))
  .map((chunks) => follow(mpaStream, chunks).units.map(said))
  .filter((all) => all.length > 0);

spec('iWARP as siw says it', (it) => {
  it('there are eight connections, all with the IRD/ORD block', () => {
    assert.is(found.length, 8);
    for (const all of found) assert.is(all[0]!.bytes.length, 20 + MPAEnhanced.size);
  });

  found.forEach((all, i) => {
    for (const role of [0, 1]) {
      it(`connection ${i}: our RNIC as the ${role === 0 ? 'active' : 'passive'} side says the same`, () => {
        const expected = wordsOf(all, role);
        const actual = new Stand(all, role).play();
        if (Buffer.compare(actual, expected) === 0) return;
        const at = expected.findIndex((byte, n) => actual[n] !== byte);
        const around = (b: Uint8Array) => formatHex(b.slice(Math.max(0, at - 32), at + 64));
        assert.is(around(actual), around(expected), `from byte ${at} on; ours is ${actual.length}`);
        assert.is(actual.length, expected.length);
      });
    }
  });
});

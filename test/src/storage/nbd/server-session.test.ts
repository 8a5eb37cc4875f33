// Mirrors src/storage/nbd/server-session.ts and server-handshake.ts: what an NBD server answers, byte for byte, read by
// the dissector; real clients judge it in real-clients.test.ts.

import { build, nbd } from '../../../../protocols/index.js';
import { type Io, MemoryVolume, OK, type Volume } from '../../../../src/storage/index.js';
import { Buffers, Exports, NbdServerSession } from '../../../../src/storage/nbd/index.js';
import {
  ChunkWords,
  FLAG_DF,
  FLAG_FAST_ZERO,
  FLAG_FUA,
  FLAG_NO_HOLE,
  FLAG_REQ_ONE,
  OffsetWords,
  RequestWords,
  SimpleReplyWords,
} from '../../../../src/storage/nbd/words.js';
import { Random } from '../../../../src/time/index.js';
import { assert, spec } from '../../../support/spec.js';

const encoder = new TextEncoder();
const SIZE = 1 << 20;

interface Said {
  readonly title: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** A client that feeds the session and reads what comes back with the declared headers. */
class Client {
  readonly session: NbdServerSession;

  constructor(volume: Volume = new MemoryVolume(SIZE), more: readonly string[] = []) {
    const exports = new Exports();
    exports.add({ name: 'disk', volume, description: 'a disk' });
    for (const name of more) exports.add({ name, volume });
    this.session = new NbdServerSession(exports, new Buffers());
    this.#read();
  }

  /** Sends bytes, in pieces of `step`, and gives back what was answered. */
  send(bytes: Uint8Array, step = bytes.length): Uint8Array {
    for (let at = 0; at < bytes.length; at += step)
      this.session.receive(bytes, at, Math.min(bytes.length, at + step));
    return this.#read();
  }

  #read(): Uint8Array {
    const pieces = this.session.output.take();
    const all = Buffer.concat(pieces.map(({ buffer, at, end }) => buffer.subarray(at, end)));
    for (const piece of pieces) this.session.output.sent(piece);
    return new Uint8Array(all);
  }
}

const flags = () => nbd.ClientFlags.encode({ noZeroes: 1, fixedNewstyle: 1 });

function option(number: number, data: Uint8Array = new Uint8Array(0)): Uint8Array {
  const head = nbd.Option.encode({
    magic: encoder.encode('IHAVEOPT'),
    option: number,
    length: data.length,
  });
  return Uint8Array.from([...head, ...data]);
}

function named(name: string, rest: readonly number[]): Uint8Array {
  const text = encoder.encode(name);
  return Uint8Array.from([...nbd.String.encode({ length: text.length, text }), ...rest]);
}

const GO = (name: string) => option(7, named(name, [0, 0]));

function replies(bytes: Uint8Array): Said[] {
  const found: Said[] = [];
  for (let at = 0; at < bytes.length; ) {
    const fields = nbd.OptionReply.decode(bytes, at);
    const from = at + nbd.OptionReply.size;
    at = from + fields.length;
    const data = bytes.subarray(from, at);
    found.push({ title: `${fields.option}:${fields.type}`, fields: { ...fields, data } });
  }
  return found;
}

const text = ({ fields }: Said) => new TextDecoder().decode(fields.data as Uint8Array);

function request(type: string, fields: Record<string, number | bigint>, data?: Uint8Array) {
  const parts = [nbd.request({ type, cookie: 0x1122334455667788n, ...fields } as never)];
  return build([...parts, ...(data ? [data] : [])]).bytes;
}

/** In the transmission phase, with or without structured replies and base:allocation. */
function talking(volume?: Volume, structured = true): Client {
  const client = new Client(volume);
  client.send(flags());
  if (structured) {
    client.send(option(8));
    const query = encoder.encode('base:allocation');
    const context = [0, 0, 0, 1, ...nbd.String.encode({ length: query.length, text: query })];
    client.send(option(10, named('disk', context)));
  }
  client.send(GO('disk'));
  return client;
}

/** A volume whose operations end when the test says so. */
class LateVolume implements Volume {
  readonly size = SIZE;
  readonly readOnly = false;
  readonly preferredBlock = 4096;
  readonly readsAtOnce = false;
  readonly open: Io[] = [];
  readonly #take = (io: Io) => {
    this.open.push(io);
  };
  read = this.#take;
  write = this.#take;
  flush = this.#take;
  zero = this.#take;
  trim = this.#take;
  status = this.#take;
}

spec('NBD words', (it) => {
  it('lie where the declared headers have their fields', () => {
    assert.is(RequestWords.size, nbd.Request.size);
    assert.is(RequestWords.at.cookieHigh, nbd.Request.at.cookie);
    assert.is(RequestWords.at.offsetHigh, nbd.Request.at.offset);
    assert.is(RequestWords.at.length, nbd.Request.at.length);
    assert.is(RequestWords.at.type, nbd.Request.at.type);
    assert.is(SimpleReplyWords.size, nbd.SimpleReply.size);
    assert.is(SimpleReplyWords.at.cookieHigh, nbd.SimpleReply.at.cookie);
    assert.is(ChunkWords.size, nbd.Chunk.size);
    assert.is(ChunkWords.at.cookieHigh, nbd.Chunk.at.cookie);
    assert.is(ChunkWords.at.length, nbd.Chunk.at.length);
    assert.is(OffsetWords.size, nbd.OffsetData.size);
  });

  it('have flags that are the declared bits', () => {
    const bits = { fua: FLAG_FUA, noHole: FLAG_NO_HOLE, df: FLAG_DF, reqOne: FLAG_REQ_ONE };
    for (const [name, bit] of Object.entries({ ...bits, fastZero: FLAG_FAST_ZERO }))
      assert.is(RequestWords.get.flags(nbd.Request.encode({ [name]: 1 }), 0), bit, name);
  });
});

spec('NBD server, handshake', (it) => {
  it('lists exports, and refuses TLS and what it does not know, each with words', () => {
    const client = new Client(undefined, ['other']);
    client.send(flags());
    const list = replies(client.send(option(3)));
    assert.equal(
      list.map((r) => r.title),
      ['3:2', '3:2', '3:1'],
    );
    const [tls, ...none] = replies(client.send(option(5)));
    assert.equal(none, []);
    assert.is(tls!.title, `5:${2 ** 31 + 2}`);
    assert.match(text(tls!), 'no TLS');
    assert.is(replies(client.send(option(77)))[0]!.title, `77:${2 ** 31 + 1}`);
    const missing = replies(client.send(GO('nowhere')))[0]!;
    assert.is(missing.title, `7:${2 ** 31 + 6}`);
    assert.match(text(missing), "no export 'nowhere'");
    assert.not(client.session.ended);
  });

  it('comes byte by byte to the same end', () => {
    const client = new Client();
    const said = client.send(Uint8Array.from([...flags(), ...GO('')]), 1);
    assert.equal(
      replies(said).map((r) => r.title),
      ['7:3', '7:1'],
    );
    assert.is(client.session.chosen, 'disk', 'the only export needs no name');
  });

  it('answers EXPORT_NAME with size, flags and zeroes, and leaves where there is no such name', () => {
    const client = new Client();
    client.send(nbd.ClientFlags.encode({ fixedNewstyle: 0 }));
    const answer = client.send(option(1, encoder.encode('disk')));
    assert.is(answer.length, nbd.Export.size + nbd.Zeroes.size);
    assert.is(nbd.Export.get.size(answer, 0), BigInt(SIZE));
    assert.is(nbd.Export.get.canMultiConn(answer, 0), 1);
    const other = new Client();
    other.send(flags());
    assert.is(other.send(option(1, encoder.encode('x'))).length, 0);
    assert.ok(other.session.ended);
  });

  it('ends with who sends no option, or one of absurd length', () => {
    for (const bad of [encoder.encode('GET / HTTP/1.1\r\n\r\n'), option(3).fill(0xff, 12)]) {
      const client = new Client();
      client.send(flags());
      client.send(bad);
      assert.ok(client.session.ended);
    }
  });
});

spec('NBD server, transmission', (it) => {
  it('writes and reads, wherever the stream is cut', () => {
    const data = new Uint8Array(5000).map((_, i) => i);
    for (const step of [1, 3, 27, 28, 29, 4096, 1 << 20]) {
      const client = talking();
      const both = [
        ...request('WRITE', { offset: 100n, fua: 1 }, data),
        ...request('READ', { offset: 100n, length: 5000 }),
      ];
      const answer = client.send(Uint8Array.from(both), step);
      assert.is(nbd.SimpleReply.get.error(answer, 0), 0);
      assert.is(nbd.SimpleReply.get.cookie(answer, 0), 0x1122334455667788n);
      const chunk = nbd.SimpleReply.size;
      assert.is(nbd.Chunk.get.length(answer, chunk), 5008);
      const offset = chunk + nbd.Chunk.size;
      assert.is(nbd.OffsetData.get.offset(answer, offset), 100n);
      assert.equal(answer.subarray(offset + nbd.OffsetData.size), data);
    }
  });

  it('answers without structure where none was agreed', () => {
    const client = talking(undefined, false);
    const answer = client.send(request('READ', { offset: 0n, length: 16 }));
    assert.is(answer.length, nbd.SimpleReply.size + 16);
    const refused = client.send(request('BLOCK_STATUS', { offset: 0n, length: 16 }));
    assert.is(nbd.SimpleReply.get.error(refused, 0), 22);
  });

  it('refuses what does not fit, and goes on behind the data of a refused write', () => {
    const client = talking();
    const beyond = BigInt(SIZE - 10);
    const errors: [Uint8Array, number][] = [
      [request('WRITE', { offset: beyond }, new Uint8Array(11)), 28],
      [request('TRIM', { offset: 2n ** 60n, length: 1 }), 28],
      [request('FLUSH', { fastZero: 1 }), 22],
      [request('RESIZE', {}), 22],
      [request('CACHE', { offset: 0n, length: 10 }), 0],
    ];
    for (const [bytes, error] of errors) {
      const answer = client.send(bytes);
      assert.is(answer.length, nbd.SimpleReply.size);
      assert.is(nbd.SimpleReply.get.error(answer, 0), error);
    }
    const read = client.send(request('READ', { offset: beyond, length: 11 }));
    assert.is(nbd.Chunk.get.type(read, 0), 32769);
    assert.is(nbd.Error.get.error(read, nbd.Chunk.size), 22);
    const large = client.send(request('READ', { offset: 0n, length: 2 ** 32 - 1 }));
    assert.is(nbd.Chunk.get.type(large, 0), 32769);
  });

  it('tells holes from data, one extent where one is enough', () => {
    const client = talking();
    client.send(request('WRITE', { offset: 65536n }, new Uint8Array(65536).fill(1)));
    const status = (fields: object) =>
      client.send(request('BLOCK_STATUS', { offset: 0n, length: SIZE, ...fields }));
    const answer = status({});
    const extents = nbd.Chunk.size + nbd.BlockStatus.size;
    assert.is(answer.length, extents + 3 * nbd.Extent.size);
    const seen = [0, 1, 2].map((i) => nbd.Extent.decode(answer, extents + i * nbd.Extent.size));
    assert.equal(seen, [
      { length: 65536, status: 3 },
      { length: 65536, status: 0 },
      { length: SIZE - 131072, status: 3 },
    ]);
    assert.is(status({ reqOne: 1 }).length, extents + nbd.Extent.size);
  });

  it('answers in the order in which the volume finishes', () => {
    const volume = new LateVolume();
    const client = talking(volume);
    client.send(request('READ', { offset: 0n, length: 4, cookie: 1n }));
    assert.is(client.send(request('FLUSH', { cookie: 2n })).length, 0);
    volume.open[1]!.done(OK);
    const io = volume.open[0]!;
    io.bytes.fill(9, io.at, io.at + 4);
    io.done(OK);
    const answer = client.send(new Uint8Array(0));
    assert.is(nbd.SimpleReply.get.cookie(answer, 0), 2n);
    assert.is(nbd.Chunk.get.cookie(answer, nbd.SimpleReply.size), 1n);
    assert.equal(answer.slice(-4), Uint8Array.of(9, 9, 9, 9));
    assert.is(client.session.open, 0);
  });

  it('reads no more requests while too much is open, and loses none', () => {
    const volume = new LateVolume();
    const client = talking(volume);
    const one = request('READ', { offset: 0n, length: 1 << 20 });
    const many = Uint8Array.from(Array.from({ length: 40 }, () => [...one]).flat());
    client.send(many.subarray(0, 1000));
    client.send(many.subarray(1000));
    assert.ok(client.session.holds);
    assert.ok(volume.open.length < 20);
    let answered = 0;
    while (volume.open.length > 0) {
      volume.open.shift()!.done(OK);
      answered++;
      client.send(new Uint8Array(0));
      client.session.resume();
    }
    assert.is(answered, 40);
    assert.not(client.session.holds);
  });

  it('takes any bytes without a throw', () => {
    const random = new Random(1, 'hostile NBD');
    const good = Uint8Array.from([
      ...[...flags(), ...option(8), ...option(3), ...GO('disk')],
      ...request('WRITE', { offset: 0n }, new Uint8Array(100)),
      ...request('BLOCK_STATUS', { offset: 0n, length: 4096 }),
      ...request('READ', { offset: 0n, length: 4096 }),
    ]);
    for (let i = 0; i < 2000; i++) {
      const bytes = good.slice();
      const from = random.chance(0.5) ? 0 : flags().length + option(8).length;
      for (let n = random.below(4); n >= 0; n--)
        bytes[from + random.below(bytes.length - from)] = random.below(256);
      new Client().send(bytes, 1 + random.below(200));
    }
  });

  it('ends with who sends something else than a request', () => {
    const client = talking();
    client.send(new Uint8Array(28));
    assert.ok(client.session.ended);
  });
});

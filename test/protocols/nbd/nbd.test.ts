// Mirrors protocols/nbd: handshake, options, requests and replies.

import {
  build,
  check,
  type From,
  type LayerInput,
  nbdBlockStatusExt,
  nbdChunk,
  nbdClientFlags,
  nbdContextChoice,
  nbdContextId,
  nbdError,
  nbdErrorOffset,
  nbdExport,
  nbdExtendedChunk,
  nbdExtendedRequest,
  nbdExtentExt,
  nbdGreeting,
  nbdOption,
  nbdOptionReply,
  nbdReply,
  nbdRequest,
  nbdStream,
  nbdText,
  nbdZeroes,
} from '../../../protocols/index.js';
import { follow } from '../../support/conversation.js';
import { assert, spec } from '../../support/spec.js';
import { chain } from '../../support/tiling.js';

const said = (from: From, ...layers: LayerInput[]) => ({ from, bytes: build(layers).bytes });

const client = (...layers: LayerInput[]) => said(0, ...layers);
const server = (...layers: LayerInput[]) => said(1, ...layers);

const chains = (...chunks: ReturnType<typeof said>[]) =>
  follow(nbdStream, chunks).units.map(({ walk }) => {
    assert.equal(check(walk).findings, []);
    return chain(walk);
  });

spec('NBD messages', (it) => {
  it('take their types and lengths from what stands behind', () => {
    const error = build([nbdChunk(), nbdError({ error: 'EIO' }), nbdText({ text: 'no' })]).layers;
    assert.equal([error[0]!.number('type'), error[0]!.number('length')], [0x8001, 8]);
    assert.is(error[1]!.number('messageLength'), 2);
    const write = build([nbdRequest(), 'data']).layers[0]!;
    assert.equal([write.number('type'), write.number('length')], [1, 4]);
  });

  it('are told of flags that the command does not have', () => {
    const { findings } = check(build([nbdRequest({ type: 'FLUSH', fua: 1, length: 4 })]));
    assert.equal(
      findings.map((f) => `${f.field} ${f.message}`),
      ['fua is not for FLUSH', 'length must be 0 in FLUSH'],
    );
  });
});

spec('the NBD stream', (it) => {
  const hello = [server(nbdGreeting({ fixedNewstyle: 1, noZeroes: 1 }))];

  it('learns from the request how long a simple reply is', () => {
    const messages = [
      client(nbdRequest({ type: 'READ', cookie: 1, length: 600 })),
      client(nbdRequest({ type: 'READ', cookie: 2, length: 700 })),
      server(nbdReply({ cookie: 2 }), new Uint8Array(700)),
      server(nbdReply({ cookie: 1, error: 'EIO' })),
      server(nbdReply({ cookie: 3 })),
    ];
    assert.equal(chains(...messages).slice(2), ['nbd-reply/payload', 'nbd-reply', 'nbd-reply']);
  });

  it('expects 124 zeroes behind an export unless they were agreed away', () => {
    const ask = client(nbdOption({ option: 'EXPORT_NAME' }), nbdText({ text: 'disk' }));
    const without = [
      ...hello,
      client(nbdClientFlags({ fixedNewstyle: 1, noZeroes: 1 })),
      ask,
      server(nbdExport({ size: 512 })),
      client(nbdRequest({ type: 'DISC' })),
    ];
    assert.is(chains(...without)[3], 'nbd-export');
    const zeroes = [
      ...hello,
      client(nbdClientFlags({ fixedNewstyle: 1 })),
      ask,
      server(nbdExport({ size: 512 }), nbdZeroes()),
      server(nbdReply()),
    ];
    assert.equal(chains(...zeroes).slice(3), ['nbd-export/nbd-zeroes', 'nbd-reply']);
  });

  it('cannot be followed into TLS', () => {
    const { stops } = follow(nbdStream, [
      ...hello,
      client(nbdClientFlags({ fixedNewstyle: 1 })),
      client(nbdOption({ option: 'STARTTLS' })),
      server(nbdOptionReply({ option: 'STARTTLS' })),
      { from: 0, bytes: Uint8Array.of(22, 3, 1, 0, 200) },
    ]);
    assert.is(stops[0]!.code, 'unsupported');
  });

  it('has extended headers too', () => {
    const choice = [nbdContextChoice({ effectLength: 1 }), nbdContextId({ contextId: 9 })];
    const messages = [
      client(nbdExtendedRequest({ payloadLen: 1, cookie: 1 }), 'data'),
      client(nbdExtendedRequest({ type: 'READ', cookie: 2, length: 1n << 40n })),
      client(nbdExtendedRequest({ type: 'BLOCK_STATUS', payloadLen: 1 }), ...choice),
      server(nbdExtendedChunk({ done: 1 })),
      server(nbdExtendedChunk(), nbdBlockStatusExt(), nbdExtentExt(), nbdExtentExt()),
    ];
    assert.equal(chains(...messages), [
      'nbd-request-ext/payload',
      'nbd-request-ext',
      'nbd-request-ext/nbd-context-choice/nbd-context-id',
      'nbd-chunk-ext',
      'nbd-chunk-ext/nbd-block-status-ext/nbd-extent-ext/nbd-extent-ext',
    ]);
  });

  it('has errors with a place', () => {
    const chunk = nbdChunk({ type: 'ERROR_OFFSET', done: 1 });
    const place = nbdErrorOffset({ offset: 512 });
    const found = chains(server(chunk, nbdError({ error: 'EIO' }), nbdText({ text: 'x' }), place));
    assert.equal(found, ['nbd-chunk/nbd-error/nbd-text/nbd-error-offset']);
  });

  it('waits for no message beyond its bound', () => {
    const huge = client(nbdRequest({ type: 'WRITE', length: 2 ** 32 - 1 }));
    const [stop] = follow(nbdStream, [huge]).stops;
    assert.equal([stop!.code, stop!.layer], ['limit', 'nbd-request']);
  });

  it('asks for more until its first bytes tell', () => {
    const recognise = (bytes: Uint8Array) =>
      nbdStream.recognise({ bytes, at: 0, end: bytes.length, from: 0, position: 0 });
    const first = [[nbdClientFlags({ fixedNewstyle: 1 })], [nbdOption({ option: 'GO' })]];
    const { bytes } = build([first]);
    for (let n = 1; n < 12; n++) assert.is(recognise(bytes.subarray(0, n)), 'more', String(n));
    assert.is(recognise(bytes), true);
    assert.is(recognise(new TextEncoder().encode('GET / HTTP')), false);
  });
});

// Mirrors protocols/nbd: handshake, options, requests and replies.

import { build, check, type From, type LayerInput, nbd } from '../../../protocols/index.js';
import { follow } from '../../support/conversation.js';
import { assert, spec } from '../../support/spec.js';
import { chain } from '../../support/tiling.js';

const said = (from: From, ...layers: LayerInput[]) => ({ from, bytes: build(layers).bytes });

const client = (...layers: LayerInput[]) => said(0, ...layers);
const server = (...layers: LayerInput[]) => said(1, ...layers);

const chains = (...chunks: ReturnType<typeof said>[]) =>
  follow(nbd.stream, chunks).units.map(({ walk }) => {
    assert.equal(check(walk).findings, []);
    return chain(walk);
  });

spec('NBD messages', (it) => {
  it('take their types and lengths from what stands behind', () => {
    const error = build([
      nbd.chunk(),
      nbd.error({ error: 'EIO' }),
      nbd.text({ text: 'no' }),
    ]).layers;
    assert.equal([error[0]!.number('type'), error[0]!.number('length')], [0x8001, 8]);
    assert.is(error[1]!.number('messageLength'), 2);
    const write = build([nbd.request(), 'data']).layers[0]!;
    assert.equal([write.number('type'), write.number('length')], [1, 4]);
  });

  it('are told of flags that the command does not have', () => {
    const { findings } = check(build([nbd.request({ type: 'FLUSH', fua: 1, length: 4 })]));
    assert.equal(
      findings.map((f) => `${f.field} ${f.message}`),
      ['fua is not for FLUSH', 'length must be 0 in FLUSH'],
    );
  });
});

spec('the NBD stream', (it) => {
  const hello = [server(nbd.greeting({ fixedNewstyle: 1, noZeroes: 1 }))];

  it('learns from the request how long a simple reply is', () => {
    const messages = [
      client(nbd.request({ type: 'READ', cookie: 1, length: 600 })),
      client(nbd.request({ type: 'READ', cookie: 2, length: 700 })),
      server(nbd.reply({ cookie: 2 }), new Uint8Array(700)),
      server(nbd.reply({ cookie: 1, error: 'EIO' })),
      server(nbd.reply({ cookie: 3 })),
    ];
    assert.equal(chains(...messages).slice(2), ['nbd-reply/payload', 'nbd-reply', 'nbd-reply']);
  });

  it('expects 124 zeroes behind an export unless they were agreed away', () => {
    const ask = client(nbd.option({ option: 'EXPORT_NAME' }), nbd.text({ text: 'disk' }));
    const without = [
      ...hello,
      client(nbd.clientFlags({ fixedNewstyle: 1, noZeroes: 1 })),
      ask,
      server(nbd.export({ size: 512 })),
      client(nbd.request({ type: 'DISC' })),
    ];
    assert.is(chains(...without)[3], 'nbd-export');
    const zeroes = [
      ...hello,
      client(nbd.clientFlags({ fixedNewstyle: 1 })),
      ask,
      server(nbd.export({ size: 512 }), nbd.zeroes()),
      server(nbd.reply()),
    ];
    assert.equal(chains(...zeroes).slice(3), ['nbd-export/nbd-zeroes', 'nbd-reply']);
  });

  it('cannot be followed into TLS', () => {
    const { stops } = follow(nbd.stream, [
      ...hello,
      client(nbd.clientFlags({ fixedNewstyle: 1 })),
      client(nbd.option({ option: 'STARTTLS' })),
      server(nbd.optionReply({ option: 'STARTTLS' })),
      { from: 0, bytes: Uint8Array.of(22, 3, 1, 0, 200) },
    ]);
    assert.is(stops[0]!.code, 'unsupported');
  });

  it('has extended headers too', () => {
    const choice = [nbd.contextChoice({ effectLength: 1 }), nbd.contextId({ contextId: 9 })];
    const messages = [
      client(nbd.extendedRequest({ payloadLen: 1, cookie: 1 }), 'data'),
      client(nbd.extendedRequest({ type: 'READ', cookie: 2, length: 1n << 40n })),
      client(nbd.extendedRequest({ type: 'BLOCK_STATUS', payloadLen: 1 }), ...choice),
      server(nbd.extendedChunk({ done: 1 })),
      server(nbd.extendedChunk(), nbd.blockStatusExt(), nbd.extentExt(), nbd.extentExt()),
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
    const chunk = nbd.chunk({ type: 'ERROR_OFFSET', done: 1 });
    const place = nbd.errorOffset({ offset: 512 });
    const found = chains(
      server(chunk, nbd.error({ error: 'EIO' }), nbd.text({ text: 'x' }), place),
    );
    assert.equal(found, ['nbd-chunk/nbd-error/nbd-text/nbd-error-offset']);
  });

  it('waits for no message beyond its bound', () => {
    const huge = client(nbd.request({ type: 'WRITE', length: 2 ** 32 - 1 }));
    const [stop] = follow(nbd.stream, [huge]).stops;
    assert.equal([stop!.code, stop!.layer], ['limit', 'nbd-request']);
  });

  it('asks for more until its first bytes tell', () => {
    const recognise = (bytes: Uint8Array) =>
      nbd.stream.recognise({ bytes, at: 0, end: bytes.length, from: 0, position: 0 });
    const first = [[nbd.clientFlags({ fixedNewstyle: 1 })], [nbd.option({ option: 'GO' })]];
    const { bytes } = build([first]);
    for (let n = 1; n < 12; n++) assert.is(recognise(bytes.subarray(0, n)), 'more', String(n));
    assert.is(recognise(bytes), true);
    assert.is(recognise(new TextEncoder().encode('GET / HTTP')), false);
  });
});

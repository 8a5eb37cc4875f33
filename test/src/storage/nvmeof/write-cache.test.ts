// What a flush may say after the pool began anew.

import { WriteCache } from '../../../../src/storage/nvmeof/host/index.js';
import { assert, spec } from '../../../support/spec.js';

const [a, b] = [{}, {}];

function dirty(): WriteCache {
  const cache = new WriteCache();
  cache.connected('first');
  cache.acknowledged();
  return cache;
}

function flush(cache: WriteCache, request = a): boolean {
  cache.flushBegins(request);
  return cache.flushEnds(request, true);
}

spec('the write cache of a volume', (it) => {
  it('is flushed while the pool lives', () => {
    assert.ok(flush(dirty()));
  });

  it('was lost with the pool: the next flush says so, once', () => {
    const cache = dirty();
    cache.connected('second');
    assert.is(flush(cache), false);
    assert.ok(flush(cache));
  });

  it('was lost under several flushes: each of them says so, and no other', () => {
    const cache = dirty();
    cache.flushBegins(a);
    cache.flushBegins(b);
    cache.connected('second');
    const later = {};
    assert.is(cache.flushEnds(a, true), false);
    assert.ok(flush(cache, later));
    assert.is(cache.flushEnds(b, true), false);
  });

  it('had nothing to lose, or the pool is the same', () => {
    const clean = new WriteCache();
    clean.connected('first');
    clean.connected('second');
    assert.ok(flush(clean));
    const same = dirty();
    same.connected('first');
    assert.ok(flush(same));
  });

  it('stays dirty when a flush failed', () => {
    const cache = dirty();
    cache.flushBegins(a);
    assert.is(cache.flushEnds(a, false), false);
    cache.connected('second');
    assert.is(flush(cache), false);
  });
});

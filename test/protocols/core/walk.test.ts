// The cursor of a dissection: whatever protocols ask of it, its layers tile the bytes and its end only shrinks.

import * as fc from 'fast-check';
import { dissectWith } from '../../../protocols/core/dissect.js';
import { MAX_LAYERS, Walk } from '../../../protocols/core/walk.js';
import {
  bytes,
  header,
  Layer,
  outer,
  type Protocol,
  protocol,
  uint,
} from '../../../protocols/index.js';
import { assert, spec } from '../../support/spec.js';
import { chain, tilesAndReencodes } from '../../support/tiling.js';

const Head = header('Head', [uint(8, 'length', 'length'), uint(8, 'next', 'what follows')]);
const head = protocol(Head);
const Tail = header('Tail', [bytes(2, 'sum', 'sum')]);
const tail = protocol(Tail, { trailer: true });

const walkOf = (size: number, start = 0, end = size) =>
  new Walk(new Uint8Array(size), start, end, { own: new Map([[1, head]]) }, {});
const places = (walk: Walk) => walk.layers.map((l) => `${l.key} ${l.at}-${l.end}`).join(', ');

spec('Walk', (it) => {
  it('takes layers one behind the other and the rest as payload', () => {
    const walk = walkOf(7);
    assert.is(walk.take(head), 0);
    assert.is(walk.take(head), 2);
    assert.is(walk.left, 3);
    assert.is(walk.last.at, 2);
    walk.finish();
    assert.is(places(walk), 'head 0-2, head 2-4, payload 4-7');
    assert.is(walk.stop, null);
  });

  it('stops at a layer that does not fit, and keeps the first reason', () => {
    const walk = walkOf(3);
    walk.take(head);
    assert.is(walk.take(head), -1);
    assert.equal(walk.stop, {
      code: 'truncated',
      layer: 'head',
      field: 'next',
      at: 2,
      need: 2,
      have: 1,
      boundBy: 'frame',
    });
    walk.trailer(tail);
    walk.fail('bad-value', 'length', 1, 2);
    assert.is(walk.stop?.at, 2);
    assert.is(places(walk.finish()), 'head 0-2, payload 2-3');
  });

  it('refuses sizes below the fixed fields, above what is left, and that are none', () => {
    for (const size of [1, 0, -1, -1e9, 9, 1e15, Number.POSITIVE_INFINITY]) {
      const walk = walkOf(8);
      assert.is(walk.take(head, size), -1, `${size}`);
      assert.is(walk.stop?.code, 'truncated');
      assert.ok(walk.stop!.have >= 0);
      assert.is(places(walk.finish()), 'payload 0-8');
    }
  });

  it('narrows the end, and what is left over becomes padding', () => {
    const walk = walkOf(10);
    walk.take(head);
    assert.ok(walk.limit(6, 'head.length'));
    assert.is(walk.last.bodyEnd, 6);
    assert.is(walk.boundBy, 'head.length');
    assert.is(walk.take(head, 5), -1);
    assert.is(walk.stop?.boundBy, 'head.length');
    assert.is(places(walk.finish()), 'head 0-2, payload 2-6, padding 6-10');
    assert.is(walk.layers[2]!.owner, 0);
  });

  it('keeps the end where a length says more than there is, or less than was read', () => {
    for (const [end, need, have] of [
      [11, 11, 10],
      [1, 1, 2],
      [-4, -4, 2],
    ] as const) {
      const walk = walkOf(10);
      walk.take(head);
      assert.not.ok(walk.limit(end, 'head.length'));
      assert.equal(walk.stop, {
        code: 'length-conflict',
        layer: 'head',
        field: 'length',
        at: 0,
        need,
        have,
        boundBy: 'frame',
      });
      assert.is(walk.boundary, 10);
      assert.is(walk.boundBy, 'frame', 'a length that is not believed bounds nothing');
      assert.is(places(walk.finish()), 'head 0-2, payload 2-10');
    }
  });

  it('lets lengths point beyond the bytes inside quoted packets', () => {
    const walk = walkOf(4);
    walk.quoted = true;
    walk.take(head);
    assert.ok(walk.last.partial);
    assert.ok(walk.limit(100, 'head.length'));
    assert.not.ok(walk.trailer(tail, 3));
    assert.is(walk.take(head, 3), -1);
    assert.not.ok(walk.limit(1, 'head.length'), 'too short is wrong even there');
    assert.is(walk.stop?.code, 'length-conflict');
  });

  it('closes trailers from the inside out', () => {
    const walk = walkOf(12);
    walk.take(head);
    assert.ok(walk.trailer(tail));
    walk.depth++;
    walk.take(head);
    assert.ok(walk.trailer(tail));
    walk.finish();
    assert.is(places(walk), 'head 0-2, head 2-4, payload 4-8, tail 8-10, tail 10-12');
    assert.equal(
      walk.layers.map((l) => l.owner),
      [-1, -1, -1, 1, 0],
    );
    assert.equal(
      walk.layers.map((l) => l.depth),
      [0, 1, 1, 1, 0],
    );
  });

  it('tells of a trailer that does not fit', () => {
    const walk = walkOf(3);
    walk.take(head);
    assert.not.ok(walk.trailer(tail));
    assert.equal([walk.stop?.layer, walk.stop?.need, walk.stop?.have], ['tail', 2, 1]);
  });

  it('dissects units side by side, each with its own trailers', () => {
    const unit = protocol(Head, {
      read(walk) {
        if (walk.take(unit) < 0) return null;
        walk.trailer(tail);
        return undefined;
      },
    });
    const walk = walkOf(13);
    walk.within(6, 'own.size', unit);
    walk.within(12, 'own.size', unit);
    assert.is(walk.boundBy, 'frame');
    walk.within(99, 'own.size', unit);
    assert.is(walk.stop?.boundBy, 'own.size');
    walk.finish();
    assert.is(
      places(walk),
      'head 0-2, payload 2-4, tail 4-6, head 6-8, payload 8-10, tail 10-12, payload 12-13',
    );
  });

  it('fails at a field, at its place in the frame, whatever came before the frame', () => {
    const walk = walkOf(20, 10);
    walk.take(head);
    walk.take(head);
    assert.is(walk.fail('unsupported', 'next', 0, 7), null);
    walk.finish();
    assert.equal([walk.stop?.layer, walk.stop?.field, walk.stop?.at], ['head', 'next', 3]);
  });

  it('looks up what follows', () => {
    const walk = walkOf(1);
    assert.is(walk.next('own', 1), head);
    assert.is(walk.next('own', 2), undefined);
    assert.is(walk.next('nothing', 1), undefined);
  });

  it('ends protocols that never end', () => {
    const Empty = header('Empty', []);
    const endless: Protocol = protocol(Empty, {
      read(walk) {
        walk.take(endless);
        return endless;
      },
    });
    const walk = walkOf(4);
    walk.run(endless);
    walk.finish();
    assert.is(walk.stop?.code, 'limit');
    assert.is(walk.layers.length, MAX_LAYERS + 1);
  });

  it('tiles the bytes whatever is asked of it', () => {
    const number = fc.integer({ min: -3, max: 40 });
    const step = fc.oneof(
      fc.record({ take: fc.option(number, { nil: undefined }) }),
      fc.record({ limit: number }),
      fc.record({ trailer: fc.integer({ min: 2, max: 12 }) }),
      fc.record({
        within: number,
        steps: fc.array(fc.record({ take: number, trailer: fc.boolean() }), { maxLength: 4 }),
      }),
      fc.record({ fail: fc.constant('length') }),
      fc.record({ quoted: fc.boolean() }),
    );
    const once = fc.property(
      fc.array(step, { maxLength: 20 }),
      fc.nat(4),
      fc.nat(40),
      (steps, start, size) => {
        const walk = walkOf(start + size + 3, start, start + size);
        const { boundary } = walk;
        walk.take(head);
        let end = boundary;
        for (const s of steps) {
          if (walk.layers.length === 0) break;
          if ('take' in s) walk.take(head, s.take);
          else if ('limit' in s) walk.limit(start + s.limit, 'head.length');
          else if ('trailer' in s) walk.trailer(tail, 2);
          else if ('within' in s) {
            const inner: Protocol = protocol(Head, {
              read(w) {
                for (const { take, trailer } of s.steps)
                  trailer ? w.trailer(tail) : w.take(head, take);
                return null;
              },
            });
            walk.within(start + Math.max(s.within, walk.at - start), 'own.size', inner);
          } else if ('fail' in s) walk.fail('bad-value', 'length', 0, 1);
          else walk.quoted = s.quoted;
          assert.ok(walk.boundary <= end && walk.at <= walk.boundary, 'the end only shrinks');
          end = walk.boundary;
        }
        walk.finish();
        let at = start;
        for (const layer of walk.layers) {
          assert.is(layer.at, at, places(walk));
          at = layer.end;
        }
        assert.is(at, start + size, places(walk));
        assert.ok(walk.stop === null || walk.stop.have >= 0);
      },
    );
    fc.assert(once, { numRuns: 500 });
  });
});

spec('dissectWith', (it) => {
  const bindings = { link: new Map([[1, head]]) };
  it('begins with the link type, and takes all as payload where that is unknown', () => {
    assert.is(chain(dissectWith(bindings, new Uint8Array(4))), 'head/payload');
    assert.is(chain(dissectWith(bindings, new Uint8Array(4), { linkType: 9 })), 'payload');
    assert.is(chain(dissectWith({}, new Uint8Array(0))), '');
  });
  it('keeps to the frame, and to the bytes that are there', () => {
    const b = new Uint8Array(10);
    for (const [start, end] of [
      [2, 8],
      [0, 99],
      [-5, 4],
      [8, 2],
      [99, 99],
    ] as const) {
      const d = dissectWith(bindings, b, { start, end });
      assert.ok(d.start >= 0 && d.start <= d.end && d.end <= b.length, `${start}-${end}`);
      tilesAndReencodes(d);
    }
  });
});

spec('Layer', (it) => {
  const b = Uint8Array.of(9, 1, 2);
  const layer = new Layer(head, b, 1, 3, 3, 0);
  it('reads its fields, and refuses names that are none', () => {
    assert.is(layer.get('length'), 1);
    assert.is(layer.number('next'), 2);
    assert.equal(layer.fields(), { length: 1, next: 2 });
    assert.equal(layer.range(Head.span('next')!), [2, 3]);
    for (const name of ['nothing', '', 'toString', '__proto__'])
      assert.throws(() => layer.get(name), /Head has no field/);
  });
  it('is found from the inside', () => {
    const inner = new Layer(tail, b, 1, 3, 3, 1);
    const layers = [layer, inner, layer, inner];
    assert.is(outer(layers, 3, 'head'), 2);
    assert.is(outer(layers, 2, 'head'), 0);
    assert.is(outer(layers, 3, 'x', 'tail'), 1);
    assert.is(outer(layers, 0, 'head'), -1);
  });
});

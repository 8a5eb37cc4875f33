// NVMe/TCP connections that break the rules end with the reason that the standard has for it; bytes at random end them
// or do nothing, and never more.

import { nvme } from '../../../../protocols/index.js';
import { MemoryVolume } from '../../../../src/storage/index.js';
import { NvmeTarget, TcpSession } from '../../../../src/storage/nvmeof/index.js';
import { Random, START } from '../../../../src/time/index.js';
import { assert, spec } from '../../../support/spec.js';
import { carried } from './tcp-capture.js';
import { PORT, TestHost } from './test-host.js';

const { TCP } = nvme;
const NQN = 'nqn.2024-01.io.example:pool1';
const UUID = new Uint8Array(16).fill(1);

function pool() {
  const target = new NvmeTarget();
  const subsystem = target.addSubsystem(START, { nqn: NQN });
  const volume = new MemoryVolume(1 << 20);
  subsystem.addNamespace(START, { nsid: 1, volume, uuid: UUID });
  return target;
}

/** What the one termination of a connection says. */
function termination(host: TestHost): [number, number] {
  const last = host.others.at(-1)!;
  assert.is(TCP.get.type(last, 0), 3, host.session.why);
  assert.ok(host.session.ended);
  const { fes, fei } = nvme.C2HTermReq.get;
  return [fes(last, TCP.size), fei(last, TCP.size)];
}

function ready(options = {}): TestHost {
  const host = new TestHost(pool(), options);
  host.connect(NQN);
  host.enable();
  return host;
}

const capsule = () => [
  nvme.tcp(),
  nvme.sqe({ cid: 9, psdt: 1 }),
  nvme.sqeNamespace(),
  nvme.sglTransport(),
  nvme.keepAlive(),
];

spec('NVMe/TCP: hosts that break the rules', (it) => {
  const cases: [string, (host: TestHost) => void, [number, number]][] = [
    ['a second ICReq', (h) => h.push([nvme.tcp(), nvme.icReq()]), [2, 0]],
    ['a PDU of the controller', (h) => h.push([nvme.tcp(), nvme.r2t()]), [1, 0]],
    ['a type that there is not', (h) => h.raw(Uint8Array.of(8, 0, 24, 0, 24, 0, 0, 0)), [1, 0]],
    ['HLEN that is not of the type', (h) => h.raw(Uint8Array.of(4, 0, 24, 0, 24, 0, 0, 0)), [1, 2]],
    ['PLEN below HLEN', (h) => h.raw(Uint8Array.of(4, 0, 72, 0, 8, 0, 0, 0)), [1, 4]],
    ['PLEN beyond all measure', (h) => h.raw(Uint8Array.of(4, 0, 72, 72, 0, 0, 0, 255)), [5, 4]],
    ['PDO inside the header', (h) => h.raw(Uint8Array.of(4, 0, 72, 8, 255, 0, 0, 0)), [1, 3]],
    ['PDO behind the data', (h) => h.raw(Uint8Array.of(4, 0, 72, 200, 100, 0, 0, 0)), [1, 3]],
    [
      'a digest that was not agreed on',
      (h) => h.raw(Uint8Array.of(4, 1, 72, 0, 76, 0, 0, 0)),
      [1, 1],
    ],
    [
      'data that nobody asked for',
      (h) => h.push([nvme.tcp({ last: 1 }), nvme.h2cData({ ttag: 5 }), new Uint8Array(8)]),
      [1, 10],
    ],
  ];
  for (const [what, act, expected] of cases)
    it(`${what} ends the connection with its reason`, () => {
      const host = ready();
      act(host);
      assert.equal(termination(host), expected);
    });

  it('a header digest that is wrong ends the connection', () => {
    const host = ready({ digests: true });
    host.push([nvme.tcp({ hdgst: 1 }), ...capsule().slice(1), nvme.hdgst({ digest: 1 })]);
    assert.equal(termination(host), [3, 1]);
  });

  it('anything but ICReq at first is out of sequence, and versions to come are not supported', () => {
    const early = new TcpSession({ target: pool(), port: PORT });
    early.receive(START, Uint8Array.of(4, 0, 72, 0, 72, 0, 0, 0));
    assert.match(early.why, 'sequence');
    const later = new TcpSession({ target: pool(), port: PORT });
    const request = new Uint8Array(128);
    request.set([0, 0, 128, 0, 128, 0, 0, 0, 1]);
    later.receive(START, request);
    assert.match(later.why, 'unsupported');
  });

  it('data of an R2T must come in order, in its length, and with LAST at its end', () => {
    const wrong = (fields: object, size: number, last = 0): [number, number] => {
      // Connect asked for by R2T: here it is left open.
      const open = new TestHost(pool());
      open.push([
        nvme.tcp(),
        nvme.sqe({ cid: 3, psdt: 1 }),
        nvme.sqeFabrics(),
        nvme.sglTransport({ length: 1024 }),
        nvme.connect({ sqsize: 31 }),
      ]);
      open.push([nvme.tcp({ last }), nvme.h2cData({ cid: 3, ...fields }), new Uint8Array(size)]);
      return termination(open);
    };
    assert.equal(wrong({ offset: 512 }, 512), [4, 12]);
    assert.equal(wrong({}, 2048, 1), [4, 16]);
    assert.equal(wrong({}, 512, 1), [1, 1]);
    assert.equal(wrong({}, 1024, 0), [1, 1]);
    assert.equal(wrong({ cid: 4 }, 1024, 1), [1, 8]);
  });

  it('more commands than a queue has entries end the connection', () => {
    const open = new TestHost(pool());
    for (let cid = 0; cid < 40; cid++)
      open.push([
        nvme.tcp(),
        nvme.sqe({ cid, psdt: 1 }),
        nvme.sqeFabrics(),
        nvme.sglTransport({ length: 1024 }),
        nvme.connect({ sqsize: 31 }),
      ]);
    assert.ok(open.session.ended);
  });

  it('a data digest that is wrong fails its command and nothing else', () => {
    const host = new TestHost(pool(), { digests: true });
    const data = new Uint8Array(1024);
    host.push([
      nvme.tcp({ hdgst: 1, ddgst: 1 }),
      nvme.sqe({ cid: 1, psdt: 1 }),
      nvme.sqeFabrics(),
      nvme.sgl({ length: 1024 }),
      nvme.connect({ sqsize: 31 }),
      nvme.hdgst(),
      data,
      nvme.ddgst({ digest: 1 }),
    ]);
    const answer = host.answer(1)!;
    assert.is(answer.status, 'Transient Transport Error');
    assert.not(answer.dnr);
    assert.is(host.connect(NQN).status, 'Success');
  });

  it('streams of Linux with bytes changed, and cut anywhere, end or go on, and never throw', () => {
    const frames = carried('nvme-tcp-connect.pcap').filter(({ fromHost }) => fromHost);
    const stream = Uint8Array.from(frames.flatMap(({ bytes }) => [...bytes]));
    for (let seed = 1; seed <= 60; seed++) {
      const random = new Random(seed, 'fuzz');
      const target = pool();
      const session = new TcpSession({ target, port: PORT });
      const bytes = stream.slice();
      for (let n = 0; n < 1 + random.below(20); n++)
        bytes[random.below(bytes.length)] = random.below(256);
      for (let at = 0; at < bytes.length; ) {
        const end = Math.min(bytes.length, at + 1 + random.below(600));
        session.receive(START, bytes, at, end);
        while (session.take());
        at = end;
      }
    }
  });
});

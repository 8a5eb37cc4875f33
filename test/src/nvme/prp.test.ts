// PRP entries: where the data of a command lies, as a driver writes it and a controller reads it.

import { MachineMemory } from '../../../src/memory/index.js';
import { mapped } from '../../../src/nvme/index.js';
import { readPrps, writePrps } from '../../../src/nvme/prp.js';
import { assert, spec } from '../../support/spec.js';

const machine = () => new MachineMemory({ nodes: [2 ** 24] });

spec('PRP entries', (it) => {
  it('lead to the pages that a driver meant, lists of lists included', () => {
    const memory = machine();
    const pages = memory.allocate(4096, 16);
    const list = memory.allocate(4096, 2);
    const length = 10 * 4096 + 100;
    const segments = [
      { address: pages + 512, length: 4096 - 512 },
      { address: pages + 3 * 4096, length: length - (4096 - 512) },
    ];
    const { prp1, prp2 } = writePrps(memory, segments, list);
    assert.equal([prp1, prp2], [pages + 512, list]);
    const runs = readPrps(mapped(memory), prp1, prp2, length);
    assert.ok(Array.isArray(runs));
    assert.equal(runs, [
      { address: pages + 512, length: 4096 - 512 },
      { address: pages + 3 * 4096, length: length - (4096 - 512) },
    ]);
    // A list that begins at the end of its page: two entries there, the second of which leads on.
    const le = (at: number, value: number) => {
      const view = memory.view(at, 8);
      new DataView(view.buffer, view.byteOffset).setBigUint64(0, BigInt(value), true);
    };
    le(list + 4080, pages + 4096);
    le(list + 4088, list + 4096);
    le(list + 4096, pages + 8192);
    le(list + 4104, pages + 12_288);
    const chained = readPrps(mapped(memory), pages, list + 4080, 4 * 4096);
    assert.ok(Array.isArray(chained));
    assert.equal(chained, [{ address: pages, length: 4 * 4096 }]);
  });

  it('are refused where no page can be', () => {
    const memory = machine();
    const list = memory.allocate(4096);
    assert.is(readPrps(mapped(memory), 4097, 0, 512), 19);
    assert.is(readPrps(mapped(memory), 4096, 4100, 8192), 19);
    assert.is(readPrps(mapped(memory), 2 ** 40, 0, 512), 4);
    assert.is(readPrps(mapped(memory), 4096, 2 ** 40, 8192), 4);
    assert.is(readPrps(mapped(memory), 4096, list + 4088, 3 * 4096), 19);
    assert.ok(Array.isArray(readPrps(mapped(memory), 4096, 2 ** 40, 4096)));
  });
});

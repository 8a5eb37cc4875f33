// What copies of the volume cost: a read, a write, and the nodes of the pool, where an experiment has several numbers of them.

import { pathTitles } from '../../apps/compare/index.js';
import { htmlTable } from './html.js';
import { cpuUs, deviceTitles, medianUs, operations, type Rows, sidesOf, sizeWords } from './row.js';

export function copiesSection(rows: Rows): string {
  if (rows.copies.length < 2) return '';
  const { usualDevice: device, usualSize: size, shallow: depth } = rows;
  const figures = (value: number | undefined): string =>
    value === undefined ? '' : value.toFixed(value < 10 ? 2 : 1);
  const lines = rows.transports.flatMap((transport) =>
    rows.copies.flatMap((copies) => {
      const row = rows.find({ transport, device, size, depth, copies });
      if (!row) return [];
      const { pool } = sidesOf(row);
      const each = (count: number) => figures(count / operations(row));
      return [
        [
          pathTitles[transport],
          String(copies),
          figures(medianUs(row, 'write')),
          figures(medianUs(row, 'read')),
          figures(cpuUs(row).pool),
          each(pool.counts.copies),
          each(pool.counts.framesSent),
          each(pool.counts.frameBytesSent),
        ],
      ];
    }),
  );
  const head = ['', 'copies', 'write us', 'read us', 'CPU us pool', 'copies by CPUs'];
  return `<h3>What copies of the volume cost: ${sizeWords(size)}, ${deviceTitles[device]}, queue depth ${depth}</h3>
<p class="caption">A write is done when every node has it, a read asks one. The node that has the volume sends each write on over the same transport. CPU, copies and frames are those of all nodes, for one I/O.</p>
${htmlTable([...head, 'frames sent', 'bytes sent'], lines)}`;
}

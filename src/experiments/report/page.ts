// The page: what was found, plots, one read station by station, every number, the hardware with its sources, and how to
// repeat it. Everything is in the one file; nothing is fetched.

import {
  type PathName,
  type PathRecord,
  pathTitles,
  pictureOf,
  picturesOnOneScale,
} from '../../apps/compare/index.js';
import { escaped } from './chart.js';
import { copiesSection } from './copies.js';
import { findings, rivals } from './finding.js';
import { hardwareSection } from './hardware.js';
import { details, figure, htmlTable, tabs } from './html.js';
import { figuresOf } from './plots.js';
import {
  copiesOfEachByte,
  cpuUs,
  type DeviceName,
  deviceTitles,
  gigabits,
  kiops,
  latencyUs,
  operations,
  type Row,
  type Rows,
  sidesOf,
  sizeWords,
  titleOf,
} from './row.js';
import { pageStyle } from './style.js';

/** One read over one transport, by one way into the VM. */
export interface RecordedRead {
  readonly device: DeviceName;
  readonly record: PathRecord;
  /** The capture beside the page. */
  readonly file: string;
}

export interface Study {
  readonly title: string;
  readonly about: string;
  readonly rows: Rows;
  readonly reads: readonly RecordedRead[];
  /** Hardware by the names that the experiment gives. */
  readonly hardware: readonly Hardware[];
  /** The experiment's file, by name and text. */
  readonly file: string;
  readonly text: string;
  readonly version: string;
}

export interface Hardware {
  readonly title: string;
  /** File of src/profiles, and the profile's name in it. */
  readonly file: string;
  readonly profile: string;
}

export function pageOf(study: Study): string {
  const { rows, title, about } = study;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="generator" content="wireverbs ${escaped(study.version)}">
<title>${escaped(title)}</title>
<style>
${pageStyle}
</style>
</head>
<body>
<main>
<h1>${escaped(title)}</h1>
<p class="kicker">${escaped(about)}</p>
${tiles(rows)}
<ol class="found">
${findings(rows)
  .map((sentence) => `<li>${escaped(sentence)}</li>`)
  .join('\n')}
</ol>
${besideSection(study)}
<h2>Time, rates, and what they cost</h2>
<p>Every number is measured in simulated worlds whose frames, memory and interrupts are real to the byte: ${verifiedWords(rows)}</p>
${figuresOf(rows).map(figure).join('\n')}
${countsSection(rows)}
${copiesSection(rows)}
${readSection(study)}
<h2>Every number</h2>
${numbers(rows)}
${hardwareSection(study.hardware)}
<h2>How to repeat it</h2>
<pre>npm ci
npx wireverbs run ${escaped(study.file)} --report report</pre>
<p>The same file and seed give the same numbers, on any machine and any number of cores. This is the file:</p>
${details(study.file, `<pre>${escaped(study.text)}</pre>`)}
<footer>Made by wireverbs ${escaped(study.version)}, an emulator of networks and RDMA. This page fetches nothing.</footer>
</main>
</body>
</html>
`;
}

const figures = (value: number): string => {
  const digits = value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return value.toLocaleString('en', {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
};

/** The four numbers that one remembers. */
function tiles(rows: Rows): string {
  const found = rivals(rows);
  if (!found) return '';
  const { name, shallow, deep } = found;
  const cpu = (row: Row) => cpuUs(row).host + cpuUs(row).pool;
  const copied = (row: Row) => copiesOfEachByte(row).host + copiesOfEachByte(row).pool;
  const all = [
    [
      `${figures(latencyUs(shallow.tcp) / latencyUs(shallow.rdma))}×`,
      `sooner: a read of ${sizeWords(rows.usualSize)} takes ${figures(latencyUs(shallow.rdma))} us over ${name}, ${figures(latencyUs(shallow.tcp))} us over kernel TCP`,
    ],
    [
      `${figures(kiops(deep.rdma) / kiops(deep.tcp))}×`,
      `as many: ${figures(kiops(deep.rdma))} thousand I/Os a second, ${figures(kiops(deep.tcp))} thousand over kernel TCP`,
    ],
    [
      `${figures(cpu(deep.tcp) / cpu(deep.rdma))}×`,
      `less CPU: ${figures(cpu(deep.rdma))} cores carry a million I/Os a second, ${figures(cpu(deep.tcp))} cores over kernel TCP`,
    ],
    [
      figures(copied(deep.rdma)).replace(/^0\.00$/, '0'),
      `copies of each byte by a CPU; ${figures(copied(deep.tcp))} over kernel TCP`,
    ],
  ];
  return `<div class="tiles">${all.map(([big, small]) => `<div class="tile"><b>${escaped(big!)}</b><span>${escaped(small!)}</span></div>`).join('')}</div>`;
}

function verifiedWords({ all }: Rows): string {
  const sum = (of: (row: Row) => number) => all.reduce((total, row) => total + of(row), 0);
  const blocks = sum(({ result }) => result.verified?.blocks ?? 0);
  const wrong = sum(({ result }) => result.verified?.wrong ?? 0);
  const words = `${blocks.toLocaleString('en')} blocks were read back in ${all.length} runs and held against what had been written last`;
  return wrong === 0 ? `${words}; all were right.` : `${words}; ${wrong} were wrong.`;
}

/** Kernel TCP and its rival, by the way that most VMs have their disk: where the time goes. */
function besideSection({ rows, reads }: Study): string {
  const rival = rivals(rows)?.shallow.rdma.transport;
  const read = (path: PathName | undefined) =>
    reads.find(({ device, record }) => device === rows.usualDevice && record.path === path);
  const pair = [read('tcp'), read(rival)].flatMap((one) => one?.record ?? []);
  if (pair.length < 2) return '';
  return `<h2>Where the time goes</h2>
<p>One read of ${sizeWords(rows.usualSize)} ${rows.usualDevice === 'host' ? 'on the bare host' : `in a VM by ${deviceTitles[rows.usualDevice]}`}, on one scale: time runs from left to right, the initiator's host is above the wire, the pool below, and the dotted line is when the data lie where they are wanted. Green is the program${rows.usualDevice === 'host' ? '' : ', in a VM all that its virtual CPUs and their device do, hatched while one of them polls before it gives its core up'}; orange, grey and red are cores at work for the way itself: interrupts, switches, copies. The read comes after a pause in which no frame was under way, so that it may take longer than most of a job's.</p>
<figure class="scroll">${picturesOnOneScale(pair, 'beside')}</figure>`;
}

/** What happened for one I/O, over each transport, by the usual way. */
function countsSection(rows: Rows): string {
  const { usualDevice: device, usualSize: size, shallow: depth } = rows;
  const found = rows.transports.flatMap(
    (transport) => rows.find({ device, transport, size, depth, placement: 'pinned' }) ?? [],
  );
  const line = (title: string, name: CountName): string[] => [
    title,
    ...found.map((row) => {
      const { host, pool } = sidesOf(row);
      const each = (count: number) => figures(count / operations(row)).replace(/\.?0+$/, '');
      return `${each(host.counts[name])} + ${each(pool.counts[name])}`;
    }),
  ];
  const lines = counted.map(([title, name]) => line(title, name));
  return `<h3>What happens for one I/O of ${sizeWords(size)}: ${deviceTitles[device]}, queue depth ${depth}</h3>
<p class="caption">On the host, its VM included, and on the pool; averages of all reads and writes.</p>
${htmlTable(['host + pool', ...found.map(({ transport }) => pathTitles[transport])], lines)}`;
}

type CountName = keyof ReturnType<typeof sidesOf>['host']['counts'];

const counted: readonly (readonly [string, CountName])[] = [
  ['copies by CPUs', 'copies'],
  ['bytes copied by CPUs', 'bytesCopied'],
  ['system calls', 'systemCalls'],
  ['interrupts', 'interrupts'],
  ['context switches', 'contextSwitches'],
  ['exits of the VM', 'exits'],
  ['interrupts given to the VM', 'injections'],
  ['doorbells', 'doorbells'],
  ['DMA transfers from memory', 'dmaReads'],
  ['DMA transfers to memory', 'dmaWrites'],
  ['frames sent', 'framesSent'],
];

function readSection({ reads }: Study): string {
  if (reads.length === 0) return '';
  const panes = reads.map(({ device, record, file }, i) => {
    const capture = `<p class="caption">Its frames: <a href="${escaped(file)}">${escaped(file)}</a>, for wireshark or <code>wireverbs dissect</code>.</p>`;
    const html = `<figure class="scroll">${pictureOf(record, `read${i}`)}</figure>${capture}`;
    return { group: deviceTitles[device], label: pathTitles[record.path], html };
  });
  return `<h2>One read, station by station</h2>
<p>Who moves the bytes from where to where, and what the cores do meanwhile: the way from the program's call through kernel and card to the pool and back.</p>
${tabs('reads', panes)}`;
}

function numbers(rows: Rows): string {
  const head = [
    'transport',
    'disk',
    'vCPUs',
    'bytes',
    'depth',
    ...(rows.copies.length > 1 ? ['copies'] : []),
    'p50 us',
    'p99 us',
    'p99.9 us',
    'p99.99 us',
    'thousand/s',
    'Gb/s',
    'CPU us host',
    'CPU us pool',
    'copies/byte',
    'busiest',
  ];
  const cells = (row: Row): string[] => {
    const { host, pool } = cpuUs(row);
    const copied = copiesOfEachByte(row);
    const { resource, busyPercent } = row.result.measured!.bottleneck;
    return [
      titleOf(row).split(', ')[0]!,
      deviceTitles[row.device],
      row.device === 'host' ? '' : row.placement,
      sizeWords(row.size),
      String(row.depth),
      ...(rows.copies.length > 1 ? [String(row.copies)] : []),
      ...(['p50Ns', 'p99Ns', 'p999Ns', 'p9999Ns'] as const).map((p) => figures(latencyUs(row, p))),
      figures(kiops(row)),
      figures(gigabits(row)),
      figures(host),
      figures(pool),
      figures(copied.host + copied.pool),
      `${resource} ${Math.round(busyPercent)} %`,
    ];
  };
  return rows.sizes
    .map((size) => {
      const own = rows.all.filter((row) => row.size === size);
      return details(
        `Requests of ${sizeWords(size)}: ${own.length} runs`,
        htmlTable(head, own.map(cells), 3),
      );
    })
    .join('\n');
}

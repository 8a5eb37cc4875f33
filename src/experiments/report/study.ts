// From an experiment and its results to what the page is made of: rows, one recorded read for each way, the hardware's names.

import type { Experiment } from '../file/experiment-file.js';
import type { Point } from '../file/sweep.js';
import type { PointText } from '../file/text.js';
import type { PointResult } from '../run/result.js';
import { recordReads, type Source } from '../run/runner.js';
import type { Hardware, Study } from './page.js';
import { type Row, Rows, rowOf } from './row.js';

/** @throws RangeError for an experiment that the page does not tell of */
export function rowsOf(experiment: Experiment, results: readonly PointResult[]): Rows {
  const texts = new Map(experiment.points.map(({ index, text }) => [index, text]));
  const rows = results.flatMap((result) => rowOf(result, texts.get(result.point)!) ?? []);
  if (rows.length === 0)
    throw new RangeError('a report tells of block jobs, and there is none that came to an end');
  return new Rows(rows);
}

export interface StudyOptions {
  readonly version: string;
  readonly jobs?: number;
}

export async function studyOf(
  experiment: Experiment,
  source: Source,
  rows: Rows,
  { version, jobs }: StudyOptions,
): Promise<Study> {
  const { title, about, points } = experiment;
  const chosen = choose(rows, points);
  const records = await recordReads(
    source,
    chosen.map(({ point }) => point),
    rows.usualSize,
    jobs,
  );
  return {
    title,
    about,
    rows,
    reads: chosen.flatMap(({ row }, i) => {
      const record = records[i]!;
      if (typeof record === 'string') return [];
      const { device, transport } = row;
      return [{ device, record, file: `${transport}-${device}.pcapng` }];
    }),
    hardware: hardwareOf(points[0]!.text, rows),
    file: source.name,
    text: source.text,
    version,
  };
}

/** For each way and transport the run whose read is recorded. */
function choose(
  rows: Rows,
  points: readonly Point[],
): readonly { readonly row: Row; readonly point: Point }[] {
  const { usualSize: size, shallow: depth } = rows;
  return rows.devices.flatMap((device) =>
    rows.transports.flatMap((transport) => {
      const row = rows.find({ device, transport, size, depth, placement: 'pinned' });
      const point = row && points.find(({ index }) => index === row.result.point);
      return row && point ? [{ row, point }] : [];
    }),
  );
}

/** What all hosts have; the page tells no hosts apart. */
function hardwareOf({ hosts = {}, pool = {}, vms = {} }: PointText, rows: Rows): Hardware[] {
  const { cpu, nic, kernel } = hosts.all ?? {};
  const name = (text: unknown, usual: string): string =>
    typeof text === 'string'
      ? text
      : ((text as { readonly like?: string } | undefined)?.like ?? usual);
  const card = name(nic, 'connectx5');
  const processor = name(cpu, 'xeonhaswell');
  const isOld = processor === 'xeonhaswell' || processor === 'xeonbroadwell';
  const guests = rows.devices.some((device) => device !== 'host');
  return [
    { title: 'Processor and system calls', file: 'cpu', profile: processor },
    {
      title: "The kernel's network stack",
      file: 'kernel',
      profile: name(kernel, isOld ? 'linux415' : 'linux54'),
    },
    { title: 'The card: RDMA engines', file: 'nic', profile: card },
    {
      title: 'The card: Ethernet side',
      file: 'kernel',
      profile: card === 'connectx4' ? card : 'connectx5',
    },
    { title: 'PCI Express', file: 'pcie', profile: 'pciegen3x16' },
    { title: "The kernel's block layer", file: 'block', profile: 'blockLinux' },
    { title: "The pool's media", file: 'media', profile: name(pool.media, 'memory') },
    ...(guests
      ? [
          { title: 'Virtualization', file: 'vm', profile: name(vms.profile, 'kvmpolling') },
          { title: 'virtio and vhost', file: 'virtio', profile: 'vhostLinux' },
          { title: 'Emulated devices', file: 'emulated', profile: 'qemuLinux' },
          { title: 'The IOMMU', file: 'iommu', profile: 'vtdBroadwell' },
        ]
      : []),
  ];
}

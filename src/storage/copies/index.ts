// Opens a volume that is kept in copies: finds out which of them are whole, by the record that is kept beside it.

import { lock } from '../file/lock.js';
import { OK, operate, type Volume } from '../volume.js';
import { type CopySource, isEmpty, type OpenCopy, unfit } from './copy-source.js';
import { Keeper, KeptCopy } from './keeper.js';
import { LateVolume } from './late-volume.js';
import { MarkedVolume, replicate } from './marked-volume.js';
import { CopyRecord, type RecordedCopy } from './record.js';
import { standings } from './standing.js';

export type { CopySource, OpenCopy } from './copy-source.js';

export interface CopiesRequest {
  readonly name: string;
  readonly size: number | undefined;
  /** In the order in which they are read from. */
  readonly sources: readonly CopySource[];
  readonly recordPath: string;
  /** A new volume's first copy replaces what is in the others. */
  readonly overwrite?: boolean;
  /** Marks of regions that nobody writes to are taken away after that time. */
  readonly quietMs?: number;
  readonly say: (what: string) => void;
}

export interface OpenCopies {
  readonly volume: Volume;
  /** Flushes, and notes that all is well. @throws Error when it is not */
  close(): Promise<void>;
}

/** A copy as it was found: opened, or why not. */
interface Found {
  readonly source: CopySource;
  readonly copy: OpenCopy | undefined;
  readonly why: string;
}

/** @throws Error that says why the volume cannot be served */
export async function openCopies(request: CopiesRequest): Promise<OpenCopies> {
  const unlock = lock(request.recordPath);
  let found: readonly Found[] = [];
  let record: CopyRecord | undefined;
  try {
    record = CopyRecord.open(request.recordPath);
    const size = sizeOf(request, record);
    found = await Promise.all(request.sources.map((source) => find(source, size)));
    if (record === undefined) record = await begin(request, found);
    else {
      if (size !== undefined && size > record.size) grow(request, record, size, found);
      await takeStock(request, record, found);
    }
  } catch (error) {
    for (const { copy } of found) await copy?.close().catch(() => {});
    record?.close();
    unlock();
    throw error;
  }
  return serve(request, record, found, unlock);
}

function sizeOf({ name, size }: CopiesRequest, record: CopyRecord | undefined) {
  if (record && size !== undefined && size < record.size)
    throw new RangeError(
      `'${name}' has ${record.size} bytes: it is not shrunk to ${size} by serving it`,
    );
  return size ?? record?.size;
}

/** All copies have the new size, then the record: what is new reads as zeroes in each of them. */
function grow({ name }: CopiesRequest, record: CopyRecord, size: number, found: readonly Found[]) {
  const short = found.flatMap(({ source, copy, why }) => {
    const { minimumBlock } = record;
    const words = copy ? unfit(copy.volume, size, minimumBlock) : why;
    return words ? [`${source.at} (${words})`] : [];
  });
  if (short.length > 0)
    throw new RangeError(
      `'${name}' cannot grow to ${size} bytes without all of its copies: ${short.join('; ')}`,
    );
  record.resize(size);
}

const find = (source: CopySource, size: number | undefined): Promise<Found> =>
  source.open(size).then(
    (copy) => ({ source, copy, why: '' }),
    (error: Error) => ({ source, copy: undefined, why: error.message }),
  );

/** The volume is served for the first time: at most one copy may hold data, which is the volume's. */
async function begin(request: CopiesRequest, found: readonly Found[]): Promise<CopyRecord> {
  const { name, recordPath, overwrite = false } = request;
  const gone = found.filter(({ copy }) => copy === undefined);
  if (gone.length > 0)
    throw new RangeError(
      `'${name}' is new, and for that all copies must be there: ${gone.map(reason).join('; ')}`,
    );
  const volumes = found.map(({ copy }) => copy!.volume);
  const size = request.size ?? Math.min(...volumes.map((volume) => volume.size));
  const minimumBlock = Math.max(...volumes.map((volume) => volume.minimumBlock ?? 1));
  for (const { source, copy } of found) {
    const why = unfit(copy!.volume, size, minimumBlock);
    if (why) throw new RangeError(`copy ${source.at} of '${name}': ${why}`);
  }
  const empty = await Promise.all(volumes.map((volume) => isEmpty(volume)));
  const full = found.filter((_, i) => !empty[i]);
  if (full.length > 1 && !overwrite)
    throw new RangeError(
      `'${name}' is new, and several copies hold data: ${full.map(({ source }) => source.at).join(', ')}. ` +
        "--overwrite-copies takes the first one's for all",
    );
  const first = overwrite ? found[0] : full[0];
  const copies = found.map(({ source }, i): RecordedCopy => {
    const is = first === undefined || found[i] === first ? 'whole' : 'new';
    return { at: source.at, is };
  });
  return CopyRecord.make(recordPath, { size, minimumBlock, copies });
}

const reason = ({ source, why }: Found): string => `${source.at} (${why})`;

/** @throws RangeError when there is no whole copy */
async function takeStock(
  { name, recordPath, say }: CopiesRequest,
  record: CopyRecord,
  found: readonly Found[],
): Promise<void> {
  for (const { source, copy, why } of found)
    if (copy === undefined) say(`copy ${source.at} is out: ${why}`);
  // What a run before had not flushed counts from now on: a copy must not lose it again.
  const flushed = await Promise.all(found.map(({ copy }) => copy && operate(copy.volume, 'flush')));
  const seen = found.map(({ source, copy }, i) => ({
    ...{ at: source.at, isThere: flushed[i] === OK, isNew: copy?.isNew === true },
  }));
  const copies = standings(record.copies, seen, record.isMarked);
  if (copies === undefined) {
    const known = new Map(record.copies.map(({ at, is }) => [at, is]));
    const worth = found.map(({ source, why }) => {
      const was = known.get(source.at) ?? 'new';
      return `${source.at} is ${was}${why && `, and cannot be opened (${why})`}`;
    });
    throw new RangeError(
      `'${name}': no whole copy can be reached, as ${recordPath} has it: ${worth.join('; ')}`,
    );
  }
  record.copies = copies;
  const error = await new Promise<number>((done) => record.keep(done));
  if (error !== OK) throw new RangeError(`${recordPath} cannot be written`);
}

function serve(
  { name, sources, quietMs, say }: CopiesRequest,
  record: CopyRecord,
  found: readonly Found[],
  unlock: () => void,
): OpenCopies {
  const { size } = record;
  // Copies of a snapshot: nothing is written, and so nothing is missed.
  const isReadOnly = found.some(({ copy }) => copy?.volume.readOnly === true);
  const kept = found.map(({ source, copy, why }) => {
    const place = new LateVolume(size, isReadOnly);
    place.volume = copy?.volume;
    return Object.assign(new KeptCopy(source, place), { opened: copy, why });
  });
  const replicated = replicate(
    kept.map(({ place }) => place),
    record,
  );
  const volume = new MarkedVolume(replicated, record, quietMs);
  const keeper = new Keeper(replicated, kept, record.minimumBlock, say);
  const close = async () => {
    const error = await operate(volume, 'flush');
    await keeper.stop();
    volume.stop();
    await new Promise<void>((done) => volume.clear(done, true));
    record.close();
    for (const { opened } of kept) await opened?.close().catch(() => {});
    unlock();
    if (error !== OK) throw new RangeError(`flushing '${name}' failed (error ${error})`);
  };
  say(`${sources.length} copies, ${record.copies.map(({ at, is }) => `${at} ${is}`).join(', ')}`);
  return { volume, close };
}

// Reads an experiment's file: all of its combinations, each checked before anything runs. Whatever is wrong is said with
// line and column.

import { isMap, parseDocument } from 'yaml';
import {
  complaintOf,
  readDocument,
  type SchemaDocument,
  titleOf,
} from '../../scenario/document.js';
import { checkFabric } from './ground.js';
import { PlaceError } from './place.js';
import { experimentSchema, pointSchema } from './schema.js';
import { settle, topologyFor } from './settings.js';
import { combinations, isMeant, type Point, segmentsOf, withValue } from './sweep.js';
import type { ExperimentText, PointText, SweepText } from './text.js';

/** A file that was read and found right. */
export interface Experiment {
  readonly name: string;
  readonly title: string;
  readonly about: string;
  readonly points: readonly Point[];
  /** Paths that are swept, in the order of the file. */
  readonly swept: readonly string[];
}

/** Reads a file that lies beside the experiment's. */
export type Beside = (name: string) => string;

/** What tells an experiment from a scenario: its title. */
export function isExperiment(text: string): boolean {
  const { contents } = parseDocument(text);
  return isMap(contents) && contents.has('experiment');
}

/**
 * Reads a file; `seed` stands for the file's own.
 * @throws DocumentError with the place of what is wrong
 */
export function readExperiment(
  name: string,
  text: string,
  beside: Beside,
  seed?: number,
): Experiment {
  const document = readDocument<ExperimentText>(name, text, experimentSchema);
  const { sweep, except = [], ...given } = document.value;
  const base = seed === undefined ? given : { ...given, seed };
  const sweeps = sweep === undefined ? [] : Array.isArray(sweep) ? sweep : [sweep];
  sweeps.forEach((one: SweepText, i) => {
    checkValues(document, base, one, Array.isArray(sweep) ? ['sweep', i] : ['sweep']);
  });
  const points: Point[] = [];
  const known = new Set<string>();
  const add = (set: Readonly<Record<string, unknown>>): void => {
    const whole = Object.entries(set).reduce<unknown>(
      (value, [path, to]) => withValue(value, segmentsOf(path), to),
      base,
    ) as PointText;
    const key = JSON.stringify(whole);
    if (known.has(key) || except.some((values) => isMeant(whole, values))) return;
    known.add(key);
    check(document, whole, set, beside);
    points.push({ index: points.length, set, text: whole });
  };
  if (sweeps.length === 0) add({});
  for (const one of sweeps)
    document.at(['sweep'], () => {
      for (const set of combinations(one)) add(set);
    });
  if (points.length === 0)
    throw document.error(['except'], 'every combination is left out: nothing is run');
  return {
    name,
    title: base.experiment,
    about: base.about ?? '',
    points,
    swept: [...new Set(sweeps.flatMap((one: SweepText) => Object.keys(one)))],
  };
}

/** Each value of a sweep alone, so that what is wrong has its place. */
function checkValues(
  document: SchemaDocument<ExperimentText>,
  base: PointText,
  sweep: SweepText,
  place: readonly (string | number)[],
): void {
  for (const [path, values] of Object.entries(sweep))
    values.forEach((value, i) => {
      const complaint = complaintOf(withValue(base, segmentsOf(path), value), pointSchema);
      if (!complaint) return;
      const [at, words] = complaint;
      throw document.error([...place, path, i], `${titleOf(at)}${words}`);
    });
}

function check(
  document: SchemaDocument<ExperimentText>,
  whole: PointText,
  set: Readonly<Record<string, unknown>>,
  beside: Beside,
): void {
  const where = Object.keys(set).length === 0 ? [] : ['sweep'];
  const about = where.length === 0 ? '' : `with ${JSON.stringify(set)}: `;
  const complaint = complaintOf(whole, pointSchema);
  if (complaint) throw document.error(where, `${about}${titleOf(complaint[0])}${complaint[1]}`);
  try {
    settle(whole, beside);
    if (!Object.keys(set).some((path) => /^(transport|fabric)\b/.test(path)))
      checkFabric(whole, topologyFor(whole, beside));
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    // A value that a sweep sets has its place there; others have theirs.
    const path = error instanceof PlaceError ? error.path : [];
    const place = path.join('.');
    const isSwept = Object.keys(set).some(
      (name) => name.startsWith(place) || place.startsWith(name),
    );
    throw document.error(isSwept ? where : path, `${about}${error.message}`);
  }
}

// How options are read that several commands have.

import { InvalidArgumentError } from 'commander';

/** Options that may be given several times. */
export const several = (text: string, before: readonly string[] = []): readonly string[] => [
  ...before,
  text,
];

export function probability(text: string): number {
  const p = Number(text);
  if (text === '' || !(p >= 0 && p <= 1))
    throw new InvalidArgumentError(`expected a probability from 0 to 1, found '${text}'.`);
  return p;
}

/** One of a few words. */
export const oneOf =
  <T extends string>(words: readonly T[]) =>
  (text: string): T => {
    const found = words.find((word) => word.toLowerCase() === text.toLowerCase());
    if (found === undefined)
      throw new InvalidArgumentError(`expected ${words.join(', ')}; found '${text}'.`);
    return found;
  };

/** Reads an option with the library's own words for what is wrong. */
export const reading =
  <T>(read: (text: string) => T) =>
  (text: string): T => {
    try {
      return read(text);
    } catch (error) {
      throw new InvalidArgumentError(`${(error as Error).message}.`);
    }
  };

/** What --pcap-all of `perftest` and `run` is for. */
export const PCAP_ALL =
  "with --pcap: also how InfiniBand's subnet is set up, and its links' flow control";

// Where the numbers of profiles come from: their own files say it beside each number, so that is where it is read. A profile
// that takes what it leaves out from another is followed there.

import { readFileSync } from 'node:fs';

/** One number of a profile, as its file has it, and what it says about it. */
export interface SourcedValue {
  readonly member: string;
  readonly value: string;
  readonly source: string;
}

/** A profile with the words in front of its file, of itself and of those that it takes from: sources have numbers there. */
export interface SourcedProfile {
  readonly about: readonly string[];
  readonly values: readonly SourcedValue[];
}

const read = (file: string): string =>
  readFileSync(new URL(`../../profiles/${file}.js`, import.meta.url), 'utf8');

/** A profile by the file and the name that it has there; undefined where there is none. */
export function sourcedProfile(file: string, name: string): SourcedProfile | undefined {
  const text = read(file);
  const values = new Map<string, SourcedValue>();
  const about: string[] = [];
  if (!collect(text, name, values, about)) return undefined;
  const head = /^(?:\/\/.*\n)+/.exec(text)?.[0] ?? '';
  const words = head
    .replaceAll(/^\/\/ ?/gm, '')
    .replaceAll('\n', ' ')
    .trim();
  return { about: [words, ...about].filter((one) => one !== ''), values: [...values.values()] };
}

/** The export's name in its file, whatever its capitals. */
export function exportNamed(file: string, name: string): string | undefined {
  const names = [...read(file).matchAll(/^export const (\w+) = \{/gm)].map((match) => match[1]!);
  return names.find((one) => one.toLowerCase() === name.toLowerCase());
}

function collect(
  text: string,
  name: string,
  values: Map<string, SourcedValue>,
  about: string[],
): boolean {
  const declared = `(?:/\\*\\*((?:(?!\\*/)[\\s\\S])*)\\*/\\s*)?^(?:export )?const ${name} = \\{\\n([\\s\\S]*?)^\\};`;
  const [found, words = '', body = ''] = new RegExp(declared, 'm').exec(text) ?? [];
  if (found === undefined) return false;
  about.push(words.replaceAll(/\s*\n?\s*\*\s?/g, ' ').trim());
  for (const line of body.split('\n')) {
    const spread = /^\s*\.\.\.(\w+)/.exec(line)?.[1];
    if (spread !== undefined) collect(text, spread, values, about);
    const [, member, value, source = ''] = /^\s*(\w+): (.+?),?\s*(?:\/\/ (.*))?$/.exec(line) ?? [];
    if (member === undefined || value === undefined || value === '{' || member === 'name') continue;
    values.set(member, { member, value: value.replace(/,$/, ''), source });
  }
  return true;
}

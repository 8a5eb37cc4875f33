// The public names of the package, read from its declaration files as a stranger's compiler reads them. Run by itself,
// it writes test/snapshots/api.txt; what a change of that file shows is a change of the API.

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const snapshot = join(root, 'test/snapshots/api.txt');

export interface PublicName {
  readonly name: string;
  /** 'type' leaves nothing behind when the program runs. */
  readonly kind: 'value' | 'type';
  /** What the declaration file says of it: the declaration, and whether a comment stands in front. */
  readonly declaration: string;
  readonly documented: boolean;
}

const DECLARED =
  /^export (?:declare )?(?:abstract )?(const|function|class|interface|type) (\w+).*$/gm;

/** The names that the declaration file at `path` exports, sorted; those in a namespace as 'space.name'. */
export function exportsOf(path: string): PublicName[] {
  const text = readFileSync(path, 'utf8');
  const target = (from: string) => join(dirname(path), from.replace(/\.js$/, '.d.ts'));
  const found = new Map<string, PublicName>();
  const add = (one: PublicName) => found.set(one.name, one);
  for (const m of text.matchAll(DECLARED)) {
    const kind = m[1] === 'interface' || m[1] === 'type' ? 'type' : 'value';
    const documented = text.slice(0, m.index).trimEnd().endsWith('*/');
    add({ name: m[2]!, kind, declaration: m[0], documented });
  }
  for (const m of text.matchAll(/^export \* (?:as (\w+) )?from '(\.[^']+)';/gm)) {
    const inner = exportsOf(target(m[2]!));
    for (const one of inner) add(m[1] ? { ...one, name: `${m[1]}.${one.name}` } : one);
  }
  for (const m of text.matchAll(/^export (type )?\{([^}]*)\} from '(\.[^']+)';/gm)) {
    const inner = new Map(exportsOf(target(m[3]!)).map((one) => [one.name, one]));
    for (const item of m[2]!.split(',').map((part) => part.trim())) {
      const [, name = '', as] = /^(?:type )?(\w+)(?: as (\w+))?$/.exec(item) ?? [];
      const one = inner.get(name);
      if (one) add({ ...one, name: as ?? name });
    }
  }
  // What a file hands on from where it imported it.
  for (const m of text.matchAll(/^export \{([^}]*)\};/gm)) {
    for (const name of m[1]!.split(',').map((part) => part.trim())) {
      const from = new RegExp(`^import \\{[^}]*\\b${name}\\b[^}]*\\} from '(\\.[^']+)';`, 'm').exec(
        text,
      );
      const one = from && exportsOf(target(from[1]!)).find((other) => other.name === name);
      if (one) add(one);
    }
  }
  return [...found.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** The entries of package.json with a declaration file, such as './protocols'. */
export function entries(): { readonly entry: string; readonly names: readonly PublicName[] }[] {
  const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    exports: Record<string, string | { types: string }>;
  };
  return Object.entries(exports).flatMap(([entry, where]) =>
    typeof where === 'string'
      ? []
      : [{ entry: entry.replace('.', 'wireverbs'), names: exportsOf(join(root, where.types)) }],
  );
}

/** What the file should hold. */
export const publicNames = (): string =>
  entries()
    .map(({ entry, names }) =>
      [`[${entry}]`, ...names.map(({ name, kind }) => (kind === 'type' ? `${name} (type)` : name))]
        .join('\n')
        .concat('\n'),
    )
    .join('\n');

/** What it holds. */
export const presentNames = (): string =>
  existsSync(snapshot) ? readFileSync(snapshot, 'utf8') : '';

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  mkdirSync(dirname(snapshot), { recursive: true });
  writeFileSync(snapshot, publicNames());
}

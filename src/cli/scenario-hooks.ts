// Module hooks for scenarios (run on a thread of node's own): .ts files have their types stripped, './x.js' finds './x.ts',
// and 'wireverbs/sim' is this very program's, so that a scenario needs no installation beside it.

import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

interface Resolved {
  readonly url: string;
  readonly format?: string | null;
  readonly shortCircuit?: boolean;
}
interface Context {
  readonly parentURL?: string;
}
type NextResolve = (specifier: string, context: Context) => Promise<Resolved>;
interface Loaded {
  readonly format: string;
  readonly source: string;
  readonly shortCircuit: true;
}
type NextLoad = (url: string, context: object) => Promise<Loaded>;

const require = createRequire(import.meta.url);
const own = /^wireverbs\/(protocols|inspect|sim|testing)$/;

/** node's hook: where a specifier leads. */
export async function resolve(
  specifier: string,
  context: Context,
  next: NextResolve,
): Promise<Resolved> {
  const entry = own.exec(specifier)?.[1];
  if (entry !== undefined) {
    const folder =
      entry === 'protocols' ? 'protocols' : `src/${entry === 'sim' ? 'scenario' : entry}`;
    return { url: new URL(`../../${folder}/index.js`, import.meta.url).href, shortCircuit: true };
  }
  try {
    return await next(specifier, context);
  } catch (error) {
    if (!/^\.{1,2}\/.*\.m?js$/.test(specifier)) throw error;
    return next(specifier.replace(/\.(m?)js$/, '.$1ts'), context);
  }
}

/** node's hook: what a file holds. */
export async function load(url: string, context: object, next: NextLoad): Promise<Loaded> {
  if (!/\.m?ts$/.test(url)) return next(url, context);
  const { transformSync } =
    require('@swc/wasm-typescript') as typeof import('@swc/wasm-typescript');
  const source = await readFile(new URL(url), 'utf8');
  try {
    const { code } = transformSync(source, { mode: 'strip-only', filename: fileURLToPath(url) });
    return { format: 'module', source: code, shortCircuit: true };
  } catch (error) {
    // The library throws a record, which does not travel to the main thread as an error would.
    const { message, startLine, startColumn } = error as {
      message: string;
      startLine?: number;
      startColumn?: number;
    };
    const place = startLine === undefined ? '' : `:${startLine}:${(startColumn ?? 0) + 1}`;
    throw new SyntaxError(`${fileURLToPath(url)}${place}: ${message}`);
  }
}

// Loads a scenario's file: JavaScript, or TypeScript whose types are stripped.

import { existsSync } from 'node:fs';
import * as nodeModule from 'node:module';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Scenario } from '../scenario/stage.js';
import { UsageError } from './failure.js';

let registered = false;

/** The function that the file exports, as `scenario` or by default. @throws UsageError when there is none */
export async function loadScenario(path: string): Promise<Scenario> {
  if (!existsSync(path)) throw new UsageError(`${path}: there is no such file or folder`);
  // Node 20.6 has it; 20.0 to 20.5 do not.
  const { register } = nodeModule as { readonly register?: typeof nodeModule.register };
  if (register === undefined)
    throw new UsageError(
      `scenarios in files of their own need Node 20.6 or later, this is ${process.version}`,
    );
  if (!registered) register('./scenario-hooks.js', import.meta.url);
  registered = true;
  let exported: Readonly<Record<string, unknown>>;
  try {
    exported = await import(pathToFileURL(resolve(path)).href);
  } catch (error) {
    throw new UsageError(`${path}: ${words(error)}`);
  }
  const found = exported.scenario ?? exported.default;
  if (typeof found === 'function') return found as Scenario;
  const names = Object.keys(exported).join(', ') || 'nothing';
  throw new UsageError(
    `${path}: expected an export 'scenario' (or a default one) that is a function, found ${names}`,
  );
}

/** What went wrong while the file was loaded: with its place where one is known. */
function words(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ERR_MODULE_NOT_FOUND' || code === 'ENOENT') return error.message;
  return error.stack?.split('\n').slice(0, 3).join('\n') ?? error.message;
}

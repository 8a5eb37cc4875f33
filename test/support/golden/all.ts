// All golden frames from their recipes.

import type { GoldenFrame } from '../../../src/testing/index.js';
import { badFrames } from './bad.js';
import { built } from './built.js';
import { captured, published } from './captured.js';
import { make, type Recipe } from './recipe.js';

/** Captured and published frames come first: one that is built under the same name gives way. */
export function allGolden(onError?: (recipe: Recipe, error: unknown) => void): GoldenFrame[] {
  const made = new Map<string, GoldenFrame>();
  const add = (recipe: Recipe) => {
    if (made.has(recipe.name)) throw new Error(`two golden frames are named ${recipe.name}`);
    try {
      const frame = make(recipe, made);
      // A change that leaves a right frame is no bad one: some lengths may have other values as well.
      if ('of' in recipe && frame.verdict === 'good') {
        if (recipe.byRule) return;
        throw new Error(`${recipe.name}: nothing is wrong with it`);
      }
      made.set(recipe.name, frame);
    } catch (error) {
      if (!onError) throw error;
      onError(recipe, error);
    }
  };
  const real = [...captured, ...published];
  const names = new Set(real.map((r) => r.name));
  [...real, ...built.filter((r) => !names.has(r.name))].forEach(add);
  badFrames(made).forEach(add);
  return [...made.values()];
}

// The experiments that are shipped as examples: every combination of each ends well.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isExperiment, partsOf, readExperiment, runPoint } from '../../src/experiments/index.js';
import { assert, spec } from '../support/spec.js';

const folder = fileURLToPath(new URL('../../../examples/', import.meta.url));
const read = (name: string) => readFileSync(join(folder, name), 'utf8');
const files = readdirSync(folder).filter(
  (name) => /^\d\d-.*\.yaml$/.test(name) && isExperiment(read(name)),
);

spec('examples of experiments', (it) => {
  it('are some', () => assert.ok(files.length >= 2, files.join(', ')));

  for (const name of files)
    it(`${name} ends well in every combination`, () => {
      const experiment = readExperiment(name, read(name), read);
      for (const point of experiment.points) {
        const result = runPoint(experiment, point, read);
        assert.is(result.failure, '', JSON.stringify(point.set));
        for (const { operations } of partsOf(result))
          assert.ok(operations.length > 0, JSON.stringify(point.set));
      }
    });
});

// The scenarios that are shipped as examples: each runs, and everything that it says must hold does. Experiments among
// them: experiments.test.ts.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadScenario } from '../../src/cli/scenario-module.js';
import { isExperiment } from '../../src/experiments/index.js';
import { readScenario, runScenario } from '../../src/scenario/scenario-file.js';
import { Stage } from '../../src/scenario/stage.js';
import { readTopology } from '../../src/scenario/topology-file.js';
import { assert, spec } from '../support/spec.js';
import { typeErrors } from '../support/stranger.js';

const folder = fileURLToPath(new URL('../../../examples/', import.meta.url));
const files = readdirSync(folder).filter((name) => /^\d\d-.*\.(ts|yaml)$/.test(name));
const read = (name: string) => readFileSync(join(folder, name), 'utf8');

async function play(name: string, seed: number): Promise<Stage> {
  const stage = new Stage({ seed });
  if (name.endsWith('.yaml')) runScenario(readScenario(name, read(name), read), stage);
  else await (await loadScenario(join(folder, name)))(stage);
  return stage;
}

spec('examples of scenarios', (it) => {
  it('are a dozen at least, each with words for learners', () => {
    assert.ok(files.length >= 12, files.join(', '));
    for (const name of files) assert.match(read(name), /^(#|\/\/) .{40}/, name);
    const table = read('README.md');
    for (const name of files)
      assert.ok(table.includes(name), `examples/README.md says nothing of ${name}`);
  });

  for (const name of files.filter((one) => !isExperiment(read(one)))) {
    it(`${name} holds what it says`, async () => {
      const stage = await play(name, 1);
      const words = stage.lines.join('\n');
      assert.ok(stage.expectations.length > 0, words);
      assert.ok(stage.holds, words);
    });
  }

  it('have a topology for wireverbs perftest', () => {
    const { hosts, settings } = readTopology('rack.yaml', read('rack.yaml'));
    assert.is(hosts.length, 5);
    assert.is(settings?.tor?.pfc?.[3]?.xoff, 98_304);
  });

  it('say the same each time', async () => {
    const name = '06-lost-middle-packet.ts';
    assert.equal((await play(name, 1)).lines, (await play(name, 1)).lines);
  });

  it("type-check in a stranger's strict project", () => {
    const programs = files.filter((name) => name.endsWith('.ts'));
    assert.is(typeErrors(Object.fromEntries(programs.map((name) => [name, read(name)]))), '');
  });
});

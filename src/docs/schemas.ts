// Writes the JSON Schemas of topologies, scenarios and experiments to docs/, for editors: `npm run docs`.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { experimentSchema } from '../experiments/file/schema.js';
import { resultSchema } from '../experiments/run/result-schema.js';
import { scenarioSchema } from '../scenario/scenario-schema.js';
import { topologySchema } from '../scenario/topology-schema.js';

const docs = fileURLToPath(new URL('../../../docs/', import.meta.url));

/** The published files by name. */
export const schemas: Readonly<Record<string, object>> = {
  'experiment.schema.json': experimentSchema,
  'result.schema.json': resultSchema,
  'scenario.schema.json': scenarioSchema,
  'topology.schema.json': topologySchema,
};

/** A schema as the file that is there has it. */
export const presentSchema = (name: string): unknown =>
  JSON.parse(readFileSync(join(docs, name), 'utf8'));

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [name, schema] of Object.entries(schemas))
    writeFileSync(join(docs, name), `${JSON.stringify(schema, null, 2)}\n`);
}

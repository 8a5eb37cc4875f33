// Writes protocols/core/checksum/kernel/module.ts from assemble.ts: `npm run build:kernel`. A test holds the
// committed module equal to a fresh one.

import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { assembleKernel } from '../../protocols/core/checksum/kernel/assemble.js';

const base64 = Buffer.from(assembleKernel()).toString('base64');
writeFileSync(
  fileURLToPath(new URL('../../../protocols/core/checksum/kernel/module.ts', import.meta.url)),
  `// Made by 'npm run build:kernel' from assemble.ts; a test holds the two equal.

/** The kernel's WebAssembly module in base64. */
export const kernelBase64 =
  '${base64}';
`,
);

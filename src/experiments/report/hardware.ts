// The hardware that was assumed, with the source of each number as its profile's file has it.

import { escaped } from './chart.js';
import { details } from './html.js';
import type { Hardware } from './page.js';
import { exportNamed, type SourcedValue, sourcedProfile } from './source.js';

export function hardwareSection(hardware: readonly Hardware[]): string {
  return `<h2>The hardware assumed</h2>
<p>Numbers are those of <code>src/profiles</code>. Each has its source, or is marked as fitted: chosen so that published measurements, all of them together, come out as published (<code>docs/fidelity.md</code> says how far off they are); or as an estimate, which no measurement stands behind.</p>
${hardware.map(section).join('\n')}`;
}

function section({ title, file, profile }: Hardware): string {
  const name = exportNamed(file, profile);
  const found = name === undefined ? undefined : sourcedProfile(file, name);
  if (!found) return details(title, `<p>${escaped(profile)}</p>`);
  const rows = found.values.map(valueRow).join('\n');
  return details(
    title,
    `${found.about.map((words) => `<p>${escaped(words)}</p>`).join('')}<div class="scroll"><table><thead><tr><th>number</th><th>value</th><th class="left">source</th></tr></thead><tbody>
${rows}
</tbody></table></div>`,
  );
}

const valueRow = ({ member, value, source }: SourcedValue): string =>
  `<tr><td>${escaped(member)}</td><td>${escaped(value)}</td><td class="wrap">${escaped(source)}</td></tr>`;

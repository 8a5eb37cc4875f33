// Colours of pictures: one meaning a colour, told apart by people who do not see all of them (Okabe and Ito's palette, 2008),
// with light and dark values. Polling is hatched, so that it is not told by its colour alone.

const light = {
  ground: '#ffffff',
  lane: '#f3f4f6',
  ink: '#1b1f24',
  faint: '#5b6470',
  rule: '#c9ced6',
  app: '#007f5f',
  kernel: '#c77700',
  copy: '#c8381c',
  dma: '#0068a8',
  wire: '#7a4a86',
} as const;
const dark: Readonly<Record<keyof typeof light, string>> = {
  ground: '#14171b',
  lane: '#1e2329',
  ink: '#e8eaed',
  faint: '#a3acb8',
  rule: '#3a424d',
  app: '#2fc39b',
  kernel: '#e8a33d',
  copy: '#ff7a5c',
  dma: '#5ab4ec',
  wire: '#c79bd4',
};

/** The hatching of polling; its pattern is named so that several pictures fit one page. */
export const hatching = (id: string): string =>
  `<defs><pattern id="${id}-poll" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect class="hatch-ground" width="6" height="6"/><rect class="hatch" width="2" height="6"/></pattern></defs>`;

/** Every colour by class, written out: what draws SVG outside browsers often knows no variables, and would draw black. */
function coloured(id: string, colours: Readonly<Record<keyof typeof light, string>>): string[] {
  const { ground, lane, ink, faint, rule, app, kernel } = colours;
  const rules = [
    `text{fill:${ink}}`,
    `.ground{fill:${ground}}`,
    `.lane{fill:${lane}}`,
    `.faint,#${id} .idle,#${id} .middle,#${id} rect.switch{fill:${faint}}`,
    `.label{stroke:${lane}}`,
    `.rule{stroke:${rule}}`,
    `.placed{stroke:${ink}}`,
    `rect.interrupt{fill:${kernel}}`,
    `rect.call{stroke:${app}}`,
    `.hatch{fill:${app}}`,
    `.hatch-ground{fill:${lane}}`,
    `.badge circle{fill:${ground};stroke:${ink}}`,
    ...(['app', 'kernel', 'copy', 'dma', 'wire'] as const).flatMap((name) => [
      `rect.${name}{fill:${colours[name]}}`,
      `.arrow.${name} line{stroke:${colours[name]}}`,
      `.arrow.${name} path{fill:${colours[name]}}`,
    ]),
  ];
  return rules.map((text) => `#${id} ${text}`);
}

export const styleSheet = (id: string): string =>
  [
    `#${id} text{font-family:system-ui,sans-serif;font-size:12px}`,
    `#${id} .title{font-size:20px;font-weight:600}`,
    `#${id} .head{font-size:15px;font-weight:600}`,
    `#${id} .idle{font-style:italic;text-anchor:middle}`,
    `#${id} .label{paint-order:stroke;stroke-width:4px;stroke-linejoin:round}`,
    `#${id} .small{font-size:11px}`,
    `#${id} .right{text-anchor:end}`,
    `#${id} .middle{text-anchor:middle;font-size:11px}`,
    `#${id} .rule{stroke-width:1}`,
    `#${id} .placed{stroke-width:1.5;stroke-dasharray:3 3}`,
    `#${id} .arrow line{stroke-width:1.5}`,
    `#${id} .arrow.thick line{stroke-width:4}`,
    `#${id} rect.interrupt{opacity:.65}`,
    `#${id} rect.call{fill:none;stroke-width:1;stroke-dasharray:4 2}`,
    `#${id} rect.poll{fill:url(#${id}-poll)}`,
    `#${id} .badge circle{stroke-width:1}`,
    `#${id} .badge text{font-size:9.5px;text-anchor:middle}`,
    ...coloured(id, light),
    '@media (prefers-color-scheme:dark){',
    ...coloured(id, dark),
    '}',
  ].join('\n');

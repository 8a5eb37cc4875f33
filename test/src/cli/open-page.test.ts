// Mirrors src/cli/open-page.ts.

import { openerOf } from '../../../src/cli/open-page.js';
import { assert, spec } from '../../support/spec.js';

spec('the page that a comparison writes', (it) => {
  const desk = { platform: 'linux', env: { DISPLAY: ':0' }, isTerminal: true } as const;

  it('opens where a person sits at a desktop', () => {
    assert.equal(openerOf(desk), ['xdg-open']);
    assert.equal(openerOf({ ...desk, env: { WAYLAND_DISPLAY: 'wayland-0' } }), ['xdg-open']);
    assert.equal(openerOf({ ...desk, platform: 'darwin', env: {} }), ['open']);
    assert.equal(openerOf({ ...desk, platform: 'win32', env: {} }), ['cmd', '/c', 'start', '']);
  });

  it('does not in pipes, in CI, and on machines without a screen', () => {
    assert.is(openerOf({ ...desk, isTerminal: false }), undefined);
    assert.is(openerOf({ ...desk, env: { DISPLAY: ':0', CI: 'true' } }), undefined);
    assert.is(openerOf({ ...desk, env: {} }), undefined);
  });
});

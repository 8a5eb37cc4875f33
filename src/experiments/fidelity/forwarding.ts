// To come.

import type { Experiments } from './row.js';

export const forwarding: Experiments = {};

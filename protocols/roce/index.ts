export * from './path-template.js';
export * from './template.js';

// Builds ../static/ui/comity.css = govuk-frontend subset (physical -> logical properties) + own layer.
// Maintainers only, here: npm install --ignore-scripts --no-save govuk-frontend@6.6.0 sass@1.108.2 && node build.mjs
import { compile } from 'sass';
import { readFileSync, writeFileSync } from 'node:fs';
const dir = new URL('.', import.meta.url).pathname;
const target = dir + '../static/ui/comity.css';
let base = compile(dir + 'foundation.scss', { loadPaths: [dir + 'node_modules'], style: 'compressed', charset: false }).css;
const rules = [
  [/(margin|padding)-left\b/g, '$1-inline-start'], [/(margin|padding)-right\b/g, '$1-inline-end'],
  [/border-left(-[a-z]+)?\b/g, 'border-inline-start$1'], [/border-right(-[a-z]+)?\b/g, 'border-inline-end$1'],
  [/text-align:left/g, 'text-align:start'], [/text-align:right/g, 'text-align:end'],
  [/float:left/g, 'float:inline-start'], [/float:right/g, 'float:inline-end'],
  [/([;{])left:/g, '$1inset-inline-start:'], [/([;{])right:/g, '$1inset-inline-end:'],
];
for (const [from, to] of rules) base = base.replace(from, to);
base = base.replace(/#0b0c0c\b/g, 'var(--govuk-text-colour)').replace(/#1d70b8\b/g, 'var(--govuk-brand-colour)');
const forbidden = /GDS Transport|govuk-crest|crown|url\(/i;
if (forbidden.test(base)) throw new Error('forbidden branding or url() in the foundation');
const licence = `/* Contains styles compiled from govuk-frontend ${JSON.parse(readFileSync(dir + 'node_modules/govuk-frontend/package.json')).version}, MIT licence, Copyright (c) Crown copyright (Government Digital Service). Modified. */\n`;
writeFileSync(target, licence + base + '\n/* Comity */\n' + readFileSync(dir + 'comity-own.css', 'utf8'));
console.log('comity.css', readFileSync(target).length, 'bytes; foundation', base.length);

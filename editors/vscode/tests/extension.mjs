// The rest of the extension: what `package.json` names exists, the rules for indentation agree with the compiler's
// layout, and the snippets are programs.

import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { conclude, read, show, texts } from '../../tests/corpus.mjs';
import { extension } from './tokenize.mjs';

const failures = [];
const json = path => JSON.parse(readFileSync(join(extension, path), 'utf8'));

// ---- files

const { contributes, files } = json('package.json');
const named = [
  ...contributes.languages.map(language => language.configuration),
  ...contributes.grammars.map(grammar => grammar.path),
  ...contributes.snippets.map(snippets => snippets.path),
  ...files,
];
failures.push(...named.filter(path => !existsSync(join(extension, path))).map(path => `${path} does not exist`));

// ---- indentation

const { indentationRules, onEnterRules, wordPattern } = json('language-configuration.json');
const increase = new RegExp(indentationRules.increaseIndentPattern);
const decrease = new RegExp(indentationRules.decreaseIndentPattern);
onEnterRules.forEach(rule => new RegExp(rule.beforeText));
if (!new RegExp(`^(?:${wordPattern})$`).test('agreement_profile')) {
  failures.push('the pattern of words does not match a word');
}

const { valid } = texts();
let opened = 0;
const unexpected = [];
for (const path of valid) {
  const text = Buffer.from(read(path));
  const lineOf = offset => text.subarray(0, offset).toString().split('\n').length;
  const lines = text.toString().split(/\r?\n/);
  const tokens = show('layout', path).split('\n').map(line => line.match(/^ *(\d+)\.\.(\d+) +(\w+)/)).filter(Boolean);
  for (const [at, [, start, , token]] of tokens.entries()) {
    const next = tokens[at + 1];
    if (token !== 'Indent' || lineOf(Number(start)) === lineOf(Number(next[1]))) {
      continue;
    }
    opened += 1;
    const line = lines[lineOf(Number(start)) - 1];
    if (!increase.test(line)) {
      unexpected.push(`${path}: no deeper line is expected below: ${line}`);
    }
  }
  // A message whose fields go on below is indented there.
  const isMessage = line => /^\s*\w+ ->/.test(line) && !/\([^)]*$/.test(line);
  const other = lines.find(line => isMessage(line) && (increase.test(line) || decrease.test(line)));
  if (other) {
    failures.push(`${path}: a line is indented after: ${other}`);
  }
}
if (unexpected.length > opened * 0.02) {
  failures.push(...unexpected);
}

// ---- snippets

const folder = mkdtempSync(join(tmpdir(), 'tell-'));
process.on('exit', () => rmSync(folder, { recursive: true }));

/** A snippet with its defaults; an empty place is a statement if it is alone on a line, else a value. */
function expand(body) {
  return [body].flat().map(line => line
    .replace(/\$\{\d+:([^}]*)\}/g, '$1')
    .replace(/^(\s*(?:\| )?)\$\d+$/, '$1Alice -> Bob : Next')
    .replace(/\(\$\d+\)/g, '()')
    .replace(/\$\d+/g, '1'));
}

const snippets = Object.entries(json('snippets/tell.json'));
for (const [name, { prefix, body }] of snippets) {
  const lines = expand(body);
  const alone = /^(protocol|effect|type|fun|handler)\b/.test(lines[0]);
  const top = alone ? lines.filter(line => line !== 'Alice -> Bob : Next') : null;
  const arm = lines[0].startsWith('|') ? ['choice Alice at', ...lines.map(line => `  ${line}`)] : lines;
  const program = (top ?? ['protocol P(Alice, Bob) =', ...arm.map(line => `  ${line}`)]).join('\n');
  const path = join(folder, 'snippet.tell');
  writeFileSync(path, `${program}\n`);
  if (show('parse', path) === null) {
    failures.push(`the snippet ${name} (${prefix}) is no program:\n${program}`);
  }
}

conclude('extension', failures, `${named.length} files, ${opened} lines that open a block ` +
  `(${unexpected.length} not expected), ${snippets.length} snippets`);

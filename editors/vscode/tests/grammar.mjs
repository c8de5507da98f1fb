// The TextMate grammar on every `.tell` text: the engine never fails, every token has a scope, valid texts have no
// `invalid` scope, block comments are closed where the compiler closes them, words have the role the grammar of
// tree-sitter finds (if `TELL_LEAVES` names its report), and the scopes of a few texts are those of the snapshots.

import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { conclude, read, root, texts, words } from '../../tests/corpus.mjs';
import { extension, innermost, tokenize } from './tokenize.mjs';

const failures = [];
const { valid, broken } = texts();
const { hard, soft } = words();
const seen = new Set();
const isWord = scope => /^(keyword|storage|constant\.language)/.test(scope);
let count = 0;

for (const path of [...valid, ...broken]) {
  const { lines, inComment } = tokenize(read(path));
  const good = valid.includes(path);
  if (inComment === good && (good || path.includes('e0104'))) {
    failures.push(`${path}: a block comment is ${good ? 'not ' : ''}closed at the end`);
  }
  for (const [at, line] of lines.entries()) {
    for (const token of line.filter(token => token.text.trim() !== '')) {
      count += 1;
      const place = `${path}:${at + 1}:${token.start + 1}: \`${token.text}\``;
      if (token.scopes.length === 0) {
        failures.push(`${place} has no scope`);
      }
      if (good && token.scopes.some(scope => scope.startsWith('invalid'))) {
        failures.push(`${place} has the scope ${innermost(token)}`);
      }
      if (isWord(innermost(token))) {
        seen.add(token.text.trim());
      }
    }
  }
}

// ---- what is wrong is marked

const WRONG = [
  ['  let x at A = 12ab', '12ab', 'number'],
  ['  let x at A = 0xG', '0xG', 'number'],
  ['  let x at A = "a\\q"', '\\q', 'escape'],
  ['  let x at A = "a\\u{}"', '\\u{}', 'escape'],
  ['  let x at A = "open', 'open', 'unterminated'],
  ['\tlet x at A = 1', '\t', 'tab'],
  ['  let x at A = a & b', '&', 'character'],
  ['  let x at A = !b', '!', 'character'],
];
for (const [line, text, kind] of WRONG) {
  const scope = `invalid.illegal.${kind}.tell`;
  if (!tokenize(line).lines[0].some(token => token.text === text && innermost(token) === scope)) {
    failures.push(`${text} in ${line} has no scope ${scope}`);
  }
}

// ---- keywords

for (const word of [...hard, ...soft].filter(word => ![...seen].some(text => text.split(/\s+/).includes(word)))) {
  failures.push(`no text has \`${word}\` as a keyword`);
}

// ---- what tree-sitter says of each word

// Captures of tree-sitter and the scopes they stand for; a grammar of lines cannot know all of them.
const SCOPES = [
  [/^variable\.role$/, /^variable\.other\.role/],
  [/^variable/, /^variable/],
  [/^label$/, /^entity\.name\.(tag|label)/],
  [/^type$/, /^(entity\.name\.(type|namespace)|support\.type)/],
  [/^constructor$/, /constructor|^entity\.name\.type/],
  [/^function\.method$/, /^entity\.name\.function\.operation/],
];
const GUESSED_WRONG = 0.01;

let compared = 0;
const differ = [];
const report = process.env.TELL_LEAVES;
for (const [path, leaves] of report ? JSON.parse(readFileSync(report, 'utf8')) : []) {
  const { lines } = tokenize(read(path));
  for (const [row, column, text, capture] of leaves) {
    const scope = innermost(lines[row].find(token => token.start <= column && column < token.end));
    const complaint = `${path}:${row + 1}:${column + 1}: \`${text}\` is ${capture} and ${scope}`;
    compared += 1;
    if (/^(keyword|boolean)/.test(capture) !== isWord(scope)) {
      failures.push(complaint);
    }
    if (SCOPES.find(([wanted]) => wanted.test(capture))?.[1].test(scope) === false) {
      differ.push(complaint);
    }
  }
}
if (differ.length > compared * GUESSED_WRONG) {
  failures.push(...differ);
}

// ---- snapshots

const snapshots = join(extension, 'tests/snapshots');
const SHOWN = [
  'examples/two_buyer.tell', 'tests/corpus/syntax/words_as_names.tell', 'tests/corpus/syntax/effects.tell',
  'tests/corpus/syntax/comments.tell', 'tests/corpus/syntax/strings.tell', 'editors/tests/inputs/authority.tell',
  'editors/tests/inputs/scopes.tell', 'editors/tests/inputs/families.tell',
];
for (const path of SHOWN) {
  const shown = tokenize(read(path)).lines.map(line => line.filter(token => token.text.trim() !== '')
    .map(token => `${token.text.trim().padEnd(24)} ${token.scopes.join(' ')}\n`).join('')).filter(Boolean).join('\n');
  const file = join(snapshots, `${basename(path, '.tell')}.txt`);
  if (process.env.BLESS) {
    writeFileSync(file, shown);
  } else if (!existsSync(file) || readFileSync(file, 'utf8') !== shown) {
    failures.push(`${file.slice(root.length + 1)} differs; see what changed, then \`npm run bless\``);
  }
}
if (readdirSync(snapshots).length !== SHOWN.length) {
  failures.push('there are snapshots of no text');
}

conclude('TextMate', failures, `${valid.length} valid and ${broken.length} broken files, ${count} tokens, ` +
  `${compared} words compared with tree-sitter (${differ.length} names guessed wrong), ${SHOWN.length} snapshots`);

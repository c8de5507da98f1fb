// The tree-sitter grammar on every text that the compiler's parser accepts: no ERROR, no MISSING, the tokens of the
// compiler's lexer, statements nested as in its syntax tree, queries that run, one highlight for each word, literal and
// operator, and every kind of node met. Texts that it refuses are read, too, whatever comes out.
//
// `TREE_SITTER` is the command line program, `TELL_PARSER` the parser it built; `editors/test.sh` makes both.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { conclude, editors, root, show, texts, words } from './corpus.mjs';

const program = process.env.TREE_SITTER ?? 'tree-sitter';
const grammar = join(editors, 'tree-sitter-tell');
const library = process.env.TELL_PARSER ?? join(grammar, 'tell.so');
const scratch = mkdtempSync(join(tmpdir(), 'tell-'));
process.on('exit', () => rmSync(scratch, { recursive: true }));

const { valid: files, broken } = texts();
const list = join(scratch, 'files');
writeFileSync(list, files.join('\n'));
const failures = [];

/** Runs the program over all files; its output. */
function run(command, ...flags) {
  const language = ['-l', library, '--lang-name', 'tell', '--paths', list];
  return spawnSync(program, [command, ...language, ...flags], { cwd: root, encoding: 'utf8', maxBuffer: 1 << 30 });
}

/** Captures of a query in each file: `{ name, start, end }` with offsets in bytes. */
function captures(query) {
  const { status, stdout, stderr } = run('query', '--captures', query);
  if (status !== 0) {
    failures.push(`${query}: ${stderr.trim()}`);
    return new Map();
  }
  const found = new Map(files.map(path => [path, []]));
  let at = null;
  let starts = [];
  for (const line of stdout.split('\n')) {
    if (found.has(line)) {
      at = found.get(line);
      starts = lineStarts(line);
      continue;
    }
    const match = line.match(/^ +pattern: +\d+, capture: \d+ - (\S+), start: \((\d+), (\d+)\), end: \((\d+), (\d+)\)/);
    if (match) {
      const [row, column, endRow, endColumn] = match.slice(2).map(Number);
      at.push({ name: match[1], start: starts[row] + column, end: starts[endRow] + endColumn });
    }
  }
  return found;
}

function lineStarts(path) {
  const starts = [0];
  readFileSync(join(root, path)).forEach((byte, at) => byte === 10 && starts.push(at + 1));
  return starts;
}

/** Tokens of the compiler's lexer, as `start..end`. */
function lexed(path) {
  return show('lex', path).split('\n').map(line => line.match(/^ *(\d+)\.\.(\d+) /)).filter(Boolean)
    .map(match => `${match[1]}..${match[2]}`);
}

/** The words of a file: row, column (in UTF-16 units), text and capture. */
function wordsOf(path) {
  const text = readFileSync(join(root, path));
  const starts = lineStarts(path);
  let row = 0;
  return leaves.get(path).filter(leaf => /^[A-Za-z_]/.test(leaf.text)).map(leaf => {
    while (starts[row + 1] <= leaf.start) {
      row += 1;
    }
    const before = text.toString('utf8', starts[row], leaf.start).replace(/^\uFEFF/, '');
    return [row, before.length, leaf.text, leaf.capture];
  });
}

const key = node => `${node.start}..${node.end}`;

// ---- no errors

const { stdout: parsed } = run('parse', '--quiet');
failures.push(...parsed.split('\n').filter(line => /ERROR|MISSING/.test(line)));

if (failures.length > 0) {
  conclude('tree-sitter', failures);
}

// ---- the leaves are the tokens

writeFileSync(join(scratch, 'anonymous.scm'), '_ @node\n');
writeFileSync(join(scratch, 'whole.scm'), '[(string) (line_comment) (doc_comment) (block_comment)] @whole\n');
const nodes = captures(join(scratch, 'anonymous.scm'));
const whole = captures(join(scratch, 'whole.scm'));
const leaves = new Map();
let tokens = 0;
let count = 0;
for (const path of files) {
  const all = nodes.get(path) ?? [];
  count += all.length;
  const closed = new Set(whole.get(path).map(key));
  const found = [];
  let end = 0;
  for (const [at, node] of all.entries()) {
    const next = all[at + 1];
    const inner = next && next.start < node.end && !closed.has(key(node));
    if (node.start >= end && node.end > node.start && !inner) {
      found.push(node);
      end = node.end;
    }
  }
  const text = readFileSync(join(root, path));
  const words = found.filter(node => !/^(--|\{-)/.test(text.toString('utf8', node.start, node.start + 2)));
  leaves.set(path, words.map(node => ({ ...node, text: text.toString('utf8', node.start, node.end) })));
  const wanted = lexed(path);
  const got = words.map(key);
  tokens += wanted.length;
  const differs = wanted.findIndex((span, index) => span !== got[index]);
  if (differs >= 0 || got.length !== wanted.length) {
    const index = differs < 0 ? wanted.length : differs;
    failures.push(`${path}: token ${wanted[index]} of the lexer is ${got[index]} in the tree`);
  }
}

// ---- statements are nested as in the compiler's tree

const STATEMENTS = {
  message: 'message', if_statement: 'if', choice_statement: 'choice', case_statement: 'case', loop_statement: 'loop',
  rec_statement: 'rec', continue_statement: 'continue', call_statement: 'call', let_statement: 'let',
  var_statement: 'var', assignment: 'assign', assert_statement: 'assert', do_statement: 'perform',
};
const KINDS = new Set(Object.values(STATEMENTS));

/** The statements of an indented tree, each with the number of statements around it; `kind` reads a line. */
function outline(text, kind) {
  const around = [];
  const found = [];
  for (const line of text.split('\n')) {
    const indentation = line.search(/\S/);
    while (around.length > 0 && around.at(-1) >= indentation) {
      around.pop();
    }
    const name = kind(line);
    if (name) {
      found.push(`${around.length} ${name}`);
      around.push(indentation);
    }
  }
  return found;
}

const trees = run('parse', '--no-ranges').stdout;
const ofFile = trees.split(/^(?=\(source_file)/m).filter(tree => tree.startsWith('(source_file'));
let compared = 0;
for (const [index, path] of files.entries()) {
  const dump = show('parse', path);
  if (/^ *(refused|fun) /m.test(dump)) {
    continue; // the dump does not show what is inside
  }
  compared += 1;
  const wanted = outline(dump, line => [line.trim().split(' ')[0]].find(word => KINDS.has(word)));
  const got = outline(ofFile[index], line => STATEMENTS[line.match(/\((\w+)/)?.[1]]);
  const differs = wanted.findIndex((statement, at) => statement !== got[at]);
  if (differs >= 0 || wanted.length !== got.length) {
    failures.push(`${path}: statement ${differs}: \`${wanted[differs]}\` of the compiler is \`${got[differs]}\``);
  }
}
if (compared < files.length / 2) {
  failures.push(`only ${compared} files were compared with the compiler's tree`);
}

// ---- highlights

const highlights = captures(join(grammar, 'queries/highlights.scm'));
const seen = new Set();
for (const path of files) {
  const names = new Map();
  for (const node of highlights.get(path) ?? []) {
    names.set(key(node), [...(names.get(key(node)) ?? []), node.name]);
  }
  for (const leaf of leaves.get(path)) {
    const found = leaf.text.startsWith('"') ? ['string'] : names.get(key(leaf)) ?? [];
    if (found.length !== 1) {
      failures.push(`${path}: \`${leaf.text}\` at ${leaf.start} has ${found.length} captures: ${found}`);
    }
    leaf.capture = found[0];
    if (found.some(name => name.startsWith('keyword') || name === 'boolean')) {
      seen.add(leaf.text);
    }
  }
}
if (process.env.TELL_LEAVES) {
  writeFileSync(process.env.TELL_LEAVES, JSON.stringify(files.map(path => [path, wordsOf(path)])));
}
const { hard, soft } = words();
for (const word of [...hard, ...soft].filter(word => !seen.has(word))) {
  failures.push(`no text highlights the keyword \`${word}\``);
}

// ---- the other queries, and every kind of node

for (const query of ['locals', 'folds', 'indents', 'injections']) {
  if ([...captures(join(grammar, 'queries', `${query}.scm`)).values()].every(found => found.length === 0)) {
    failures.push(`${query}.scm finds nothing`);
  }
}
const kinds = JSON.parse(readFileSync(join(grammar, 'src/node-types.json'), 'utf8'))
  .filter(kind => kind.named && !kind.subtypes && kind.type !== 'invalid_escape').map(kind => kind.type);
for (const kind of kinds.filter(kind => !trees.includes(`(${kind})`) && !trees.includes(`(${kind}\n`))) {
  failures.push(`no text has a node \`${kind}\``);
}

// ---- broken texts

writeFileSync(list, broken.join('\n'));
const { status, signal } = run('parse', '--quiet');
if (signal !== null || status > 1) {
  failures.push(`a broken text stops the parser: status ${status}, signal ${signal}`);
}

conclude('tree-sitter', failures, `${files.length} files (${compared} compared), ${broken.length} broken files, ${tokens} tokens, ${count} nodes, ${kinds.length} kinds, ` +
  `${seen.size} keywords`);

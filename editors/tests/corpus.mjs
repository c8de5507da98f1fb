// The `.tell` texts that the editor tests read, and what the compiler says about them.

import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const editors = dirname(dirname(fileURLToPath(import.meta.url)));
export const root = dirname(editors);

const FOLDERS = ['tests/corpus', 'examples', 'stdlib/tell', 'language/tests/samples', 'editors/tests/inputs'];

/** The text of a file of the repository. */
export const read = path => readFileSync(join(root, path), 'utf8');

const tellc = ['TELLC', 'debug', 'release']
  .map(place => place === 'TELLC' ? process.env.TELLC : join(root, 'target', place, 'tellc'))
  .find(path => path && existsSync(path));

// What was shown before, in a file that the tests of one run share if `TELL_SHOWN` names it.
const shared = process.env.TELL_SHOWN;
const shown = shared && existsSync(shared) ? JSON.parse(readFileSync(shared, 'utf8')) : {};
if (shared) {
  process.on('exit', () => writeFileSync(shared, JSON.stringify(shown)));
}

/** What `tellc show --stage STAGE` prints for a file; nothing if it reports an error. */
export function show(stage, path) {
  if (!tellc) {
    throw new Error('tellc is not built: cargo build -p tellc');
  }
  const key = `${stage} ${path}`;
  if (!(key in shown) || isAbsolute(path)) {
    const { status, stdout } = spawnSync(tellc, ['show', '--stage', stage, path], { cwd: root, encoding: 'utf8' });
    shown[key] = status === 0 ? stdout : null;
  }
  return shown[key];
}

/** All `.tell` files, with paths relative to the repository: those the compiler's parser accepts, and the others. */
export function texts() {
  const all = FOLDERS.flatMap(folder => readdirSync(join(root, folder), { recursive: true })
    .filter(name => name.endsWith('.tell'))
    .map(name => join(folder, name))).sort();
  const [valid, broken] = [[], []];
  for (const path of all) {
    (show('parse', path) === null ? broken : valid).push(path);
  }
  const mayBeBroken = ['tests/corpus/errors', 'tests/corpus/packages'];
  const wrong = broken.filter(path => !mayBeBroken.some(folder => path.startsWith(folder)));
  if (wrong.length > 0) {
    throw new Error(`the compiler does not accept ${wrong.join(', ')}`);
  }
  return { valid, broken };
}

/** The words of the lexer, read from its tables. */
export function words() {
  const source = read('language/src/token.rs');
  const table = name => {
    const body = source.match(new RegExp(`pub const ${name}: &\\[&str\\] = &\\[([^\\]]*)\\]`))?.[1];
    const found = [...(body ?? '').matchAll(/"([a-z_]+)"/g)].map(match => match[1]);
    if (found.length < 20) {
      throw new Error(`language/src/token.rs has no table ${name}`);
    }
    return found;
  };
  return { hard: table('KEYWORDS'), soft: table('SOFT_WORDS') };
}

/** Prints what failed and ends the process; or prints what was counted. */
export function conclude(name, failures, counted) {
  for (const failure of failures.slice(0, 40)) {
    console.error(`  ${failure}`);
  }
  if (failures.length > 0) {
    console.error(`FAIL ${name}: ${failures.length} failures`);
    process.exit(1);
  }
  console.log(`ok   ${name}: ${counted}`);
}

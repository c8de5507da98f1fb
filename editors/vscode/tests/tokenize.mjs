// The TextMate grammar in the engine that VS Code uses.

import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const require = createRequire(import.meta.url);
const { INITIAL, Registry, parseRawGrammar } = require('vscode-textmate');
const oniguruma = require('vscode-oniguruma');

export const extension = dirname(dirname(fileURLToPath(import.meta.url)));
const path = join(extension, 'syntaxes/tell.tmLanguage.json');

async function load() {
  await oniguruma.loadWASM(readFileSync(require.resolve('vscode-oniguruma/release/onig.wasm')).buffer);
  const registry = new Registry({
    onigLib: Promise.resolve({
      createOnigScanner: patterns => new oniguruma.OnigScanner(patterns),
      createOnigString: text => new oniguruma.OnigString(text),
    }),
    loadGrammar: async scope => scope === 'source.tell' ? parseRawGrammar(readFileSync(path, 'utf8'), path) : null,
  });
  return registry.loadGrammar('source.tell');
}

const grammar = await load();

/** The tokens of each line: `{ start, end, text, scopes }`, without the scope of the whole text; and the depth at the end. */
export function tokenize(text) {
  let state = INITIAL;
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/).map(line => {
    const { tokens, ruleStack, stoppedEarly } = grammar.tokenizeLine(line, state);
    if (stoppedEarly) {
      throw new Error(`the engine gave up on: ${line}`);
    }
    state = ruleStack;
    return tokens.map(token => ({
      start: token.startIndex,
      end: token.endIndex,
      text: line.slice(token.startIndex, token.endIndex),
      scopes: token.scopes.slice(1),
    })).filter(token => token.text.length > 0);
  });
  return { lines, inComment: state.contentNameScopesList?.getScopeNames().includes('comment.block.tell') ?? false };
}

/** The innermost scope of a token. */
export const innermost = token => token.scopes.at(-1) ?? '';

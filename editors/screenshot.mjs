// Draws a `.tell` text with the scopes of the TextMate grammar: tokens to SVG to `docs/highlight.png`.
//
//   node editors/screenshot.mjs [FILE [PNG]]

import { createRequire } from 'node:module';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { read, root } from './tests/corpus.mjs';
import { extension, tokenize } from './vscode/tests/tokenize.mjs';

const require = createRequire(join(extension, 'package.json'));
const { Resvg } = require('@resvg/resvg-js');
const font = style => require.resolve(`@expo-google-fonts/jetbrains-mono/${style}/JetBrainsMono_${style}.ttf`);

const [path = 'examples/two_buyer.tell', png = join(root, 'docs/highlight.png')] = process.argv.slice(2);

const COLOURS = { page: '#1e2029', bar: '#252733', text: '#d5d8e6', faint: '#565b73' };

// Scopes, the first that a token has inside; colour and style.
const THEME = [
  ['comment.line.documentation', '#8a9a86', 'italic'],
  ['comment', '#7f859e', 'italic'],
  ['invalid', '#ff5c6c', 'underline'],
  ['constant.character.escape', '#e8b26a'],
  ['string', '#a9d18e'],
  ['constant.language', '#e8a2af'],
  ['constant.numeric', '#e8a2af'],
  ['keyword.operator.message', '#f2c66d', 'bold'],
  ['keyword.operator', '#8fb7c9'],
  ['keyword.other.at', '#b79cf0'],
  ['keyword', '#b79cf0'],
  ['storage', '#b79cf0', 'bold'],
  ['variable.other.role', '#66b8ff', 'bold'],
  ['variable.parameter', '#f0c8a0'],
  ['variable.other.property', '#c3cbe8'],
  ['entity.name.tag.label', '#f2c66d'],
  ['entity.name.function.protocol', '#7fd6c2', 'bold'],
  ['entity.name.function', '#7fd6c2'],
  ['entity.name', '#5fcfd6'],
  ['support.type', '#5fcfd6'],
  ['support', '#7fd6c2'],
  ['punctuation.definition.string', '#a9d18e'],
  ['punctuation.definition.comment', '#7f859e', 'italic'],
  ['punctuation', '#8b91ab'],
];

const SIZE = 15;
const ADVANCE = SIZE * 0.6;
const LINE = 24;
const MARGIN = 28;
const BAR = 40;
const NUMBERS = 4 * ADVANCE;

const escape = text => text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/ /g, '\u00a0');

/** Colour and style of a token: of its innermost scope that the theme knows. */
function style(scopes) {
  for (const scope of scopes.toReversed()) {
    const found = THEME.find(([name]) => scope === name || scope.startsWith(`${name}.`));
    if (found) {
      return { colour: found[1], kind: found[2] };
    }
  }
  return { colour: COLOURS.text };
}

const ATTRIBUTES = {
  bold: 'font-weight="700"',
  italic: 'font-style="italic"',
  underline: 'text-decoration="underline"',
};

const text = read(path).split('\n').filter(line => !line.startsWith('--!')).join('\n').trim();
const { lines } = tokenize(text);
const columns = Math.max(...text.split('\n').map(line => [...line].length));
const width = Math.ceil(2 * MARGIN + NUMBERS + columns * ADVANCE);
const height = BAR + 2 * MARGIN - 10 + lines.length * LINE;

const drawn = lines.flatMap((tokens, row) => {
  const y = BAR + MARGIN + row * LINE + SIZE - 2;
  const number = String(row + 1).padStart(2);
  return [
    `<text x="${MARGIN}" y="${y}" fill="${COLOURS.faint}">${escape(number)}</text>`,
    ...tokens.filter(token => token.text.trim() !== '').map(token => {
      const { colour, kind } = style(token.scopes);
      const x = (MARGIN + NUMBERS + token.start * ADVANCE).toFixed(1);
      return `<text x="${x}" y="${y}" fill="${colour}" ${ATTRIBUTES[kind] ?? ''}>${escape(token.text)}</text>`;
    }),
  ];
});

const lights = ['#ff6159', '#ffbd2e', '#28c941']
  .map((colour, at) => `<circle cx="${MARGIN + 4 + at * 20}" cy="${BAR / 2}" r="6" fill="${colour}"/>`);

const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">
<clipPath id="window"><rect width="${width}" height="${height}" rx="12"/></clipPath>
<g clip-path="url(#window)" font-family="JetBrains Mono" font-size="${SIZE}">
<rect width="${width}" height="${height}" fill="${COLOURS.page}"/>
<rect width="${width}" height="${BAR}" fill="${COLOURS.bar}"/>
${lights.join('\n')}
<text x="${width / 2}" y="${BAR / 2 + 5}" fill="#8b91ab" font-size="13" text-anchor="middle">${escape(path)}</text>
${drawn.join('\n')}
</g>
</svg>`;

const image = new Resvg(svg, {
  fitTo: { mode: 'zoom', value: 1.5 },
  font: {
    loadSystemFonts: false,
    fontFiles: ['400Regular', '700Bold', '400Regular_Italic'].map(font),
    defaultFontFamily: 'JetBrains Mono',
  },
}).render();
writeFileSync(png, image.asPng());
console.log(`${png}: ${image.width} × ${image.height}, ${image.asPng().length} bytes`);

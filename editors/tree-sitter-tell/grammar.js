/**
 * LANGUAGE §1 to §6 for tree-sitter.
 *
 * The rules follow `language/src/grammar.lalrpop`, which is the reference; what differs:
 *
 * - layout tokens come from `src/scanner.c`. `_indent` opens a block on the next line if that is deeper (rule 4),
 *   `_open` also on the same line (rule 5), `_dedent` closes either;
 * - operators get their precedence here, not from a builder;
 * - there are no recovery rules, tree-sitter recovers by itself;
 * - words that the compiler reads as identifiers and checks later (`from`, `to`, `required`, …) are keywords here.
 */

/// <reference types="tree-sitter-cli/dsl" />
// @ts-check

/** Expressions, loosest first; `ARMS` makes a `|` belong to the innermost `case`. */
const PREC = { ARMS: 1, OR: 2, AND: 3, NOT: 4, COMPARE: 5, CONCAT: 6, ADD: 7, MULTIPLY: 8, NEGATE: 9 };

/** Identifiers only after `.`, before `:` in braces and as operation names. */
const HARD_WORDS = [
  'module', 'import', 'exposing', 'type', 'alias', 'effect', 'handler', 'fun', 'protocol', 'where', 'uses', 'roles',
  'choice', 'at', 'when', 'check', 'yields', 'if', 'then', 'else', 'case', 'of', 'rec', 'continue', 'loop', 'par',
  'call', 'let', 'in', 'var', 'do', 'observe', 'authoritative', 'timeout', 'attempt', 'on', 'handles', 'with',
  'resume', 'delegate', 'pass', 'leave', 'throw', 'return', 'result', 'assert', 'true', 'false', 'not', 'for',
];

/** Identifiers wherever their rule does not expect them. `as` is one, too, but starts no type. */
const SOFT_WORDS = [
  'by', 'decide', 'while', 'repeat', 'forever', 'command', 'transfer', 'handoff', 'publish', 'materialize',
  'dependent', 'begin', 'await', 'resolve', 'invalidate', 'operation', 'fragment', 'guest', 'agreement_profile',
  'profile', 'proof_bundle', 'role_set', 'cluster', 'ring', 'mesh',
];

/** Items separated by commas, at least one; a comma may follow the last. */
const commas1 = (/** @type {RuleOrLiteral} */ item) => seq(item, repeat(seq(',', item)), optional(','));

/** The same, or nothing. */
const commas = (/** @type {RuleOrLiteral} */ item) => optional(commas1(item));

/** One on each logical line. */
const lines = (/** @type {GrammarSymbols<string>} */ $, /** @type {RuleOrLiteral} */ item) =>
  seq(item, repeat(seq($._newline, item)));

module.exports = grammar({
  name: 'tell',

  externals: $ => [
    $._newline,
    $._indent,
    $._open,
    $._open_else,
    $._dedent,
    // stands before a statement block in braces where the scanner could have opened one without
    $._braces_follow,
    // `{` of a statement block
    $._block_open,
    $._comment_content,
    // literals that the scanner reads, or wants to know to be expected
    '{', '}', '(', ')', '[', ']',
    '|', 'then', 'else', 'on', 'where',
    $._error_sentinel,
  ],

  extras: $ => [/[ \t\r\n\uFEFF]/, $.line_comment, $.doc_comment, $.block_comment],

  word: $ => $.identifier,

  supertypes: $ => [$.declaration, $.statement, $.expression, $.pattern, $.type],

  inline: $ => [$._expression_or_lines, $._any_name, $._type_name],

  rules: {
    source_file: $ => seq(optional($.declaration), repeat(seq($._newline, $.declaration))),

    line_comment: _ => token(/--[^\r\n]*/),
    doc_comment: _ => token(prec(1, /--\|[^\r\n]*/)),
    block_comment: $ => seq('{-', $._comment_content),

    // ---- declarations

    declaration: $ => choice(
      $.module_declaration,
      $.import_declaration,
      $.type_alias,
      $.union_declaration,
      $.opaque_type,
      $.effect_declaration,
      $.function_declaration,
      $.handler_declaration,
      $.protocol_declaration,
      $.operation_declaration,
      $.profile_declaration,
      $.role_set_declaration,
      $.fragment,
      $.guest_runtime,
    ),

    module_declaration: $ => seq('module', field('name', $.path)),

    import_declaration: $ => seq(
      'import',
      field('module', $.path),
      optional(seq('as', field('alias', $._name))),
      optional(seq('exposing', '(', commas(field('exposed', $._name)), ')')),
    ),

    type_alias: $ => seq('type', 'alias', field('name', $._name), '=', choice($.type, seq($._indent, $.type, $._dedent))),

    union_declaration: $ => seq(
      'type', field('name', $._name), '=',
      choice(repeat1($.variant), seq($._indent, repeat1($.variant), $._dedent)),
    ),

    variant: $ => seq('|', field('name', $._name), optional(seq('(', commas($.type), ')'))),

    opaque_type: $ => seq('type', field('name', $._name)),

    effect_declaration: $ => seq(
      'effect',
      field('name', $._name),
      optional($.type_parameters),
      optional(seq($._indent, lines($, $.operation), $._dedent)),
    ),

    type_parameters: $ => seq('(', commas($._name), ')'),

    operation: $ => seq(
      optional(field('modality', choice('authoritative', 'observe', 'command'))),
      field('name', $._any_name),
      ':',
      field('parameter', $._plain_type),
      '->',
      field('result', $._plain_type),
      optional($.metadata),
    ),

    metadata: $ => seq('{', commas(seq(field('key', $._any_name), ':', field('value', $._any_name))), '}'),

    function_declaration: $ => seq(
      'fun',
      field('name', $._name),
      $.parameters,
      ':',
      field('result', $.type),
      optional(seq(optional($.uses), '=', field('body', choice($.expression, $.block)))),
    ),

    parameters: $ => seq('(', commas($.parameter), ')'),

    parameter: $ => seq(field('name', $._name), ':', field('type', $.type)),

    handler_declaration: $ => seq(
      'handler',
      field('name', $._name),
      optional($.parameters),
      'for',
      field('effect', $.effect_instance),
      optional($.uses),
      $._indent,
      lines($, choice($.var_statement, $.clause)),
      $._dedent,
    ),

    clause: $ => seq(
      choice(
        seq(field('name', $._any_name), '(', commas(field('parameter', $._name)), ')'),
        seq('return', field('parameter', $._name)),
      ),
      '=>',
      field('body', $._open_block),
    ),

    uses: $ => seq('uses', $.effect_instance, repeat(seq(',', $.effect_instance))),

    effect_instance: $ => seq($.path, optional(seq('(', commas($.type), ')'))),

    // ---- protocols

    protocol_declaration: $ => seq(
      'protocol',
      field('name', $._name),
      optional($.header),
      repeat(choice($.uses, $.protocol_clause)),
      '=',
      field('body', $.block),
      optional(seq('where', $._indent, lines($, $.protocol_declaration), $._dedent)),
    ),

    header: $ => seq('(', commas($.role_declaration), optional(seq(';', commas($.protocol_parameter))), ')'),

    role_declaration: $ => seq(field('name', $._name), optional($.index)),

    protocol_parameter: $ => seq(field('name', $._name), ':', field('type', $.type), 'at', field('role', $.role)),

    protocol_clause: $ => seq(choice('requires', 'under'), $.path),

    // ---- authority and agreement surface

    operation_declaration: $ => seq(
      'operation',
      field('name', $._name),
      $.parameters,
      'at',
      field('role', $.role),
      repeat(choice($.property, $.operation_outcome)),
      '=',
      field('body', $.block),
    ),

    operation_outcome: $ => seq('on', choice('timeout', 'stall'), '=>', $._property_value),

    profile_declaration: $ => seq(
      choice('agreement_profile', 'profile', 'proof_bundle'),
      field('name', $._name),
      repeat($.property),
    ),

    property: $ => seq(field('key', $._name), $._property_value),

    _property_value: $ => choice(
      seq($.path, optional($.arguments)),
      $.list,
      $.string,
      $.integer,
      $.duration,
    ),

    role_set_declaration: $ => seq(
      choice('role_set', 'cluster', 'ring', 'mesh'),
      field('name', $._name),
      '=',
      $.role,
      repeat(seq(',', $.role)),
    ),

    fragment: $ => seq(
      'fragment',
      field('name', $._name),
      optional($.arguments),
      repeat($.property),
      optional($.uses),
      field('body', $.block),
    ),

    guest_runtime: $ => seq(
      'guest',
      'runtime',
      field('name', $._name),
      repeat($.property),
      optional($.uses),
      field('body', $.block),
    ),

    // ---- blocks

    // a block that starts on the next line, or stands in braces
    block: $ => choice(
      seq($._indent, lines($, $.statement), $._dedent),
      $._braces,
    ),

    // a block that may also start on the same line
    _open_block: $ => alias($.open_block, $.block),

    open_block: $ => choice(
      seq($._open, lines($, $.statement), $._dedent),
      $._braces,
    ),

    // the same after `else`, where an `if` on the same line opens none
    _else_block: $ => alias($.else_block, $.block),

    else_block: $ => choice(
      seq($._open_else, lines($, $.statement), $._dedent),
      $._braces,
    ),

    _braces: $ => seq(
      optional($._braces_follow),
      alias($._block_open, '{'),
      optional($.statement),
      repeat(seq(';', optional($.statement))),
      '}',
    ),

    // ---- statements

    statement: $ => choice(
      $.roles_declaration,
      $.message,
      $.choice_statement,
      $.if_statement,
      $.case_statement,
      $.rec_statement,
      $.continue_statement,
      $.loop_statement,
      $.call_statement,
      $.let_statement,
      $.var_statement,
      $.assignment,
      $.assert_statement,
      $.do_statement,
      $.timeout_statement,
      $.attempt_statement,
      $.handles_statement,
      $.par_statement,
      $.for_statement,
      $.linear_step,
      $.handoff_statement,
      $.publish_statement,
      $.materialize_statement,
      $.dependent_statement,
      $.resolve_statement,
      $.invalidate_statement,
      $.handler_step,
      $.handler_end,
      $.fragment,
      $.guest_runtime,
      $.expression_statement,
    ),

    roles_declaration: $ => seq('roles', $.role_declaration, repeat(seq(',', $.role_declaration))),

    message: $ => seq(
      field('sender', $.role),
      optional($.annotation),
      choice(seq('->', field('receiver', $.role)), '->*'),
      ':',
      field('label', $.label),
      optional($._payload),
    ),

    label: $ => $._name,

    role: $ => seq(field('name', $._name), optional($.index)),

    index: $ => seq('[', choice('*', $.expression, $.range), ']'),

    range: $ => seq($.expression, '..', $.expression),

    annotation: $ => seq('{', commas(seq(field('key', $._any_name), ':', field('value', $.expression))), '}'),

    _payload: $ => choice(
      $.payload,
      seq('of', $.type, optional(seq('as', field('binding', $._name)))),
    ),

    payload: $ => choice(
      seq('(', commas(choice($.payload_field, $.expression)), ')'),
      seq('{', commas($.payload_field), '}'),
    ),

    payload_field: $ => seq(
      field('name', $._name),
      ':',
      field('type', $.type),
      optional(seq('=', field('value', $.expression))),
    ),

    choice_statement: $ => seq(
      'choice',
      field('decider', $.role),
      'at',
      choice($._choice_arms, seq($._indent, $._choice_arms, $._dedent)),
    ),

    _choice_arms: $ => prec.right(PREC.ARMS, repeat1($.choice_arm)),

    choice_arm: $ => seq(
      '|',
      field('name', $.label),
      optional(seq('when', choice($.expression, $.evidence))),
      '=>',
      field('body', $._open_block),
    ),

    evidence: $ => seq('check', $.perform, 'yields', field('witness', $._name)),

    if_statement: $ => prec.right(seq(
      'if',
      field('condition', $.expression),
      optional($._at),
      'then',
      field('consequence', $._open_block),
      optional(seq('else', field('alternative', choice($._else_block, $.if_statement)))),
    )),

    case_statement: $ => seq(
      'case',
      field('subject', $.expression),
      optional($._at),
      'of',
      choice($._case_arms, seq($._indent, $._case_arms, $._dedent)),
    ),

    _case_arms: $ => prec.right(PREC.ARMS, repeat1($.case_arm)),

    case_arm: $ => seq('|', field('pattern', $.pattern), '=>', field('body', $._open_block)),

    rec_statement: $ => seq('rec', field('name', $._name), field('body', $.block)),

    continue_statement: $ => seq('continue', field('name', $._name)),

    loop_statement: $ => seq(
      'loop',
      choice(
        seq('decide', 'by', field('decider', $.role)),
        seq('while', field('condition', $.expression), optional(seq('by', field('decider', $.role)))),
        seq('repeat', field('count', $.expression)),
        'forever',
      ),
      field('body', $.block),
    ),

    call_statement: $ => seq(
      'call',
      field('protocol', $.path),
      '(',
      commas(field('role', $.role)),
      optional(seq(';', commas($.expression))),
      ')',
    ),

    let_statement: $ => seq(
      optional(field('modality', choice('authoritative', 'observe'))),
      'let',
      field('name', $._name),
      optional($._holder),
      '=',
      field('value', choice($._value, seq($._indent, $._value, $._dedent))),
      optional(seq('in', field('body', $.block))),
    ),

    _holder: $ => choice(
      $._at,
      seq(':', field('type', $.type), optional($._at)),
      seq($._at, ':', field('type', $.type)),
    ),

    _at: $ => seq('at', field('role', $.role)),

    _value: $ => choice(
      $.expression,
      $.performed,
      $.linear_step,
      $.handler_step,
    ),

    performed: $ => seq(choice('check', 'observe', 'do'), $.perform),

    perform: $ => seq(field('operation', $.path), $.arguments),

    var_statement: $ => seq('var', field('name', $._name), optional($._holder), '=', field('value', $._expression_or_lines)),

    assignment: $ => seq(field('name', $._name), ':=', field('value', $._expression_or_lines)),

    assert_statement: $ => seq('assert', field('condition', $.expression), optional($._at), optional(field('text', $.string))),

    do_statement: $ => seq('do', $.perform, optional($._at)),

    timeout_statement: $ => seq(
      'timeout',
      field('limit', $.expression),
      field('owner', $.role),
      'at',
      field('body', $.block),
      $._outcomes,
    ),

    attempt_statement: $ => seq('attempt', field('owner', $.role), 'at', field('body', $.block), $._outcomes),

    handles_statement: $ => prec.right(seq(
      field('owner', $.role),
      'handles',
      field('effect', $.effect_instance),
      'with',
      field('handler', $._name),
      optional($.arguments),
      optional(seq('as', field('binding', $._name))),
      field('body', $.block),
      optional($._outcomes),
    )),

    _outcomes: $ => prec.right(repeat1($.outcome)),

    outcome: $ => seq(
      'on',
      choice(
        'done',
        'timeout',
        'cancel',
        seq(choice('fail', 'abort'), field('binding', $._name)),
      ),
      '=>',
      field('body', $._open_block),
    ),

    par_statement: $ => seq('par', choice($._par_arms, seq($._indent, $._par_arms, $._dedent))),

    _par_arms: $ => prec.right(PREC.ARMS, repeat1($.par_arm)),

    par_arm: $ => seq('|', field('body', $._open_block)),

    for_statement: $ => seq(
      'for',
      field('index', $._name),
      'in',
      field('range', choice('*', $.expression, $.range)),
      field('body', $.block),
    ),

    // steps that may stand on the right of a `let`
    linear_step: $ => choice(
      seq('transfer', $.path, 'from', field('from', $.role), 'to', field('to', $.role)),
      seq('begin', field('operation', $._name), $.arguments),
      seq('await', field('operation', $._name)),
    ),

    handler_step: $ => choice(
      seq('resume', choice($.expression, $._delegate)),
      $._delegate,
    ),

    _delegate: $ => seq('delegate', field('operation', $._any_name), $.arguments),

    handler_end: $ => choice('pass', seq(choice('leave', 'throw', 'result'), $.expression)),

    handoff_statement: $ => seq(
      'handoff', field('operation', $._name), 'to', field('to', $.role), 'with', field('receipt', $._name),
    ),

    publish_statement: $ => seq('publish', field('name', $._name), 'as', field('fact', $.path)),

    materialize_statement: $ => seq('materialize', field('name', $._name), 'from', field('fact', $.path)),

    dependent_statement: $ => seq(
      'dependent', 'work', field('name', $._name), 'required', 'for', field('operation', $._name),
    ),

    resolve_statement: $ => seq(
      'resolve', field('operation', $._name), 'as', field('outcome', $._name), optional($.arguments),
    ),

    invalidate_statement: $ => seq('invalidate', field('operation', $._name)),

    // legal in functions and handlers only; a statement that starts with `if` or `case` is one of those above
    expression_statement: $ => $._sequence,

    // ---- expressions

    expression: $ => choice($._sequence, $.if_expression, $.case_expression),

    _expression_or_lines: $ => choice($.expression, seq($._indent, $.expression, $._dedent)),

    if_expression: $ => prec.right(seq(
      'if',
      field('condition', $.expression),
      'then',
      field('consequence', $._expression_or_lines),
      'else',
      field('alternative', $._expression_or_lines),
    )),

    case_expression: $ => prec.right(seq(
      'case',
      field('subject', $.expression),
      'of',
      choice($._expression_arms, seq($._indent, $._expression_arms, $._dedent)),
    )),

    _expression_arms: $ => prec.right(PREC.ARMS, repeat1(alias($.expression_arm, $.case_arm))),

    // inside brackets there are no layout tokens
    expression_arm: $ => prec.right(seq(
      '|',
      field('pattern', $.pattern),
      '=>',
      field('body', choice($.expression, seq($._open, $.expression, $._dedent))),
    )),

    _sequence: $ => choice($.binary_expression, $.unary_expression, $._postfix),

    binary_expression: $ => {
      const operators = /** @type {const} */ ([
        [PREC.OR, '||'],
        [PREC.AND, '&&'],
        [PREC.COMPARE, choice('==', '!=', '<', '<=', '>', '>=')],
        [PREC.CONCAT, '++'],
        [PREC.ADD, choice('+', '-')],
        [PREC.MULTIPLY, choice('*', '/', '%')],
      ]);
      return choice(...operators.map(([precedence, operator]) => prec.left(precedence, seq(
        field('left', $._sequence),
        field('operator', operator),
        field('right', $.expression),
      ))));
    },

    unary_expression: $ => choice(
      prec(PREC.NOT, seq(field('operator', 'not'), field('operand', $.expression))),
      prec(PREC.NEGATE, seq(field('operator', '-'), field('operand', $.expression))),
    ),

    _postfix: $ => choice($.variable, $._operand),

    // a variable, or a constructor without arguments
    variable: $ => $._name,

    _operand: $ => choice(
      $.boolean,
      $.integer,
      $.duration,
      $.string,
      $.tuple,
      $.list,
      $.record,
      $.selection,
      $.call_expression,
    ),

    selection: $ => seq(field('value', $._postfix), '.', field('field', $._any_name)),

    // of a function, or a constructor with arguments
    call_expression: $ => seq(field('function', choice(alias($.variable, $.function_name), $._operand)), $.arguments),

    arguments: $ => seq('(', commas($.expression), ')'),

    // parentheses, too
    tuple: $ => seq('(', commas($.expression), ')'),

    list: $ => seq('[', commas($.expression), ']'),

    record: $ => seq('{', commas($.field), '}'),

    field: $ => seq(field('name', $._any_name), '=', field('value', $.expression)),

    // ---- literals

    boolean: _ => choice('true', 'false'),

    integer: _ => token(choice(/0x[0-9A-Fa-f_]+/, /[0-9][0-9_]*/)),

    duration: _ => token(/[0-9][0-9_]*(ms|s|m|h)/),

    string: $ => seq('"', repeat(choice($.string_content, $.escape_sequence, $.invalid_escape)), token.immediate('"')),

    string_content: _ => token.immediate(prec(1, /[^"\\\r\n]+/)),

    escape_sequence: _ => token.immediate(prec(2, choice(/\\[ntr0\\"]/, /\\u\{[0-9A-Fa-f]{1,6}\}/))),

    invalid_escape: _ => token.immediate(prec(1, /\\[^\r\n"\\]/)),

    // ---- patterns

    pattern: $ => choice(
      $.constructor_pattern,
      $.boolean,
      $.integer,
      $.negative_pattern,
      $.duration,
      $.string,
      $.tuple_pattern,
      $.list_pattern,
      $.record_pattern,
    ),

    // a constructor, or a variable
    constructor_pattern: $ => seq(field('name', $.path), optional(seq('(', commas($.pattern), ')'))),

    negative_pattern: $ => seq('-', $.integer),

    tuple_pattern: $ => seq('(', commas($.pattern), ')'),

    list_pattern: $ => seq('[', commas($.pattern), ']'),

    record_pattern: $ => seq('{', commas($.field_pattern), '}'),

    field_pattern: $ => choice(
      field('name', $._name),
      seq(field('name', $._any_name), '=', field('pattern', $.pattern)),
    ),

    // ---- types

    type: $ => choice($._plain_type, $.function_type),

    function_type: $ => prec.right(seq(field('parameter', $._plain_type), '->', field('result', $.type))),

    // a type whose arrow, if it has one, stands in parentheses
    _plain_type: $ => choice($.type_name, $.type_application, $.tuple_type, $.record_type),

    type_application: $ => seq(field('constructor', $.type_name), repeat1(choice($.type_name, $.tuple_type))),

    type_name: $ => seq($._type_name, repeat(seq('.', $._any_name))),

    tuple_type: $ => seq('(', commas($.type), ')'),

    record_type: $ => seq('{', commas($.field_type), '}'),

    field_type: $ => seq(field('name', $._any_name), ':', field('type', $.type)),

    // ---- names

    path: $ => seq($._name, repeat(seq('.', $._any_name))),

    identifier: _ => /[A-Za-z_][A-Za-z0-9_]*/,

    _name: $ => choice($.identifier, $._soft_name, alias('as', $.identifier)),

    // `as` may follow a type and starts none
    _type_name: $ => choice($.identifier, $._soft_name),

    _any_name: $ => choice($._name, $._hard_name),

    _soft_name: $ => choice(...SOFT_WORDS.map(word => alias(word, $.identifier))),

    _hard_name: $ => choice(...HARD_WORDS.map(word => alias(word, $.identifier))),
  },
});

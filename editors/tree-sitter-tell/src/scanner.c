// Layout (LANGUAGE §1, rules 1 to 9), brackets, and the inside of block comments, which nest.
//
// The compiler inserts layout tokens into its token list (`language/src/layout.rs`). This scanner does the same while
// tree-sitter parses: it is asked before each token which of its tokens comes next, and sees the text ahead. It keeps a
// stack of the blocks and brackets that are open. What the compiler remembers about `if`, `then`, arms and scopes is
// not needed, because the parser says which tokens it expects: a `|`, `else`, `then`, `on` or `where` that it does not
// expect ends the innermost block.
//
// Layout tokens are empty and stand at the end of the token before them. A comment that belongs to an open block by its
// column is read before that block is closed. Start at `tree_sitter_tell_external_scanner_scan`.

#include "tree_sitter/alloc.h"
#include "tree_sitter/parser.h"

#include <string.h>

// In the order of `externals` in `grammar.js`.
enum TokenType {
    NEWLINE,
    INDENT,
    OPEN,
    OPEN_ELSE,
    DEDENT,
    BRACES_FOLLOW,
    BLOCK_OPEN,
    COMMENT_CONTENT,
    BRACE_OPEN,
    BRACE_CLOSE,
    PAREN_OPEN,
    PAREN_CLOSE,
    SQUARE_OPEN,
    SQUARE_CLOSE,
    BAR,
    THEN,
    ELSE,
    ON,
    WHERE,
    ERROR_SENTINEL,
};

// What an entry of the stack is.
enum Kind {
    BLOCK,    // closed by its column
    LOCALS,   // protocols under a `where` that stand in its column
    BRACES,   // `{` of a statement block
    EXPRESSION, // any other bracket; there is no layout inside
};

typedef struct {
    uint16_t column;
    uint8_t kind;
} Entry;

// Deeper than the compiler's limit of 200; the stack must fit into the buffer that tree-sitter gives.
enum { MAX_DEPTH = 300, ENTRY_BYTES = 3, WORD_BYTES = 9 };

typedef struct {
    Entry stack[MAX_DEPTH];
    unsigned depth;
    unsigned brackets;
} Scanner;

// What stands ahead, behind white space and comments.
typedef struct {
    bool newline;                // a line starts here
    bool end;                    // the text ends here
    bool continues;              // a line that starts so continues the one above (rule 2)
    bool joins;                  // no NEWLINE stands before it (rule 3)
    bool plain_name;             // the word before a `:`
    int32_t first;               // its first character
    uint32_t column;
    bool behind_comment;         // comments stand before it
    char word[WORD_BYTES];       // the word, if it is a short one
} Ahead;

// ---- the stack

static bool push(Scanner *scanner, enum Kind kind, uint32_t column) {
    if (scanner->depth == MAX_DEPTH) {
        return false;
    }
    Entry entry = {column > UINT16_MAX ? UINT16_MAX : (uint16_t)column, (uint8_t)kind};
    scanner->stack[scanner->depth++] = entry;
    scanner->brackets += kind >= BRACES;
    return true;
}

static void pop(Scanner *scanner) {
    scanner->brackets -= scanner->stack[--scanner->depth].kind >= BRACES;
}

static Entry *top(Scanner *scanner) {
    return scanner->depth == 0 ? NULL : &scanner->stack[scanner->depth - 1];
}

static bool top_is_block(Scanner *scanner) {
    return scanner->depth > 0 && top(scanner)->kind < BRACES;
}

static bool in_expression_brackets(Scanner *scanner) {
    return scanner->depth > 0 && top(scanner)->kind == EXPRESSION;
}

// Column of the innermost block.
static uint32_t block_column(Scanner *scanner) {
    return top_is_block(scanner) ? top(scanner)->column : 0;
}

// Column of the block around the innermost one.
static uint32_t outer_column(Scanner *scanner) {
    return scanner->depth > 1 ? scanner->stack[scanner->depth - 2].column : 0;
}

// ---- characters

static bool is_space(int32_t c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == 0xfeff; }

static bool is_word(int32_t c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

static void step(TSLexer *lexer) { lexer->advance(lexer, false); }

// Skips white space, before the token (`leading`) or behind it; whether a line ended in it.
static bool skip_space(TSLexer *lexer, bool leading) {
    bool newline = false;
    while (is_space(lexer->lookahead)) {
        newline |= lexer->lookahead == '\n';
        lexer->advance(lexer, leading);
    }
    return newline;
}

// Skips the rest of a block comment, whose `{-` has been read; whether a line ended in it.
static bool skip_block_comment(TSLexer *lexer) {
    bool newline = false;
    for (unsigned nesting = 1; nesting > 0 && !lexer->eof(lexer);) {
        int32_t c = lexer->lookahead;
        newline |= c == '\n';
        step(lexer);
        if (c == '{' && lexer->lookahead == '-') {
            nesting++;
            step(lexer);
        } else if (c == '-' && lexer->lookahead == '}') {
            nesting--;
            step(lexer);
        }
    }
    return newline;
}

static void skip_line(TSLexer *lexer) {
    while (!lexer->eof(lexer) && lexer->lookahead != '\n') {
        step(lexer);
    }
}

// Skips white space and comments.
static void skip_blank(TSLexer *lexer) {
    for (;;) {
        skip_space(lexer, false);
        int32_t c = lexer->lookahead;
        if (c != '-' && c != '{') {
            return;
        }
        step(lexer);
        if (lexer->lookahead != '-') {
            return;
        }
        step(lexer);
        if (c == '-') {
            skip_line(lexer);
        } else {
            skip_block_comment(lexer);
        }
    }
}

// Skips a word and keeps it if it is short.
static void read_word(TSLexer *lexer, char *word) {
    unsigned length = 0;
    for (; is_word(lexer->lookahead); length++) {
        if (length < WORD_BYTES - 1) {
            word[length] = (char)lexer->lookahead;
        }
        step(lexer);
    }
    word[length < WORD_BYTES - 1 ? length : WORD_BYTES - 1] = 0;
    if (length > WORD_BYTES - 1) {
        word[0] = 0;
    }
}

static bool is(const char *word, const char *wanted) { return strcmp(word, wanted) == 0; }

// Whether a statement block, not a record, starts at the `{` that was just read: a record has a word and then `= : , }`.
static bool is_block_brace(TSLexer *lexer) {
    char word[WORD_BYTES] = "";
    skip_blank(lexer);
    bool starts_with_word = is_word(lexer->lookahead) && !(lexer->lookahead >= '0' && lexer->lookahead <= '9');
    if (!starts_with_word) {
        return true;
    }
    read_word(lexer, word);
    skip_blank(lexer);
    int32_t c = lexer->lookahead;
    step(lexer);
    switch (c) {
        case '=': return lexer->lookahead == '=' || lexer->lookahead == '>';
        case ':': return lexer->lookahead == '=';
        case ',':
        case '}': return is(word, "pass");
        default: return true;
    }
}

// ---- what stands ahead

// Reads the first character of the token ahead or two of them, so that `continues` and `joins` are known.
static void classify(TSLexer *lexer, Ahead *ahead) {
    int32_t c = ahead->first = lexer->lookahead;
    ahead->end = lexer->eof(lexer);
    ahead->column = ahead->end ? 0 : lexer->get_column(lexer);
    if (is_word(c)) {
        read_word(lexer, ahead->word);
        const char *word = ahead->word;
        bool joins = is(word, "then") || is(word, "else") || is(word, "on") || is(word, "in") || is(word, "of") ||
                     is(word, "with") || is(word, "where");
        if (joins) {
            skip_blank(lexer);
            if (lexer->lookahead == ':') {
                step(lexer);
                ahead->plain_name = lexer->lookahead != '=';
            }
        }
        ahead->joins = joins && !ahead->plain_name;
        return;
    }
    ahead->joins = c == ')' || c == ']' || c == '}';
    if (ahead->end || ahead->joins || c == '(' || c == '[') {
        return; // a bracket is not read, it may become the token
    }
    step(lexer);
    int32_t next = lexer->lookahead;
    switch (c) {
        case '-': ahead->continues = next == '>'; break;
        case ':': ahead->continues = next != '='; break;
        case '.': ahead->continues = next != '.'; break;
        case '&':
        case '!':
        case '=': ahead->continues = next == (c == '&' ? '&' : '='); break;
        case ',':
        case '<':
        case '>':
        case '+':
        case '*':
        case '/':
        case '%': ahead->continues = true; break;
        case '|':
            ahead->continues = next == '|';
            ahead->joins = next != '|';
            break;
        default: break;
    }
}

// Reads a block comment whose `{-` has been read; whether what follows has to be known before the comment is read.
static bool pass_block_comment(TSLexer *lexer, bool inside, Ahead *ahead) {
    bool lines = skip_block_comment(lexer);
    bool newline = skip_space(lexer, false);
    ahead->newline |= lines;
    // a comment whose last line goes on would hide that a line started
    bool hides = ahead->newline && !newline && !lexer->eof(lexer);
    ahead->newline |= newline;
    return hides || !inside;
}

// Finds the next token; white space has been skipped. False if a comment should be read first.
static bool look_ahead(Scanner *scanner, TSLexer *lexer, bool recovering, Ahead *ahead) {
    for (;;) {
        int32_t c = lexer->lookahead;
        if (c != '-' && c != '{') {
            classify(lexer, ahead);
            return true;
        }
        uint32_t column = lexer->get_column(lexer);
        bool inside = !ahead->newline || recovering || scanner->brackets > 0 || column >= block_column(scanner);
        step(lexer);
        if (lexer->lookahead != '-') {
            ahead->first = c;
            ahead->column = column;
            ahead->continues = c == '-' && lexer->lookahead == '>';
            return true;
        }
        step(lexer);
        ahead->behind_comment = true;
        if (c == '{') {
            if (!pass_block_comment(lexer, inside, ahead) || recovering) {
                return false;
            }
        } else if (inside) {
            return false;
        } else {
            skip_line(lexer);
            skip_space(lexer, false);
        }
    }
}

// ---- decisions

static bool emit(TSLexer *lexer, enum TokenType token) {
    lexer->result_symbol = token;
    return true;
}

static bool close_block(Scanner *scanner, TSLexer *lexer) {
    pop(scanner);
    return emit(lexer, DEDENT);
}

// Opens the block whose first token is ahead, if one starts here.
static bool open_block(Scanner *scanner, TSLexer *lexer, const bool *valid, const Ahead *ahead) {
    bool line = ahead->newline && scanner->brackets == 0;
    if (ahead->end || !(line || valid[OPEN] || valid[OPEN_ELSE]) || ahead->continues) {
        return false;
    }
    if (ahead->joins && ahead->first != '|') {
        return false;
    }
    if (valid[OPEN_ELSE] && !ahead->newline && is(ahead->word, "if")) {
        return false;
    }
    if (ahead->first == '{' && valid[BRACES_FOLLOW] && is_block_brace(lexer)) {
        return emit(lexer, BRACES_FOLLOW);
    }
    enum TokenType token = valid[OPEN] ? OPEN : valid[OPEN_ELSE] ? OPEN_ELSE : INDENT;
    if (!line || ahead->column > block_column(scanner)) {
        return push(scanner, BLOCK, ahead->column) && emit(lexer, token);
    }
    if (ahead->column == block_column(scanner) && is(ahead->word, "protocol")) {
        return push(scanner, LOCALS, ahead->column) && emit(lexer, token);
    }
    return false;
}

// What an ordinary token that starts a line closes or separates.
static bool logical_line(Scanner *scanner, TSLexer *lexer, const bool *valid, const Ahead *ahead) {
    uint32_t column = block_column(scanner);
    if (top_is_block(scanner) && valid[DEDENT]) {
        bool ends_locals = top(scanner)->kind == LOCALS && ahead->column == column && !is(ahead->word, "protocol");
        // a dedent to no open level is taken for a line of the inner block
        if (ends_locals || (ahead->column < column && ahead->column <= outer_column(scanner))) {
            return close_block(scanner, lexer);
        }
    }
    return ahead->column <= column && valid[NEWLINE] && emit(lexer, NEWLINE);
}

// Whether the parser does not expect the token ahead in the innermost block, which it therefore ends.
static bool ends_block(const bool *valid, const Ahead *ahead) {
    switch (ahead->first) {
        case '|': return ahead->joins && !valid[BAR];
        case '}':
        case ';': return true;
        default: break;
    }
    if (!ahead->joins) {
        return false;
    }
    const char *word = ahead->word;
    return (is(word, "then") && !valid[THEN]) || (is(word, "else") && !valid[ELSE]) ||
           (is(word, "on") && !valid[ON]) || (is(word, "where") && !valid[WHERE]);
}

// The empty token that stands before the token ahead.
static bool layout(Scanner *scanner, TSLexer *lexer, const bool *valid, const Ahead *ahead) {
    if ((valid[INDENT] || valid[OPEN] || valid[OPEN_ELSE]) && open_block(scanner, lexer, valid, ahead)) {
        return true;
    }
    bool starts_line = ahead->newline && scanner->brackets == 0;
    bool closes = valid[DEDENT] && top_is_block(scanner);
    if (ahead->end) {
        return closes && close_block(scanner, lexer);
    }
    if (starts_line && !ahead->continues && !ahead->joins) {
        return logical_line(scanner, lexer, valid, ahead);
    }
    if (starts_line && ahead->joins && closes && ahead->column < block_column(scanner)) {
        return close_block(scanner, lexer);
    }
    return closes && ends_block(valid, ahead) && close_block(scanner, lexer);
}

// The same while the parser recovers from an error and would take any token: only what lines close and separate.
static bool layout_in_recovery(Scanner *scanner, TSLexer *lexer, const bool *valid, const Ahead *ahead) {
    if (ahead->end) {
        return top_is_block(scanner) && close_block(scanner, lexer);
    }
    bool starts_line = ahead->newline && scanner->brackets == 0 && !ahead->continues && !ahead->joins;
    return starts_line && logical_line(scanner, lexer, valid, ahead);
}

// A closing bracket ends what was opened since its opening one.
static void close_bracket(Scanner *scanner) {
    if (scanner->brackets > 0) {
        while (top_is_block(scanner)) {
            pop(scanner);
        }
        pop(scanner);
    }
}

// `( ) [ ] }`, if `first`, the character ahead, is one.
static bool bracket(Scanner *scanner, TSLexer *lexer, const bool *valid, int32_t first) {
    enum TokenType token;
    switch (first) {
        case '(': token = PAREN_OPEN; break;
        case '[': token = SQUARE_OPEN; break;
        case ')': token = PAREN_CLOSE; break;
        case ']': token = SQUARE_CLOSE; break;
        case '}': token = BRACE_CLOSE; break;
        default: return false;
    }
    if (!valid[token]) {
        return false;
    }
    step(lexer);
    lexer->mark_end(lexer);
    if (token == PAREN_OPEN || token == SQUARE_OPEN) {
        push(scanner, EXPRESSION, 0);
    } else {
        close_bracket(scanner);
    }
    return emit(lexer, token);
}

// A `{` that was just read, and no layout token comes first.
static bool brace(Scanner *scanner, TSLexer *lexer, const bool *valid) {
    if (!valid[BRACE_OPEN] && !valid[BLOCK_OPEN]) {
        return false;
    }
    lexer->mark_end(lexer);
    bool block = valid[BLOCK_OPEN] && (!valid[BRACE_OPEN] || is_block_brace(lexer));
    push(scanner, block ? BRACES : EXPRESSION, 0);
    return emit(lexer, block ? BLOCK_OPEN : BRACE_OPEN);
}

static bool scan(Scanner *scanner, TSLexer *lexer, const bool *valid) {
    bool recovering = valid[ERROR_SENTINEL];
    if (valid[COMMENT_CONTENT] && !recovering) {
        skip_block_comment(lexer);
        lexer->mark_end(lexer);
        return emit(lexer, COMMENT_CONTENT);
    }
    lexer->mark_end(lexer);
    Ahead ahead = {.newline = skip_space(lexer, true)};
    if (!look_ahead(scanner, lexer, recovering, &ahead)) {
        return false;
    }
    if (!in_expression_brackets(scanner)) {
        bool found = recovering ? layout_in_recovery(scanner, lexer, valid, &ahead)
                                : layout(scanner, lexer, valid, &ahead);
        if (found) {
            return true;
        }
    }
    if (ahead.behind_comment) {
        return false;
    }
    return ahead.first == '{' ? brace(scanner, lexer, valid) : bracket(scanner, lexer, valid, ahead.first);
}

// ---- the interface

void *tree_sitter_tell_external_scanner_create(void) { return ts_calloc(1, sizeof(Scanner)); }

void tree_sitter_tell_external_scanner_destroy(void *payload) { ts_free(payload); }

unsigned tree_sitter_tell_external_scanner_serialize(void *payload, char *buffer) {
    const Scanner *scanner = payload;
    unsigned size = 0;
    for (unsigned at = 0; at < scanner->depth; at++) {
        Entry entry = scanner->stack[at];
        buffer[size++] = (char)(entry.column & 0xff);
        buffer[size++] = (char)(entry.column >> 8);
        buffer[size++] = (char)entry.kind;
    }
    return size;
}

void tree_sitter_tell_external_scanner_deserialize(void *payload, const char *buffer, unsigned length) {
    Scanner *scanner = payload;
    scanner->depth = 0;
    scanner->brackets = 0;
    for (unsigned at = 0; at + ENTRY_BYTES <= length; at += ENTRY_BYTES) {
        uint16_t column = (uint16_t)((uint8_t)buffer[at] | (uint8_t)buffer[at + 1] << 8);
        push(scanner, (enum Kind)buffer[at + 2], column);
    }
}

bool tree_sitter_tell_external_scanner_scan(void *payload, TSLexer *lexer, const bool *valid) {
    return scan(payload, lexer, valid);
}

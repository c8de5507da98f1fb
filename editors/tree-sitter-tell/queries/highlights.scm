; Each node has one capture, so that it does not matter whether the first or the last match wins.

; ---- comments

(line_comment) @comment
(block_comment) @comment
(doc_comment) @comment.documentation

; ---- words, by what they do

["module" "import" "exposing"] @keyword.import

["type" "alias" "effect" "handler" "fun" "protocol" "where" "role_set" "cluster" "ring" "mesh" "agreement_profile"
 "profile" "proof_bundle" "roles" "let" "var" "in" "fragment" "guest" "runtime"] @keyword

(operation_declaration "operation" @keyword)

["choice" "if" "then" "else" "case" "of" "when"] @keyword.conditional

["rec" "loop" "decide" "while" "repeat" "forever" "for"] @keyword.repeat

["continue" "pass" "leave" "throw" "return" "result" "resume" "delegate" "call" "assert"] @keyword.control

["timeout" "attempt" "on" "done" "cancel" "fail" "abort" "stall" "par"] @keyword.exception

["uses" "requires" "under" "handles" "with" "check" "yields" "do" "observe" "authoritative" "command"]
@keyword.modifier

["transfer" "handoff" "publish" "materialize" "dependent" "work" "required" "begin" "await" "resolve" "invalidate"]
@keyword.function

["at" "by" "as" "from" "to"] @keyword.preposition

"not" @keyword.operator

; ---- literals

(boolean) @boolean
(integer) @number
(duration) @number
["\"" (string_content)] @string
(escape_sequence) @string.escape
(invalid_escape) @error

; ---- operators and punctuation

["->" "->*"] @operator.message

["=" ":=" "=>" "==" "!=" "<" "<=" ">" ">=" "&&" "||" "++" "+" "-" "*" "/" "%" ".."] @operator

["(" ")" "[" "]" "{" "}"] @punctuation.bracket
["," ":" ";" "." "|"] @punctuation.delimiter

; ---- roles and labels

(role name: (identifier) @variable.role)
(role_declaration name: (identifier) @variable.role)
(label (identifier) @label)

; ---- declared names

(protocol_declaration name: (identifier) @function)
(function_declaration name: (identifier) @function)
(handler_declaration name: (identifier) @function)
(operation_declaration name: (identifier) @function)
(operation name: (identifier) @function.method)
(clause name: (identifier) @function.method)
(effect_declaration name: (identifier) @type)
(type_alias name: (identifier) @type)
(union_declaration name: (identifier) @type)
(opaque_type name: (identifier) @type)
(profile_declaration name: (identifier) @type)
(role_set_declaration name: (identifier) @type)
(fragment name: (identifier) @type)
(guest_runtime name: (identifier) @type)
(variant name: (identifier) @constructor)
(type_parameters (identifier) @type)
(rec_statement name: (identifier) @label)
(continue_statement name: (identifier) @label)

(parameter name: (identifier) @variable.parameter)
(protocol_parameter name: (identifier) @variable.parameter)
(clause parameter: (identifier) @variable.parameter)

(let_statement name: (identifier) @variable)
(var_statement name: (identifier) @variable)
(assignment name: (identifier) @variable)
(for_statement index: (identifier) @variable)
(evidence witness: (identifier) @variable)
(outcome binding: (identifier) @variable)
(handles_statement binding: (identifier) @variable)
(message binding: (identifier) @variable)
(payload_field name: (identifier) @variable)

; ---- used names

(variable ((identifier) @variable
  (#match? @variable "^[a-z_]")))
(variable ((identifier) @constructor
  (#match? @constructor "^[A-Z]")))
(function_name ((identifier) @function.call
  (#match? @function.call "^[a-z_]")))
(function_name ((identifier) @constructor
  (#match? @constructor "^[A-Z]")))

(selection field: (identifier) @property)
(field name: (identifier) @property)
(field_type name: (identifier) @property)
(field_pattern name: (identifier) @property)
(annotation key: (identifier) @property)
(property key: (identifier) @keyword.modifier)
(metadata key: (identifier) @property)
(metadata value: (identifier) @constant)

(type_name (identifier) @type)
(effect_instance (path (identifier) @type))
(perform operation: (path (identifier) @type (identifier)))
(perform operation: (path (identifier) @function.method .))
(call_statement protocol: (path (identifier) @function))
(module_declaration name: (path (identifier) @module))
(import_declaration module: (path (identifier) @module))
(import_declaration alias: (identifier) @module)
(import_declaration exposed: (identifier) @type)
(protocol_clause (path (identifier) @type))
(property (path (identifier) @constant))
(operation_outcome (path (identifier) @constant))

(constructor_pattern name: (path ((identifier) @constructor
  (#match? @constructor "^[A-Z]"))))
(constructor_pattern name: (path ((identifier) @variable
  (#match? @variable "^[a-z_]"))))

(handles_statement handler: (identifier) @function)
(handler_step operation: (identifier) @function.method)
(linear_step operation: (identifier) @function)
(linear_step (path (identifier) @type))
(handoff_statement operation: (identifier) @function)
(handoff_statement receipt: (identifier) @variable)
(publish_statement name: (identifier) @variable)
(publish_statement fact: (path (identifier) @type))
(materialize_statement name: (identifier) @variable)
(materialize_statement fact: (path (identifier) @type))
(dependent_statement name: (identifier) @variable)
(dependent_statement operation: (identifier) @function)
(resolve_statement operation: (identifier) @function)
(resolve_statement outcome: (identifier) @constructor)
(invalidate_statement operation: (identifier) @function)

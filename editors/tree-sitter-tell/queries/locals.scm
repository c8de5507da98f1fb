; Scopes as blocks see them. Every role has its own scope (LANGUAGE §3); a tree cannot say who holds a name, so these
; are only the names of one block.

(protocol_declaration) @local.scope
(function_declaration) @local.scope
(handler_declaration) @local.scope
(clause) @local.scope
(operation_declaration) @local.scope
(block) @local.scope
(choice_arm) @local.scope
(case_arm) @local.scope
(outcome) @local.scope
(for_statement) @local.scope

(role_declaration name: (identifier) @local.definition.role)
(protocol_parameter name: (identifier) @local.definition.parameter)
(parameter name: (identifier) @local.definition.parameter)
(clause parameter: (identifier) @local.definition.parameter)
(let_statement name: (identifier) @local.definition.var)
(var_statement name: (identifier) @local.definition.var)
(payload_field name: (identifier) @local.definition.var)
(for_statement index: (identifier) @local.definition.var)
(evidence witness: (identifier) @local.definition.var)
(outcome binding: (identifier) @local.definition.var)
(message binding: (identifier) @local.definition.var)
(rec_statement name: (identifier) @local.definition.label)

(role name: (identifier) @local.reference)
(variable (identifier) @local.reference)
(function_name (identifier) @local.reference)
(assignment name: (identifier) @local.reference)
(continue_statement name: (identifier) @local.reference)

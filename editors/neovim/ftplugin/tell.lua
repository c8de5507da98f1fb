-- Settings of a `.tell` buffer; the parser is `parser/tell.so` beside this folder (see editors/README.md).
vim.bo.commentstring = "-- %s"
vim.bo.comments = "s:{-,m: ,ex:-},:--|,:--"
vim.bo.shiftwidth = 2
vim.bo.softtabstop = 2
vim.bo.expandtab = true
vim.bo.suffixesadd = ".tell"

-- A block opens where the line above ends in one of these words or begins with one of those (LANGUAGE §1, rule 4).
local ends = [[\v(\=|\=\>|<at|<in|<of|<then|<else|<where|<par)\s*(--.*)?$]]
local begins = [[\v^\s*(rec|loop|effect|handler|for)>]]

function TellIndent()
  local above = vim.fn.prevnonblank(vim.v.lnum - 1)
  local line = vim.fn.getline(above)
  local opens = vim.fn.match(line, ends) >= 0 or vim.fn.match(line, begins) >= 0
  return vim.fn.indent(above) + (opens and vim.bo.shiftwidth or 0)
end

vim.bo.indentexpr = "v:lua.TellIndent()"
vim.bo.indentkeys = "!^F,o,O"

if vim.treesitter.start and pcall(vim.treesitter.start) then
  vim.wo.foldmethod = "expr"
  vim.wo.foldexpr = "v:lua.vim.treesitter.foldexpr()"
  vim.wo.foldenable = false
end

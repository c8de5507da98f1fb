-- Run by `editors/test.sh`: opens a file, and checks filetype, settings, parser and queries.
--   nvim --headless --clean --cmd 'set rtp^=editors/neovim' FILE -S editors/neovim/test.lua
local failures = {}
local function expect(what, holds)
  if not holds then
    table.insert(failures, what)
  end
end

expect("the filetype is tell", vim.bo.filetype == "tell")
expect("comments are written with --", vim.bo.commentstring == "-- %s")

local found, parser = pcall(vim.treesitter.get_parser, 0, "tell")
expect("the parser loads: " .. tostring(parser), found)
local captures, nodes = 0, 0
if found then
  local root = parser:parse()[1]:root()
  expect("the file has no error", not root:has_error())
  local get = vim.treesitter.query and vim.treesitter.query.get or vim.treesitter.get_query
  for _, name in ipairs({ "highlights", "locals", "folds", "indents", "injections" }) do
    local loads, query = pcall(get, "tell", name)
    expect(name .. ".scm loads: " .. tostring(query), loads and query ~= nil)
    if loads and query then
      for _ in query:iter_captures(root, 0, 0, -1) do
        captures = captures + 1
      end
    end
  end
  local highlighter = pcall(vim.treesitter.highlighter.new, parser)
  expect("the highlighter starts", highlighter)
  nodes = root:named_child_count()
end

-- a line behind one that opens a block is deeper
vim.fn.append(vim.fn.line("$"), "protocol Last(A, B) =")
vim.cmd("normal! GoA -> B : Deeper")
expect("the body of a protocol is indented", vim.fn.getline("$") == "  A -> B : Deeper")
vim.cmd("normal! oloop forever")
vim.cmd("normal! oA -> B : Again")
expect("the body of a loop is indented", vim.fn.getline("$") == "    A -> B : Again")

for _, failure in ipairs(failures) do
  io.stderr:write("  not so: " .. failure .. "\n")
end
io.stdout:write(string.format("%d declarations, %d captures\n", nodes, captures))
vim.cmd(#failures == 0 and "qall!" or "cquit 1")

-- `.tell` files have the filetype `tell`.
vim.api.nvim_create_autocmd({ "BufRead", "BufNewFile" }, {
  pattern = "*.tell",
  callback = function()
    vim.bo.filetype = "tell"
  end,
})

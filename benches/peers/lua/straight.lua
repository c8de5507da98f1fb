-- The straight-line instructions of V5: 1000 of them, a copy, an addition, a constant and a jump in turn, and a loop
-- around them. Prints the instructions that were carried out and the CPU nanoseconds they took.
local loops = tonumber(arg[1])
local parts = { "local loops = ...\nlocal a, b, c = 7, 7, 7\nfor _ = 1, loops do\n" }
for part = 1, 250 do
  parts[#parts + 1] = ("a = 7; b = a; c = b + a; goto l%d; ::l%d::\n"):format(part, part)
end
parts[#parts + 1] = "end\n"
local body = assert(load(table.concat(parts)))
body(loops // 10)
local start = os.clock()
body(loops)
print(1000 * loops, (os.clock() - start) * 1e9)

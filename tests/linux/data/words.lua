-- Counts words, sorts, builds closures and strings, reads and writes files: prints the same everywhere.
local counts = {}
for word in io.open("/srv/poem.txt"):read("a"):gmatch("%a+") do
  word = word:lower()
  counts[word] = (counts[word] or 0) + 1
end
local words = {}
for word in pairs(counts) do words[#words + 1] = word end
table.sort(words, function(a, b) return counts[a] > counts[b] or (counts[a] == counts[b] and a < b) end)
for i = 1, 5 do print(words[i], counts[words[i]]) end
local file = assert(io.open("/tmp/numbers", "w"))
for i = 1, 10000 do file:write(i * i, "\n") end
file:close()
local sum = 0
for line in io.lines("/tmp/numbers") do sum = sum + tonumber(line) end
print(sum, string.format("%.6f", math.sin(1)), #string.rep("x", 1 << 20))
print(pcall(error, "caught"))
local ok, message = os.rename("/tmp/numbers", "/nowhere/numbers")
print(ok, message)

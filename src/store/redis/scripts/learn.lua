-- Adds durations to what was learned of their groups.
--
-- KEYS  1 durations hash; a key of another type is replaced
-- ARGV  1 share that is kept of what was there   2… of each duration: group, mean and square of its logarithm
-- RETURNS  nothing
local kept = tonumber(ARGV[1])
local kind = redis.call('TYPE', KEYS[1]).ok
if kind ~= 'hash' and kind ~= 'none' then
  redis.call('DEL', KEYS[1])
end
for index = 2, #ARGV, 3 do
  local stored = redis.call('HGET', KEYS[1], ARGV[index]) or ''
  local weight, sum, squares = string.match(stored, '^(%S+) (%S+) (%S+)$')
  weight = (tonumber(weight) or 0) * kept + 1
  sum = (tonumber(sum) or 0) * kept + tonumber(ARGV[index + 1])
  squares = (tonumber(squares) or 0) * kept + tonumber(ARGV[index + 2])
  redis.call('HSET', KEYS[1], ARGV[index], string.format('%.17g %.17g %.17g', weight, sum, squares))
end

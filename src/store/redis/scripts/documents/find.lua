-- Finds a registered document, which counts as a use.
--
-- KEYS  1 texts by hash   2 hashes by their last use in microseconds   3 and 4 as in add.lua
-- ARGV  1 hash   2 milliseconds for which unused documents are kept
-- RETURNS  the text, or nil
local text = redis.call('HGET', KEYS[1], ARGV[1])
if text then
  local time = redis.call('TIME')
  redis.call('ZADD', KEYS[2], string.format('%d%06d', time[1], time[2]), ARGV[1])
  for index = 1, 4 do
    redis.call('PEXPIRE', KEYS[index], ARGV[2])
  end
end
return text

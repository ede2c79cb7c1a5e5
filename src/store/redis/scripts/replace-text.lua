-- Replaces a text if it equals the expected one. A key of another type counts as no text and is replaced.
--
-- KEYS  1 text
-- ARGV  1 next text   2 expected text; absent when there must be no text
-- RETURNS  1, or 0 when the current text is a different one
local current = redis.call('TYPE', KEYS[1]).ok == 'string' and redis.call('GET', KEYS[1])
if current ~= (ARGV[2] or false) then
  return 0
end
redis.call('SET', KEYS[1], ARGV[1])
return 1

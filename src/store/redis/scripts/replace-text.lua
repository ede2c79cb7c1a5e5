-- Replaces a text when it still is the expected one. A key of another type counts as no text, and is replaced.
--
-- KEYS  1 text
-- ARGV  1 next text   2 expected text; left out when none is expected
-- RETURNS  1, or 0 when the present text is another one
local present = redis.call('TYPE', KEYS[1]).ok == 'string' and redis.call('GET', KEYS[1])
if present ~= (ARGV[2] or false) then
  return 0
end
redis.call('SET', KEYS[1], ARGV[1])
return 1

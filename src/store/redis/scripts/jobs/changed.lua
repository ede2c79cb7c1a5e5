-- Finds those of an owner's jobs that may have changed lately: the unfinished ones, and those that will expire late.
--
-- KEYS  1 owner's set
-- ARGV  1 start of the range, as in ZRANGEBYLEX   2 how many ids are looked at
--       3 milliseconds: a final job that expires earlier has not changed   4 prefix of the keys of job hashes
-- RETURNS  {ids, where to go on, or '' at the end}
local ids = redis.call('ZRANGEBYLEX', KEYS[1], ARGV[1], '+', 'LIMIT', 0, ARGV[2])
local changed = {}
for _, id in ipairs(ids) do
  local ttl = redis.call('PTTL', ARGV[4] .. id)
  if ttl == -1 or ttl >= tonumber(ARGV[3]) then changed[#changed + 1] = id end
end
return { changed, #ids == tonumber(ARGV[2]) and '(' .. ids[#ids] or '' }

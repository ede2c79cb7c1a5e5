-- Removes ids without a job from an owner's sets: their jobs have expired.
--
-- KEYS  1 the set that is read: one of the others   2… all sets of the owner
-- ARGV  1 'ZRANGEBYLEX' | 'ZREVRANGEBYLEX'   2 start   3 end   4 how many ids are looked at   5 prefix of the keys of job hashes
-- RETURNS  {number of removed ids, last id when all of them were removed, or ''}
local ids = redis.call(ARGV[1], KEYS[1], ARGV[2], ARGV[3], 'LIMIT', 0, ARGV[4])
local removed = 0
for _, id in ipairs(ids) do
  if redis.call('EXISTS', ARGV[5] .. id) == 0 then
    removed = removed + 1
    for set = 2, #KEYS do
      redis.pcall('ZREM', KEYS[set], id)
    end
  end
end
return { removed, removed == tonumber(ARGV[4]) and ids[#ids] or '' }

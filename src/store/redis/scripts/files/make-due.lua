-- Makes those of the named file tasks due that wait without failures and without a lease.
--
-- KEYS  1 set of file tasks by their due time   2 leases and failure counts: for each job '<lease id, or nothing> <count>'
-- ARGV  1 now   2… job ids
-- RETURNS  nothing
for index = 2, #ARGV do
  local id = ARGV[index]
  local due = redis.call('ZSCORE', KEYS[1], id)
  if due and tonumber(due) > tonumber(ARGV[1]) and not redis.call('HGET', KEYS[2], id) then
    redis.call('ZADD', KEYS[1], ARGV[1], id)
  end
end

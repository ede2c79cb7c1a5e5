-- Prolongs or ends the lease of a file task, or deletes the task.
--
-- KEYS  1 set of file tasks by their due time   2 leases and failure counts: for each job '<lease id, or nothing> <count>'
-- ARGV  1 job id   2 lease id   3 'extend' | 'release' | 'complete'
--       4 extend: lease until; release: due at   5 release: failure count
-- RETURNS  1, or 0 when the lease no longer holds: nothing is changed
local lease = string.match(redis.call('HGET', KEYS[2], ARGV[1]) or '', '^(.*) %d+$')
if lease ~= ARGV[2] or not redis.call('ZSCORE', KEYS[1], ARGV[1]) then
  return 0
end
if ARGV[3] == 'complete' then
  redis.call('ZREM', KEYS[1], ARGV[1])
  redis.call('HDEL', KEYS[2], ARGV[1])
  return 1
end
redis.call('ZADD', KEYS[1], ARGV[4], ARGV[1])
if ARGV[3] == 'release' then
  -- A task that waits without failures, as most do, takes no space here.
  if ARGV[5] == '0' then
    redis.call('HDEL', KEYS[2], ARGV[1])
  else
    redis.call('HSET', KEYS[2], ARGV[1], ' ' .. ARGV[5])
  end
end
return 1

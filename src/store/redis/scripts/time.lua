-- Returns the time of the node that holds a key. All instances ask the same node, also in a cluster.
--
-- KEYS  1 any key
-- RETURNS  {seconds since the epoch, microseconds of the current second}
return redis.call('TIME')

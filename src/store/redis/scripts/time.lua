-- Tells the time of the node that has a key: the same one for all instances, also in a cluster.
--
-- KEYS  1 any key
-- RETURNS  {seconds since the epoch, microseconds of the present second}
return redis.call('TIME')
